// Folders that are not changed: content is copied, and what was taken is remembered across restarts and deaths.
#include "daemon/intake/kept.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/intake/intake_world.h"

namespace tegodrop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class KeptTest : public IntakeWorldTest {
 protected:
  KeptTest() {
    settings.folder.after = After::kKeep;
    folder.facts.writable = false;
    folder.facts.room_id = "";
  }
  void Finish(const std::string& id) {
    ledger.jobs.at(id).finished = true;
    folder.spool.erase(id);
  }
};

TEST_F(KeptTest, AnAdmittedArtifactIsCopiedAndRememberedBeforeItsRowSaysClaimed) {
  Start();
  folder.MoveIn("app.apk", "content");
  Pass(milliseconds(200));
  ASSERT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed"));
  EXPECT_EQ(admitted[0].target->after, SourceAfter::kKeep);
  EXPECT_TRUE(folder.files.contains("app.apk"));
  EXPECT_TRUE(folder.spool[admitted[0].id].contains("app.apk"));
  EXPECT_THAT(Journal(),
              ElementsAre("insert claiming app.apk", "claim app.apk", "save_kept app.apk", "save claimed app.apk"));
  Pass(minutes(6));
  EXPECT_EQ(folder.inspected.size(), 1U) << "not even read again";
  EXPECT_EQ(admitted.size(), 1U);
  EXPECT_THAT(intake->state().pending, IsEmpty());
}

TEST_F(KeptTest, ARefusedOneIsRememberedAndNotCopied) {
  Start();
  folder.MoveIn("zip.apk", "zip").inside = Inspection::Outcome::kNotAnArtifact;
  Pass(minutes(6));
  EXPECT_THAT(AdmittedNames(), ElementsAre("zip.apk:not_an_artifact"));
  EXPECT_THAT(folder.claims, IsEmpty());
  EXPECT_THAT(Journal(), ElementsAre("insert claiming zip.apk", "save failed zip.apk", "save_kept zip.apk"));
  Restart();
  Pass(minutes(6));
  EXPECT_EQ(admitted.size(), 1U);
}

TEST_F(KeptTest, NothingNewIsAdmittedAfterARestart) {
  Start();
  folder.MoveIn("app.apk", "content");
  Pass(milliseconds(200));
  Finish(admitted[0].id);
  Restart();
  Pass(minutes(6));
  EXPECT_EQ(admitted.size(), 1U);
  EXPECT_EQ(folder.inspected.size(), 1U);
}

TEST_F(KeptTest, ATouchedFileIsReadOnceAndIsTheSameArtifact) {
  Start();
  folder.MoveIn("app.apk", "content");
  Pass(milliseconds(200));
  Finish(admitted[0].id);
  folder.Touch("app.apk");
  folder.Raise("app.apk", Nomination::kClosed);
  Pass(seconds(5));
  EXPECT_EQ(admitted.size(), 1U);
  EXPECT_EQ(folder.inspected.size(), 2U);
  EXPECT_EQ(ledger.kept.begin()->second.stat_key, StatKey(folder.files.at("app.apk").stat));
  Restart();
  Pass(minutes(6));
  EXPECT_EQ(folder.inspected.size(), 2U);
}

TEST_F(KeptTest, OtherBytesUnderThePathAreANewArtifactAndOldOnesComeBackAreNone) {
  Start();
  folder.MoveIn("app.apk", "first");
  Pass(milliseconds(200));
  folder.MoveIn("app.apk", "second");
  Pass(milliseconds(200));
  folder.MoveIn("app.apk", "first");
  Pass(seconds(5));
  ASSERT_EQ(admitted.size(), 2U);
  EXPECT_EQ(admitted[1].artifact.sha256, Sha256Hex("second"));
}

TEST_F(KeptTest, TheSameBytesUnderAnotherNameAreAnotherArtifact) {
  Start();
  folder.MoveIn("a.apk", "content");
  folder.MoveIn("b.apk", "content");
  Pass(milliseconds(200));
  EXPECT_EQ(admitted.size(), 2U);
}

TEST_F(KeptTest, ADeathAfterTheCopyAdmitsNothingTwice) {
  // Cut after each write that was done: the copy without its memory, the memory without its row.
  for (const char* failing : {"save_kept", "save"}) {
    SCOPED_TRACE(failing);
    folder.files.clear();
    folder.spool.clear();
    ledger.jobs.clear();
    ledger.kept.clear();
    admitted.clear();
    Start();
    for (int i = 0; i < 20; ++i) ledger.FailNext(failing, PosixError("cannot write", "ledger", EIO));
    folder.MoveIn("app.apk", "content");
    Pass(milliseconds(300));
    ASSERT_EQ(ledger.jobs.size(), 1U);
    ASSERT_EQ(ledger.jobs.begin()->second.state, JobState::kClaiming);
    ASSERT_EQ(folder.spool.size(), 1U);
    const std::string job = ledger.jobs.begin()->first;
    Restart();  // the row is now the conductor's: the copy is there, so it goes on
    Pass(minutes(6));
    EXPECT_THAT(admitted, IsEmpty());
    EXPECT_EQ(ledger.jobs.size(), 1U);
    if (std::string(failing) == "save") {
      ASSERT_EQ(ledger.kept.size(), 1U);
      EXPECT_EQ(ledger.kept.begin()->second.job, job);
    }
    for (int i = 0; i < 20; ++i) {  // what is left of the faults
      ledger.SaveKept({"x", "x", "x", "x", "x"}, [](const Status&) {});
      ledger.Save(Job{}, "", [](const Status&) {});
    }
    queue.RunAll();
  }
}

TEST_F(KeptTest, ADeathBeforeTheCopyLosesNothing) {
  Start();
  folder.FailNext("claim", PosixError("cannot write", "spool", ENOSPC));
  folder.MoveIn("app.apk", "content");
  Pass(milliseconds(300));
  ASSERT_EQ(ledger.jobs.size(), 1U);
  const std::string job = ledger.jobs.begin()->first;
  Restart();
  Pass(seconds(5));
  ASSERT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed"));
  EXPECT_NE(admitted[0].id, job);
}

TEST_F(KeptTest, ADeathBetweenRefusalAndMemoryRefusesOnce) {
  Start();
  ledger.FailNext("save_kept", PosixError("cannot write", "ledger", EIO));
  folder.MoveIn("zip.apk", "zip").inside = Inspection::Outcome::kNotAnArtifact;
  Pass(seconds(5));
  ASSERT_EQ(admitted.size(), 1U);
  ASSERT_THAT(ledger.kept, IsEmpty());
  Restart();
  Pass(minutes(1));
  EXPECT_EQ(admitted.size(), 1U);
  EXPECT_EQ(ledger.kept.size(), 1U);
}

TEST_F(KeptTest, ALedgerThatCannotBeReadIsAskedAgainBeforeAnythingIsTaken) {
  for (int i = 0; i < 3; ++i) ledger.FailNext("load_kept", PosixError("cannot read", "ledger", EIO));
  folder.Put("app.apk", "content");
  clock.Step(seconds(10));
  Start();
  EXPECT_EQ(folder.listings, 0);
  EXPECT_EQ(intake->state().state, "degraded");
  EXPECT_FALSE(intake->state().busy) << "in trouble, and not at work";
  PassLong(seconds(30));
  EXPECT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed"));
  EXPECT_EQ(intake->state().state, "ok");
}

TEST_F(KeptTest, AnUnwritableFolderIsCopiedWhateverItsSettingsSay) {
  settings.folder.after = After::kArchive;
  Start();
  folder.MoveIn("app.apk", "content");
  Pass(milliseconds(200));
  ASSERT_EQ(admitted.size(), 1U);
  EXPECT_EQ(admitted[0].target->after, SourceAfter::kKeep);
  EXPECT_TRUE(folder.files.contains("app.apk"));
  EXPECT_THAT(folder.pruned, IsEmpty());
  // Once it can be written what was taken stays taken, and a new drop of the same bytes is a new artifact.
  folder.facts.writable = true;
  Restart();
  Pass(minutes(1));
  EXPECT_EQ(admitted.size(), 1U);
  folder.MoveIn("app.apk", "content");
  Pass(seconds(1));
  EXPECT_EQ(admitted.size(), 2U);
  EXPECT_FALSE(folder.files.contains("app.apk"));
}

TEST_F(KeptTest, SidecarsAloneStayWhereTheyAre) {
  Start();
  folder.Put("app.apk.commit", "x");
  PassLong(minutes(30));
  EXPECT_TRUE(folder.files.contains("app.apk.commit"));
  EXPECT_THAT(folder.failed, IsEmpty());
}

}  // namespace
}  // namespace tegodrop::testing
