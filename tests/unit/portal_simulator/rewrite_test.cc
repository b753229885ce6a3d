// What protection does to an archive, and how much of the disk it takes.
#include "tests/portal/rewrite.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/portal/text.h"
#include "tests/unit/portal_simulator/simulator_fixture.h"

namespace tegodrop::sim::testing {
namespace {

namespace fs = std::filesystem;

class Rewritten : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "/rewrite-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    rewriting_.source = folder_ + "/source";
    rewriting_.output = folder_ + "/output";
    rewriting_.file_name = "a.apk";
    rewriting_.cancelled = [] { return false; };
  }
  void TearDown() override { fs::remove_all(folder_); }

  void WriteSource(const std::string& bytes) const { std::ofstream(rewriting_.source, std::ios::binary) << bytes; }
  static std::string Read(const std::string& path) {
    std::ostringstream out;
    out << std::ifstream(path, std::ios::binary).rdbuf();
    return out.str();
  }
  size_t FilesInFolder() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  // Of all files, links not followed.
  uintmax_t BytesInFolder() const {
    uintmax_t bytes = 0;
    for (const auto& one : fs::directory_iterator(folder_)) {
      std::error_code gone;
      if (one.is_symlink(gone)) continue;
      const uintmax_t size = one.file_size(gone);
      if (!gone) bytes += size;
    }
    return bytes;
  }

  std::string folder_;
  Rewriting rewriting_;
};

TEST_F(Rewritten, TheSourceStaysAsItIsAndTheOutputIsAFileOfItsOwn) {
  const std::string source = MakeApk();
  WriteSource(source);
  EXPECT_EQ(Rewrite(rewriting_), "");
  EXPECT_EQ(Read(rewriting_.source), source);
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(rewriting_.output)));
  const std::vector<std::string> names = NamesIn(Read(rewriting_.output));
  EXPECT_EQ(std::count(names.begin(), names.end(), "META-INF/apptego-protection.txt"), 1);
  EXPECT_EQ(std::count(names.begin(), names.end(), "META-INF/A.SF"), 0);
  EXPECT_EQ(FilesInFolder(), 2U);
}

TEST_F(Rewritten, NothingIsLeftOfAFailure) {
  WriteSource("no archive");
  EXPECT_NE(Rewrite(rewriting_), "");
  EXPECT_EQ(FilesInFolder(), 1U);
}

TEST_F(Rewritten, NothingIsLeftOfOneThatWasCancelled) {
  WriteSource(MakeApk());
  rewriting_.cancelled = [] { return true; };
  EXPECT_NE(Rewrite(rewriting_), "");
  EXPECT_EQ(FilesInFolder(), 1U);
  EXPECT_TRUE(fs::exists(rewriting_.source));
}

TEST_F(Rewritten, TheDiskHoldsTheSourceAndTheOutputOnly) {
  const std::string large = MakeZip({"AndroidManifest.xml", "classes.dex"}, RandomBytes(8 * 1024 * 1024));
  WriteSource(large);
  uintmax_t most = 0;
  rewriting_.cancelled = [&] {
    most = std::max(most, BytesInFolder());
    return false;
  };
  EXPECT_EQ(Rewrite(rewriting_), "");
  most = std::max(most, BytesInFolder());
  EXPECT_GE(most, 2 * large.size());
  EXPECT_LT(most, 2 * large.size() + 1024 * 1024);
}

}  // namespace
}  // namespace tegodrop::sim::testing
