// A ZIP as libzip reads it, from a FileWindow.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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

  // Inflates every entry and compares its size and CRC, but for those whose place in the central directory `held` says
  // that this was done otherwise. kCorrupt, with the entry's name, or kLocalDisk. What the entry `watched` inflates to
  // is shown to `see` in pieces on the way, held or not; an empty name: none.
  virtual Status InflateAll(const std::vector<bool>& held = {}, std::string_view watched = {},
                            const std::function<void(std::string_view)>& see = {}) = 0;

  // What the entry inflates to, its CRC compared. kRejected where it is longer than `most`; kCorrupt where there is no
  // such entry or it is damaged; kLocalDisk.
  virtual Result<std::string> ReadEntry(const std::string& name, std::size_t most) = 0;
};

}  // namespace tegodrop
