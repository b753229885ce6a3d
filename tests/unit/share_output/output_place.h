// An output folder of one test on the real disk.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "daemon/base/digest.h"
#include "daemon/share/output_ops.h"
#include "tests/fakes/faulty_file_system.h"

namespace tegodrop::testing {

namespace files = std::filesystem;

class OutputPlace {
 public:
  // In memory where there is such a file system: the cuts make thousands of these, and each syncs.
  OutputPlace() {
    for (std::string name : {"/dev/shm/tegodrop-output-XXXXXX", "/tmp/tegodrop-output-XXXXXX"}) {
      if (path.empty() && mkdtemp(name.data()) != nullptr) path = name;
    }
    EXPECT_FALSE(path.empty());
  }
  ~OutputPlace() {
    std::error_code error;
    files::remove_all(path, error);
  }
  OutputPlace(const OutputPlace&) = delete;
  OutputPlace& operator=(const OutputPlace&) = delete;

  OutputOps Ops() { return OutputOps(path, ".tegodrop", fs); }
  std::string Path(const std::string& name) const { return path + "/" + name; }
  std::string Staging(const std::string& name) const { return path + "/.tegodrop/staging/" + name; }

  void Write(const std::string& name, const std::string& content) const {
    std::ofstream(Path(name), std::ios::binary) << content;
  }
  std::string Read(const std::string& name) const {
    std::ifstream file(Path(name), std::ios::binary);
    EXPECT_TRUE(file.is_open()) << name;
    return {std::istreambuf_iterator<char>(file), {}};
  }
  bool Has(const std::string& name) const { return files::exists(files::symlink_status(Path(name))); }
  mode_t Mode(const std::string& name) const {
    struct stat st {};
    EXPECT_EQ(lstat(Path(name).c_str(), &st), 0) << name;
    return st.st_mode & 07777;
  }
  // What stands in a folder below the output folder, by name; the room itself is left out.
  std::set<std::string> Names(const std::string& below = "") const {
    std::set<std::string> names;
    if (!files::exists(Path(below))) return names;
    for (const auto& entry : files::directory_iterator(Path(below))) names.insert(entry.path().filename());
    names.erase(".tegodrop");
    return names;
  }

  // Stages a whole file the way an attempt does.
  void Stage(const std::string& staging_name, const std::string& content) {
    auto ops = Ops();
    auto file = ops.Stage(staging_name, content.size());
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_TRUE(fs.WriteAt(file->get(), content.data(), content.size(), 0));
    ASSERT_TRUE(fs.Close(std::move(*file)));
  }

  FaultyFileSystem fs;
  std::string path;
};

inline constexpr char kJob[] = "0123456789abcdef";

// A delivery of these bytes under this name, as the deliverer asks for it.
inline PublishRequest DeliveryOf(const std::string& name, const std::string& content) {
  PublishRequest request;
  request.job = kJob;
  request.staging_name = std::string(kJob) + ".1.part";
  request.name = name;
  request.facts = {content.size(), Sha256Hex(content)};
  request.checksum = request.facts.sha256 + "  " + name + "\n";
  request.provenance_name = name + ".provenance.json";
  request.provenance = "{\"_type\": \"https://in-toto.io/Statement/v1\"}\n";
  request.trace = "{\"job\": \"" + request.job + "\", \"sha256\": \"" + request.facts.sha256 + "\"}\n";
  return request;
}

}  // namespace tegodrop::testing
