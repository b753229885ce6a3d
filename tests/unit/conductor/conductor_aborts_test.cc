// Multipart uploads that were given up: aborted beside everything else, until the portal has nothing of them any more.
#include <set>

#include "tests/unit/conductor/scripted_rooms.h"

namespace tegodrop::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class ConductorAborts : public ConductorTest {
 protected:
  Job WithAborts(const std::string& id, std::vector<std::string> uploads, JobState state = JobState::kClaimed) {
    Job job = MakeJob(id, state);
    for (std::string& upload : uploads) job.aborts.push_back({"tenant/" + id, std::move(upload)});
    return job;
  }
  Job Finished(const std::string& id, std::vector<std::string> uploads) {
    Job job = WithAborts(id, std::move(uploads), JobState::kDelivered);
    job.finished = true;
    return job;
  }
  void EndAbort(Status status = {}) { End(*Only("abort"), std::move(status)); }
  static Unexpected Refused(int status, ErrorKind kind = ErrorKind::kRejected) {
    Error error = MakeError(kind, "the portal's words");
    error.http_status = status;
    return Fail(error);
  }
};

TEST_F(ConductorAborts, AreTriedUntilThePortalTakesThemBesideTheWorkOfTheirJob) {
  Take(WithAborts("a", {"up-1"}));
  EXPECT_EQ(Live("upload").size(), 1U) << "the new upload need not wait";
  EXPECT_EQ(Only("abort")->upload.upload_id, "up-1");
  EXPECT_EQ(Only("abort")->upload.file_path, "tenant/a");
  for (int i = 0; i < 2; ++i) {
    EndAbort(Fail(ErrorKind::kRetry, "connection refused"));
    EXPECT_TRUE(Live("abort").empty()) << "not at once";
    EXPECT_EQ(Row("a").aborts.size(), 1U);
    Step(seconds(61));
  }
  EndAbort();
  EXPECT_TRUE(Row("a").aborts.empty());
  EXPECT_EQ(log.Count("upload.abort_failed"), 1) << "told once";
  Step(hours(1));
  EXPECT_EQ(Count("abort"), 3U);
  EXPECT_EQ(Live("upload").size(), 1U);
}

TEST_F(ConductorAborts, AnUploadThatThePortalDoesNotKnowIsGone) {
  Take(WithAborts("a", {"up-1"}));
  EndAbort(Refused(404));
  EXPECT_TRUE(Row("a").aborts.empty());
  EXPECT_EQ(log.Count("upload.abort_failed"), 0);
}

TEST_F(ConductorAborts, AGatewaysNotFoundSaysNothingOfTheUpload) {
  Take(WithAborts("a", {"up-1"}));
  EndAbort(Refused(404, ErrorKind::kRetry));
  EXPECT_EQ(Row("a").aborts.size(), 1U);
}

TEST_F(ConductorAborts, ANotFoundThatStaysIsBelievedHoweverItIsWritten) {
  Take(WithAborts("a", {"up-1"}));
  for (int i = 0; i < 10; ++i) {
    EndAbort(Refused(404, ErrorKind::kRetry));
    EXPECT_EQ(Row("a").aborts.size(), 1U) << i;
    Step(minutes(16));
  }
  EndAbort(Refused(404, ErrorKind::kRetry));
  EXPECT_TRUE(Row("a").aborts.empty());
}

TEST_F(ConductorAborts, SeveralOfAJobGoOneAfterTheOther) {
  Take(WithAborts("a", {"up-1", "up-2", "up-3"}));
  for (const char* upload : {"up-1", "up-2", "up-3"}) {
    EXPECT_EQ(Only("abort")->upload.upload_id, upload);
    EndAbort();
  }
  EXPECT_TRUE(Row("a").aborts.empty());
  EXPECT_EQ(Count("abort"), 3U);
}

TEST_F(ConductorAborts, WhatIsRefusedIsTriedSeldomAndHoldsUpNoOther) {
  Take(WithAborts("a", {"up-1", "up-2"}));
  EndAbort(Refused(400));
  Step(minutes(14));
  EXPECT_TRUE(Live("abort").empty());
  Step(minutes(1));
  std::set<std::string> tried{"up-1"};
  for (int i = 0; i < 3 && Row("a").aborts.size() == 2; ++i) {
    const std::string upload = Only("abort")->upload.upload_id;
    tried.insert(upload);
    upload == "up-1" ? EndAbort(Refused(400)) : EndAbort();
    Step(minutes(15));
  }
  ASSERT_EQ(Row("a").aborts.size(), 1U) << "the other one's turn came";
  EXPECT_EQ(Row("a").aborts[0].upload_id, "up-1");
}

TEST_F(ConductorAborts, WhatFailsForHoursIsNotAskedEveryMinute) {
  Take(WithAborts("a", {"up-1"}));
  for (int second = 0; second < 3 * 3600; ++second) {
    if (!Live("abort").empty()) EndAbort(Refused(500, ErrorKind::kRetry));
    Step(seconds(1));
  }
  EXPECT_LT(Count("abort"), 30U);
  EXPECT_GT(Count("abort"), 15U) << "but it is never given up";
}

TEST_F(ConductorAborts, RetryAfterIsAFloor) {
  Take(WithAborts("a", {"up-1"}));
  Error error = MakeError(ErrorKind::kSlowDown, "enough");
  error.retry_after = seconds(300);
  EndAbort(Fail(error));
  Step(seconds(299));
  EXPECT_TRUE(Live("abort").empty());
  Step(seconds(1));
  EXPECT_EQ(Live("abort").size(), 1U);
}

TEST_F(ConductorAborts, WaitWhileTheCredentialsAreRefused) {
  Take(MakeJob("a"));
  End(*Only("upload"), Fail(ErrorKind::kSignIn, "token revoked"));
  Take(WithAborts("b", {"up-1"}, JobState::kFailed));
  Step(minutes(14));
  EXPECT_EQ(Count("abort"), 0U);
  Step(minutes(2));
  EXPECT_EQ(Live("abort").size(), 1U);
}

TEST_F(ConductorAborts, RefusedCredentialsAreNotAskedWithAgainSoon) {
  Take(WithAborts("a", {"up-1"}, JobState::kFailed));
  EndAbort(Refused(403, ErrorKind::kSignIn));
  Step(minutes(14));
  EXPECT_TRUE(Live("abort").empty());
  EXPECT_FALSE(conductor->overview().credentials_refused) << "one abort holds up nothing else";
}

TEST_F(ConductorAborts, OfAnotherPortalAreLeftAloneAndNotWaitedFor) {
  Job job = Finished("a", {"up-1"});
  job.target.Edit().tenant = "other";
  Take(job);
  Step(hours(1));
  EXPECT_EQ(Count("abort"), 0U);
  EXPECT_EQ(conductor->overview().unfinished, 0);
}

TEST_F(ConductorAborts, AFinishedJobStaysOnlyForThemAndIsReportedOnce) {
  Take(WithAborts("a", {"up-1"}, JobState::kPublished));
  auto finish = Only("finish");
  Record(*finish, [](Job& job) {
    job.state = JobState::kDelivered;
    job.finished = true;
  });
  End(*finish);
  EXPECT_EQ(finished_seen, 1);
  EXPECT_EQ(conductor->overview().unfinished, 1) << "worth a moment";
  Step(hours(1));
  EXPECT_EQ(Count("finish"), 1U);
  EndAbort();
  EXPECT_EQ(conductor->overview().unfinished, 0);
  EXPECT_TRUE(Row("a").aborts.empty());
  EXPECT_TRUE(Row("a").finished);
  EXPECT_EQ(finished_seen, 1);
  EXPECT_EQ(clock.pending(), 0U);
}

TEST_F(ConductorAborts, AJobThatFinishesAfterItsAbortIsForgotten) {
  Take(WithAborts("a", {"up-1"}, JobState::kPublished));
  EndAbort();
  auto finish = Only("finish");
  Record(*finish, [](Job& job) {
    job.state = JobState::kDelivered;
    job.finished = true;
  });
  End(*finish);
  EXPECT_EQ(conductor->overview().unfinished, 0);
  EXPECT_EQ(finished_seen, 1);
  EXPECT_EQ(clock.pending(), 0U);
}

TEST_F(ConductorAborts, AreWaitedForOnlySoLong) {
  Take(Finished("a", {"up-1"}));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(conductor->overview().unfinished, 1) << i;
    EndAbort(Fail(ErrorKind::kRetry, "connection refused"));
    Step(seconds(61));
  }
  EXPECT_EQ(conductor->overview().unfinished, 0) << "the ledger remembers it for the next run";
  EXPECT_EQ(Live("abort").size(), 1U) << "a daemon goes on";
}

TEST_F(ConductorAborts, WhatIsNotTriedAgainSoonIsNotWaitedFor) {
  Error later = MakeError(ErrorKind::kRetry, "maintenance");
  later.retry_after = minutes(5);
  for (const Status& answer : {Status(Refused(400)), Status(Refused(403, ErrorKind::kSignIn)), Status(Fail(later))}) {
    attempts.clear();
    StartConductor();
    Take(Finished("a", {"up-1"}));
    EXPECT_EQ(conductor->overview().unfinished, 1);
    EndAbort(answer);
    EXPECT_EQ(conductor->overview().unfinished, 0);
  }
}

TEST_F(ConductorAborts, ARestartGoesOnWithThemOnJobsThatAreFinished) {
  ledger.jobs["a"] = Finished("a", {"up-1"});
  ledger.jobs["b"] = Finished("b", {});
  std::vector<Job> loaded;
  ledger.LoadUnfinished([&](const Result<std::vector<Job>>& jobs) { loaded.assign(jobs->begin(), jobs->end()); });
  Run();
  ASSERT_EQ(loaded.size(), 1U) << "the other one has nothing left";
  conductor->Take(loaded[0]);
  Run();
  EXPECT_EQ(Count("finish"), 0U);
  EndAbort();
  EXPECT_TRUE(Row("a").aborts.empty());
  EXPECT_EQ(finished_seen, 0) << "it was reported in its own life";
  EXPECT_EQ(conductor->overview().unfinished, 0);
}

TEST_F(ConductorAborts, WhatTheLedgerDoesNotTakeIsAbortedOnceMore) {
  Take(Finished("a", {"up-1"}));
  ledger.FailNext("save", MakeError(ErrorKind::kLocalDisk, "full"));
  EndAbort();
  EXPECT_EQ(Row("a").aborts.size(), 1U);
  Step(seconds(5));
  EndAbort(Refused(404));
  EXPECT_TRUE(Row("a").aborts.empty());
  EXPECT_EQ(conductor->overview().unfinished, 0);
}

TEST_F(ConductorAborts, ALedgerThatTakesNothingIsNotWaitedForForEver) {
  Take(Finished("a", {"up-1"}));
  for (int i = 0; i < 3; ++i) {
    ledger.FailNext("save", MakeError(ErrorKind::kLocalDisk, "full"));
    EndAbort();
    Step(seconds(5));
  }
  EXPECT_EQ(conductor->overview().unfinished, 0);
}

TEST_F(ConductorAborts, WhatTheJobWaitsForStaysWritten) {
  Take(WithAborts("a", {"up-1"}));
  End(*Only("upload"), Fail(ErrorKind::kRetry, "connection refused"));
  const Waiting waiting = Row("a").waiting;
  ASSERT_FALSE(waiting.for_what.empty());
  EndAbort();
  EXPECT_TRUE(Row("a").aborts.empty());
  EXPECT_EQ(Row("a").waiting.for_what, waiting.for_what);
  EXPECT_EQ(Row("a").waiting.not_before, waiting.not_before);
}

TEST_F(ConductorAborts, AStopLeavesThemToTheNextLife) {
  Take(WithAborts("a", {"up-1"}, JobState::kFailed));
  auto abort = Only("abort");
  bool stopped = false;
  conductor->Stop([&] { stopped = true; });
  EXPECT_FALSE(abort->live);
  Run();
  EXPECT_TRUE(stopped);
  EXPECT_EQ(Row("a").aborts.size(), 1U);
  Step(hours(1));
  EXPECT_EQ(Count("abort"), 1U);
}

TEST_F(ConductorAborts, AStopWhileItsRowIsWrittenIsSafe) {
  Take(Finished("a", {"up-1"}));
  auto abort = Only("abort");
  abort->live = false;
  abort->done({});  // the row is being written
  int stopped = 0;
  conductor->Stop([&] { ++stopped; });
  Run();
  EXPECT_EQ(stopped, 1);
  EXPECT_TRUE(Row("a").aborts.empty());
  Step(seconds(5));
  EXPECT_EQ(stopped, 1);
}

// -- what a row of an upload in parts makes of its job

MultipartUpload InParts() {
  MultipartUpload multipart;
  multipart.upload_id = "up-1";
  multipart.chunk_size = 5;
  multipart.total_parts = 2;
  return multipart;
}

TEST_F(ConductorAborts, ARestartUploadsUntilTheRowSaysThatTheLastLeft) {
  for (const JobState state : {JobState::kRequested, JobState::kUploading, JobState::kCompleting}) {
    for (const WallMs left : {WallMs{0}, WallMs{7}}) {
      if (state == JobState::kRequested && left != 0) continue;
      attempts.clear();
      StartConductor();
      Job job = MakeJob("a", state);
      job.multipart = InParts();
      job.last_chunk_left = left;
      Take(job);
      EXPECT_TRUE(Row("a").aborts.empty()) << "never what may be whole, nor what is gone on with";
      if (left == 0) {
        EXPECT_EQ(Live("upload").size(), 1U) << ToString(state);
        EXPECT_TRUE(Row("a").multipart);
        continue;
      }
      EXPECT_TRUE(Live("upload").empty());
      EXPECT_EQ(Row("a").state, JobState::kConfirming);
      EXPECT_FALSE(Row("a").multipart);
      EXPECT_EQ(Row("a").sends, 1);
      Step(seconds(15));
      EXPECT_EQ(Live("look production").size(), 1U) << "it is carried on";
    }
  }
}

TEST_F(ConductorAborts, AFailureLeavesTheUploadToBeAborted) {
  Job job = MakeJob("a", JobState::kUploading);
  job.multipart = InParts();
  job.ticket.file_path = "tenant/a";
  Take(job);
  End(*Only("upload"), Fail(ErrorKind::kRejected, "too large"));
  EXPECT_EQ(Row("a").state, JobState::kFailed);
  EXPECT_FALSE(Row("a").multipart);
  EXPECT_EQ(Only("abort")->upload.upload_id, "up-1");
  EXPECT_EQ(Only("abort")->upload.file_path, "tenant/a");
}

}  // namespace
}  // namespace tegodrop::testing
