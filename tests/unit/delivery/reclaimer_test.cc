// Back to work: artifact, record, receipt, row; again from any point; and the end of a redelivery.
#include "daemon/delivery/reclaimer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_drop_folder.h"
#include "tests/fakes/fake_job_record.h"
#include "tests/fakes/fake_output_folder.h"
#include "tests/fakes/recorded_log.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/unit/delivery/sample_job.h"

namespace tegodrop::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kName[] = "App Release.apk";
constexpr char kRecord[] = "App Release.apk.0123456789abcdef.failed.json";

class ReclaimerTest : public ::testing::Test {
 protected:
  static Job Reclaiming() {
    Job job = FailedJob();
    job.state = JobState::kReclaiming;
    job.failure.reset();
    job.sends = 1;
    return job;
  }
  ReclaimerTest() {
    drop.Put(kName, kSource);
    drop.failed[kName] = drop.files.extract(kName).mapped();
    drop.reasons[kName] = "{}";
    drop.receipts["0123456789abcdef"] = "failed";
    output.published[kRecord] = "{}";
  }
  Status Reclaim(FakeJobRecord& record) {
    std::optional<Status> answer;
    const HandlePtr handle = reclaimer.Start(record, [&](Status status) { answer = std::move(status); });
    EXPECT_FALSE(answer) << "answered inside the call";
    queue.RunAll();
    clock.Step(std::chrono::milliseconds(0));
    EXPECT_TRUE(answer) << "no answer";
    return answer.value_or(Fail(ErrorKind::kBug, "no answer"));
  }

  TaskQueue queue;
  SteppedClock clock;
  RecordedLog log;
  FakeDropFolder drop{queue, clock};
  FakeOutputFolder output{queue};
  std::optional<Error> drop_missing;
  FindDrop find_drop = [this](const Job&) -> Result<DropFolder*> {
    if (drop_missing) return Fail(*drop_missing);
    return &drop;
  };
  FindOutput find_output = [this](const Job&) -> Result<OutputFolder*> { return &output; };
  Reclaimer reclaimer{ReclaimWorld{clock, clock}, find_drop, find_output};
};

TEST_F(ReclaimerTest, AllThatTheEndLeftIsUndone) {
  FakeJobRecord record(queue, Reclaiming());
  ASSERT_TRUE(Reclaim(record));
  EXPECT_EQ(record.job().state, JobState::kConfirming);
  EXPECT_TRUE(drop.claimed["0123456789abcdef"].contains(kName));
  EXPECT_THAT(drop.failed, IsEmpty());
  EXPECT_THAT(drop.reasons, IsEmpty());
  EXPECT_THAT(drop.receipts, IsEmpty());
  EXPECT_THAT(output.published, IsEmpty());
}

TEST_F(ReclaimerTest, WhateverFailsIsDoneAgain) {
  for (const char* call : {"take_back", "remove_receipts", "RemoveRecord", "save"}) {
    FakeJobRecord record(queue, Reclaiming());
    const Error error = PosixError("cannot", call, EIO);
    if (std::string_view(call) == "save") {
      record.fail_next = error;
    } else if (std::string_view(call) == "RemoveRecord") {
      output.FailNext(call, error);
    } else {
      drop.FailNext(call, error);
    }
    EXPECT_FALSE(Reclaim(record)) << call;
    EXPECT_EQ(record.job().state, JobState::kReclaiming) << call;
    EXPECT_TRUE(Reclaim(record)) << call;
    EXPECT_EQ(record.job().state, JobState::kConfirming) << call;
  }
}

TEST_F(ReclaimerTest, AFolderThatIsAwayIsWaitedFor) {
  FakeJobRecord record(queue, Reclaiming());
  drop_missing = MakeError(ErrorKind::kLocalDisk, "away");
  EXPECT_EQ(Reclaim(record).error().kind, ErrorKind::kLocalDisk);
  EXPECT_THAT(record.saved, IsEmpty());
}

TEST_F(ReclaimerTest, AnArtifactThatIsGoneFailsTheJobInWords) {
  drop.failed.clear();
  FakeJobRecord record(queue, Reclaiming());
  ASSERT_TRUE(Reclaim(record));
  EXPECT_EQ(record.job().state, JobState::kFailed);
  EXPECT_FALSE(record.job().finished) << "its record is still to be written";
  EXPECT_THAT(record.job().failure->message, HasSubstr("failed/"));
  EXPECT_THAT(record.job().failure->remedy, HasSubstr("drop the artifact again"));
}

TEST_F(ReclaimerTest, ARedeliveryThatFailedNeedsNoArtifact) {
  drop.failed.clear();
  Job job = Reclaiming();
  job.redeliveries = 2;
  FakeJobRecord record(queue, job);
  ASSERT_TRUE(Reclaim(record));
  EXPECT_EQ(record.job().state, JobState::kBuilt);
  EXPECT_THAT(output.published, IsEmpty());
}

TEST_F(ReclaimerTest, TheReceiptOfACopiedOneStandsWithTheOutput) {
  Job job = Reclaiming();
  job.target.Edit().after = SourceAfter::kKeep;
  drop.Put(kName, kSource);
  output.receipts["0123456789abcdef"] = "failed";
  FakeJobRecord record(queue, job);
  ASSERT_TRUE(Reclaim(record));
  EXPECT_THAT(output.receipts, IsEmpty());
  EXPECT_EQ(drop.receipts.size(), 1U) << "the folder is not changed";
  EXPECT_TRUE(drop.spool["0123456789abcdef"].contains(kName));
}

TEST_F(ReclaimerTest, AJobThatIsAtWorkIsNoneOfIts) {
  FakeJobRecord record(queue, FetchedJob());
  EXPECT_EQ(Reclaim(record).error().kind, ErrorKind::kBug);
}

TEST_F(ReclaimerTest, ARedeliveredJobGetsANewReceiptThoughItsSourceIsLongGone) {
  Job job = PublishedJob();
  job.redeliveries = 1;
  job.output.protected_name = "App Release-protected-1767225100-0123456789abcdef.apk";
  FakeJobRecord record(queue, job);
  drop.receipts["0123456789abcdef"] = "of the first delivery";
  Finisher finisher(FinishWorld{clock, log, {"host-a", "0.1.0"}}, find_drop, find_output);
  std::optional<Status> answer;
  const HandlePtr handle = finisher.Start(record, [&](Status status) { answer = std::move(status); });
  queue.RunAll();
  ASSERT_TRUE(answer && *answer);
  EXPECT_TRUE(record.job().finished);
  EXPECT_EQ(drop.receipts.size(), 1U);
  EXPECT_THAT(drop.receipts["0123456789abcdef"], HasSubstr("1767225100-0123456789abcdef.apk.trace.json"));
}

}  // namespace
}  // namespace tegodrop::testing
