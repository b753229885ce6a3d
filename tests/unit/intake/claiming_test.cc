// From verdict to row when the ledger or the folder fails: tried again under the same id, nothing lost, nothing
// doubled.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/intake/intake_world.h"

namespace tegodrop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Error DiskFull() { return PosixError("cannot write", "ledger.sqlite", ENOSPC); }

class ClaimingTest : public IntakeWorldTest {
 protected:
  ClaimingTest() {
    Start();
    Pass(milliseconds(100));
  }
};

TEST_F(ClaimingTest, AnInsertThatFailsIsTriedAgainBeforeAnythingIsTaken) {
  ledger.FailNext("insert", DiskFull());
  ledger.FailNext("insert", DiskFull());
  folder.MoveIn("app.apk", "content");
  Pass(milliseconds(500));
  EXPECT_THAT(Journal(), IsEmpty());
  EXPECT_TRUE(folder.files.contains("app.apk"));
  EXPECT_THAT(ReasonOf("app.apk"), HasSubstr("ledger.sqlite"));
  EXPECT_EQ(log.Count("artifact.claim_failed"), 1);
  Pass(seconds(10));
  EXPECT_THAT(Journal(), ElementsAre("insert claiming app.apk", "claim app.apk", "save claimed app.apk"));
  EXPECT_EQ(ledger.jobs.size(), 1U);
  EXPECT_EQ(log.Count("artifact.claim_failed"), 1);  // the same words once
}

TEST_F(ClaimingTest, AnIdThatIsTakenIsReplaced) {
  ledger.FailNext("insert", MakeError(ErrorKind::kRejected, "the id is taken"));
  folder.MoveIn("app.apk", "content");
  Pass(seconds(5));
  ASSERT_EQ(admitted.size(), 1U);
  EXPECT_EQ(folder.claims.at(0).job, admitted[0].id);
  EXPECT_TRUE(ledger.jobs.contains(admitted[0].id));
}

TEST_F(ClaimingTest, AClaimThatFailsKeepsItsRowAndItsId) {
  folder.FailNext("claim", PosixError("cannot move", "app.apk", EIO));
  folder.FailNext("claim", PosixError("cannot move", "app.apk", ESTALE));
  folder.MoveIn("app.apk", "content");
  Pass(milliseconds(500));
  ASSERT_EQ(ledger.jobs.size(), 1U);
  EXPECT_EQ(ledger.jobs.begin()->second.state, JobState::kClaiming);
  EXPECT_EQ(intake->state().pending.size(), 1U);
  EXPECT_NE(ledger.jobs.begin()->second.waiting.for_what.find("cannot move"), std::string::npos) << "for status";
  Pass(seconds(15));
  ASSERT_EQ(admitted.size(), 1U);
  EXPECT_TRUE(admitted[0].waiting.for_what.empty());
  ASSERT_EQ(folder.claims.size(), 3U);
  for (const ClaimRequest& claim : folder.claims) EXPECT_EQ(claim.job, admitted[0].id);
  EXPECT_THAT(Journal(), ElementsAre("insert claiming app.apk", "save claiming app.apk", "save claiming app.apk",
                                     "claim app.apk", "save claimed app.apk"));
  EXPECT_EQ(log.Count("artifact.claim_failed"), 2);
}

TEST_F(ClaimingTest, AFileThatChangesBetweenTwoTriesLosesItsRow) {
  folder.FailNext("claim", PosixError("cannot move", "app.apk", EIO));
  folder.MoveIn("app.apk", "content");
  Pass(milliseconds(300));
  folder.Write("app.apk", "changed");
  Pass(seconds(8));
  EXPECT_THAT(Journal(), ElementsAre("insert claiming app.apk", "save claiming app.apk", "claim app.apk", "remove",
                                     "insert claiming app.apk", "claim app.apk", "save claimed app.apk"));
  ASSERT_EQ(admitted.size(), 1U);
  EXPECT_EQ(admitted[0].artifact.sha256, Sha256Hex("changed"));
  EXPECT_EQ(ledger.jobs.size(), 1U);
}

TEST_F(ClaimingTest, ASaveThatFailsIsTriedAgainWithoutASecondClaim) {
  ledger.FailNext("save", DiskFull());
  folder.MoveIn("app.apk", "content");
  Pass(milliseconds(300));
  EXPECT_THAT(admitted, IsEmpty());
  Pass(seconds(5));
  EXPECT_EQ(admitted.size(), 1U);
  EXPECT_EQ(folder.claims.size(), 1U);
}

TEST_F(ClaimingTest, ARemoveThatFailsIsTriedAgain) {
  folder.before_claim = [this] { folder.files.erase("app.apk"); };
  ledger.FailNext("remove", DiskFull());
  folder.MoveIn("app.apk", "content");
  Pass(seconds(5));
  EXPECT_THAT(Journal(), ElementsAre("insert claiming app.apk", "claim app.apk", "remove"));
  EXPECT_THAT(ledger.jobs, IsEmpty());
}

TEST_F(ClaimingTest, ARowThatSomebodyElseTookOverIsLeftToThem) {
  ledger.FailNext("save", MakeError(ErrorKind::kRejected, "the row carries a newer epoch"));
  folder.MoveIn("app.apk", "content");
  Pass(seconds(5));
  EXPECT_THAT(admitted, IsEmpty());
  EXPECT_EQ(log.Count("artifact.row_lost"), 1);
  EXPECT_EQ(folder.claims.size(), 1U);
  EXPECT_THAT(intake->state().pending, IsEmpty());
}

TEST_F(ClaimingTest, OneThatIsInTroubleHoldsUpNoOther) {
  folder.FailNext("claim", PosixError("cannot move", "a.apk", EIO));
  folder.MoveIn("a.apk", "a");
  Pass(milliseconds(100));
  folder.MoveIn("b.apk", "b");
  Pass(milliseconds(200));
  EXPECT_THAT(AdmittedNames(), ElementsAre("b.apk:claimed"));
  Pass(seconds(5));
  EXPECT_THAT(AdmittedNames(), ElementsAre("b.apk:claimed", "a.apk:claimed"));
}

TEST_F(ClaimingTest, StopBetweenTwoTriesLeavesTheRowForTheNextStart) {
  folder.FailNext("claim", PosixError("cannot move", "app.apk", EIO));
  folder.MoveIn("app.apk", "content");
  Pass(milliseconds(300));
  bool stopped = false;
  intake->Stop([&] { stopped = true; });
  EXPECT_FALSE(stopped);
  Pass(milliseconds(100));
  EXPECT_TRUE(stopped);
  EXPECT_EQ(ledger.jobs.begin()->second.state, JobState::kClaiming);
  EXPECT_EQ(clock.pending(), 0U);
}

TEST_F(ClaimingTest, StopWhileAStepFailsEndsWithoutAnotherTry) {
  ledger.FailNext("insert", DiskFull());
  folder.MoveIn("app.apk", "content");
  bool stopped = false;
  while (queue.RunOne()) {
    if (intake->state().pending.size() == 1 && ReasonOf("app.apk") == "being claimed" && !stopped) {
      intake->Stop([&] { stopped = true; });
      break;
    }
  }
  Pass(milliseconds(200));
  EXPECT_TRUE(stopped);
  EXPECT_EQ(clock.pending(), 0U);
  EXPECT_THAT(ledger.jobs, IsEmpty());
  EXPECT_TRUE(folder.files.contains("app.apk"));
}

}  // namespace
}  // namespace tegodrop::testing
