// A drop folder and a build folder on a real disk, as a build agent has them.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "tests/fakes/faulty_file_system.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/fakes/seeded_random.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/unit/cli/recorded_desk.h"

namespace tegodrop::testing {

class DropFolderFixture : public ::testing::Test {
 protected:
  DropFolderFixture() { std::filesystem::create_directory(folder); }

  // Writes what a build made and returns its path.
  std::string Build(const std::string& name, const std::string& content = "bytes") const {
    return scratch.Write(name, content, 0600);
  }
  // Puts something into the drop folder.
  void Put(const std::string& name, const std::string& content = "x") const {
    const std::filesystem::path path = folder + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
  }
  std::string Read(const std::string& name) const {
    std::ifstream file(folder + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // Everything in the drop folder but its room.
  std::set<std::string> Names() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().filename() != ".tegodrop") names.insert(entry.path().filename());
    }
    return names;
  }

  ScratchFolder scratch;
  const std::string folder = scratch.Path("drop");
  FaultyFileSystem fs;
  SteppedClock clock;
  SeededRandom random{1};
  RecordedDesk desk{clock};
};

}  // namespace tegodrop::testing
