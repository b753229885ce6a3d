#include "daemon/disk/mount_table.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>

namespace tegodrop {
namespace {

using std::chrono::seconds;

constexpr const char* kMountInfo =
    "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"
    "30 22 0:25 / /run rw,nosuid - tmpfs tmpfs rw,size=1024k\n"
    "31 22 0:40 / /mnt/builds rw,relatime - cifs //server/builds rw,vers=3.1.1,actimeo=20\n"
    "32 22 0:41 / /mnt/with\\040space rw - nfs4 server:/export rw,vers=4.2,hard\n"
    "33 22 0:42 / /mnt/ssh rw,nosuid - fuse.sshfs me@host:/ rw,user_id=1000\n"
    "34 22 0:43 / /mnt/auto rw - autofs systemd-1 rw,fd=50\n"
    "35 22 0:44 / /srv/over rw - cifs //server/old rw\n"
    "36 22 8:2 / /srv/over rw - ext4 /dev/sda2 rw\n"
    "a line that is none\n";

PathMount Find(const std::string& path, const std::map<std::string, std::string>& links = {}) {
  return FindMount(MountTable::Parse(kMountInfo), path, [&](const std::string& at) {
    const auto link = links.find(at);
    return link == links.end() ? std::string() : link->second;
  });
}

TEST(MountTable, TheLongestMountPointAboveAPathIsItsMount) {
  const MountTable table = MountTable::Parse(kMountInfo);
  EXPECT_EQ(table.Of("/home/me")->type, "ext4");
  EXPECT_EQ(table.Of("/")->type, "ext4");
  EXPECT_EQ(table.Of("/mnt/builds")->type, "cifs");
  EXPECT_EQ(table.Of("/mnt/builds/nightly/app")->type, "cifs");
  EXPECT_EQ(table.Of("/mnt/buildsnot")->point, "/");
  EXPECT_EQ(table.Of("/mnt/with space/a")->type, "nfs4");
}

TEST(MountTable, OfTwoOnOnePointTheLaterHidesTheEarlier) {
  EXPECT_EQ(MountTable::Parse(kMountInfo).Of("/srv/over/x")->type, "ext4");
}

TEST(MountTable, WhatIsNoLineOfAMountinfoIsPassedOver) {
  EXPECT_EQ(MountTable::Parse("").Of("/"), nullptr);
  EXPECT_EQ(MountTable::Parse("1 2 3\n- - -\n\n22 1 8:1 / / rw -\n").Of("/"), nullptr);
}

TEST(FindMount, APathOnLocalDisksIsLocal) {
  EXPECT_TRUE(Find("/srv/drop/production").local);
  EXPECT_TRUE(Find("/run/drop").local);
  EXPECT_EQ(Find("/srv//drop/./production/").path, "/srv/drop/production");
  EXPECT_TRUE(Find("/").local);
}

TEST(FindMount, APathOnAShareOrBehindAnAutomountIsNot) {
  for (const std::string path :
       {"/mnt/builds", "/mnt/builds/a/b", "/mnt/with space/a", "/mnt/ssh", "/mnt/auto/share/x"}) {
    EXPECT_FALSE(Find(path).local) << path;
  }
  EXPECT_EQ(Find("/mnt/builds/a/b").mount.type, "cifs");
}

TEST(FindMount, ALinkOnALocalDiskIsFollowedToWhereItLeads) {
  EXPECT_FALSE(Find("/srv/drop", {{"/srv/drop", "/mnt/builds/drop"}}).local);
  EXPECT_EQ(Find("/srv/drop/x", {{"/srv/drop", "/mnt/builds/drop"}}).path, "/mnt/builds/drop/x");
  EXPECT_FALSE(Find("/srv/a/drop", {{"/srv/a", "../mnt/ssh"}}).local);
  EXPECT_TRUE(Find("/srv/a/drop", {{"/srv/a", "b"}}).local);
  EXPECT_EQ(Find("/srv/a/drop", {{"/srv/a", "b"}}).path, "/srv/b/drop");
}

TEST(FindMount, NothingOfAShareIsReadOnTheWay) {
  (void)FindMount(MountTable::Parse(kMountInfo), "/mnt/ssh/a/b", [](const std::string& at) {
    EXPECT_TRUE(at == "/mnt" || at == "/") << at;
    return std::string();
  });
}

TEST(FindMount, LinksInACircleEnd) { EXPECT_TRUE(Find("/srv/a", {{"/srv/a", "/srv/b"}, {"/srv/b", "/srv/a"}}).local); }

TEST(FindMount, AProcessKnowsItsOwnMounts) {
  const auto found = FindMount("/proc/self");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->mount.type, "proc");
}

TEST(AttributeCache, IsWhatTheMountSaysElseWhatItsClientDoes) {
  EXPECT_EQ(AttributeCacheOf(Find("/mnt/builds").mount), seconds(20));
  EXPECT_EQ(AttributeCacheOf(Find("/mnt/with space").mount), seconds(60));
  EXPECT_EQ(AttributeCacheOf(Find("/mnt/ssh").mount), seconds(20));
  EXPECT_EQ(AttributeCacheOf(Find("/home").mount), seconds(0));
  EXPECT_EQ(AttributeCacheOf({"/x", "nfs", "rw,acregmax=7,acdirmax=90"}), seconds(7));
  EXPECT_EQ(AttributeCacheOf({"/x", "nfs", "rw,noac"}), seconds(0));
  EXPECT_EQ(AttributeCacheOf({"/x", "cifs", "rw"}), seconds(1));
}

}  // namespace
}  // namespace tegodrop
