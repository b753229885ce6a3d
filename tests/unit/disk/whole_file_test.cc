#include "daemon/disk/whole_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <string>

#include "daemon/base/digest.h"
#include "tests/fakes/faulty_file_system.h"
#include "tests/fakes/power_cut_file_system.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/fakes/seeded_random.h"

namespace tegodrop {
namespace {

using testing::FaultyFileSystem;
using testing::ScratchFolder;

class WholeFile : public ::testing::Test {
 protected:
  WholeFile() : dir(std::move(*fs.OpenFolder(scratch.path()))) {}

  Status Write(std::string_view content, mode_t mode = 0640, std::optional<gid_t> group = std::nullopt) {
    return WriteWhole(fs, dir.get(), "temp", dir.get(), "name", content, mode, group);
  }
  bool Exists(const char* name) {
    struct stat st {};
    return lstat(scratch.Path(name).c_str(), &st) == 0;
  }
  std::string Content(const char* name) {
    std::ifstream file(scratch.Path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  ScratchFolder scratch;
  FaultyFileSystem fs;
  Fd dir;
};

TEST_F(WholeFile, IsWrittenWithItsModeAndGroupAndLeavesNoTemporary) {
  const mode_t before = umask(077);
  const auto written = Write("content", 0664, getegid());
  umask(before);
  ASSERT_TRUE(written.has_value()) << written.error().message;
  EXPECT_EQ(Content("name"), "content");
  EXPECT_FALSE(Exists("temp"));
  struct stat st {};
  ASSERT_EQ(stat(scratch.Path("name").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777U, 0664U);
  EXPECT_EQ(st.st_gid, getegid());
}

TEST_F(WholeFile, IsWrittenEmptyToo) {
  ASSERT_TRUE(Write("").has_value());
  EXPECT_TRUE(Exists("name"));
  EXPECT_EQ(Content("name"), "");
}

TEST_F(WholeFile, NeverReplacesAndSaysSo) {
  scratch.Write("name", "old", 0644);
  const auto written = Write("new");
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().sys, EEXIST);
  EXPECT_EQ(Content("name"), "old");
  EXPECT_FALSE(Exists("temp"));
}

TEST_F(WholeFile, OneThatIsThereIsAsDurableAsOneThatIsWritten) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const ScratchFolder folder;
    ASSERT_EQ(mkdir(folder.Path("site").c_str(), 0755), 0);
    testing::PowerCutFileSystem cut(fs, folder.Path("aside"));
    testing::SeededRandom random(seed);
    const Fd site = std::move(*cut.OpenFolder(folder.Path("site")));
    // As a death leaves it: the file synced, its name not.
    Fd file = std::move(*cut.CreateAt(site.get(), "name", 0640));
    ASSERT_TRUE(cut.WriteAt(file.get(), "content", 7, 0));
    ASSERT_TRUE(cut.Sync(file.get()));
    EXPECT_EQ(WriteWhole(cut, site.get(), "temp", site.get(), "name", "content", 0640, {}).error().sys, EEXIST);
    cut.Die();
    cut.Cut(random);
    EXPECT_EQ(access(folder.Path("site/name").c_str(), F_OK), 0) << "seed " << seed;
  }
}

TEST_F(WholeFile, IsReplacedWhole) {
  scratch.Write("name", "old content", 0644);
  for (const char* content : {"new", "newer content than before"}) {
    ASSERT_TRUE(ReplaceWhole(fs, dir.get(), "temp", "name", content, 0640, std::nullopt));
    EXPECT_EQ(Content("name"), content);
    EXPECT_FALSE(Exists("temp"));
  }
  fs.fail_every = "RenameAt";
  EXPECT_FALSE(ReplaceWhole(fs, dir.get(), "temp", "name", "lost", 0640, std::nullopt));
  EXPECT_EQ(Content("name"), "newer content than before");
  EXPECT_FALSE(Exists("temp"));
}

TEST_F(WholeFile, TakesTheTemporaryNameFromWhatADeathLeft) {
  scratch.Write("temp", "half of something", 0644);
  ASSERT_TRUE(Write("whole").has_value());
  EXPECT_EQ(Content("name"), "whole");
  EXPECT_FALSE(Exists("temp"));
}

TEST_F(WholeFile, DoesNotWriteThroughALinkUnderTheTemporaryName) {
  scratch.Write("victim", "precious", 0644);
  ASSERT_EQ(symlink("victim", scratch.Path("temp").c_str()), 0);
  ASSERT_TRUE(Write("whole").has_value());
  EXPECT_EQ(Content("victim"), "precious");
}

TEST_F(WholeFile, IsWholeOrNotThereWhicheverCallFails) {
  fs.Heal();
  ASSERT_TRUE(Write("content", 0640, getegid()).has_value());
  const int calls = fs.calls();
  ASSERT_GE(calls, 7);
  for (const auto fault :
       {FaultyFileSystem::Fault::kRefused, FaultyFileSystem::Fault::kAnswerLost, FaultyFileSystem::Fault::kDeath}) {
    for (int call = 1; call <= calls; ++call) {
      unlink(scratch.Path("name").c_str());
      unlink(scratch.Path("temp").c_str());
      fs.FailAt(call, fault);
      const auto written = Write("content", 0640, getegid());
      fs.Heal();
      EXPECT_FALSE(written.has_value()) << call;
      if (Exists("name")) {
        EXPECT_EQ(Content("name"), "content") << call;
      }
      // A removal of the temporary file that fails too is a death's case, which the next writing cleans up.
      if (fault == FaultyFileSystem::Fault::kRefused) {
        EXPECT_FALSE(Exists("temp")) << call;
      }
      if (!Exists("name")) {
        EXPECT_TRUE(Write("content").has_value()) << "and again, " << call;
      }
      EXPECT_FALSE(Exists("temp")) << call;
    }
  }
}

TEST_F(WholeFile, IsReadUpToItsLimit) {
  scratch.Write("name", "12345", 0644);
  EXPECT_EQ(*ReadWhole(fs, dir.get(), "name", 5), "12345");
  EXPECT_EQ(*ReadWhole(fs, dir.get(), "name", 100), "12345");
  const auto larger = ReadWhole(fs, dir.get(), "name", 4);
  ASSERT_FALSE(larger.has_value());
  EXPECT_EQ(larger.error().kind, ErrorKind::kCorrupt);
  scratch.Write("empty", "", 0644);
  EXPECT_EQ(*ReadWhole(fs, dir.get(), "empty", 0), "");
}

TEST_F(WholeFile, IsReadOnlyWhereItIsARegularFile) {
  ASSERT_EQ(mkfifo(scratch.Path("fifo").c_str(), 0644), 0);
  ASSERT_EQ(mkdir(scratch.Path("folder").c_str(), 0755), 0);
  ASSERT_EQ(symlink("/etc/passwd", scratch.Path("link").c_str()), 0);
  EXPECT_EQ(ReadWhole(fs, dir.get(), "fifo", 100).error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(ReadWhole(fs, dir.get(), "folder", 100).error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(ReadWhole(fs, dir.get(), "link", 100).error().sys, ELOOP);
  EXPECT_EQ(ReadWhole(fs, dir.get(), "none", 100).error().sys, ENOENT);
}

TEST_F(WholeFile, AReadErrorIsHandedOn) {
  scratch.Write("name", "12345", 0644);
  fs.fail_every = "ReadAt";
  EXPECT_EQ(ReadWhole(fs, dir.get(), "name", 100).error().sys, EIO);
  const Fd file = std::move(*fs.OpenFileAt(dir.get(), "name"));
  EXPECT_EQ(HashFile(fs, file.get(), 5).error().sys, EIO);
}

TEST_F(WholeFile, IsHashedOverItsFirstBytes) {
  const std::string content(600'000, 'x');
  scratch.Write("name", content, 0644);
  const Fd file = std::move(*fs.OpenFileAt(dir.get(), "name"));
  EXPECT_EQ(*HashFile(fs, file.get(), content.size()), Sha256Hex(content));
  EXPECT_EQ(*HashFile(fs, file.get(), 5), Sha256Hex("xxxxx"));
  EXPECT_EQ(*HashFile(fs, file.get(), 0), Sha256Hex(""));
  const auto longer = HashFile(fs, file.get(), content.size() + 1);
  ASSERT_FALSE(longer.has_value());
  EXPECT_EQ(longer.error().kind, ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace tegodrop
