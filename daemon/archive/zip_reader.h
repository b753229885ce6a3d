// A ZIP as libzip reads it, from a FileWindow.
#pragma once

#include <memory>

#include "daemon/archive/file_window.h"
#include "daemon/base/result.h"

namespace tegodrop {

class ZipReader {
 public:
  // With `consistency` libzip compares every local header with its central one once more. Look over the file with
  // ReadDirectory first: libzip has no caps. `file` must outlive the reader. kCorrupt where it is inconsistent,
  // kLocalDisk where the file cannot be read.
  static Result<std::unique_ptr<ZipReader>> Open(FileWindow& file, bool consistency);
  virtual ~ZipReader() = default;

  // Inflates every entry and compares its size and CRC. kCorrupt, with the entry's name, or kLocalDisk.
  virtual Status InflateAll() = 0;
};

}  // namespace tegodrop
