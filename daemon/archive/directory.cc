#include "daemon/archive/directory.h"

#include <zip.h>

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "daemon/archive/little_endian.h"
#include "daemon/base/text.h"

namespace tegodrop {
namespace {

// The largest real packages have some 60,000 entries and 4 GiB inside.
constexpr std::uint64_t kMostEntries = 200'000;
constexpr std::uint64_t kLargestDirectory = 32ULL << 20U;
constexpr std::uint64_t kMostUncompressed = 8ULL << 30U;
constexpr std::uint64_t kRatioMattersOver = 10ULL << 20U;
constexpr std::uint64_t kHighestRatio = 1000;
constexpr std::size_t kLongestName = 4096;
constexpr std::uint64_t kLeastStored = 4096;
// libzip keeps every extra field, local ones too, as a list element of its own: four bytes in the file become seventy
// in memory.
constexpr std::uint64_t kMostExtraFields = 500'000;
constexpr std::uint64_t kMostExtraBytes = 32ULL << 20U;

constexpr std::uint32_t kCentralMagic = 0x02014b50;
constexpr std::uint32_t kLocalMagic = 0x04034b50;
constexpr std::size_t kCentralSize = 46;
constexpr std::size_t kLocalSize = 30;
constexpr std::uint16_t kEncryptedFlag = 1;
constexpr std::uint16_t kDescriptorFlag = 8;
constexpr std::uint16_t kZip64Extra = 1;

struct Entry {
  std::string name;
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
  std::uint32_t crc = 0;
  std::uint64_t compressed = 0;
  std::uint64_t size = 0;
  std::uint64_t local_offset = 0;
};

Unexpected Rejected(std::string message) { return Fail(ErrorKind::kRejected, std::move(message)); }
Unexpected Damaged(std::string message) { return Fail(ErrorKind::kCorrupt, std::move(message)); }

// The sizes and the offset that did not fit into 32 bits, in the order of the format.
bool TakeZip64(const std::string& extra, bool size, bool compressed, bool offset, Entry* entry) {
  if (!size && !compressed && !offset) return true;
  for (std::size_t at = 0; at + 4 <= extra.size();) {
    const std::size_t length = U16(extra.data() + at + 2);
    if (at + 4 + length > extra.size()) return false;
    if (U16(extra.data() + at) == kZip64Extra) {
      const std::size_t end = at + 4 + length;
      std::size_t next = at + 4;
      const auto take = [&](bool wanted, std::uint64_t* to) {
        if (!wanted) return true;
        if (next + 8 > end) return false;
        *to = U64(extra.data() + next);
        next += 8;
        return true;
      };
      return take(size, &entry->size) && take(compressed, &entry->compressed) && take(offset, &entry->local_offset);
    }
    at += 4 + length;
  }
  return false;
}

// Absolute, or with a step upward, to a reader of either kind of slash.
bool EscapesFolder(std::string_view name) {
  const auto is_slash = [](char c) { return c == '/' || c == '\\'; };
  if (name.empty() || is_slash(name.front()) || (name.size() >= 2 && name[1] == ':')) return true;
  if (name.find('\0') != std::string_view::npos) return true;
  for (std::size_t at = 0; at <= name.size();) {
    std::size_t end = at;
    while (end < name.size() && !is_slash(name[end])) ++end;
    if (name.substr(at, end - at) == "..") return true;
    at = end + 1;
  }
  return false;
}

class Scan {
 public:
  Scan(FileWindow& file, const EndRecord& end, KindFinder& kind) : file_(file), end_(end), kind_(kind) {}

  Result<Directory> Run() {
    if (end_.entries > kMostEntries) return Rejected("the ZIP has more than 200,000 entries");
    if (end_.directory_size > kLargestDirectory) return Rejected("the central directory is larger than 32 MiB");
    std::vector<Place> places;
    places.reserve(static_cast<std::size_t>(end_.entries));
    std::uint64_t at = end_.directory_offset;
    const std::uint64_t directory_end = end_.directory_offset + end_.directory_size;
    for (std::uint64_t i = 0; i < end_.entries; ++i) {
      Result<Entry> entry = ReadCentral(directory_end, &at);
      if (!entry) return Fail(entry.error());
      if (Status fine = Judge(*entry); !fine) return Fail(fine.error());
      kind_.See(entry->name, entry->size);
      places.push_back(PlaceOf(*entry));
      places.back().number = static_cast<std::uint32_t>(i);
    }
    if (at != directory_end) return Damaged("the central directory has more in it than its entries");
    if (Status fine = ReadLocals(places); !fine) return Fail(fine.error());
    if (HasTwins(places)) return Rejected("two entries have the same name");
    Directory directory;
    directory.offset = end_.directory_offset;
    directory.entries_end = entries_end_;
    directory.idle_sizes = idle_sizes_;
    directory.stored = std::move(stored_);
    return directory;
  }

 private:
  // What is kept of each entry: names by their hash, so that memory does not grow with their length.
  struct Place {
    std::uint64_t begin = 0;
    std::uint64_t compressed = 0;
    std::uint64_t size = 0;
    std::uint64_t name_hash = 0;
    std::uint32_t crc = 0;
    std::uint16_t method = 0;
    std::uint32_t number = 0;  // in the central directory
  };

  static std::uint64_t Hash(std::string_view name) { return std::hash<std::string_view>()(name); }
  static Place PlaceOf(const Entry& entry) {
    return {entry.local_offset, entry.compressed, entry.size, Hash(entry.name), entry.crc, entry.method, 0};
  }
  static bool HasTwins(std::vector<Place>& places) {
    const auto by_name = [](const Place& a, const Place& b) { return a.name_hash < b.name_hash; };
    std::sort(places.begin(), places.end(), by_name);
    return std::adjacent_find(places.begin(), places.end(), [](const Place& a, const Place& b) {
             return a.name_hash == b.name_hash;
           }) != places.end();
  }

  Result<Entry> ReadCentral(std::uint64_t directory_end, std::uint64_t* at) {
    char header[kCentralSize];
    if (directory_end - *at < sizeof header) return Damaged("the central directory ends too early");
    if (Status read = file_.Read(*at, header, sizeof header); !read) return Fail(read.error());
    if (U32(header) != kCentralMagic) return Damaged("the central directory is damaged");
    Entry entry;
    const std::size_t name_size = U16(header + 28);
    const std::size_t extra_size = U16(header + 30);
    const std::size_t comment_size = U16(header + 32);
    if (directory_end - *at - sizeof header < name_size + extra_size + comment_size) {
      return Damaged("the central directory ends too early");
    }
    if (name_size > kLongestName) return Rejected("an entry has a name of more than 4096 bytes");
    entry.name.resize(name_size);
    if (Status read = file_.Read(*at + sizeof header, entry.name.data(), name_size); !read) return Fail(read.error());
    Result<std::string> extra = ReadExtra(*at + sizeof header + name_size, extra_size);
    if (!extra) return Fail(extra.error());
    *at += sizeof header + name_size + extra_size + comment_size;

    entry.flags = U16(header + 8);
    entry.method = U16(header + 10);
    entry.crc = U32(header + 16);
    entry.compressed = U32(header + 20);
    entry.size = U32(header + 24);
    entry.local_offset = U32(header + 42);
    if (!TakeZip64(*extra, entry.size == 0xFFFFFFFF, entry.compressed == 0xFFFFFFFF, entry.local_offset == 0xFFFFFFFF,
                   &entry)) {
      return Damaged("the central directory lacks the ZIP64 sizes of " + Quoted(entry.name));
    }
    return entry;
  }

  Status Judge(const Entry& entry) {
    if (EscapesFolder(entry.name))
      return Rejected("an entry's name is absolute, empty or leads upward: " + Quoted(entry.name));
    if ((entry.flags & kEncryptedFlag) != 0) return Rejected("the entry " + Quoted(entry.name) + " is encrypted");
    if (zip_compression_method_supported(entry.method, 0) == 0) {
      return Rejected("the entry " + Quoted(entry.name) + " is compressed by an unknown method (" +
                      std::to_string(entry.method) + ")");
    }
    if (entry.size > kRatioMattersOver && entry.size / std::max<std::uint64_t>(1, entry.compressed) >= kHighestRatio) {
      return Rejected("the entry " + Quoted(entry.name) + " inflates to more than 1000 times its size");
    }
    if (entry.size > kMostUncompressed - uncompressed_) {
      return Rejected("the entries inflate to more than 8 GiB");
    }
    uncompressed_ += entry.size;
    return {};
  }

  Result<std::string> ReadExtra(std::uint64_t at, std::size_t size) {
    std::string extra(size, '\0');
    if (Status read = file_.Read(at, extra.data(), size); !read) return Fail(read.error());
    extra_bytes_ += size;
    for (std::size_t next = 0; next + 4 <= size; next += 4U + U16(extra.data() + next + 2)) ++extra_fields_;
    if (extra_bytes_ > kMostExtraBytes || extra_fields_ > kMostExtraFields) {
      return Rejected("the ZIP has too many extra fields");
    }
    return extra;
  }

  Status ReadLocals(std::vector<Place>& places) {
    std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.begin < b.begin; });
    for (const Place& place : places) {
      if (Status fine = ReadLocal(place); !fine) return fine;
    }
    return {};
  }

  Status ReadLocal(const Place& place) {
    if (place.begin > end_.directory_offset || end_.directory_offset - place.begin < kLocalSize) {
      return Damaged("an entry lies outside of the file's data");
    }
    char header[kLocalSize];
    if (Status read = file_.Read(place.begin, header, sizeof header); !read) return read;
    if (U32(header) != kLocalMagic) return Damaged("an entry's local header is not where the central directory says");
    if (place.begin < entries_end_) return Rejected("entries overlap");
    const std::size_t name_size = U16(header + 26);
    const std::size_t extra_size = U16(header + 28);
    const std::uint64_t heads = kLocalSize + name_size + extra_size;
    const std::uint64_t room = end_.directory_offset - place.begin;
    if (heads > room || place.compressed > room - heads) {
      return Damaged("an entry reaches into the central directory");
    }
    std::string name(name_size, '\0');
    if (Status read = file_.Read(place.begin + kLocalSize, name.data(), name_size); !read) return read;
    if (Hash(name) != place.name_hash || !Agrees(place, header)) {
      return Damaged("a local header contradicts the central directory, that of " + Quoted(name));
    }
    Result<std::string> extra = ReadExtra(place.begin + kLocalSize + name_size, extra_size);
    if (!extra) return Fail(extra.error());
    entries_end_ = place.begin + heads + place.compressed;
    if (place.method == ZIP_CM_STORE && place.compressed == place.size && place.size >= kLeastStored) {
      stored_.push_back({place.number, place.begin + heads, place.size, place.crc});
    }
    return {};
  }

  bool Agrees(const Place& place, const char* local) {
    if (U16(local + 8) != place.method || (U16(local + 6) & kEncryptedFlag) != 0) return false;
    const auto same = [](std::uint32_t narrow, std::uint64_t wide) { return narrow == 0xFFFFFFFF || narrow == wide; };
    const std::uint32_t crc = U32(local + 14);
    const bool exact = crc == place.crc && same(U32(local + 18), place.compressed) && same(U32(local + 22), place.size);
    if (exact) return true;
    if ((U16(local + 6) & kDescriptorFlag) == 0) return false;
    if (crc != 0 || U32(local + 18) != 0 || U32(local + 22) != 0) idle_sizes_ = true;
    return true;
  }

  FileWindow& file_;
  const EndRecord end_;
  KindFinder& kind_;
  std::uint64_t uncompressed_ = 0;
  std::uint64_t extra_bytes_ = 0;
  std::uint64_t extra_fields_ = 0;
  std::uint64_t entries_end_ = 0;
  bool idle_sizes_ = false;
  std::vector<StoredEntry> stored_;
};

}  // namespace

Result<Directory> ReadDirectory(FileWindow& file, const EndRecord& end, KindFinder& kind) {
  return Scan(file, end, kind).Run();
}

std::string Quoted(std::string_view name) {
  constexpr std::size_t kShown = 100;
  const std::string shown = Printable(name.substr(0, kShown));
  return "\"" + shown + (name.size() > kShown ? "…\"" : "\"");
}

}  // namespace tegodrop
