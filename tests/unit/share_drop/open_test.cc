// Opening a drop folder: its room, its id, and what it may be used for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "tests/unit/share_drop/drop_place.h"

namespace tegodrop::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class DropOpenTest : public ::testing::Test {
 protected:
  ~DropOpenTest() override { umask(umask_); }
  // To claim app.apk as it is now.
  static ClaimRequest AppRequest(const FolderOps& ops) {
    ClaimRequest request;
    request.job = DropPlace::kJob;
    request.name = "app.apk";
    auto stat = MakePosixFileSystem()->StatAt(ops.opened()->fd.get(), request.name);
    EXPECT_TRUE(stat);
    if (stat) request.expected = *stat;
    return request;
  }

  DropPlace place;
  mode_t umask_ = umask(022);
};

TEST_F(DropOpenTest, ANewFolderGetsItsRoomAndAnIdThatStays) {
  auto ops = place.Ops();
  auto facts = ops.Open("", "");
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_TRUE(facts->writable);
  EXPECT_EQ(facts->room_id.size(), 16U);
  EXPECT_THAT(place.Names(".tegodrop"), UnorderedElementsAre("id", "claimed", "processed", "failed", "receipts"));
  EXPECT_EQ(place.Read(".tegodrop/id"), facts->room_id + "\n");
  auto again = place.Ops().Open(facts->room_id, facts->fs.name);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->room_id, facts->room_id);
}

TEST_F(DropOpenTest, AnIdThatADeathLeftHalfMadeIsRemoved) {
  files::create_directory(place.Path(".tegodrop"));
  place.Write(".tegodrop/.id.0123456789abcdef", "");
  auto facts = place.Ops().Open("", "");
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_THAT(place.Names(".tegodrop"), UnorderedElementsAre("id", "claimed", "processed", "failed", "receipts"));
  // Also where another host has made the folder's id since.
  place.Write(".tegodrop/.id.fedcba9876543210", "half");
  auto again = place.Ops().Open(facts->room_id, facts->fs.name);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->room_id, facts->room_id);
  EXPECT_THAT(place.Names(".tegodrop"), UnorderedElementsAre("id", "claimed", "processed", "failed", "receipts"));
}

TEST_F(DropOpenTest, RoomsHaveTheFoldersModesWhateverTheUmask) {
  umask(077);
  ASSERT_TRUE(place.Ops().Open("", ""));
  for (const char* part : {".tegodrop", ".tegodrop/claimed", ".tegodrop/processed", ".tegodrop/failed"}) {
    EXPECT_EQ(place.Mode(part), 0750U) << part;
  }
  DropPlace shared;
  ASSERT_EQ(chmod(shared.path.c_str(), 02775), 0);
  if (geteuid() == 0) {
    ASSERT_EQ(chown(shared.path.c_str(), 0, 12345), 0);
  }
  ASSERT_TRUE(shared.Ops().Open("", ""));
  for (const char* part : {".tegodrop", ".tegodrop/claimed", ".tegodrop/receipts"}) {
    EXPECT_EQ(shared.Mode(part), 02770U) << part;
    EXPECT_EQ(shared.Lstat(part).st_gid, shared.Lstat("").st_gid) << part;
  }
}

TEST_F(DropOpenTest, ARoomThatADeathLeftTooNarrowIsMendedAndAWiderOneIsNot) {
  ASSERT_TRUE(place.Ops().Open("", ""));
  ASSERT_EQ(chmod(place.Path(".tegodrop/failed").c_str(), 0700), 0);
  ASSERT_EQ(chmod(place.Path(".tegodrop/processed").c_str(), 0755), 0);
  ASSERT_TRUE(place.Ops().Open("", ""));
  EXPECT_EQ(place.Mode(".tegodrop/failed"), 0750U);
  EXPECT_EQ(place.Mode(".tegodrop/processed"), 0755U);
}

TEST_F(DropOpenTest, NothingIsTakenFromAnOutputFolderWhateverItsPath) {
  auto before = place.Ops();
  ASSERT_TRUE(before.Open("", ""));
  place.Write("app.apk", "delivered here");
  const ClaimRequest request = AppRequest(before);
  files::create_directories(place.Path(".tegodrop/staging"));
  auto listed = before.List();
  ASSERT_TRUE(listed) << listed.error().message;
  EXPECT_TRUE(listed->files.empty());
  EXPECT_THAT(listed->trouble, HasSubstr("is an output folder (there is " + place.Path(".tegodrop/staging") + ")"));
  ASSERT_FALSE(before.Claim(request));
  EXPECT_TRUE(place.Has("app.apk"));
  EXPECT_TRUE(place.Ops().Open("", "")) << "what was taken from it goes on";
  files::remove_all(place.Path(".tegodrop/staging"));
  auto again = place.Ops();
  ASSERT_TRUE(again.Open("", ""));
  EXPECT_TRUE(again.Claim(request));
}

TEST_F(DropOpenTest, PartsThatSomebodyCleanedUpAreMadeAgain) {
  auto ops = place.Ops();
  ASSERT_TRUE(ops.Open("", ""));
  place.Write("app.apk", "an artifact");
  const ClaimRequest request = AppRequest(ops);
  for (const char* part : {"claimed", "processed", "failed", "receipts"})
    files::remove(place.Path(".tegodrop/") + part);
  auto claimed = ops.Claim(request);
  ASSERT_TRUE(claimed) << claimed.error().message;
  PutAwayRequest away;
  away.job = request.job;
  away.name = request.name;
  away.destination = Destination::kProcessed;
  auto put = ops.PutAway(away);
  ASSERT_TRUE(put) << put.error().message;
  auto told = ops.WriteReceipt(request.job, "{}");
  ASSERT_TRUE(told) << told.error().message;
  EXPECT_TRUE(place.Has(".tegodrop/processed/app.apk"));
  EXPECT_TRUE(place.Has(std::string(".tegodrop/receipts/") + DropPlace::kJob + ".json"));
}

TEST_F(DropOpenTest, AnotherIdOrNoneIsAnotherFolder) {
  auto facts = place.Ops().Open("", "");
  ASSERT_TRUE(facts);
  place.Write(".tegodrop/id", "somebodyelse0000\n");
  auto other = place.Ops().Open(facts->room_id, facts->fs.name);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::kCorrupt);
  files::remove_all(place.Path(".tegodrop"));
  auto none = place.Ops().Open(facts->room_id, facts->fs.name);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::kCorrupt);
  EXPECT_FALSE(place.Has(".tegodrop")) << "nothing is written into a folder that is not the known one";
}

TEST_F(DropOpenTest, AnotherFileSystemIsAnotherFolder) {
  auto facts = place.Ops().Open("", "nfs");
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().kind, ErrorKind::kCorrupt);
  EXPECT_THAT(facts.error().message, HasSubstr("was on nfs"));
  EXPECT_FALSE(place.Has(".tegodrop"));
}

TEST_F(DropOpenTest, AMissingFolderIsToldByItsErrno) {
  files::remove_all(place.path);
  auto facts = place.Ops().Open("", "");
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().sys, ENOENT);
}

TEST_F(DropOpenTest, ARoomThatIsALinkOrAFileIsRefused) {
  files::create_directory(place.scratch.Path("elsewhere"));
  files::create_symlink(place.scratch.Path("elsewhere"), place.Path(".tegodrop"));
  EXPECT_FALSE(place.Ops().Open("", ""));
  EXPECT_TRUE(files::is_empty(place.scratch.Path("elsewhere")));
  files::remove(place.Path(".tegodrop"));
  place.Write(".tegodrop", "a file");
  EXPECT_FALSE(place.Ops().Open("", ""));
  EXPECT_EQ(place.Read(".tegodrop"), "a file");
}

TEST_F(DropOpenTest, AnIdFileWithoutContentIsDamaged) {
  ASSERT_TRUE(place.Ops().Open("", ""));
  place.Write(".tegodrop/id", "\n");
  auto facts = place.Ops().Open("", "");
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().kind, ErrorKind::kCorrupt);
}

TEST_F(DropOpenTest, UnderKeepNothingIsChanged) {
  place.Write("app.apk", "content");
  const auto before = place.Everything();
  auto ops = place.Ops(false);
  auto facts = ops.Open("", "");
  ASSERT_TRUE(facts);
  EXPECT_FALSE(facts->writable);
  EXPECT_EQ(facts->room_id, "");
  EXPECT_TRUE(ops.List());
  EXPECT_EQ(place.Everything(), before);
}

TEST_F(DropOpenTest, AFolderThatAnOrdinaryUserCannotWriteIsNotWritable) {
  place.Write("app.apk", "content");
  const auto before = place.Everything();
  WithoutPrivileges([&] {
    if (geteuid() != 0) {
      ASSERT_EQ(chmod(place.path.c_str(), 0555), 0);
    }
    auto facts = place.Ops().Open("", "");
    ASSERT_TRUE(facts) << facts.error().message;
    EXPECT_FALSE(facts->writable);
  });
  if (geteuid() == 0) {
    EXPECT_EQ(place.Everything(), before);
  }
}

TEST_F(DropOpenTest, AWritableFolderWithARoomOfSomebodyElseIsAnErrorAndNoReasonToCopy) {
  ASSERT_TRUE(place.Ops().Open("", ""));
  ASSERT_EQ(chmod(place.path.c_str(), 0777), 0);
  ASSERT_EQ(chmod(place.Path(".tegodrop").c_str(), geteuid() == 0 ? 0750 : 0), 0);
  WithoutPrivileges([&] {
    auto facts = place.Ops().Open("", "");
    ASSERT_FALSE(facts);
    EXPECT_EQ(facts.error().sys, EACCES);
  });
}

TEST_F(DropOpenTest, AFailedOpenLeavesTheFolderClosed) {
  auto ops = place.Ops();
  ASSERT_TRUE(ops.Open("", ""));
  ASSERT_FALSE(ops.Open("another-id", ""));
  EXPECT_EQ(ops.opened(), nullptr);
  auto listing = ops.List();
  ASSERT_FALSE(listing);
  EXPECT_NE(listing.error().sys, ENOENT);
  EXPECT_FALSE(ops.HasClaimed("job", "app.apk", false));
  EXPECT_FALSE(ops.WriteReceipt("job", "{}"));
  EXPECT_FALSE(ops.Prune(0, 0));
}

TEST_F(DropOpenTest, ARenamedOrReplacedFolderIsNoticedByTheNextListing) {
  auto ops = place.Ops();
  ASSERT_TRUE(ops.Open("", ""));
  files::rename(place.path, place.path + "-away");
  auto gone = ops.List();
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().sys, ENOENT);
  files::create_directory(place.path);
  auto other = ops.List();
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::kCorrupt);
  EXPECT_TRUE(files::is_empty(place.path)) << "nothing is written into the other folder";
  auto claimed = ops.HasClaimed("job", "app.apk", false);
  ASSERT_FALSE(claimed);
  EXPECT_EQ(claimed.error().kind, ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace tegodrop::testing
