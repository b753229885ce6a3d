// A look over the central directory and the local headers before any library builds anything from them: caps against
// bombs, and names that no extractor should meet.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/archive/end_record.h"
#include "daemon/archive/file_window.h"
#include "daemon/archive/kind_finder.h"
#include "daemon/base/result.h"

namespace tegodrop {

// An entry that is stored as it is, and not a small one: those are sooner read than told otherwise.
struct StoredEntry {
  std::size_t place = 0;    // in the central directory, from 0
  std::uint64_t begin = 0;  // of its bytes
  std::uint64_t size = 0;
  std::uint32_t crc = 0;
};

struct Directory {
  std::uint64_t offset = 0;       // of the central directory
  std::uint64_t entries_end = 0;  // behind the data of the last entry (a data descriptor may follow)
  // Some local header tells sizes although a data descriptor follows, and not the right ones. The format says that
  // readers ignore them, and Info-ZIP and macOS write them so; libzip's consistency checks would refuse the file.
  bool idle_sizes = false;
  std::vector<StoredEntry> stored;
};

// Reads every central and local header once, with bounded memory, compares them, and shows each entry to `kind`.
// kCorrupt where a header is not there or does not fit, kRejected where an entry is one that no build could take
// (encrypted, a bomb, overlapping, `..`, absolute or repeated name, unknown compression), kLocalDisk where the file
// cannot be read.
Result<Directory> ReadDirectory(FileWindow& file, const EndRecord& end, KindFinder& kind);

// The name as a person may read it: printable, in quotes, shortened.
std::string Quoted(std::string_view name);

}  // namespace tegodrop
