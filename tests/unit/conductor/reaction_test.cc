// What each kind of error does to a job.
#include "daemon/conductor/reaction.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/fakes/seeded_random.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::SeededRandom;

Job JobIn(JobState state) {
  Job job;
  job.state = state;
  return job;
}

Reaction React(const Job& job, ErrorKind kind, std::optional<milliseconds> retry_after = std::nullopt) {
  SeededRandom random;
  Error error = MakeError(kind, "the words");
  error.retry_after = retry_after;
  return ReactTo(job, error, random);
}

TEST(Reaction, PassingTroubleWaitsLongerWithEachTryAndNamesItsReason) {
  Job job = JobIn(JobState::kClaimed);
  const Reaction first = React(job, ErrorKind::kRetry);
  EXPECT_FALSE(first.failure);
  EXPECT_LE(first.delay, seconds(1));
  EXPECT_NE(first.waiting_for.find("the words"), std::string::npos);
  EXPECT_TRUE(first.portal_trouble);
  job.upload_tries = 30;
  for (int i = 0; i < 100; ++i) EXPECT_LE(React(job, ErrorKind::kRetry).delay, seconds(60));
}

TEST(Reaction, RetryAfterIsAFloorButNotForever) {
  EXPECT_GE(React(JobIn(JobState::kClaimed), ErrorKind::kRetry, seconds(90)).delay, seconds(90));
  EXPECT_LE(React(JobIn(JobState::kClaimed), ErrorKind::kRetry, std::chrono::hours(20)).delay, minutes(15));
}

TEST(Reaction, TooManyBuildsHoldsAllUploadsAndFailsNobody) {
  const Reaction reaction = React(JobIn(JobState::kClaimed), ErrorKind::kSlowDown);
  EXPECT_FALSE(reaction.failure);
  EXPECT_EQ(reaction.hold, HoldScope::kUploads);
  EXPECT_GE(reaction.delay, seconds(30));
  EXPECT_GE(React(JobIn(JobState::kClaimed), ErrorKind::kSlowDown, minutes(5)).delay, minutes(5));
}

TEST(Reaction, RefusedCredentialsHoldEverythingAtThePortal) {
  for (const JobState state : {JobState::kClaimed, JobState::kBuilt}) {
    const Reaction reaction = React(JobIn(state), ErrorKind::kSignIn);
    EXPECT_FALSE(reaction.failure);
    EXPECT_EQ(reaction.hold, HoldScope::kCredentials);
    EXPECT_GE(reaction.delay, minutes(5));
    EXPECT_NE(reaction.waiting_for.find("token"), std::string::npos) << "names what to do";
  }
}

TEST(Reaction, ARefusalIsFinalWithThePortalsWordsAndARemedy) {
  for (const JobState state : {JobState::kClaimed, JobState::kBuilt}) {
    const Reaction reaction = React(JobIn(state), ErrorKind::kRejected);
    ASSERT_TRUE(reaction.failure);
    EXPECT_EQ(reaction.failure->kind, FailureKind::kPortalRefused);
    EXPECT_NE(reaction.failure->message.find("the words"), std::string::npos);
    EXPECT_FALSE(reaction.failure->remedy.empty());
  }
}

TEST(Reaction, ARefusedUrlIsReplacedAtOnceThreeTimes) {
  Job job = JobIn(JobState::kClaimed);
  job.refused_urls = 2;
  job.upload_tries = 9;
  EXPECT_FALSE(React(job, ErrorKind::kExpired).failure) << "broken connections are no refusals";
  EXPECT_EQ(React(job, ErrorKind::kExpired).delay, milliseconds(0));
  job.refused_urls = 3;
  ASSERT_TRUE(React(job, ErrorKind::kExpired).failure);
  EXPECT_EQ(React(job, ErrorKind::kExpired).failure->kind, FailureKind::kUploadExpired);
}

TEST(Reaction, ADamagedDownloadIsRepeatedAndThenFails) {
  Job job = JobIn(JobState::kBuilt);
  job.bad_downloads = kMostBadDownloads - 1;
  job.download_tries = 9;
  EXPECT_FALSE(React(job, ErrorKind::kCorrupt).failure);
  job.bad_downloads = kMostBadDownloads;
  ASSERT_TRUE(React(job, ErrorKind::kCorrupt).failure);
  EXPECT_EQ(React(job, ErrorKind::kCorrupt).failure->kind, FailureKind::kValidationFailed);
  EXPECT_NE(React(job, ErrorKind::kCorrupt).failure->remedy.find("nothing of it is kept"), std::string::npos);
  job.output.sha256 = std::string(64, 'a');
  EXPECT_NE(React(job, ErrorKind::kCorrupt).failure->remedy.find("quarantine/"), std::string::npos);
}

TEST(Reaction, AClaimedFileThatChangedFailsAtOnce) {
  const Reaction reaction = React(JobIn(JobState::kUploading), ErrorKind::kCorrupt);
  ASSERT_TRUE(reaction.failure);
  EXPECT_EQ(reaction.failure->kind, FailureKind::kChecksum);
}

TEST(Reaction, DiskTroubleWaitsAndNeverFails) {
  for (const JobState state : {JobState::kClaimed, JobState::kBuilt, JobState::kFetched, JobState::kPublished,
                               JobState::kFailed, JobState::kClaiming}) {
    const Reaction reaction = React(JobIn(state), ErrorKind::kLocalDisk);
    EXPECT_FALSE(reaction.failure) << ToString(state);
    EXPECT_GT(reaction.delay, milliseconds(0)) << "no spinning on a full disk";
    EXPECT_FALSE(reaction.portal_trouble);
  }
  EXPECT_TRUE(React(JobIn(JobState::kFetched), ErrorKind::kLocalDisk).output_trouble);
  EXPECT_FALSE(React(JobIn(JobState::kClaimed), ErrorKind::kLocalDisk).output_trouble);
}

TEST(Reaction, AMissingProvenanceKeyIsNoTroubleOfAnyFolder) {
  SeededRandom random;
  Error error = MakeError(ErrorKind::kLocalDisk, "there is none");
  error.sys = ENOKEY;
  const Reaction reaction = ReactTo(JobIn(JobState::kFetched), error, random);
  EXPECT_FALSE(reaction.failure);
  EXPECT_EQ(reaction.waiting_for, "the provenance key: there is none");
  EXPECT_TRUE(reaction.disk_trouble) << "run --once does not wait for it";
  EXPECT_FALSE(reaction.output_trouble);
  EXPECT_GT(reaction.delay, milliseconds(0));
}

TEST(Reaction, AnUnknownOutcomeIsNoFailureAndNoDelay) {
  SeededRandom random;
  Error error = MakeError(ErrorKind::kRetry, "no answer");
  error.outcome_unknown = true;
  const Reaction reaction = ReactTo(JobIn(JobState::kConfirming), error, random);
  EXPECT_FALSE(reaction.failure);
  EXPECT_EQ(reaction.delay, milliseconds(0));
}

}  // namespace
}  // namespace tegodrop
