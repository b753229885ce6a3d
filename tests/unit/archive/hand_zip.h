// ZIP files written byte by byte, for what no library would write.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tegodrop::testing {

template <typename Number>
void Put(std::string& out, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i)
    out += static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i));
}

// One entry, stored as it is unless told otherwise; each field may be made to lie.
struct HandEntry {
  std::string name;
  std::string data;
  std::uint16_t method = 0;
  std::uint16_t flags = 0;
  std::optional<std::uint32_t> crc = {};
  std::optional<std::uint64_t> size = {};
  std::optional<std::uint64_t> compressed = {};
  std::optional<std::uint64_t> offset = {};
  std::string local_extra = {};
  std::string central_extra = {};
  bool zip64 = false;           // sizes and offset in the extra field
  bool descriptor = false;      // sizes behind the data
  std::uint32_t idle_size = 0;  // with a descriptor: what the local header says all the same
};

struct HandZip {
  std::vector<HandEntry> entries;
  std::string before_directory;  // e.g. a signing block
  std::string comment;
  std::string trailing;
  bool zip64 = false;  // with a ZIP64 end record and locator
  std::uint64_t zip64_extensible = 0;
  std::optional<std::uint64_t> entry_count;
  std::optional<std::uint16_t> comment_size;
  std::int64_t directory_shift = 0;  // added to the offset that the end record tells

  static std::uint32_t Crc(const std::string& data) {
    return static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size())));
  }

  std::string Bytes() const {
    std::string out;
    std::string directory;
    for (const HandEntry& entry : entries) PutEntry(entry, out, directory);
    out += before_directory;
    const std::uint64_t at = out.size();
    out += directory;
    PutEnd(at + static_cast<std::uint64_t>(directory_shift), directory.size(), out);
    return out + comment + trailing;
  }

 private:
  static void PutEntry(const HandEntry& entry, std::string& out, std::string& directory) {
    const std::uint64_t at = entry.offset.value_or(out.size());
    const std::uint32_t crc = entry.crc.value_or(Crc(entry.data));
    const std::uint64_t compressed = entry.compressed.value_or(entry.data.size());
    const std::uint64_t size = entry.size.value_or(entry.data.size());
    const auto flags = static_cast<std::uint16_t>(entry.flags | (entry.descriptor ? 8U : 0U));
    const auto narrow = [&](std::uint64_t wide) {
      return entry.zip64 ? 0xFFFFFFFFU : static_cast<std::uint32_t>(wide);
    };

    std::string local_extra = entry.local_extra;
    std::string central_extra = entry.central_extra;
    if (entry.zip64) {
      Put<std::uint16_t>(local_extra, 1);
      Put<std::uint16_t>(local_extra, 16);
      Put(local_extra, size);
      Put(local_extra, compressed);
      Put<std::uint16_t>(central_extra, 1);
      Put<std::uint16_t>(central_extra, 24);
      Put(central_extra, size);
      Put(central_extra, compressed);
      Put(central_extra, at);
    }
    const auto common = [&](std::string& to, bool local) {
      const bool later = local && entry.descriptor;
      Put<std::uint16_t>(to, 45);
      Put(to, flags);
      Put(to, entry.method);
      Put<std::uint32_t>(to, (40U << 25U) | (1U << 21U) | (1U << 16U));
      Put<std::uint32_t>(to, later ? 0 : crc);
      Put<std::uint32_t>(to, later ? entry.idle_size : narrow(compressed));
      Put<std::uint32_t>(to, later ? 0 : narrow(size));
      Put(to, static_cast<std::uint16_t>(entry.name.size()));
      Put(to, static_cast<std::uint16_t>((local ? local_extra : central_extra).size()));
    };
    Put<std::uint32_t>(out, 0x04034b50);
    common(out, true);
    out += entry.name + local_extra + entry.data;
    if (entry.descriptor) {
      Put<std::uint32_t>(out, 0x08074b50);
      Put(out, crc);
      Put(out, static_cast<std::uint32_t>(compressed));
      Put(out, static_cast<std::uint32_t>(size));
    }
    Put<std::uint32_t>(directory, 0x02014b50);
    Put<std::uint16_t>(directory, 45);
    common(directory, false);
    directory.append(10, '\0');  // comment size, disk, both attributes
    Put(directory, narrow(at));
    directory += entry.name + central_extra;
  }

  void PutEnd(std::uint64_t at, std::uint64_t size, std::string& out) const {
    const std::uint64_t count = entry_count.value_or(entries.size());
    if (zip64) {
      const std::uint64_t record = out.size();
      Put<std::uint32_t>(out, 0x06064b50);
      Put<std::uint64_t>(out, 44 + zip64_extensible);
      Put<std::uint32_t>(out, 0x002D002D);
      Put<std::uint64_t>(out, 0);
      Put(out, count);
      Put(out, count);
      Put(out, size);
      Put(out, at);
      out.append(static_cast<std::size_t>(zip64_extensible), 'e');
      Put<std::uint32_t>(out, 0x07064b50);
      Put<std::uint32_t>(out, 0);
      Put(out, record);
      Put<std::uint32_t>(out, 1);
    }
    Put<std::uint32_t>(out, 0x06054b50);
    Put<std::uint32_t>(out, 0);
    Put(out, static_cast<std::uint16_t>(zip64 ? 0xFFFF : count));
    Put(out, static_cast<std::uint16_t>(zip64 ? 0xFFFF : count));
    Put(out, static_cast<std::uint32_t>(zip64 ? 0xFFFFFFFF : size));
    Put(out, static_cast<std::uint32_t>(zip64 ? 0xFFFFFFFF : at));
    Put(out, comment_size.value_or(static_cast<std::uint16_t>(comment.size())));
  }
};

inline HandEntry Manifest() { return {.name = "AndroidManifest.xml", .data = "a manifest"}; }

// An APK by hand: the manifest and what else is given.
inline HandZip HandApk(std::vector<HandEntry> more = {}) {
  HandZip zip;
  zip.entries.push_back(Manifest());
  for (HandEntry& entry : more) zip.entries.push_back(std::move(entry));
  return zip;
}

}  // namespace tegodrop::testing
