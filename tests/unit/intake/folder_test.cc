// The folder itself: opened, lost, back; listed on time; its record, its orphans, its old files.
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

using IntakeFolderTest = IntakeWorldTest;

Error Missing() { return PosixError("cannot open folder", "/srv/drop/production", ENOENT); }

TEST_F(IntakeFolderTest, TheFirstOpenIsRemembered) {
  Start();
  const FolderRecord& row = ledger.folders.at("production");
  EXPECT_EQ(row.room_id, "room-1");
  EXPECT_EQ(row.fs_type, "ext4");
  EXPECT_EQ(row.path, settings.folder.path);
  EXPECT_EQ(row.state, "ok");
  EXPECT_EQ(row.first_seen, clock.Wall());
  EXPECT_EQ(folder.known_room_ids, std::vector<std::string>{""});
  EXPECT_EQ(log.Count("folder.open"), 1);
  EXPECT_TRUE(intake->state().open);
  EXPECT_TRUE(intake->state().scanned);
}

TEST_F(IntakeFolderTest, TheNextStartAsksForTheKnownFolderAndWritesNothingNew) {
  Start();
  const WallMs first = ledger.folders.at("production").first_seen;
  clock.Step(minutes(10));
  journal.clear();
  Restart();
  EXPECT_EQ(folder.known_room_ids.back(), "room-1");
  EXPECT_EQ(folder.known_file_systems.back(), "ext4");
  EXPECT_EQ(ledger.folders.at("production").first_seen, first);
  EXPECT_THAT(journal, IsEmpty());
}

TEST_F(IntakeFolderTest, ARecordThatCouldNotBeSavedIsSavedLater) {
  ledger.FailNext("save_folder", Missing());
  Start();
  EXPECT_EQ(ledger.folders.at("production").room_id, "room-1");
}

TEST_F(IntakeFolderTest, AMissingFolderIsTriedAgainAndComesBackByItself) {
  folder.FailAlways("open", Missing());
  Start();
  EXPECT_FALSE(intake->state().open);
  EXPECT_EQ(intake->state().state, "missing");
  EXPECT_THAT(intake->state().reason, HasSubstr("No such file"));
  EXPECT_EQ(ledger.folders.at("production").state, "missing");
  Pass(milliseconds(4900));
  EXPECT_EQ(folder.known_room_ids.size(), 1U);
  PassLong(minutes(10));
  EXPECT_EQ(log.Count("folder.missing"), 1);
  EXPECT_LE(folder.known_room_ids.size(), 15U);  // 5, 10, 20, 40, then every 60 s
  folder.FailAlways("open", std::nullopt);
  PassLong(seconds(65));
  EXPECT_TRUE(intake->state().open);
  EXPECT_EQ(intake->state().state, "ok");
  EXPECT_EQ(log.Count("folder.back"), 1);
  EXPECT_EQ(log.Count("folder.open"), 0);
  EXPECT_EQ(ledger.folders.at("production").state, "ok");
}

TEST_F(IntakeFolderTest, AFailingListingIsAMissingFolderAndNoEmptyOne) {
  Start();
  folder.CopyIn("app.apk", "content");
  Pass(milliseconds(200));
  folder.FailNext("list", MakeError(ErrorKind::kCorrupt, "leads to another folder than before"));
  folder.FailNext("open", MakeError(ErrorKind::kCorrupt, "is not the folder that it was"));
  intake->Rescan();
  queue.RunAll();
  EXPECT_FALSE(intake->state().open);
  EXPECT_EQ(intake->state().state, "missing");
  EXPECT_EQ(intake->state().pending.size(), 1U) << "what stood there is not forgotten";
  Pass(seconds(12));
  EXPECT_THAT(admitted, IsEmpty()) << "the second try fails too";
  EXPECT_EQ(log.Count("folder.missing"), 2);  // two different reasons
  Pass(seconds(6));
  EXPECT_EQ(folder.known_room_ids.back(), "room-1");
  EXPECT_EQ(folder.known_file_systems.back(), "ext4");
  EXPECT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed"));
}

TEST_F(IntakeFolderTest, LostPermissionIsADegradedFolder) {
  Start();
  Pass(milliseconds(100));
  folder.FailNext("list", PosixError("cannot list", "a folder", EACCES));
  intake->Rescan();
  queue.RunAll();
  EXPECT_EQ(intake->state().state, "degraded");
  EXPECT_FALSE(intake->state().open);
  EXPECT_EQ(log.Count("folder.degraded"), 1);
  Pass(seconds(6));
  EXPECT_EQ(intake->state().state, "ok");
}

TEST_F(IntakeFolderTest, ALookThatEndsAfterTheFolderWentCountsForNothing) {
  Start();
  Pass(milliseconds(100));
  folder.hold_looks = true;
  folder.MoveIn("app.apk", "content");
  queue.RunAll();
  folder.FailNext("list", Missing());
  intake->Rescan();
  Pass(milliseconds(100));
  folder.hold_looks = false;
  folder.ReleaseLooks();
  Pass(seconds(1));
  EXPECT_THAT(admitted, IsEmpty());
  Pass(seconds(7));
  EXPECT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed"));
}

TEST_F(IntakeFolderTest, WithoutWatchesItIsPolledAndDegradedButOpen) {
  folder.facts.watched = false;
  folder.facts.watch_trouble = "cannot watch a folder: No space left on device";
  Start();
  EXPECT_TRUE(intake->state().open);
  EXPECT_EQ(intake->state().state, "degraded");
  EXPECT_THAT(intake->state().reason, HasSubstr("No space left"));
  folder.Put("app.apk", "content");
  PassLong(seconds(40));
  EXPECT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed"));
}

TEST_F(IntakeFolderTest, AFolderInsideThatRaisesNoEventsHasAllPolledAndIsNamed) {
  folder.watch_trouble = "cannot watch team: No space left on device";
  Start();
  EXPECT_EQ(intake->state().state, "degraded");
  EXPECT_THAT(intake->state().reason, HasSubstr("team"));
  const int polled = folder.listings;
  Pass(minutes(2));
  EXPECT_EQ(folder.listings - polled, 4);
  folder.watch_trouble.clear();
  Pass(seconds(31));
  EXPECT_EQ(intake->state().state, "ok");
  const int rare = folder.listings;
  Pass(minutes(2));
  EXPECT_EQ(folder.listings, rare) << "events tell again";
}

TEST_F(IntakeFolderTest, AFolderInsideThatMayNotBeEnteredIsNamedUntilItMay) {
  folder.facts.watched = false;
  folder.list_trouble = "what lies in team is not taken: Permission denied";
  Start();
  EXPECT_EQ(intake->state().state, "degraded");
  EXPECT_EQ(intake->state().reason, folder.list_trouble);
  folder.Put("app.apk", "content");
  PassLong(seconds(40));
  EXPECT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed")) << "the rest goes on";
  folder.list_trouble.clear();
  PassLong(minutes(6));
  EXPECT_EQ(intake->state().state, "ok");
}

TEST_F(IntakeFolderTest, PollingIsEveryThirtySecondsIdleAndEveryFiveWhileSomethingHappens) {
  folder.facts.watched = false;
  Start();
  const int idle = folder.listings;
  Pass(minutes(2));
  EXPECT_EQ(folder.listings - idle, 4);
  folder.Put("app.apk", "content").writers = Writers::kSome;
  Pass(seconds(31));
  const int active = folder.listings;
  Pass(seconds(30));
  EXPECT_GE(folder.listings - active, 5);
  EXPECT_LE(folder.listings - active, 7);
}

TEST_F(IntakeFolderTest, PollingKeepsToItsIntervalAndToATwentiethOfTheTime) {
  folder.facts.watched = false;
  settings.folder.poll_interval = seconds(10);
  Start();
  int before = folder.listings;
  Pass(seconds(60));
  EXPECT_EQ(folder.listings - before, 6);
  folder.list_takes = seconds(3);
  Pass(seconds(11));
  before = folder.listings;
  Pass(minutes(4));
  EXPECT_EQ(folder.listings - before, 4);
}

TEST_F(IntakeFolderTest, AFileOnAShareIsTakenOneIntervalAndItsSettleAfterItIsWholeHoweverSeldomItIsListed) {
  folder.facts.fs = FsTypeOf(0x6969);
  folder.facts.watched = false;
  settings.folder.poll_interval = minutes(10);
  Start();
  Pass(minutes(1));
  folder.Put("app.apk", "content");
  PassLong(minutes(9) + seconds(32));
  EXPECT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed"));
  const int before = folder.listings;
  PassLong(minutes(60));
  EXPECT_LE(folder.listings - before, 7) << "and seldom again";
}

TEST_F(IntakeFolderTest, EventsFromAShareDoNotMakeItSlower) {
  folder.facts.fs = FsTypeOf(0x6969);
  folder.facts.watched = true;
  Start();
  folder.CopyIn("app.apk", "content");
  Pass(seconds(32));
  EXPECT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed"));
}

TEST_F(IntakeFolderTest, EventsThatWereLostAreCountedAndTheFolderIsListed) {
  Start();
  folder.Put("app.apk", "content");
  folder.Overflow();
  Pass(seconds(3));
  EXPECT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed"));
  EXPECT_EQ(log.Count("folder.overflow"), 1);
  folder.Overflow();
  Pass(seconds(1));
  EXPECT_TRUE(log.Contains("times=2"));
}

TEST_F(IntakeFolderTest, ThreeIdleFoldersWakeLessThanOnceASecond) {
  folder.facts.watched = false;
  Start();
  const int before = folder.listings;
  PassLong(minutes(10));
  EXPECT_LE(folder.listings - before, 21);
  EXPECT_EQ(clock.pending(), 2U);
}

TEST_F(IntakeFolderTest, OldFilesArePrunedAtTheStartAndEveryHour) {
  settings.folder.keep_processed = hours(24 * 7);
  Start();
  ASSERT_EQ(folder.pruned.size(), 1U);
  EXPECT_EQ(folder.pruned[0].first, clock.Wall() - milliseconds(hours(24 * 7)).count());
  EXPECT_EQ(folder.pruned[0].second, clock.Wall() - milliseconds(hours(24 * 30)).count());
  folder.FailNext("prune", PosixError("cannot remove", "old.apk", EACCES));
  PassLong(minutes(61));
  EXPECT_EQ(folder.pruned.size(), 1U);
  EXPECT_EQ(log.Count("folder.prune_failed"), 1);
  PassLong(minutes(60));
  EXPECT_EQ(folder.pruned.size(), 2U);
}

TEST_F(IntakeFolderTest, ASidecarAloneGoesToFailedAfterFifteenMinutes) {
  Start();
  folder.Put("app.apk.commit", std::string(40, 'a'));
  folder.Raise("app.apk.commit", Nomination::kClosed);
  PassLong(minutes(14) + seconds(50));
  EXPECT_THAT(folder.failed, IsEmpty());
  PassLong(seconds(20));
  EXPECT_TRUE(folder.failed.contains("app.apk.commit"));
  EXPECT_THAT(folder.reasons.at("app.apk.commit"), HasSubstr("\"kind\": \"bad_sidecar\""));
  EXPECT_EQ(log.Count("sidecar.orphaned"), 1);
}

TEST_F(IntakeFolderTest, ASidecarWhoseArtifactComesIsNoOrphan) {
  Start();
  folder.Put("app.apk.commit", std::string(40, 'a'));
  folder.Raise("app.apk.commit", Nomination::kClosed);
  PassLong(minutes(14));
  folder.MoveIn("app.apk", "content");
  PassLong(minutes(5));
  ASSERT_THAT(AdmittedNames(), ElementsAre("app.apk:claimed"));
  EXPECT_EQ(admitted[0].artifact.commit.sha(), std::string(40, 'a'));
  EXPECT_THAT(folder.failed, IsEmpty());
}

TEST_F(IntakeFolderTest, AnOrphanThatCannotBePutAwayIsTriedAgainLater) {
  Start();
  folder.Put("app.apk.commit", "x");
  folder.Raise("app.apk.commit", Nomination::kClosed);
  folder.FailNext("put_away_orphan", PosixError("cannot move", "app.apk.commit", EIO));
  PassLong(minutes(16));
  EXPECT_THAT(folder.failed, IsEmpty());
  EXPECT_EQ(log.Count("sidecar.stuck"), 1);
  PassLong(minutes(16));
  EXPECT_TRUE(folder.failed.contains("app.apk.commit"));
}

TEST_F(IntakeFolderTest, ChangesAreTold) {
  std::vector<std::string> told;
  intake = std::make_unique<Intake>(IntakeWorld{folder, ledger, clock, clock, random, log}, settings, known,
                                    [](const Job&) {});
  intake->OnChange([&] { told.push_back(intake->state().state + (intake->state().open ? "+" : "-")); });
  intake->Start();
  queue.RunAll();
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back(), "ok+");
  folder.FailNext("list", Missing());
  intake->Rescan();
  Pass(milliseconds(100));
  EXPECT_EQ(told.back(), "missing-");
  Pass(seconds(6));
  EXPECT_EQ(told.back(), "ok+");
}

TEST_F(IntakeFolderTest, ItStaysOpenForItsJobsAfterIntakeHasStopped) {
  Start();
  intake->Stop([] {});
  Pass(milliseconds(100));
  EXPECT_TRUE(intake->state().open);
}

}  // namespace
}  // namespace tegodrop::testing
