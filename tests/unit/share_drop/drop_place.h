// A drop folder of one test on the real disk.
#pragma once

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "daemon/share/folder_ops.h"
#include "tests/fakes/faulty_file_system.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/fakes/seeded_random.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/fakes/zip_maker.h"

namespace tegodrop::testing {

namespace files = std::filesystem;

class Scratch {
 public:
  explicit Scratch(const std::string& under) {
    std::string name = (access(under.c_str(), W_OK) == 0 ? under : "/tmp") + "/tegodrop-drop-XXXXXX";
    path_ = mkdtemp(name.data()) == nullptr ? "" : name;
    EXPECT_FALSE(path_.empty());
    EXPECT_EQ(chmod(path_.c_str(), 0755), 0);
  }
  ~Scratch() {
    std::error_code error;
    files::remove_all(path_, error);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string Path(const std::string& name) const { return path_ + "/" + name; }
  std::string Write(const std::string& name, const std::string& content) const {
    std::ofstream(Path(name), std::ios::binary) << content;
    return Path(name);
  }

 private:
  std::string path_;
};

// Takes every privilege from the calling thread that a service has not: of an ordinary user it then is.
template <typename Work>
void WithoutPrivileges(Work work) {
  AsOrdinaryUser([&] {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[2] = {};
    ASSERT_EQ(syscall(SYS_capset, &header, none), 0);
    work();
  });
}

class DropPlace {
 public:
  // `in_memory`: for tests that make hundreds; a disk would take its time to sync them.
  explicit DropPlace(bool in_memory = false) : scratch(in_memory ? "/dev/shm" : "/tmp") {
    path = scratch.Path("drop");
    spool = scratch.Path("spool");
    files::create_directory(path);
    EXPECT_EQ(chmod(path.c_str(), 0755), 0);
  }

  FolderOps Ops(bool change = true) { return {{path, ".tegodrop", spool, change}, fs, clock, random}; }
  std::string Path(const std::string& name) const { return path + "/" + name; }
  std::string Room(const std::string& name) const { return ".tegodrop/" + name; }

  void Write(const std::string& name, const std::string& content) const {
    std::ofstream(Path(name), std::ios::binary) << content;
  }
  std::string ReadPath(const std::string& full) const {
    std::ifstream file(full, std::ios::binary);
    EXPECT_TRUE(file.is_open()) << full;
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string Read(const std::string& name) const { return ReadPath(Path(name)); }
  bool Has(const std::string& name) const { return files::exists(files::symlink_status(Path(name))); }
  struct stat Lstat(const std::string& name) const {
    struct stat st {};
    EXPECT_EQ(lstat(Path(name).c_str(), &st), 0) << name;
    return st;
  }
  mode_t Mode(const std::string& name) const { return Lstat(name).st_mode & 07777; }
  // The names in a folder below the drop folder.
  std::set<std::string> Names(const std::string& below = "") const {
    std::set<std::string> names;
    if (!files::exists(Path(below))) return names;
    for (const auto& entry : files::directory_iterator(Path(below))) names.insert(entry.path().filename());
    return names;
  }
  // All that a look from outside can tell: names, kinds, modes, sizes, times.
  std::map<std::string, std::string> Everything() const {
    std::map<std::string, std::string> all;
    const auto describe = [&](const std::string& full) {
      struct stat st {};
      EXPECT_EQ(lstat(full.c_str(), &st), 0);
      all[full] = std::to_string(st.st_mode) + " " + std::to_string(st.st_size) + " " + std::to_string(st.st_ino) +
                  " " + std::to_string(st.st_nlink) + " " + std::to_string(st.st_mtim.tv_sec) + "." +
                  std::to_string(st.st_mtim.tv_nsec) + " " + std::to_string(st.st_ctim.tv_sec) + "." +
                  std::to_string(st.st_ctim.tv_nsec);
    };
    describe(path);
    for (const auto& entry : files::recursive_directory_iterator(path)) describe(entry.path());
    return all;
  }
  FileStat Stat(const std::string& name) {
    auto dir = fs.OpenFolder(path);
    EXPECT_TRUE(dir);
    auto stat = fs.StatAt(dir->get(), name);
    EXPECT_TRUE(stat) << name;
    return stat ? *stat : FileStat{};
  }
  // The file as it is now, with these sidecars.
  ClaimRequest RequestFor(const std::string& name, const std::vector<std::string>& sidecars = {}) {
    ClaimRequest request;
    request.job = kJob;
    request.name = name;
    request.expected = Stat(name);
    for (const std::string& sidecar : sidecars) request.sidecars.push_back({sidecar, Stat(sidecar)});
    return request;
  }

  static constexpr char kJob[] = "0123456789abcdef";

  FaultyFileSystem fs;
  SteppedClock clock;
  SeededRandom random;
  Scratch scratch;
  std::string path;
  std::string spool;
};

}  // namespace tegodrop::testing
