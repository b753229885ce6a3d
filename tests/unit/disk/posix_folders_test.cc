// Folders through the real file system.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <string>

#include "daemon/disk/file_system.h"
#include "daemon/disk/open_beneath.h"
#include "tests/fakes/scratch_folder.h"

namespace tegodrop {
namespace {

using testing::ScratchFolder;

class PosixFolders : public ::testing::Test {
 protected:
  PosixFolders() : fs(MakePosixFileSystem()), dir(std::move(*fs->OpenFolder(scratch.path()))) {}

  mode_t ModeOf(const std::string& name) { return fs->StatAt(dir.get(), name)->mode & 07777U; }

  ScratchFolder scratch;
  std::unique_ptr<FileSystem> fs;
  Fd dir;
};

TEST_F(PosixFolders, TheAdministratorsOwnPathMayHaveLinks) {
  ASSERT_EQ(symlink(scratch.path().c_str(), scratch.Path("link").c_str()), 0);
  EXPECT_TRUE(fs->OpenFolder(scratch.Path("link")).has_value());
  EXPECT_EQ(fs->OpenFolder(scratch.Path("none")).error().sys, ENOENT);
  scratch.Write("file", "", 0644);
  EXPECT_EQ(fs->OpenFolder(scratch.Path("file")).error().sys, ENOTDIR);
}

TEST_F(PosixFolders, BelowItNoLinkIsFollowed) {
  ASSERT_EQ(symlink("/tmp", scratch.Path("link").c_str()), 0);
  const auto folder = fs->OpenFolderAt(dir.get(), "link");
  ASSERT_FALSE(folder.has_value());
  EXPECT_TRUE(folder.error().sys == ELOOP || folder.error().sys == ENOTDIR) << folder.error().message;
  EXPECT_EQ(fs->OpenFolderAt(dir.get(), "..").error().sys, EXDEV);
}

// As openat2, component by component: in a sandbox that has none.
TEST_F(PosixFolders, WalkedToItIsTheSameFolderAndNothingLeadsOut) {
  ASSERT_EQ(mkdir(scratch.Path("a").c_str(), 0755), 0);
  scratch.Write("a/file", "text", 0644);
  ASSERT_EQ(symlink("a", scratch.Path("link").c_str()), 0);
  ASSERT_EQ(symlink("file", scratch.Path("a/link").c_str()), 0);
  const auto walk = [&](const std::string& name, int flags = O_RDONLY) {
    const Fd fd(WalkBeneath(dir.get(), name, static_cast<std::uint64_t>(flags), 0600));
    return fd.valid() ? 0 : errno;
  };
  for (const char* there : {"a/file", "a//file", "./a/file", "a", "."}) EXPECT_EQ(walk(there), 0) << there;
  EXPECT_EQ(walk("a/new", O_WRONLY | O_CREAT | O_EXCL), 0);
  EXPECT_EQ(walk("a/new", O_WRONLY | O_CREAT | O_EXCL), EEXIST);
  EXPECT_EQ(walk("a/none"), ENOENT);
  EXPECT_EQ(walk(""), ENOENT);
  for (const char* out : {"..", "a/..", "a/../../x", "/etc/passwd"}) EXPECT_EQ(walk(out), EXDEV) << out;
  for (const char* link : {"link", "link/file", "a/link"}) {
    EXPECT_THAT(walk(link), ::testing::AnyOf(ELOOP, ENOTDIR)) << link;
  }
  EXPECT_EQ(walk("a/file/x"), ENOTDIR);
}

TEST_F(PosixFolders, WalkedToItNoMountIsCrossed) {
  const Fd root = std::move(*fs->OpenFolder("/"));
  const auto walk = [&](const std::string& name) {
    const Fd fd(WalkBeneath(root.get(), name, O_RDONLY | O_DIRECTORY, 0));
    return fd.valid() ? 0 : errno;
  };
  EXPECT_EQ(walk("usr"), 0);
  EXPECT_EQ(walk("proc"), EXDEV);
  EXPECT_EQ(walk("proc/self"), EXDEV);
}

TEST_F(PosixFolders, WhatIsSoAlreadyIsLeftAloneAndMayNotEvenBeOurs) {
  const Fd foreign = std::move(*fs->OpenFolder("/usr"));
  const FileStat stat = *fs->Stat(foreign.get());
  EXPECT_TRUE(fs->SetModeAndGroup(foreign.get(), stat.mode & 07777U, stat.gid));
}

TEST_F(PosixFolders, ANewFolderHasItsModeWhateverTheUmask) {
  const mode_t before = umask(077);
  const auto made = fs->MakeFolderAt(dir.get(), "room", 02770);
  umask(before);
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(ModeOf("room"), 02770U);
}

TEST_F(PosixFolders, OneThatIsThereKeepsItsMode) {
  ASSERT_EQ(mkdir(scratch.Path("room").c_str(), 0700), 0);
  ASSERT_TRUE(fs->MakeFolderAt(dir.get(), "room", 02770));
  EXPECT_EQ(ModeOf("room"), 0700U);
}

TEST_F(PosixFolders, AFileOrALinkOfThatNameIsNoFolder) {
  ScratchFolder elsewhere;
  scratch.Write("file", "", 0644);
  ASSERT_EQ(symlink(elsewhere.path().c_str(), scratch.Path("link").c_str()), 0);
  EXPECT_FALSE(fs->MakeFolderAt(dir.get(), "file", 0750).has_value());
  EXPECT_FALSE(fs->MakeFolderAt(dir.get(), "link", 02777).has_value());
  struct stat st {};
  ASSERT_EQ(stat(elsewhere.path().c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777U, 0755U) << "what the link points to is untouched";
}

TEST_F(PosixFolders, ListsEachEntryWithItsTypeOften) {
  scratch.Write("file", "", 0644);
  ASSERT_EQ(mkdir(scratch.Path("folder").c_str(), 0755), 0);
  ASSERT_EQ(symlink("file", scratch.Path("link").c_str()), 0);
  for (int round = 0; round < 2; ++round) {
    std::map<std::string, EntryType> seen;
    ASSERT_TRUE(fs->List(dir.get(), [&](std::string_view name, EntryType type) {
      seen[std::string(name)] = type;
      return true;
    }));
    EXPECT_EQ(seen, (std::map<std::string, EntryType>{
                        {"file", EntryType::kRegular}, {"folder", EntryType::kFolder}, {"link", EntryType::kOther}}))
        << round;
  }
}

TEST_F(PosixFolders, StopsListingWhenToldTo) {
  for (const char* name : {"a", "b", "c"}) scratch.Write(name, "", 0644);
  int seen = 0;
  ASSERT_TRUE(fs->List(dir.get(), [&](std::string_view, EntryType) { return ++seen < 2; }));
  EXPECT_EQ(seen, 2);
}

TEST_F(PosixFolders, RemovesOnlyEmptyFolders) {
  ASSERT_EQ(mkdir(scratch.Path("room").c_str(), 0755), 0);
  scratch.Write("room/file", "", 0644);
  EXPECT_EQ(fs->RemoveFolderAt(dir.get(), "room").error().sys, ENOTEMPTY);
  ASSERT_TRUE(fs->RemoveAt(dir.get(), "room/file"));
  EXPECT_TRUE(fs->RemoveFolderAt(dir.get(), "room").has_value());
}

TEST_F(PosixFolders, SyncsAFolder) { EXPECT_TRUE(fs->SyncFolder(dir.get()).has_value()); }

TEST_F(PosixFolders, SaysWhatAnOrdinaryUserMayStillWrite) {
  struct statvfs vfs {};
  ASSERT_EQ(statvfs(scratch.path().c_str(), &vfs), 0);
  const auto expected = static_cast<double>(vfs.f_bavail) * static_cast<double>(vfs.f_frsize);
  const auto free = fs->FreeBytes(dir.get());
  ASSERT_TRUE(free.has_value());
  EXPECT_NEAR(static_cast<double>(*free), expected, expected / 2) << "others write too";
}

TEST_F(PosixFolders, ARefusedFolderIsAnErrorWithItsPath) {
  ASSERT_EQ(mkdir(scratch.Path("closed").c_str(), 0), 0);
  testing::AsOrdinaryUser([&] {
    const auto folder = fs->OpenFolder(scratch.Path("closed"));
    ASSERT_FALSE(folder.has_value());
    EXPECT_EQ(folder.error().sys, EACCES);
    EXPECT_NE(folder.error().message.find(scratch.Path("closed")), std::string::npos);
  });
}

TEST(FileSystemTypes, LocalOnesAreTrustedNetworkAndUnknownOnesAreNot) {
  EXPECT_EQ(FsTypeOf(0xEF53).name, "ext4");
  EXPECT_TRUE(FsTypeOf(0xEF53).local);
  EXPECT_TRUE(FsTypeOf(0x01021994).local) << "tmpfs";
  for (const std::uint32_t magic : {0x6969U, 0xFF534D42U, 0xFE534D42U, 0x65735546U}) {
    EXPECT_FALSE(FsTypeOf(magic).local) << FsTypeOf(magic).name;
  }
  EXPECT_EQ(FsTypeOf(0xABCD).name, "0x0000abcd");
  EXPECT_FALSE(FsTypeOf(0xABCD).local);
}

TEST_F(PosixFolders, KnowsItsOwnType) {
  const auto type = fs->TypeOf(dir.get());
  ASSERT_TRUE(type.has_value());
  EXPECT_NE(type->magic, 0U);
  EXPECT_EQ(type->name, FsTypeOf(type->magic).name);
}

}  // namespace
}  // namespace tegodrop
