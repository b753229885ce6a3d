// When `run --once` ends, and with which exit code.
#include "daemon/app/once.h"

#include <gtest/gtest.h>

namespace tegodrop {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

OnceFolder Folder(bool open, bool scanned, std::vector<IntakeState::Pending> pending = {}) {
  OnceFolder folder;
  folder.name = "production";
  folder.settle = seconds(2);
  folder.state.open = open;
  folder.state.scanned = scanned;
  folder.state.pending = std::move(pending);
  return folder;
}

IntakeState::Pending Waiting() { return {"app.apk", "not yet a whole ZIP", 0}; }

// A run that began at 0 and has taken everything; nothing is left to do.
OnceFacts Facts(std::chrono::milliseconds now) {
  OnceFacts facts;
  facts.now = now.count();
  facts.intake_stopped = true;
  return facts;
}

TEST(Once, WaitsUntilEveryFolderWasLookedThrough) {
  OnceFacts facts = Facts(seconds(1));
  facts.intake_stopped = false;
  facts.folders = {Folder(true, true), Folder(true, false)};
  EXPECT_EQ(DecideOnce(facts).step, OnceStep::kWait);
  facts.folders[1].state.scanned = true;
  EXPECT_EQ(DecideOnce(facts).step, OnceStep::kStopIntake);
}

TEST(Once, GivesWhatIsNotWholeTenSecondsAfterItsSettleTime) {
  OnceFacts facts = Facts(std::chrono::milliseconds(11'999));
  facts.intake_stopped = false;
  facts.folders = {Folder(true, true, {Waiting()})};
  EXPECT_EQ(DecideOnce(facts).step, OnceStep::kWait);
  facts.now = 12'000;
  EXPECT_EQ(DecideOnce(facts).step, OnceStep::kStopIntake);
}

TEST(Once, WaitsForRoomInTheSpoolAsLongAsJobsGoOn) {
  OnceFacts facts = Facts(minutes(30));
  facts.intake_stopped = false;
  facts.folders = {Folder(true, true, {Waiting()})};
  facts.folders[0].state.crowded = true;
  facts.overview.unfinished = 2;
  facts.overview.held_for_person = 1;
  EXPECT_EQ(DecideOnce(facts).step, OnceStep::kWait);
  facts.overview.held_for_person = 2;
  EXPECT_EQ(DecideOnce(facts).step, OnceStep::kStopIntake) << "nothing will ever make room";
}

TEST(Once, DoesNotWaitForeverForAMissingFolder) {
  OnceFacts facts = Facts(seconds(12));
  facts.intake_stopped = false;
  facts.folders = {Folder(false, false)};
  EXPECT_EQ(DecideOnce(facts).step, OnceStep::kStopIntake);
}

TEST(Once, EndsWithZeroWhenAllIsDone) {
  const OnceDecision end = DecideOnce(Facts(seconds(3)));
  EXPECT_EQ(end.step, OnceStep::kEnd);
  EXPECT_EQ(end.code, ExitCode::kDone);
}

TEST(Once, WhatFailedOrWasLeftIsAOne) {
  OnceFacts facts = Facts(seconds(3));
  facts.failed = 1;
  EXPECT_EQ(DecideOnce(facts).code, ExitCode::kFailed);
  facts.failed = 0;
  facts.left = 1;
  EXPECT_EQ(DecideOnce(facts).code, ExitCode::kFailed);
}

TEST(Once, CarriesEveryJobToItsEnd) {
  OnceFacts facts = Facts(std::chrono::hours(3));
  facts.overview.unfinished = 1;
  EXPECT_EQ(DecideOnce(facts).step, OnceStep::kWait);
}

TEST(Once, RefusedCredentialsEndItAtOnceWhateverElseFailed) {
  OnceFacts facts = Facts(seconds(1));
  facts.intake_stopped = false;
  facts.failed = 3;
  facts.overview.unfinished = 5;
  facts.overview.credentials_refused = true;
  EXPECT_EQ(DecideOnce(facts).step, OnceStep::kEnd);
  EXPECT_EQ(DecideOnce(facts).code, ExitCode::kCredentials);
}

TEST(Once, APortalThatIsSilentForTwoMinutesEndsIt) {
  OnceFacts facts = Facts(minutes(5));
  facts.overview.unfinished = 1;
  facts.overview.portal_silent_since = facts.now - 119'999;
  EXPECT_EQ(DecideOnce(facts).step, OnceStep::kWait);
  facts.overview.portal_silent_since = facts.now - 120'000;
  EXPECT_EQ(DecideOnce(facts).code, ExitCode::kUnreachable);
  facts.failed = 1;
  EXPECT_EQ(DecideOnce(facts).code, ExitCode::kUnreachable) << "counts before a failure";
}

TEST(Once, AnOutputThatCannotBeWrittenEndsItOnlyWhenNothingElseIsLeftToDo) {
  OnceFacts facts = Facts(minutes(5));
  facts.overview.unfinished = 2;
  facts.overview.blocked_on_output = 1;
  facts.overview.disk_trouble_since = 0;
  EXPECT_EQ(DecideOnce(facts).step, OnceStep::kWait) << "the other one goes on";
  facts.overview.unfinished = 1;
  EXPECT_EQ(DecideOnce(facts).code, ExitCode::kOutput);
  facts.overview.disk_trouble_since = facts.now - 29'000;
  EXPECT_EQ(DecideOnce(facts).step, OnceStep::kWait) << "it may be repaired meanwhile";
}

TEST(Once, AMissingFolderLeavesTheWorkForTheNextRun) {
  OnceFacts facts = Facts(minutes(5));
  facts.overview.unfinished = 2;
  facts.overview.blocked_on_disk = 1;
  facts.overview.held_for_person = 1;
  facts.overview.disk_trouble_since = 0;
  EXPECT_EQ(DecideOnce(facts).code, ExitCode::kLeft);
}

TEST(Once, WhatOnlyAPersonCanMoveIsLeft) {
  OnceFacts facts = Facts(seconds(1));
  facts.overview.unfinished = 1;
  facts.overview.held_for_person = 1;
  EXPECT_EQ(DecideOnce(facts).code, ExitCode::kLeft);
}

TEST(Once, OutsideTheWindowItEndsWithWhatIsLeftWhenAllElseIsDone) {
  OnceFacts facts = Facts(seconds(1));
  facts.overview.unfinished = 3;
  facts.overview.outside_window = 2;
  facts.overview.window_words = "the upload window (22:00-06:00, UTC), which opens on Mon 2026-11-30 22:00 (UTC)";
  EXPECT_EQ(DecideOnce(facts).step, OnceStep::kWait) << "one is carried on";
  facts.overview.unfinished = 2;
  EXPECT_EQ(DecideOnce(facts).step, OnceStep::kEnd);
  EXPECT_EQ(DecideOnce(facts).code, ExitCode::kLeft);
  EXPECT_EQ(DecideOnce(facts).reason,
            "what is left waits for the upload window (22:00-06:00, UTC), which opens on Mon 2026-11-30 22:00 (UTC)");
  facts.failed = 1;
  EXPECT_EQ(DecideOnce(facts).code, ExitCode::kFailed);
  facts.failed = 0;
  facts.overview.unfinished = 4;
  facts.overview.paused = facts.overview.held_for_person = 1;
  EXPECT_EQ(DecideOnce(facts).code, ExitCode::kLeft) << "nothing of it moves by itself before";
}

TEST(Once, WhatIsBeingLookedAtIsCarriedOnHoweverMuchThereIs) {
  OnceFacts facts = Facts(minutes(5));
  facts.intake_stopped = false;
  facts.folders = {Folder(true, true, {Waiting()})};
  facts.folders[0].state.busy = true;
  EXPECT_EQ(DecideOnce(facts).step, OnceStep::kWait);
}

TEST(ExitCode, OfSeveralTheWorstCounts) {
  using enum ExitCode;
  EXPECT_EQ(WorstOf({kLeft, kFailed, kUnreachable, kOutput, kCredentials, kConfig}), kConfig);
  EXPECT_EQ(WorstOf({kLeft, kFailed, kUnreachable, kOutput, kCredentials}), kCredentials);
  EXPECT_EQ(WorstOf({kLeft, kFailed, kUnreachable, kOutput}), kOutput);
  EXPECT_EQ(WorstOf({kLeft, kFailed, kUnreachable}), kUnreachable);
  EXPECT_EQ(WorstOf({kLeft, kFailed}), kFailed);
  EXPECT_EQ(WorstOf({kLeft, kDone}), kLeft);
  EXPECT_EQ(WorstOf({kDone, kDone}), kDone);
}

}  // namespace
}  // namespace tegodrop
