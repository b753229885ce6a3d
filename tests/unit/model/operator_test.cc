// What a person's commands mean for a row: which change, or which refusal.
#include "daemon/model/operator.h"

#include <gtest/gtest.h>

#include <vector>

namespace tegodrop {
namespace {

constexpr WallMs kNow = 1'767'225'600'000;

Job JobIn(JobState state) {
  Job job;
  job.id = "0123456789abcdef";
  job.state = state;
  job.finished = IsEnd(state);
  job.artifact.file_name = "app.apk";
  return job;
}

// Sent whole an hour ago.
Job Sent(JobState state) {
  Job job = JobIn(state);
  job.ticket.start_time = 7;
  job.ticket.file_path = "t/app.apk";
  job.sends = 1;
  job.times.submitted = kNow - 3'600'000;
  return job;
}

Job Failed(FailureKind kind) {
  Job job = Sent(JobState::kFailed);
  job.failure.emplace();
  job.failure->kind = kind;
  return job;
}

Job Done(OperatorVerb verb, const Job& job) {
  const OperatorPlan plan = PlanFor(verb, job, kNow);
  EXPECT_TRUE(plan) << plan.message;
  EXPECT_FALSE(plan.message.empty());
  Job changed = job;
  if (plan) plan.change(changed);
  EXPECT_TRUE(MayFollow(job.state, changed.state) || MayReopen(job.state, changed.state))
      << ToString(job.state) << " -> " << ToString(changed.state);
  return changed;
}

std::string Refused(OperatorVerb verb, const Job& job) {
  const OperatorPlan plan = PlanFor(verb, job, kNow);
  EXPECT_FALSE(plan) << plan.message;
  return plan.message;
}

Job Reclaimed(Job job) {
  AfterReclaim(job, kNow);
  EXPECT_TRUE(MayFollow(JobState::kReclaiming, job.state));
  return job;
}

TEST(Retry, AsksTheHistoryFirstWhereThePortalMayHaveIt) {
  const Job back = Done(OperatorVerb::kRetry, Failed(FailureKind::kBuildStuck));
  EXPECT_EQ(back.state, JobState::kReclaiming);
  EXPECT_FALSE(back.finished);
  EXPECT_FALSE(back.failure);
  const Job asked = Reclaimed(back);
  EXPECT_EQ(asked.state, JobState::kConfirming);
  EXPECT_EQ(asked.ticket.start_time, 7) << "this build is asked for";
  EXPECT_EQ(asked.confirming_since, kNow);
  EXPECT_EQ(asked.sends, 1) << "where it is not there it may be sent once more";
}

TEST(Retry, AsksTheHistoryAlsoWhereOnlyTheLastChunkMayHaveLeft) {
  Job job = Sent(JobState::kCancelled);
  job.sends = 0;
  job.last_chunk_left = kNow - 5;
  EXPECT_EQ(Reclaimed(Done(OperatorVerb::kRetry, job)).state, JobState::kConfirming);
}

TEST(Retry, UploadsWhatWasNeverSent) {
  Job job = Failed(FailureKind::kPortalRefused);
  job.sends = 0;
  job.multipart.emplace();
  job.multipart->upload_id = "u";
  const Job back = Reclaimed(Done(OperatorVerb::kRetry, job));
  EXPECT_EQ(back.state, JobState::kClaimed);
  EXPECT_FALSE(back.multipart);
  ASSERT_EQ(back.aborts.size(), 1U) << "an upload in parts that was open is aborted";
  EXPECT_EQ(back.aborts.front().upload_id, "u");
}

TEST(Retry, CountsNothingOfWhatWas) {
  Job job = Failed(FailureKind::kValidationFailed);
  job.upload_tries = job.refused_urls = job.bad_downloads = job.download_tries = job.confirming_looks = 3;
  job.reset_since = 9;
  job.alarmed = true;
  job.waiting = {"the portal", 1, 2};
  job.output.protected_name = "x";
  job.output.staging_name = "s";
  const Job back = Reclaimed(Done(OperatorVerb::kRetry, job));
  EXPECT_EQ(back.upload_tries + back.refused_urls + back.bad_downloads + back.download_tries + back.confirming_looks,
            0);
  EXPECT_EQ(back.reset_since, 0);
  EXPECT_FALSE(back.alarmed);
  EXPECT_TRUE(back.waiting.for_what.empty());
  EXPECT_EQ(back.times.submitted, 0) << "its deadline begins anew";
  EXPECT_TRUE(back.output.protected_name.empty());
  EXPECT_EQ(back.output.staging_name, "s") << "what lies there is removed";
}

TEST(Retry, RebuildBuildsAlsoWhatWasDeliveredBefore) {
  Job job = Failed(FailureKind::kBuildFailed);
  job.target.Edit().skip_same_bytes = true;
  EXPECT_FALSE(Reclaimed(Done(OperatorVerb::kRebuild, job)).target->skip_same_bytes);
  EXPECT_TRUE(Reclaimed(Done(OperatorVerb::kRetry, job)).target->skip_same_bytes);
}

TEST(Retry, RebuildForgetsWhatThePortalHas) {
  const Job back = Reclaimed(Done(OperatorVerb::kRebuild, Failed(FailureKind::kBuildFailed)));
  EXPECT_EQ(back.state, JobState::kClaimed);
  EXPECT_EQ(back.ticket.start_time, 0);
  EXPECT_EQ(back.sends, 0);
}

TEST(Retry, RebuildNeverAbortsAnUploadWhoseCompleteMayHaveLeft) {
  Job job = Failed(FailureKind::kPortalRefused);
  job.multipart.emplace();
  job.last_chunk_left = kNow - 60'000;
  const Job back = Reclaimed(Done(OperatorVerb::kRebuild, job));
  EXPECT_FALSE(back.multipart);
  EXPECT_TRUE(back.aborts.empty());
}

TEST(Retry, RebuildInTheSecondOfTheLastUploadIsRefused) {
  Job job = Failed(FailureKind::kBuildFailed);
  job.times.submitted = kNow - 900;
  EXPECT_NE(Refused(OperatorVerb::kRebuild, job).find("try again"), std::string::npos);
  EXPECT_TRUE(PlanFor(OperatorVerb::kRetry, job, kNow));
}

TEST(Retry, WhatIsWrongWithTheFileItselfIsRefused) {
  for (const FailureKind kind :
       {FailureKind::kIncomplete, FailureKind::kNotAnArtifact, FailureKind::kChecksum, FailureKind::kBadName,
        FailureKind::kTooLarge, FailureKind::kUnreadable, FailureKind::kBadSidecar, FailureKind::kCommitMissing}) {
    for (const OperatorVerb verb : {OperatorVerb::kRetry, OperatorVerb::kRebuild}) {
      EXPECT_NE(Refused(verb, Failed(kind)).find("drop it again"), std::string::npos) << ToString(kind);
    }
  }
}

TEST(Retry, OnlyAnEndThatIsPutAwayIsRetried) {
  for (const JobState state : {JobState::kClaiming, JobState::kClaimed, JobState::kUploading, JobState::kBuilding,
                               JobState::kBuilt, JobState::kPublished, JobState::kReclaiming}) {
    for (const OperatorVerb verb : {OperatorVerb::kRetry, OperatorVerb::kRebuild}) Refused(verb, Sent(state));
  }
  Job job = Failed(FailureKind::kBuildFailed);
  job.finished = false;
  EXPECT_NE(Refused(OperatorVerb::kRetry, job).find("put away"), std::string::npos);
}

TEST(Retry, NeverLeadsToASecondDelivery) {
  EXPECT_NE(Refused(OperatorVerb::kRetry, Sent(JobState::kDelivered)).find("redeliver"), std::string::npos);
  Refused(OperatorVerb::kRebuild, Sent(JobState::kDelivered));
  Job again = Failed(FailureKind::kPortalRefused);
  again.redeliveries = 1;
  EXPECT_NE(Refused(OperatorVerb::kRebuild, again).find("twice"), std::string::npos);
  const Job back = Reclaimed(Done(OperatorVerb::kRetry, again));
  EXPECT_EQ(back.state, JobState::kBuilt) << "the same build is fetched again";
  EXPECT_EQ(back.redeliveries, 2) << "under a name of its own";
}

TEST(Retry, AHeldJobIsAskedForAfreshOrSentAnew) {
  Job job = Sent(JobState::kConfirming);
  job.sends = 2;
  job.confirming_looks = 120;
  Refused(OperatorVerb::kRetry, job);
  job.waiting = {"a person", kNow - 5, 0};
  const Job asked = Done(OperatorVerb::kRetry, job);
  EXPECT_EQ(asked.state, JobState::kConfirming);
  EXPECT_EQ(asked.confirming_looks, 0);
  EXPECT_EQ(asked.confirming_since, kNow);
  EXPECT_TRUE(asked.waiting.for_what.empty());
  EXPECT_EQ(asked.sends, 2) << "nothing is sent a third time by itself";
  const Job anew = Done(OperatorVerb::kRebuild, job);
  EXPECT_EQ(anew.state, JobState::kClaimed);
  EXPECT_EQ(anew.ticket.start_time, 0);
}

TEST(Retry, ADuplicateHasNothingToRetryOrToDeliver) {
  Job job = JobIn(JobState::kDelivered);
  job.duplicate_of = "fedcba9876543210";
  EXPECT_NE(Refused(OperatorVerb::kRetry, job).find(job.duplicate_of), std::string::npos);
  EXPECT_NE(Refused(OperatorVerb::kRedeliver, job).find("redeliver " + job.duplicate_of), std::string::npos);
}

TEST(Redeliver, FetchesADeliveredBuildAgainUnderANewTag) {
  Job job = Sent(JobState::kDelivered);
  job.output.protected_name = "app-protected.apk";
  job.build.emplace();
  EXPECT_EQ(DeliveryTag(job), job.id);
  const Job second = Done(OperatorVerb::kRedeliver, job);
  EXPECT_EQ(second.state, JobState::kBuilt);
  EXPECT_TRUE(second.output.protected_name.empty());
  EXPECT_TRUE(second.build) << "its trace tells of it";
  EXPECT_FALSE(second.finished);
  EXPECT_EQ(DeliveryTag(second), job.id);
  Job delivered = second;
  delivered.state = JobState::kDelivered;
  delivered.finished = true;
  EXPECT_EQ(DeliveryTag(Done(OperatorVerb::kRedeliver, delivered)), job.id + "-2");
}

TEST(Redeliver, NeedsADelivery) {
  for (const JobState state :
       {JobState::kClaimed, JobState::kBuilding, JobState::kFailed, JobState::kCancelled, JobState::kPublished}) {
    Refused(OperatorVerb::kRedeliver, Sent(state));
  }
}

TEST(Cancel, GivesUpWhateverIsNotYetDelivered) {
  for (const JobState state :
       {JobState::kClaimed, JobState::kRequested, JobState::kUploading, JobState::kCompleting, JobState::kConfirming,
        JobState::kSubmitted, JobState::kBuilding, JobState::kBuilt, JobState::kFetched, JobState::kReclaiming}) {
    const Job given_up = Done(OperatorVerb::kCancel, Sent(state));
    EXPECT_EQ(given_up.state, JobState::kCancelled);
    ASSERT_TRUE(given_up.failure);
    EXPECT_EQ(given_up.failure->kind, FailureKind::kCancelled);
    EXPECT_NE(given_up.failure->remedy.find("tegodrop retry " + given_up.id), std::string::npos);
  }
}

TEST(Cancel, TooEarlyAndTooLateIsRefused) {
  for (const JobState state :
       {JobState::kClaiming, JobState::kPublished, JobState::kDelivered, JobState::kFailed, JobState::kCancelled}) {
    Refused(OperatorVerb::kCancel, Sent(state));
  }
  Job publishing = Sent(JobState::kFetched);
  publishing.output.protected_name = "app-protected.apk";
  EXPECT_NE(Refused(OperatorVerb::kCancel, publishing).find("being delivered"), std::string::npos)
      << "its files may stand already, and then a retry would deliver it twice";
}

TEST(Cancel, AnOpenUploadInPartsIsAbortedUnlessItsCompleteMayHaveLeft) {
  Job job = Sent(JobState::kUploading);
  job.multipart.emplace();
  job.multipart->upload_id = "u";
  EXPECT_EQ(Done(OperatorVerb::kCancel, job).aborts.size(), 1U);
  job.state = JobState::kCompleting;
  job.last_chunk_left = kNow - 1;
  const Job given_up = Done(OperatorVerb::kCancel, job);
  EXPECT_TRUE(given_up.aborts.empty());
  EXPECT_EQ(given_up.last_chunk_left, kNow - 1) << "a retry asks the history";
}

}  // namespace
}  // namespace tegodrop
