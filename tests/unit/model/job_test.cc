#include "daemon/model/job.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <vector>

namespace tegodrop {
namespace {

TEST(Job, IsKnownToThePortalByFourValues) {
  Job job;
  job.target.Edit().version = "staging";
  job.artifact.kind = ArtifactKind::kIpa;
  job.artifact.file_name = "app.ipa";
  job.ticket.start_time = 7;
  EXPECT_EQ(IdentityOf(job), (BuildIdentity{"staging", "ios", 7, "app.ipa"}));
}

TEST(Job, ARowIsThatOfItsBuildWhereAllThatIdentifiesItIsTheSame) {
  Job job;
  job.target.Edit().version = "staging";
  job.artifact.kind = ArtifactKind::kIpa;
  job.artifact.file_name = "app.ipa";
  job.ticket.start_time = 7;
  BuildRow row;
  row.version = "staging";
  row.platform = "ios";
  row.name = "app.ipa";
  row.start_time = 7;
  EXPECT_TRUE(IsBuildOf(row, job));
  const std::vector<std::function<void(BuildRow&)>> changes = {
      [](BuildRow& other) { other.version = "production"; },
      [](BuildRow& other) { other.platform = "android"; },
      [](BuildRow& other) { other.name = "app2.ipa"; },
      [](BuildRow& other) { other.start_time = 8; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    BuildRow other = row;
    changes[i](other);
    EXPECT_FALSE(IsBuildOf(other, job)) << i;
  }
}

TEST(Job, AnUploadThatIsGivenUpIsToBeAbortedUnlessItMayBeWhole) {
  Job job;
  job.ticket.file_path = "tenant/app.apk";
  ForgetUpload(job);
  EXPECT_TRUE(job.aborts.empty()) << "a single PUT leaves nothing behind";
  job.multipart = MultipartUpload{"upload-1", 10, 3, "sealed", 99, {}};
  ForgetUpload(job);
  ASSERT_EQ(job.aborts.size(), 1U);
  EXPECT_EQ(job.aborts[0].file_path, "tenant/app.apk");
  EXPECT_EQ(job.aborts[0].upload_id, "upload-1");
  EXPECT_FALSE(job.multipart.has_value());
  job.multipart = MultipartUpload{"upload-2", 10, 3, "sealed", 99, {}};
  job.last_chunk_left = 5;
  ForgetUpload(job);
  EXPECT_EQ(job.aborts.size(), 1U) << "its Complete may have been received";
  EXPECT_FALSE(job.multipart.has_value());
  EXPECT_EQ(job.last_chunk_left, 0);
}

TEST(Job, MustBeSignedAsTheFolderSaysOrElseAsTheAnswerNamedAKey) {
  Job job;
  EXPECT_FALSE(SignatureRequired(job));
  job.ticket.signing_key_id = "";
  EXPECT_FALSE(SignatureRequired(job));
  job.ticket.signing_key_id = "key-1";
  EXPECT_TRUE(SignatureRequired(job));
  job.target.Edit().signature = SignatureNeed::kNotRequired;
  EXPECT_FALSE(SignatureRequired(job));
  job.target.Edit().signature = SignatureNeed::kRequired;
  job.ticket.signing_key_id.reset();
  EXPECT_TRUE(SignatureRequired(job));
}

TEST(Job, WaitsForItsRowsOwnWordBeforeItsState) {
  Job job;
  job.state = JobState::kClaimed;
  job.times.claimed = 5;
  EXPECT_EQ(WaitingOf(job).for_what, "an upload slot");
  EXPECT_EQ(WaitingOf(job).since, 5);
  job.waiting = {"the portal", 6, 7};
  EXPECT_EQ(WaitingOf(job).for_what, "the portal");
  EXPECT_EQ(WaitingOf(job).not_before, 7);
  job.waiting = {};
  job.state = JobState::kBuilding;
  EXPECT_EQ(WaitingOf(job).for_what, "the build");
  job.build = BuildRow{};
  job.build->status_message = "Protecting";
  EXPECT_EQ(WaitingOf(job).for_what, "the build: Protecting");
  job.state = JobState::kBuilt;
  job.times.completed = 8;
  EXPECT_EQ(WaitingOf(job).for_what, "its download");
  EXPECT_EQ(WaitingOf(job).since, 8);
  for (const JobState state : {JobState::kUploading, JobState::kFetched, JobState::kDelivered}) {
    job.state = state;
    EXPECT_EQ(WaitingOf(job).for_what, "") << ToString(state);
  }
}

TEST(Job, WhoseAllHasLeftWaitsForTheAnswer) {
  Job job;
  job.last_chunk_left = 9;
  job.state = JobState::kUploading;
  EXPECT_EQ(WaitingOf(job).for_what, "the store's answer to the whole upload");
  EXPECT_EQ(WaitingOf(job).since, 9);
  job.state = JobState::kCompleting;
  EXPECT_EQ(WaitingOf(job).for_what, "the portal to put the parts of the upload together");
}

TEST(Failure, EveryKindHasTheNameThatFilesMaySay) {
  const char* const names[] = {"incomplete",     "not_an_artifact",   "checksum",          "bad_name",
                               "too_large",      "unreadable",        "bad_sidecar",       "commit_missing",
                               "portal_refused", "build_failed",      "not_signed",        "build_stuck",
                               "upload_expired", "validation_failed", "output_unwritable", "cancelled"};
  std::set<FailureKind> kinds;
  for (const char* name : names) {
    const auto kind = FailureKindFromString(name);
    ASSERT_TRUE(kind.has_value()) << name;
    EXPECT_EQ(ToString(*kind), name);
    kinds.insert(*kind);
  }
  EXPECT_EQ(kinds.size(), std::size(names));
  EXPECT_FALSE(FailureKindFromString("unknown").has_value());
  EXPECT_FALSE(FailureKindFromString("").has_value());
}

TEST(Checks, TheWorstResultIsTheWhole) {
  const auto overall = [](std::initializer_list<const char*> results) {
    std::vector<Check> checks;
    for (const char* result : results) checks.push_back({"id", result, ""});
    return OverallResult(checks);
  };
  EXPECT_EQ(overall({}), "skipped");
  EXPECT_EQ(overall({"skipped", "skipped"}), "skipped");
  EXPECT_EQ(overall({"skipped", "pass"}), "pass");
  EXPECT_EQ(overall({"pass", "warn", "skipped"}), "warn");
  EXPECT_EQ(overall({"warn", "fail", "pass"}), "fail");
}

TEST(SameBuild, TellsCommitsApartThatAreKnownAndTheSignersThatAreExpected) {
  Job a;
  a.artifact.sha256 = std::string(64, '1');
  Job b = a;
  b.artifact.commit.candidates = {{"sidecar", std::string(40, 'b')}};
  EXPECT_TRUE(SameBuild(a, b)) << "what names no commit contradicts none";
  a.artifact.commit.candidates = {{"embedded", std::string(40, 'b')}};
  EXPECT_TRUE(SameBuild(a, b));
  a.artifact.commit.candidates = {{"sidecar", std::string(40, 'a')}};
  EXPECT_FALSE(SameBuild(a, b));
  b = a;
  b.target.Edit().expected_signers = {std::string(64, 'c')};
  EXPECT_FALSE(SameBuild(a, b)) << "nobody has looked who signed what was delivered";
}

}  // namespace
}  // namespace tegodrop
