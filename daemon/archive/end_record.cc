#include "daemon/archive/end_record.h"

#include <algorithm>
#include <optional>
#include <string>

#include "daemon/archive/little_endian.h"

namespace tegodrop {
namespace {

constexpr std::uint32_t kEndMagic = 0x06054b50;
constexpr std::uint32_t kLocatorMagic = 0x07064b50;
constexpr std::uint32_t kEnd64Magic = 0x06064b50;
constexpr std::size_t kEndSize = 22;
constexpr std::size_t kLocatorSize = 20;
constexpr std::size_t kEnd64Size = 56;
constexpr std::size_t kLongestComment = 65535;

// A 32-bit field beside its 64-bit one: saturated, or the same.
bool Agrees(std::uint64_t narrow, std::uint64_t saturated, std::uint64_t wide) {
  return narrow == saturated || narrow == wide;
}

Result<EndRecord> Meeting(EndRecord end, std::uint64_t at) {
  if (end.directory_offset > at || end.directory_size != at - end.directory_offset) {
    return Fail(ErrorKind::kCorrupt, "the central directory does not meet the end record");
  }
  return end;
}

// The ZIP64 record that the locator at `locator_at` names. `narrow`: what the 32-bit record says.
Result<EndRecord> ReadEnd64(FileWindow& file, std::uint64_t locator_at, const char* locator, const EndRecord& narrow) {
  const std::uint64_t at = U64(locator + 8);
  if (U32(locator + 4) != 0) return Fail(ErrorKind::kCorrupt, "the ZIP spans several disks");
  if (at > locator_at || locator_at - at < kEnd64Size) {
    return Fail(ErrorKind::kCorrupt, "the ZIP64 end record is not where its locator says");
  }
  char record[kEnd64Size];
  if (Status read = file.Read(at, record, sizeof record); !read) return Fail(read.error());
  // The size counts what follows the size itself.
  if (U32(record) != kEnd64Magic || U64(record + 4) != locator_at - at - 12) {
    return Fail(ErrorKind::kCorrupt, "the ZIP64 end record does not meet its locator");
  }
  EndRecord wide;
  wide.entries = U64(record + 32);
  wide.directory_size = U64(record + 40);
  wide.directory_offset = U64(record + 48);
  if (U32(record + 16) != 0 || U32(record + 20) != 0 || U64(record + 24) != wide.entries) {
    return Fail(ErrorKind::kCorrupt, "the ZIP spans several disks");
  }
  if (!Agrees(narrow.entries, 0xFFFF, wide.entries) ||
      !Agrees(narrow.directory_size, 0xFFFFFFFF, wide.directory_size) ||
      !Agrees(narrow.directory_offset, 0xFFFFFFFF, wide.directory_offset)) {
    return Fail(ErrorKind::kCorrupt, "the ZIP64 end record contradicts the end record");
  }
  return Meeting(wide, at);
}

// The record at `at`, whose 22 bytes are `record`.
Result<EndRecord> ReadEnd(FileWindow& file, std::uint64_t at, const char* record) {
  EndRecord end;
  end.entries = U16(record + 10);
  end.directory_size = U32(record + 12);
  end.directory_offset = U32(record + 16);
  if (at >= kLocatorSize) {
    char locator[kLocatorSize];
    if (Status read = file.Read(at - kLocatorSize, locator, sizeof locator); !read) return Fail(read.error());
    if (U32(locator) == kLocatorMagic) return ReadEnd64(file, at - kLocatorSize, locator, end);
  }
  if (U16(record + 4) != 0 || U16(record + 6) != 0 || U16(record + 8) != end.entries) {
    return Fail(ErrorKind::kCorrupt, "the ZIP spans several disks");
  }
  return Meeting(end, at);
}

}  // namespace

Result<EndRecord> FindEndRecord(FileWindow& file) {
  if (file.size() < kEndSize) return Fail(ErrorKind::kCorrupt, "the file is too short for a ZIP");
  const std::uint64_t tail_size = std::min<std::uint64_t>(file.size(), kEndSize + kLongestComment);
  const std::uint64_t tail_at = file.size() - tail_size;
  std::string tail(static_cast<std::size_t>(tail_size), '\0');
  if (Status read = file.Read(tail_at, tail.data(), tail.size()); !read) return Fail(read.error());

  std::optional<EndRecord> found;
  Error fault = MakeError(ErrorKind::kCorrupt, "there is no end record: not a ZIP, or not all of it");
  bool reaches_end = false;
  for (std::size_t at = tail.size() - kEndSize + 1; at-- > 0;) {
    const char* record = tail.data() + at;
    if (U32(record) != kEndMagic) continue;
    if (at + kEndSize + U16(record + 20) != tail.size()) {
      if (!reaches_end)
        fault.message = "the end record does not reach the end of the file: cut short, or more behind it";
      continue;
    }
    Result<EndRecord> end = ReadEnd(file, tail_at + at, record);
    if (!end && end.error().kind == ErrorKind::kLocalDisk) return end;
    if (!end) {
      // The one nearest to the end of the file is the likeliest: its fault is the one to tell.
      if (!reaches_end) fault = end.error();
      reaches_end = true;
      continue;
    }
    // Readers differ in which of two they believe: what would be checked here need not be what is installed there.
    if (found) return Fail(ErrorKind::kRejected, "the ZIP has two end records that both could be meant");
    found = *end;
  }
  if (!found) return Fail(fault);
  return *found;
}

}  // namespace tegodrop
