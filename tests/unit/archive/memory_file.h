// Bytes as a file that has no name.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <stdexcept>
#include <string_view>

namespace tegodrop::testing {

class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : fd_(memfd_create("artifact", MFD_CLOEXEC)) {
    if (fd_ < 0) throw std::runtime_error("memfd_create");
    for (std::size_t at = 0; at < bytes.size();) {
      const ssize_t wrote = write(fd_, bytes.data() + at, bytes.size() - at);
      if (wrote <= 0) throw std::runtime_error("write");
      at += static_cast<std::size_t>(wrote);
    }
  }
  ~MemoryFile() { close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace tegodrop::testing
