// A folder of one test, and the eyes of an ordinary user where the tests run as root.
#pragma once

#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

namespace tegodrop::testing {

// Under /tmp, which every user may enter, unlike Bazel's own test folder.
class ScratchFolder {
 public:
  ScratchFolder() : ScratchFolder("/tmp") {}
  // In memory where there is such a file system, for tests that make hundreds or sync a lot.
  static ScratchFolder InMemory() { return ScratchFolder(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"); }
  ~ScratchFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string Path(std::string_view name) const { return path_ + "/" + std::string(name); }
  // Writes the file with exactly this mode and returns its path.
  std::string Write(std::string_view name, std::string_view content, mode_t mode) const {
    const std::string path = Path(name);
    std::ofstream(path, std::ios::binary) << content;
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }

 private:
  explicit ScratchFolder(const std::string& under) {
    std::string name = under + "/tegodrop-test-XXXXXX";
    path_ = mkdtemp(name.data()) == nullptr ? "" : name;
    EXPECT_FALSE(path_.empty());
    EXPECT_EQ(chmod(path_.c_str(), 0755), 0);
  }

  std::string path_;
};

// Runs `work` in a thread that the file system treats as an ordinary user, who does not pass every check.
template <typename Work>
void AsOrdinaryUser(Work work) {
  std::thread([&] {
    if (geteuid() == 0) {
      setfsuid(65534);
      ASSERT_EQ(setfsuid(65534), 65534);
    }
    work();
  }).join();
}

}  // namespace tegodrop::testing
