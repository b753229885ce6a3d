// The spool's limit: copies that do not fit wait for those before them.
#include "daemon/intake/spool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/intake/intake_world.h"

namespace tegodrop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Spool, CountsWhatIsHeldAndTellsWhenSomethingIsFreed) {
  Spool spool(100);
  int freed = 0;
  HandlePtr listening = spool.OnFreed([&] { ++freed; });
  spool.Hold("a", 60);
  EXPECT_TRUE(spool.Fits(40));
  EXPECT_FALSE(spool.Fits(41));
  spool.Hold("b", 70);
  EXPECT_EQ(spool.used(), 130U) << "what a smaller limit found there stays";
  EXPECT_FALSE(spool.Fits(0));
  EXPECT_FALSE(spool.Fits(UINT64_MAX));
  spool.Free("a");
  spool.Free("a");
  EXPECT_EQ(spool.used(), 70U);
  EXPECT_EQ(freed, 1);
  listening.reset();
  spool.Free("b");
  EXPECT_EQ(freed, 1);
}

TEST(Spool, AHandleMayOutliveIt) {
  auto spool = std::make_unique<Spool>(1);
  const HandlePtr listening = spool->OnFreed([] {});
  spool.reset();
}

class SpoolLimitTest : public IntakeWorldTest {
 protected:
  SpoolLimitTest() {
    settings.folder.after = After::kKeep;
    folder.facts.writable = false;
    folder.facts.room_id = "";
    spool = std::make_unique<Spool>(100);
  }
  static std::string Bytes(std::size_t size, char fill) { return std::string(size, fill); }
};

TEST_F(SpoolLimitTest, WhatDoesNotFitWaitsVisiblyAndIsTakenOnceThereIsRoom) {
  Start();
  folder.MoveIn("a.apk", Bytes(60, 'a'));
  Pass(seconds(3));
  folder.MoveIn("b.apk", Bytes(50, 'b'));
  Pass(seconds(3));
  EXPECT_THAT(AdmittedNames(), ElementsAre("a.apk:claimed"));
  EXPECT_THAT(ReasonOf("b.apk"), HasSubstr("room in the spool"));
  EXPECT_TRUE(intake->state().crowded);
  EXPECT_EQ(ledger.folders.at("production").state, "degraded");
  EXPECT_THAT(ledger.folders.at("production").reason, HasSubstr("b.apk waits for room in the spool"));
  EXPECT_THAT(ledger.folders.at("production").reason, HasSubstr("limits.spool"));
  const std::size_t looks = folder.inspected.size();
  Pass(minutes(2));
  EXPECT_EQ(folder.inspected.size(), looks) << "not read again and again";
  spool->Free(admitted[0].id);
  Pass(seconds(3));
  EXPECT_THAT(AdmittedNames(), ElementsAre("a.apk:claimed", "b.apk:claimed"));
  EXPECT_EQ(ledger.folders.at("production").state, "ok");
  EXPECT_FALSE(intake->state().crowded);
  EXPECT_EQ(spool->used(), 50U);
}

TEST_F(SpoolLimitTest, ALargeOneIsNotOvertakenByThoseThatCameLater) {
  Start();
  folder.MoveIn("a.apk", Bytes(60, 'a'));
  Pass(seconds(3));
  folder.MoveIn("b.apk", Bytes(90, 'b'));
  Pass(seconds(3));
  for (const char* name : {"c.apk", "d.apk"}) folder.MoveIn(name, Bytes(10, name[0]));
  Pass(seconds(3));
  EXPECT_THAT(AdmittedNames(), ElementsAre("a.apk:claimed"));
  spool->Free(admitted[0].id);
  Pass(seconds(3));
  EXPECT_THAT(AdmittedNames(), ElementsAre("a.apk:claimed", "b.apk:claimed", "c.apk:claimed"));
  spool->Free(admitted[1].id);
  Pass(seconds(3));
  EXPECT_EQ(admitted.size(), 4U);
  EXPECT_EQ(spool->used(), 20U);
}

TEST_F(SpoolLimitTest, OneLargerThanAllOfTheSpoolIsRefusedWithTheReason) {
  Start();
  folder.MoveIn("huge.apk", Bytes(101, 'h'));
  Pass(seconds(5));
  ASSERT_THAT(AdmittedNames(), ElementsAre("huge.apk:too_large"));
  EXPECT_THAT(admitted[0].failure->message, HasSubstr("limits.spool"));
  EXPECT_THAT(folder.claims, IsEmpty());
  EXPECT_EQ(spool->used(), 0U);
}

TEST_F(SpoolLimitTest, OneThatVanishesWhileItWaitsHoldsUpNobody) {
  Start();
  folder.MoveIn("a.apk", Bytes(60, 'a'));
  Pass(seconds(3));
  folder.MoveIn("b.apk", Bytes(90, 'b'));
  folder.MoveIn("c.apk", Bytes(30, 'c'));
  Pass(seconds(3));
  folder.files.erase("b.apk");
  folder.Raise("b.apk", Nomination::kScanned);
  Pass(seconds(3));
  EXPECT_THAT(ReasonOf("b.apk"), "not pending");
  spool->Free("nobody");
  Pass(minutes(6));
  EXPECT_THAT(AdmittedNames(), ElementsAre("a.apk:claimed", "c.apk:claimed"));
}

TEST_F(SpoolLimitTest, AClaimThatFindsTheFileGoneGivesItsRoomBack) {
  Start();
  folder.before_claim = [this] { folder.files.erase("a.apk"); };
  folder.MoveIn("a.apk", Bytes(60, 'a'));
  Pass(seconds(5));
  EXPECT_THAT(AdmittedNames(), IsEmpty());
  EXPECT_EQ(spool->used(), 0U);
}

TEST_F(SpoolLimitTest, AFolderWhoseFilesAreMovedNeedsNoRoom) {
  settings.folder.after = After::kArchive;
  folder.facts.writable = true;
  folder.facts.room_id = "room-1";
  spool->Hold("other", 100);
  Start();
  folder.MoveIn("a.apk", Bytes(101, 'a'));
  Pass(seconds(5));
  EXPECT_THAT(AdmittedNames(), ElementsAre("a.apk:claimed"));
  EXPECT_EQ(spool->used(), 100U);
}

}  // namespace
}  // namespace tegodrop::testing
