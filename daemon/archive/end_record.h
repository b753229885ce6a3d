// The end of a ZIP: the record that says where its central directory lies. Stricter than ZIP readers are, because a
// reader may guess and a judge may not: exactly one record whose comment reaches the end of the file, and a central
// directory that meets it.
#pragma once

#include <cstdint>

#include "daemon/archive/file_window.h"
#include "daemon/base/result.h"

namespace tegodrop {

struct EndRecord {
  std::uint64_t entries = 0;
  std::uint64_t directory_offset = 0;
  std::uint64_t directory_size = 0;
};

// kCorrupt where there is no such record (cut short, junk behind it, a directory that does not meet it), kRejected
// where two would do, kLocalDisk where the file cannot be read.
Result<EndRecord> FindEndRecord(FileWindow& file);

}  // namespace tegodrop
