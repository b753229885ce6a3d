// One small local file, read whole through one descriptor, so that what was checked is what was read.
#pragma once

#include <sys/stat.h>

#include <string>

namespace tegodrop {

struct OpenedFile {
  std::string error;     // empty where it was read: one sentence that names the path, without what to do
  bool missing = false;  // it is not there
  bool denied = false;   // it may not be read
  struct stat attributes = {};
  std::string content;  // whoever reads a secret wipes it
};

// Follows symbolic links; a FIFO or a device neither blocks nor is read. An error where it is no regular file or holds
// more than `most` bytes.
OpenedFile OpenSmallFile(const std::string& path, std::size_t most);

}  // namespace tegodrop
