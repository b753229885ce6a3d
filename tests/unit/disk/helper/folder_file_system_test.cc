#include "daemon/disk/helper/folder_file_system.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "tests/fakes/faulty_file_system.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/unit/disk/helper/thread_helper.h"

namespace tegodrop {
namespace {

using std::chrono::seconds;
using testing::FaultyFileSystem;
using testing::ScratchFolder;

class FolderFileSystemTest : public ::testing::Test {
 protected:
  FolderFileSystem::World World() {
    return {here, testing::StartIn(helpers), helpers.clock, [this](const std::string& path) -> Result<PathMount> {
              return PathMount{path, mount, IsLocalType(mount.type)};
            }};
  }

  ScratchFolder disk;
  ScratchFolder share;
  FaultyFileSystem here;
  FaultyFileSystem there;
  testing::Helpers helpers{there, {}, 0, 0, -1};
  Mount mount{"/tmp", "cifs", "rw,actimeo=7"};
  FolderFileSystem fs{World(), share.path()};
};

TEST_F(FolderFileSystemTest, AnotherPathThanTheFoldersIsTouchedHereWhateverItIsOn) {
  auto spool = fs.OpenFolder(disk.path());
  ASSERT_TRUE(spool);
  EXPECT_FALSE(fs.MayHang(spool->get()));
  EXPECT_EQ(helpers.started, 0);
}

TEST_F(FolderFileSystemTest, ALocalDiskIsTouchedHereAndNeedsNoHelper) {
  mount.type = "ext4";
  auto folder = fs.OpenFolder(share.path());
  ASSERT_TRUE(folder);
  EXPECT_FALSE(fs.MayHang(folder->get()));
  EXPECT_TRUE(fs.CreateAt(folder->get(), "a", 0600));
  EXPECT_TRUE(fs.TypeOf(folder->get())->local);
  EXPECT_EQ(helpers.started, 0);
  EXPECT_EQ(there.calls(), 0);
}

TEST_F(FolderFileSystemTest, AShareIsTouchedByItsHelperAlone) {
  auto folder = fs.OpenFolder(share.path());
  ASSERT_TRUE(folder);
  EXPECT_TRUE(fs.MayHang(folder->get()));
  auto file = fs.CreateAt(folder->get(), "a", 0600);
  ASSERT_TRUE(file);
  EXPECT_TRUE(fs.MayHang(file->get()));
  EXPECT_TRUE(fs.Close(std::move(*file)));
  const auto type = fs.TypeOf(folder->get());
  ASSERT_TRUE(type);
  EXPECT_FALSE(type->local) << "whatever its number says";
  EXPECT_EQ(type->attribute_cache, seconds(7));
  EXPECT_EQ(helpers.started, 1);
  EXPECT_EQ(here.calls(), 0);
}

TEST_F(FolderFileSystemTest, WhatAPathLeadsToIsAskedAtEachOpening) {
  mount.type = "ext4";
  EXPECT_FALSE(fs.MayHang(fs.OpenFolder(share.path())->get()));
  mount.type = "cifs";
  EXPECT_TRUE(fs.MayHang(fs.OpenFolder(share.path())->get()));
  mount.type = "ext4";
  EXPECT_FALSE(fs.MayHang(fs.OpenFolder(share.path())->get()));
}

TEST_F(FolderFileSystemTest, NothingMovesFromADiskToAShare) {
  auto local = fs.OpenFolder(disk.path());
  auto remote = fs.OpenFolder(share.path());
  ASSERT_TRUE(local && remote);
  ASSERT_TRUE(fs.CreateAt(local->get(), "a", 0600));
  EXPECT_EQ(fs.MoveAt(local->get(), "a", remote->get(), "a").error().sys, EXDEV);
  EXPECT_EQ(fs.RenameAt(local->get(), "a", remote->get(), "a").error().sys, EXDEV);
  EXPECT_TRUE(fs.StatAt(local->get(), "a"));
}

}  // namespace
}  // namespace tegodrop
