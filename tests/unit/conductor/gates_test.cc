// What a look through the history means for a job: the release gates, the deadlines, and an upload of unknown outcome.
#include "daemon/conductor/gates.h"

#include <gtest/gtest.h>

#include "daemon/conductor/reaction.h"

namespace tegodrop {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr WallMs kNow = 1'767'225'600'000;

WallMs Ago(std::chrono::milliseconds time) { return kNow - time.count(); }

Job JobIn(JobState state) {
  Job job;
  job.id = "j";
  job.state = state;
  job.artifact.file_name = "app.apk";
  job.target.Edit().version = "production";
  job.ticket.start_time = 7;
  job.times.submitted = Ago(minutes(1));
  return job;
}

BuildRow Row(std::optional<bool> success) {
  BuildRow row;
  row.start_time = 7;
  row.name = "app.apk";
  row.version = "production";
  row.platform = "android";
  row.success = success;
  row.status_message = "Protecting";
  return row;
}

// The job after the step; fails the test where the lifecycle forbids it.
Job After(const Job& job, const GateStep& step) {
  Job changed = job;
  if (step.change) step.change(changed);
  EXPECT_TRUE(MayFollow(job.state, changed.state)) << ToString(job.state) << " to " << ToString(changed.state);
  return changed;
}

class GatesTest : public ::testing::Test {
 protected:
  Job Step(const Job& job, const std::optional<BuildRow>& row) {
    step = StepFor(job, row, polling, kNow);
    return After(job, step);
  }
  PollingSettings polling;
  GateStep step;
};

TEST_F(GatesTest, ARunningBuildIsRecordedWithItsStage) {
  const Job job = Step(JobIn(JobState::kSubmitted), Row(std::nullopt));
  EXPECT_EQ(job.state, JobState::kBuilding);
  EXPECT_EQ(job.build->status_message, "Protecting");
}

TEST_F(GatesTest, TheSameStageAgainWritesNothing) {
  const Job job = Step(JobIn(JobState::kSubmitted), Row(std::nullopt));
  EXPECT_FALSE(StepFor(job, Row(std::nullopt), polling, kNow).change);
}

TEST_F(GatesTest, ABuildThatIsDonePassesWithItsRow) {
  const Job job = Step(JobIn(JobState::kBuilding), Row(true));
  EXPECT_EQ(job.state, JobState::kBuilt);
  EXPECT_EQ(job.times.completed, kNow);
  EXPECT_EQ(job.build->success, true);
}

TEST_F(GatesTest, ABuildMayBeDoneAtTheFirstLook) {
  EXPECT_EQ(Step(JobIn(JobState::kSubmitted), Row(true)).state, JobState::kBuilt);
}

TEST_F(GatesTest, AFailedBuildKeepsThePortalsWords) {
  BuildRow row = Row(false);
  row.error_message = "manifest\nbroken";
  const Job job = Step(JobIn(JobState::kBuilding), row);
  EXPECT_EQ(job.state, JobState::kFailed);
  ASSERT_TRUE(job.failure);
  EXPECT_EQ(job.failure->kind, FailureKind::kBuildFailed);
  EXPECT_EQ(job.failure->error_message, "manifest\nbroken") << "verbatim in the record";
  EXPECT_EQ(job.failure->message.find('\n'), std::string::npos) << "one line for people";
  EXPECT_FALSE(job.failure->remedy.empty());
}

TEST_F(GatesTest, AnUnsignedBuildIsNoDeliveryWhereASignatureIsRequired) {
  Job job = JobIn(JobState::kBuilding);
  job.target.Edit().signature = SignatureNeed::kRequired;
  BuildRow row = Row(true);
  row.signed_ = false;
  row.signing_error_message = "wrong password";
  const Job failed = Step(job, row);
  EXPECT_EQ(failed.failure->kind, FailureKind::kNotSigned);
  EXPECT_EQ(failed.failure->signing_error_message, "wrong password");
  job.target.Edit().signature = SignatureNeed::kNotRequired;
  EXPECT_EQ(Step(job, row).state, JobState::kBuilt);
}

TEST_F(GatesTest, FalseWithoutAnErrorIsWatchedForAGraceTime) {
  const Job job = Step(JobIn(JobState::kBuilding), Row(false));
  EXPECT_EQ(job.state, JobState::kBuilding);
  EXPECT_EQ(job.reset_since, kNow);
  Job watched = job;
  for (int look = 0; look < kResetGrace / polling.interval; ++look) {
    watched = After(watched, StepFor(watched, Row(false), polling, kNow + kResetGrace.count() - 1));
    EXPECT_EQ(watched.state, JobState::kBuilding);
  }
  EXPECT_FALSE(StepFor(watched, Row(false), polling, kNow + kResetGrace.count() - 1).change);
  const Job over = After(watched, StepFor(watched, Row(false), polling, kNow + kResetGrace.count()));
  EXPECT_EQ(over.failure->kind, FailureKind::kBuildFailed);
}

TEST_F(GatesTest, AWallClockThatJumpsDoesNotEndTheGraceTimeOfAResetBuild) {
  const Job job = Step(JobIn(JobState::kBuilding), Row(false));
  const Job later = After(job, StepFor(job, Row(false), polling, kNow + 10 * kResetGrace.count()));
  EXPECT_EQ(later.state, JobState::kBuilding);
}

TEST_F(GatesTest, ABuildThatRunsAgainAfterAResetGetsAFreshGraceTime) {
  const Job reset = Step(JobIn(JobState::kBuilding), Row(false));
  BuildRow running = Row(std::nullopt);
  running.status_message = "Signing";
  EXPECT_EQ(Step(reset, running).reset_since, 0);
}

TEST_F(GatesTest, ADeletedBuildFails) {
  BuildRow row = Row(true);
  row.deleted = true;
  const Job job = Step(JobIn(JobState::kBuilding), row);
  EXPECT_EQ(job.failure->kind, FailureKind::kBuildFailed);
  EXPECT_NE(job.failure->message.find("deleted"), std::string::npos);
}

TEST_F(GatesTest, ALongBuildIsReportedOnceAndFailsAtTheDeadline) {
  Job job = JobIn(JobState::kBuilding);
  job.build = Row(std::nullopt);
  job.times.submitted = Ago(hours(4));
  const Job alarmed = Step(job, Row(std::nullopt));
  EXPECT_TRUE(step.alarm);
  EXPECT_EQ(alarmed.state, JobState::kBuilding);
  (void)Step(alarmed, Row(std::nullopt));
  EXPECT_FALSE(step.alarm) << "reported twice";
  job.times.submitted = Ago(hours(24));
  EXPECT_EQ(Step(job, Row(std::nullopt)).failure->kind, FailureKind::kBuildStuck);
}

TEST_F(GatesTest, AnUploadThatTheHistoryNeverShowsFailsAtTheDeadlineToo) {
  Job job = JobIn(JobState::kSubmitted);
  EXPECT_FALSE(StepFor(job, std::nullopt, polling, kNow).change) << "the history lags behind";
  job.times.submitted = Ago(hours(24));
  EXPECT_EQ(Step(job, std::nullopt).failure->kind, FailureKind::kBuildStuck);
}

TEST_F(GatesTest, AnUnknownUploadThatTheHistoryShowsHadArrived) {
  Job job = JobIn(JobState::kConfirming);
  job.confirming_since = Ago(minutes(1));
  const Job confirmed = Step(job, Row(true));
  EXPECT_EQ(confirmed.state, JobState::kSubmitted);
  EXPECT_TRUE(step.again) << "the same row has passed the gates already";
}

TEST_F(GatesTest, AnUnknownUploadIsSentAgainOnlyAfterEnoughLooksAndEnoughTime) {
  polling.interval = minutes(10);  // three looks fit into the half hour
  Job job = JobIn(JobState::kConfirming);
  job.sends = 1;
  job.last_chunk_left = 1;
  job.confirming_since = Ago(minutes(29));
  for (int look = 1; look <= 3; ++look) {
    job = Step(job, std::nullopt);
    EXPECT_EQ(job.state, JobState::kConfirming) << "time is not over";
  }
  job.confirming_since = Ago(minutes(30));
  const Job again = Step(job, std::nullopt);
  EXPECT_EQ(again.state, JobState::kClaimed);
  EXPECT_EQ(again.last_chunk_left, 0);
  EXPECT_EQ(again.sends, 1) << "what was sent stays counted";
}

TEST_F(GatesTest, TimeAloneDoesNotSendAgain) {
  polling.interval = minutes(10);  // three looks fit into the half hour
  Job job = JobIn(JobState::kConfirming);
  job.sends = 1;
  job.confirming_since = Ago(hours(5));
  job = Step(job, std::nullopt);
  EXPECT_EQ(job.state, JobState::kConfirming) << "one look is not enough, however late";
  job = Step(job, std::nullopt);
  EXPECT_EQ(job.state, JobState::kConfirming);
  EXPECT_EQ(Step(job, std::nullopt).state, JobState::kClaimed);
}

TEST_F(GatesTest, AClockThatJumpsDoesNotShortenTheLooking) {
  Job job = JobIn(JobState::kConfirming);
  job.sends = 1;
  job.confirming_since = Ago(hours(5));
  for (int look = 1; look < 120; ++look) {  // 30 min of 15 s
    job = Step(job, std::nullopt);
    ASSERT_EQ(job.state, JobState::kConfirming) << look;
  }
  EXPECT_EQ(Step(job, std::nullopt).state, JobState::kClaimed);
}

TEST_F(GatesTest, AfterTheSecondUnknownSendAPersonDecides) {
  polling.interval = minutes(10);  // three looks fit into the half hour
  Job job = JobIn(JobState::kConfirming);
  job.sends = 2;
  job.confirming_since = Ago(hours(5));
  job.confirming_looks = 2;
  const Job held = Step(job, std::nullopt);
  EXPECT_EQ(held.state, JobState::kConfirming);
  EXPECT_NE(held.waiting.for_what.find("a person"), std::string::npos);
  EXPECT_FALSE(StepFor(held, std::nullopt, polling, kNow).change) << "said once";
  EXPECT_EQ(Step(held, Row(true)).state, JobState::kSubmitted) << "it may still show up";
}

}  // namespace
}  // namespace tegodrop
