// One file of one test, in Bazel's folder for it, old enough that any write changes its mtime.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <string_view>

#include "daemon/disk/file_system.h"

namespace tegodrop::testing {

// Bytes without a pattern, so that a block at the wrong place shows.
inline std::string RandomBytes(std::size_t size) {
  std::mt19937_64 engine(size);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(engine());
  return bytes;
}

class ScratchFile {
 public:
  explicit ScratchFile(std::string_view content) {
    const char* folder = std::getenv("TEST_TMPDIR");
    path_ = std::string(folder == nullptr ? "/tmp" : folder) + "/artifact-XXXXXX";
    const int fd = mkstemp(path_.data());
    EXPECT_GE(fd, 0);
    close(fd);
    std::ofstream(path_, std::ios::binary) << content;
    const timespec old[2] = {{1'700'000'000, 0}, {1'700'000'000, 0}};
    EXPECT_EQ(utimensat(AT_FDCWD, path_.c_str(), old, 0), 0);
  }
  ~ScratchFile() { unlink(path_.c_str()); }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  Fd Open() const { return Fd(open(path_.c_str(), O_RDONLY | O_CLOEXEC)); }
  void Append(std::string_view bytes) const { std::ofstream(path_, std::ios::binary | std::ios::app) << bytes; }
  void Overwrite(std::uint64_t at, std::string_view bytes) const {
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(at));
    file << bytes;
  }
  void SetMode(mode_t mode) const { EXPECT_EQ(chmod(path_.c_str(), mode), 0); }
  void Truncate(std::uint64_t size) const { EXPECT_EQ(truncate(path_.c_str(), static_cast<off_t>(size)), 0); }

 private:
  std::string path_;
};

}  // namespace tegodrop::testing
