// The way in as a whole: hints and listings to jobs, on a folder and a ledger in memory.
#include "daemon/intake/intake.h"

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
using ::testing::UnorderedElementsAre;

using IntakeTest = IntakeWorldTest;

TEST_F(IntakeTest, ARenamedInArtifactBecomesAJobWithoutAnyTimer) {
  Start();
  folder.MoveIn("app.apk", "content");
  clock.Step(milliseconds(20));  // past the pause between listings
  queue.RunAll();
  const WallMs before = clock.Wall();
  queue.RunAll();
  ASSERT_EQ(admitted.size(), 1U);
  const Job& job = admitted[0];
  EXPECT_EQ(job.state, JobState::kClaimed);
  EXPECT_EQ(job.artifact.file_name, "app.apk");
  EXPECT_EQ(job.artifact.kind, ArtifactKind::kApk);
  EXPECT_EQ(job.artifact.size, 7U);
  EXPECT_EQ(job.artifact.sha256, Sha256Hex("content"));
  EXPECT_EQ(job.owner, "host-1");
  EXPECT_EQ(job.times.detected, before);
  EXPECT_EQ(job.times.claimed, before);
  EXPECT_EQ(job.target->folder, "production");
  EXPECT_EQ(job.target->tenant, "tenant-1");
  EXPECT_TRUE(folder.claimed[job.id].contains("app.apk"));
  EXPECT_THAT(Journal(), ElementsAre("insert claiming app.apk", "claim app.apk", "save claimed app.apk"));
  EXPECT_EQ(ledger.jobs.at(job.id).state, JobState::kClaimed);
  EXPECT_THAT(intake->state().pending, IsEmpty());
  EXPECT_EQ(log.Count("artifact.admitted"), 1);
  EXPECT_EQ(log.Count("artifact.seen"), 1);
}

TEST_F(IntakeTest, AHintAfterALongRestIsListedInspectedAndClaimedAtOnce) {
  Start();
  PassLong(minutes(1));
  folder.MoveIn("app.apk", "content");
  queue.RunAll();  // time stands still
  EXPECT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed"));
}

TEST_F(IntakeTest, ACopiedInArtifactWaitsForQuiet) {
  Start();
  folder.CopyIn("app.apk", "content");
  Pass(milliseconds(1900));
  EXPECT_THAT(admitted, IsEmpty());
  EXPECT_EQ(ReasonOf("app.apk"), "2s of quiet");
  Pass(milliseconds(300));
  EXPECT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed"));
  EXPECT_EQ(log.Count("artifact.waiting"), 1);
}

TEST_F(IntakeTest, AFileThatGrowsIsAdmittedOnlyWhenItsWriterHasGone) {
  Start();
  FakeDropFolder::File& file = folder.LinkIn("app.apk", "con");
  file.writers = Writers::kSome;
  file.inside = Inspection::Outcome::kIncomplete;
  Pass(seconds(15));
  EXPECT_THAT(admitted, IsEmpty());
  EXPECT_THAT(ReasonOf("app.apk"), HasSubstr("open for writing"));
  folder.Write("app.apk", "content");
  file.writers = Writers::kNone;
  file.inside = Inspection::Outcome::kWhole;
  folder.Raise("app.apk", Nomination::kClosed);
  Pass(milliseconds(2200));
  EXPECT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed"));
  EXPECT_EQ(admitted[0].artifact.sha256, Sha256Hex("content"));
}

TEST_F(IntakeTest, AForeignOwnersRenamedInArtifactTakesTwoSecondsAndTheFullCrc) {
  Start();
  folder.MoveIn("app.apk", "content").writers = Writers::kUnknown;
  Pass(milliseconds(1800));
  EXPECT_THAT(admitted, IsEmpty());
  Pass(milliseconds(500));
  EXPECT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed"));
  ASSERT_EQ(folder.inspected.size(), 2U);
  EXPECT_FALSE(folder.inspected[0].full_crc);
  EXPECT_TRUE(folder.inspected[1].full_crc);
}

TEST_F(IntakeTest, WhatLiesThereAtTheStartIsTakenByTheSameGate) {
  folder.Put("old.apk", "old");
  clock.Step(seconds(10));
  folder.Put("fresh.apk", "fresh");
  Start();
  EXPECT_THAT(AdmittedNames(), ElementsAre("old.apk:claimed"));
  Pass(milliseconds(2100));
  EXPECT_THAT(AdmittedNames(), ElementsAre("old.apk:claimed", "fresh.apk:claimed"));
}

TEST_F(IntakeTest, OnAShareThreeEqualSamplesOverThirtySeconds) {
  folder.facts.fs = FsTypeOf(0x6969);
  folder.facts.watched = false;
  folder.Put("app.apk", "content");
  clock.Step(hours(1));
  Start();
  Pass(seconds(29));
  EXPECT_THAT(admitted, IsEmpty());
  Pass(seconds(7));
  EXPECT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed"));
  EXPECT_TRUE(folder.inspected.at(0).full_crc);
  EXPECT_FALSE(folder.inspected.at(0).need_lease);
}

TEST_F(IntakeTest, AMatchingSumSparesTheWaitAlsoOnAShare) {
  folder.facts.fs = FsTypeOf(0x6969);
  folder.facts.watched = false;
  folder.Put("app.apk.sha256", Sha256Hex("content") + "  app.apk\n");
  folder.Put("app.apk", "content");
  Start();
  EXPECT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed"));
  EXPECT_TRUE(folder.claimed[admitted[0].id].contains("app.apk.sha256"));
}

TEST_F(IntakeTest, ASumThatNeverMatchesFailsTheArtifact) {
  Start();
  folder.Put("app.apk.sha256", Sha256Hex("other") + "  app.apk\n");
  folder.MoveIn("app.apk", "content");
  Pass(milliseconds(1500));
  EXPECT_THAT(admitted, IsEmpty());
  Pass(milliseconds(1000));
  ASSERT_THAT(AdmittedNames(), ElementsAre("app.apk:checksum"));
  const Job& job = admitted[0];
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_FALSE(job.finished);
  EXPECT_THAT(job.failure->message, HasSubstr(Sha256Hex("content")));
  EXPECT_FALSE(job.failure->remedy.empty());
  EXPECT_TRUE(folder.claimed[job.id].contains("app.apk"));
  EXPECT_THAT(Journal(), ElementsAre("insert claiming app.apk", "claim app.apk", "save failed app.apk"));
  EXPECT_EQ(log.Count("artifact.refused"), 1);
}

TEST_F(IntakeTest, RefusalsByContentComeOnceSettled) {
  Start();
  folder.MoveIn("zip.apk", "zip").inside = Inspection::Outcome::kNotAnArtifact;
  folder.MoveIn("cut.apk", "cut").inside = Inspection::Outcome::kIncomplete;
  Pass(milliseconds(1500));
  EXPECT_THAT(admitted, IsEmpty());
  Pass(milliseconds(1000));
  EXPECT_THAT(AdmittedNames(), UnorderedElementsAre("zip.apk:not_an_artifact", "cut.apk:incomplete"));
}

TEST_F(IntakeTest, ACutOffCopyIsRefusedAfterRefuseAfter) {
  Start();
  folder.CopyIn("cut.apk", "cut").inside = Inspection::Outcome::kIncomplete;
  PassLong(minutes(59));
  EXPECT_THAT(admitted, IsEmpty());
  EXPECT_EQ(folder.inspected.size(), 1U);  // unchanged, so not read again
  PassLong(minutes(2));
  EXPECT_THAT(AdmittedNames(), ElementsAre("cut.apk:incomplete"));
}

TEST_F(IntakeTest, FilesThatCannotBeMovedAreTriedAgainBesideTheOthersAndNamed) {
  Start();
  folder.FailAlways("claim", PosixError("cannot move", "team/a.apk", EACCES));
  for (int number = 0; number < 20; ++number) folder.MoveIn("team/" + std::to_string(number) + ".apk", "a");
  Pass(seconds(3));
  EXPECT_THAT(admitted, IsEmpty());
  EXPECT_EQ(folder.claims.size() > 20, true) << "each had its try";
  EXPECT_EQ(intake->state().state, "degraded");
  EXPECT_THAT(intake->state().reason, HasSubstr("team/0.apk cannot be taken, and is tried again: "));
  EXPECT_THAT(intake->state().reason, HasSubstr("Permission denied"));
  EXPECT_THAT(intake->state().reason, HasSubstr("so are 19 other files"));
  EXPECT_FALSE(intake->state().busy);
  folder.FailAlways("claim", std::nullopt);
  folder.MoveIn("b.apk", "b");
  Pass(milliseconds(200));
  EXPECT_THAT(AdmittedNames(), ::testing::Contains("b.apk:claimed")) << "nobody waits for them";
  PassLong(minutes(2));
  EXPECT_EQ(admitted.size(), 21U);
  EXPECT_EQ(intake->state().state, "ok");
}

TEST_F(IntakeTest, AHundredThatCannotBeMovedAreAFolderThatCannotBeUsed) {
  Start();
  folder.FailAlways("claim", PosixError("cannot move", "a.apk", EACCES));
  for (int number = 0; number < 120; ++number) folder.MoveIn(std::to_string(number) + ".apk", "a");
  PassLong(minutes(10));
  // Some were under way when the hundredth could not be moved.
  EXPECT_LE(ledger.jobs.size(), 104U) << "the others have no row yet";
  folder.FailAlways("claim", std::nullopt);
  PassLong(minutes(10));
  EXPECT_EQ(admitted.size(), 120U);
}

TEST_F(IntakeTest, WhatHasWaitedForAMinuteStandsAtItsFolder) {
  Start();
  folder.CopyIn("cut.apk", "cut").inside = Inspection::Outcome::kIncomplete;
  folder.CopyIn("open.apk", "open").writers = Writers::kSome;
  Pass(seconds(50));
  EXPECT_EQ(intake->state().reason, "");
  PassLong(seconds(75));
  EXPECT_EQ(intake->state().state, "ok");
  EXPECT_THAT(intake->state().reason, ::testing::MatchesRegex("cut.apk has waited since .*: .*and 1 other file waits"));
  EXPECT_EQ(ledger.folders.at("production").reason, intake->state().reason) << "where status reads it";
  folder.files.clear();
  folder.Raise("cut.apk", Nomination::kScanned);
  PassLong(seconds(65));
  EXPECT_EQ(intake->state().reason, "");
  PassLong(minutes(5));
  EXPECT_THAT(admitted, IsEmpty());
}

TEST_F(IntakeTest, AFullSpoolDiskHoldsAShareUpAndRefusesNothing) {
  folder.facts.fs = FsTypeOf(0x6969);
  folder.facts.watched = false;
  folder.facts.spools = true;
  folder.Put("app.apk", "content").inside = Inspection::Outcome::kNoRoom;
  Start();
  PassLong(hours(5));
  EXPECT_THAT(admitted, IsEmpty());
  EXPECT_EQ(intake->state().state, "degraded");
  EXPECT_THAT(intake->state().reason, HasSubstr("app.apk cannot be copied into the spool, and is tried again: "));
  folder.files.at("app.apk").inside = Inspection::Outcome::kWhole;
  PassLong(seconds(40));
  EXPECT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed"));
  EXPECT_EQ(intake->state().state, "ok");
}

TEST_F(IntakeTest, WhatWasCopiedWhileTheFolderCouldNotBeWrittenIsNotBuiltAgainWhenItCan) {
  folder.facts.writable = false;
  Start();
  folder.MoveIn("app.apk", "content");
  Pass(seconds(3));
  ASSERT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed"));
  EXPECT_THAT(intake->state().reason, HasSubstr("may not be written to"));
  // A share that is mounted anew shows its files under other numbers.
  folder.facts.writable = true;
  folder.Put("app.apk", "content");
  folder.FailNext("list", PosixError("cannot list", "a folder", ESTALE));
  intake->Rescan();
  PassLong(minutes(3));
  EXPECT_TRUE(intake->state().open);
  EXPECT_EQ(intake->state().reason, "");
  EXPECT_EQ(admitted.size(), 1U);
  folder.MoveIn("app.apk", "other content");
  PassLong(seconds(10));
  EXPECT_EQ(admitted.size(), 2U);
}

TEST_F(IntakeTest, AnUnreadableFileIsRefusedAfterRefuseAfterAndTakenWhenMended) {
  Start();
  folder.MoveIn("a.apk", "a").inside = Inspection::Outcome::kUnreadable;
  folder.MoveIn("b.apk", "b").inside = Inspection::Outcome::kUnreadable;
  PassLong(minutes(10));
  folder.files.at("b.apk").inside = Inspection::Outcome::kWhole;
  PassLong(seconds(35));
  EXPECT_THAT(AdmittedNames(), ElementsAre("b.apk:claimed"));
  PassLong(minutes(55));
  EXPECT_THAT(AdmittedNames(), ElementsAre("b.apk:claimed", "a.apk:unreadable"));
}

TEST_F(IntakeTest, NamesThatAreNotUtf8AndFilesBeyondTwoGiBAreRefusedUnread) {
  Start();
  folder.MoveIn("b\xFF\xFE.apk", "content");
  folder.MoveIn("big.apk", "content").stat.size = (2ULL << 30U) + 1;
  folder.MoveIn("just.apk", "content").stat.size = 2ULL << 30U;
  Pass(milliseconds(2500));
  EXPECT_THAT(AdmittedNames(), UnorderedElementsAre("b\xFF\xFE.apk:bad_name", "big.apk:too_large", "just.apk:claimed"));
  for (const InspectRequest& request : folder.inspected) EXPECT_EQ(request.read, request.name == "just.apk");
}

TEST_F(IntakeTest, ACandidateThatGoesAwayIsForgotten) {
  Start();
  folder.CopyIn("app.apk", "content");
  Pass(milliseconds(100));
  folder.files.erase("app.apk");
  folder.Raise("app.apk", Nomination::kScanned);
  Pass(milliseconds(100));
  EXPECT_THAT(intake->state().pending, IsEmpty());
  Pass(seconds(10));
  EXPECT_THAT(admitted, IsEmpty());
}

TEST_F(IntakeTest, TheSameNameAgainIsANewJobAlsoWhileTheFirstIsBeingClaimed) {
  Start();
  folder.before_claim = [this] { queue.Post([this] { folder.MoveIn("app.apk", "second"); }); };
  folder.MoveIn("app.apk", "first");
  Pass(milliseconds(200));
  ASSERT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed", "app.apk:claimed"));
  EXPECT_EQ(admitted[0].artifact.sha256, Sha256Hex("first"));
  EXPECT_EQ(admitted[1].artifact.sha256, Sha256Hex("second"));
  EXPECT_NE(admitted[0].id, admitted[1].id);
}

TEST_F(IntakeTest, AFileThatChangesBeforeTheClaimIsRemovedFromTheLedgerAndStartsOver) {
  Start();
  folder.before_claim = [this] { folder.Write("app.apk", "changed"); };
  folder.MoveIn("app.apk", "content");
  Pass(milliseconds(200));
  EXPECT_THAT(Journal(), ElementsAre("insert claiming app.apk", "claim app.apk", "remove"));
  EXPECT_THAT(ledger.jobs, IsEmpty());
  Pass(milliseconds(2500));
  ASSERT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed"));
  EXPECT_EQ(admitted[0].artifact.sha256, Sha256Hex("changed"));
}

TEST_F(IntakeTest, AFileThatGoesBeforeTheClaimLeavesNoRow) {
  Start();
  folder.before_claim = [this] { folder.files.erase("app.apk"); };
  folder.MoveIn("app.apk", "content");
  Pass(seconds(5));
  EXPECT_THAT(admitted, IsEmpty());
  EXPECT_THAT(ledger.jobs, IsEmpty());
  EXPECT_THAT(intake->state().pending, IsEmpty());
  EXPECT_FALSE(intake->state().busy);
}

TEST_F(IntakeTest, AFloodOfHintsIsFewListingsAndNeverTwoAtOnce) {
  Start();
  const int before = folder.listings;
  for (int i = 0; i < 500; ++i) folder.MoveIn("app" + std::to_string(i) + ".apk", "content");
  for (int i = 0; i < 100; ++i) {
    queue.RunAll();
    clock.Step(milliseconds(1));
  }
  EXPECT_EQ(folder.most_listings_at_once, 1);
  EXPECT_LE(folder.listings - before, 6);  // 20 ms apart
  Pass(seconds(5));
  EXPECT_EQ(admitted.size(), 500U);
  EXPECT_LE(folder.most_looks_at_once, 2U);
}

TEST_F(IntakeTest, OwnClaimsCauseNoListing) {
  Start();
  PassLong(seconds(5));
  const int before = folder.listings;
  folder.MoveIn("app.apk", "content");
  Pass(seconds(1));
  EXPECT_EQ(admitted.size(), 1U);
  EXPECT_EQ(folder.listings - before, 1);
}

TEST_F(IntakeTest, TwoLooksAtATimeAndEveryoneGetsATurn) {
  Start();
  folder.hold_looks = true;
  for (const char* name : {"a.apk", "b.apk", "c.apk", "d.apk"}) folder.MoveIn(name, name);
  Pass(milliseconds(100));
  EXPECT_EQ(folder.looks_under_way.size(), 2U);
  EXPECT_TRUE(intake->state().busy);
  // Two that are always being written do not keep the others from their turn.
  folder.files.at("a.apk").writers = Writers::kSome;
  folder.files.at("b.apk").writers = Writers::kSome;
  folder.ReleaseLooks();
  queue.RunAll();
  folder.hold_looks = false;
  folder.ReleaseLooks();
  Pass(seconds(5));
  EXPECT_THAT(AdmittedNames(), UnorderedElementsAre("c.apk:claimed", "d.apk:claimed"));
  EXPECT_EQ(folder.most_looks_at_once, 2U);
}

TEST_F(IntakeTest, AnIdleFolderWithEventsWakesEveryFiveMinutes) {
  Start();
  PassLong(minutes(1));
  const int before = folder.listings;
  PassLong(minutes(30));
  EXPECT_EQ(folder.listings - before, 6);
  EXPECT_EQ(clock.pending(), 2U);  // the next scan and the next pruning
}

TEST_F(IntakeTest, AWaitingCandidateSetsOneTimerAndNoPolling) {
  Start();
  folder.CopyIn("cut.apk", "cut").inside = Inspection::Outcome::kIncomplete;
  Pass(seconds(5));
  const int before = folder.listings;
  Pass(minutes(2));
  EXPECT_EQ(folder.listings - before, 0);
  EXPECT_EQ(clock.pending(), 4U) << "scan, pruning, refusal, and once a minute what waits";
  EXPECT_FALSE(intake->state().busy);
}

TEST_F(IntakeTest, StopCarriesAClaimToItsRow) {
  Start();
  PassLong(seconds(5));
  folder.MoveIn("app.apk", "content");
  folder.CopyIn("later.apk", "later");
  bool stopped = false;
  folder.before_claim = [&] { intake->Stop([&] { stopped = true; }); };
  queue.RunAll();
  EXPECT_FALSE(stopped);
  clock.Step(milliseconds(1));
  EXPECT_TRUE(stopped);
  EXPECT_THAT(Journal(), ElementsAre("insert claiming app.apk", "claim app.apk", "save claimed app.apk"));
  EXPECT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed"));
  PassLong(minutes(10));
  EXPECT_EQ(admitted.size(), 1U);
}

TEST_F(IntakeTest, StopWithNothingUnderWayAnswersFromTheLoop) {
  Start();
  bool stopped = false;
  intake->Stop([&] { stopped = true; });
  EXPECT_FALSE(stopped);
  clock.Step(milliseconds(1));
  EXPECT_TRUE(stopped);
  EXPECT_EQ(clock.pending(), 0U);
}

TEST_F(IntakeTest, DestroyedAtAnyPointNothingIsCalledAfterwards) {
  for (int steps = 0; steps < 40; ++steps) {
    folder.files.clear();
    folder.MoveIn("app.apk", "content");
    intake = std::make_unique<Intake>(IntakeWorld{folder, ledger, clock, clock, random, log}, settings, known,
                                      [](const Job&) {});
    intake->Start();
    for (int i = 0; i < steps && queue.RunOne(); ++i) {
    }
    intake.reset();
    const std::size_t before = admitted.size();
    queue.RunAll();
    clock.Step(hours(1));
    queue.RunAll();
    EXPECT_EQ(admitted.size(), before);
    EXPECT_EQ(clock.pending(), 0U);
  }
}

TEST_F(IntakeTest, RescanListsNow) {
  folder.facts.watched = false;
  Start();
  Pass(milliseconds(100));
  folder.Put("app.apk", "content");
  folder.files.at("app.apk").stat.ctime_ns -= 10'000'000'000;
  intake->Rescan();
  queue.RunAll();
  EXPECT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed"));
}

}  // namespace
}  // namespace tegodrop::testing
