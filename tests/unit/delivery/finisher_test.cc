// The end of a job: record, source, receipt, row, in this order and again from any point.
#include "daemon/delivery/finisher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/fakes/fake_job_record.h"
#include "tests/fakes/fake_output_folder.h"
#include "tests/fakes/recorded_log.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/unit/delivery/sample_job.h"

namespace tegodrop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A drop folder of which only the end is played.
class EndOfDropFolder final : public DropFolder {
 public:
  explicit EndOfDropFolder(TaskQueue& queue) : queue_(queue) {}

  HandlePtr PutAway(PutAwayRequest request, std::function<void(Status)> done) override {
    order.emplace_back("PutAway");
    return Answer(std::move(done), [this, request = std::move(request)] { put_away.push_back(request); });
  }
  HandlePtr WriteReceipt(const std::string& id, const std::string& json, std::function<void(Status)> done) override {
    order.emplace_back("WriteReceipt");
    if (receipts.contains(id) && receipts[id] != json) fail_next.push_back(PosixError("taken", id, EEXIST));
    return Answer(std::move(done), [this, id, json] { receipts.try_emplace(id, json); });
  }

  HandlePtr RemoveReceipts(std::vector<std::string> ids, const std::string&,
                           std::function<void(Status)> done) override {
    order.emplace_back("RemoveReceipts");
    return Answer(std::move(done), [this, ids = std::move(ids)] {
      for (const std::string& id : ids) receipts.erase(id);
    });
  }
  HandlePtr TakeBack(TakeBackRequest, std::function<void(Result<bool>)>) override { return Unexpected(); }

  HandlePtr Open(const std::string&, const std::string&, std::function<void(Hint)>,
                 std::function<void(Result<DropFolderFacts>)>) override {
    return Unexpected();
  }
  void StopWatching() override { Unexpected(); }
  HandlePtr List(std::function<void(Result<Listing>)>) override { return Unexpected(); }
  HandlePtr Inspect(InspectRequest, std::function<void(Inspection)>) override { return Unexpected(); }
  HandlePtr Claim(ClaimRequest, std::function<void(Result<ClaimOutcome>)>) override { return Unexpected(); }
  HandlePtr HasClaimed(const std::string&, const std::string&, bool, std::function<void(Result<bool>)>) override {
    return Unexpected();
  }
  HandlePtr OpenClaimed(const std::string&, const std::string&, bool, std::function<void(Result<Fd>)>) override {
    return Unexpected();
  }
  HandlePtr PutAwayOrphan(const std::string&, const std::string&, std::function<void(Status)>) override {
    return Unexpected();
  }
  HandlePtr Prune(WallMs, WallMs, std::function<void(Result<int>)>) override { return Unexpected(); }
  HandlePtr RecordClaim(ClaimRecord, std::function<void(Result<ClaimHolder>)>) override { return Unexpected(); }
  HandlePtr WhoHas(const std::string&, std::function<void(Result<ClaimHolder>)>) override { return Unexpected(); }
  HandlePtr SeeHosts(HostBeat, std::vector<std::string>, std::function<void(Result<HostsView>)>) override {
    return Unexpected();
  }
  HandlePtr LookAtClaim(const std::string&, std::function<void(Result<ClaimView>)>) override { return Unexpected(); }
  HandlePtr TakeOver(TakeOverRequest, std::function<void(Result<TakenOver>)>) override { return Unexpected(); }

  std::deque<Error> fail_next;  // one for each call
  std::vector<PutAwayRequest> put_away;
  std::map<std::string, std::string> receipts;
  std::vector<std::string> order;

 private:
  HandlePtr Answer(std::function<void(Status)> done, std::function<void()> work) {
    std::optional<Error> error;
    if (!fail_next.empty()) {
      error = fail_next.front();
      fail_next.pop_front();
    }
    return RunTask<Status>(
        queue_,
        [error, work = std::move(work)]() -> Status {
          if (error) return Fail(*error);
          work();
          return {};
        },
        std::move(done));
  }
  static HandlePtr Unexpected() {
    ADD_FAILURE() << "not a call of the end";
    return nullptr;
  }

  TaskQueue& queue_;
};

class FinisherTest : public ::testing::Test {
 protected:
  HandlePtr Start(JobRecord& record) {
    answer.reset();
    HandlePtr handle = finisher.Start(record, [this](Status status) {
      EXPECT_FALSE(answer.has_value()) << "answered twice";
      answer = std::move(status);
    });
    EXPECT_FALSE(answer.has_value()) << "answered inside the call";
    return handle;
  }
  void Finish(JobRecord& record) {
    const HandlePtr handle = Start(record);
    queue.RunAll();
    clock.Step(std::chrono::milliseconds(0));
    ASSERT_TRUE(answer.has_value()) << "no answer";
  }
  void ExpectFinished(FakeJobRecord& record, JobState state) {
    Finish(record);
    ASSERT_TRUE(*answer) << answer->error().message;
    EXPECT_TRUE(record.job().finished);
    EXPECT_EQ(record.job().state, state);
  }
  void ExpectNotFinished(FakeJobRecord& record, int sys) {
    Finish(record);
    ASSERT_FALSE(*answer);
    EXPECT_EQ(answer->error().kind, ErrorKind::kLocalDisk);
    EXPECT_EQ(answer->error().sys, sys);
    EXPECT_FALSE(record.job().finished);
  }
  // The recorded failure of the one `.failed.json` that stands in the output folder.
  std::string RecordedKind() const {
    rapidjson::Document document;
    document.Parse(output.published.begin()->second.c_str());
    return document["failure"]["kind"].GetString();
  }

  TaskQueue queue;
  SteppedClock clock;
  RecordedLog log;
  FakeOutputFolder output{queue};
  EndOfDropFolder drop{queue};
  std::optional<Error> drop_missing;
  std::optional<Error> output_missing;
  Finisher finisher{FinishWorld{clock, log, {"host-a", "0.1.0"}},
                    [this](const Job&) -> Result<DropFolder*> {
                      if (drop_missing) return Fail(*drop_missing);
                      return &drop;
                    },
                    [this](const Job&) -> Result<OutputFolder*> {
                      if (output_missing) return Fail(*output_missing);
                      return &output;
                    }};
  std::optional<Status> answer;
};

constexpr char kFailedName[] = "App Release.apk.0123456789abcdef.failed.json";

TEST_F(FinisherTest, DeliveredArtifactIsArchivedAndReceipted) {
  FakeJobRecord record(queue, PublishedJob());
  ExpectFinished(record, JobState::kDelivered);
  EXPECT_THAT(drop.order, ElementsAre("PutAway", "WriteReceipt"));
  ASSERT_THAT(drop.put_away, SizeIs(1));
  EXPECT_EQ(drop.put_away[0].job, record.job().id);
  EXPECT_EQ(drop.put_away[0].name, "App Release.apk");
  EXPECT_THAT(drop.put_away[0].sidecars, ElementsAre("App Release.apk.json"));
  EXPECT_EQ(drop.put_away[0].destination, Destination::kProcessed);
  EXPECT_FALSE(drop.put_away[0].copy);
  EXPECT_THAT(drop.receipts["0123456789abcdef"], HasSubstr("delivered"));
  EXPECT_THAT(output.published, IsEmpty()) << "nothing is made again";
}

TEST_F(FinisherTest, SourceIsDeletedWhereTheFolderSaysSo) {
  Job job = PublishedJob();
  job.target.Edit().after = SourceAfter::kDelete;
  FakeJobRecord record(queue, job);
  ExpectFinished(record, JobState::kDelivered);
  EXPECT_EQ(drop.put_away[0].destination, Destination::kNowhere);
}

TEST_F(FinisherTest, CopyIsDroppedAndItsReceiptStandsWithTheOutput) {
  Job job = PublishedJob();
  job.target.Edit().after = SourceAfter::kKeep;
  FakeJobRecord record(queue, job);
  ExpectFinished(record, JobState::kDelivered);
  EXPECT_TRUE(drop.put_away[0].copy);
  EXPECT_THAT(drop.receipts, IsEmpty());
  EXPECT_THAT(output.receipts, SizeIs(1));
}

TEST_F(FinisherTest, SubmittersIdNamesTheReceipt) {
  Job job = PublishedJob();
  job.artifact.sidecar.submit_id = "build-17";
  FakeJobRecord record(queue, job);
  ExpectFinished(record, JobState::kDelivered);
  EXPECT_TRUE(drop.receipts.contains("build-17"));
}

TEST_F(FinisherTest, ASecondJobOfTheSameSubmitterHasAReceiptOfItsOwn) {
  Job job = PublishedJob();
  job.artifact.sidecar.submit_id = "build-17";
  drop.receipts["build-17"] = "another job's";
  FakeJobRecord record(queue, job);
  ExpectFinished(record, JobState::kDelivered);
  EXPECT_EQ(drop.receipts["build-17"], "another job's");
  EXPECT_THAT(drop.receipts["build-17-" + job.id], HasSubstr("delivered"));
}

TEST_F(FinisherTest, ARedeliveryThatFailsLeavesTheDeliveryBeforeItAsItWas) {
  for (const JobState end : {JobState::kFailed, JobState::kCancelled}) {
    Job job = PublishedJob();
    job.state = end;
    job.failure = Failure{FailureKind::kPortalRefused, "the build is gone", "drop it again", {}, {}, {}};
    job.redeliveries = 1;
    drop.receipts[job.id] = "delivered";
    FakeJobRecord record(queue, job);
    ExpectFinished(record, end);
    EXPECT_EQ(drop.receipts[job.id], "delivered");
    EXPECT_THAT(drop.put_away, IsEmpty());
    EXPECT_THAT(output.published, IsEmpty()) << "no record of a failure";
  }
}

TEST_F(FinisherTest, DeliveryIsToldOnce) {
  FakeJobRecord record(queue, PublishedJob());
  ExpectFinished(record, JobState::kDelivered);
  EXPECT_THAT(log.events, ElementsAre("job.delivered"));
  EXPECT_TRUE(log.Contains("/srv/protected/App Release-protected-1767225100.apk.trace.json"));
  EXPECT_TRUE(log.Contains("production"));
  EXPECT_TRUE(log.Contains("state=delivered sha256=" + PublishedJob().artifact.sha256));
}

TEST_F(FinisherTest, MemoryOfThePublishingIsRemoved) {
  FakeJobRecord record(queue, PublishedJob());
  output.FailNext("Discard", EIO);
  ExpectFinished(record, JobState::kDelivered);
  EXPECT_THAT(output.calls, ElementsAre("Discard 0123456789abcdef.4.part"));
  EXPECT_EQ(log.Count("delivery.staging_left"), 1);
}

TEST_F(FinisherTest, OutputThatIsAwayHoldsNoDeliveredJobUp) {
  output_missing = PosixError("cannot open folder", "/srv/protected", ENOENT);
  FakeJobRecord record(queue, PublishedJob());
  ExpectFinished(record, JobState::kDelivered);
}

TEST_F(FinisherTest, FailureIsRecordedBesideTheDeliveriesAndBesideTheSource) {
  FakeJobRecord record(queue, FailedJob());
  ExpectFinished(record, JobState::kFailed);
  ASSERT_TRUE(output.published.contains(kFailedName));
  EXPECT_EQ(RecordedKind(), "build_failed");
  EXPECT_EQ(output.record_mode, 0640U);
  EXPECT_EQ(drop.put_away[0].destination, Destination::kFailed);
  EXPECT_THAT(drop.put_away[0].reason_json, HasSubstr("tegodrop-reason/1"));
  EXPECT_THAT(drop.receipts["0123456789abcdef"], HasSubstr("\"failed\""));
  EXPECT_THAT(log.events, ElementsAre("job.failed"));
  EXPECT_TRUE(log.Contains("build_failed"));
  EXPECT_TRUE(log.Contains("drop a repaired artifact"));
}

TEST_F(FinisherTest, NameThatIsNotUtf8GetsASafeRecord) {
  Job job = FailedJob();
  job.artifact.file_name = "a\xFF/b.apk";
  job.failure->kind = FailureKind::kBadName;
  FakeJobRecord record(queue, job);
  ExpectFinished(record, JobState::kFailed);
  EXPECT_EQ(output.published.begin()->first, "a__b.apk.0123456789abcdef.failed.json");
  EXPECT_EQ(drop.put_away[0].name, job.artifact.file_name) << "the file itself keeps its bytes";
}

TEST_F(FinisherTest, CancelledJobHasItsReasonEvenWhereNobodyGaveOne) {
  Job job = FailedJob();
  job.state = JobState::kCancelled;
  job.failure.reset();
  FakeJobRecord record(queue, job);
  ExpectFinished(record, JobState::kCancelled);
  EXPECT_EQ(RecordedKind(), "cancelled");
  EXPECT_THAT(drop.put_away[0].reason_json, HasSubstr("cancelled"));
  EXPECT_THAT(drop.receipts["0123456789abcdef"], HasSubstr("cancelled"));
}

TEST_F(FinisherTest, FailedCopyLeavesTheFolderAlone) {
  Job job = FailedJob();
  job.target.Edit().after = SourceAfter::kKeep;
  FakeJobRecord record(queue, job);
  ExpectFinished(record, JobState::kFailed);
  EXPECT_TRUE(drop.put_away[0].copy);
  EXPECT_TRUE(drop.put_away[0].reason_json.empty());
  EXPECT_THAT(drop.receipts, IsEmpty());
  EXPECT_THAT(output.receipts, SizeIs(1));
  EXPECT_TRUE(output.published.contains(kFailedName));
}

TEST_F(FinisherTest, WhatAFailedAttemptStagedIsRemoved) {
  Job job = FailedJob();
  job.output.staging_name = "0123456789abcdef.9.part";
  output.staged[job.output.staging_name] = "half";
  FakeJobRecord record(queue, job);
  ExpectFinished(record, JobState::kFailed);
  EXPECT_THAT(output.staged, IsEmpty());
}

TEST_F(FinisherTest, MissingDropFolderIsWaitedFor) {
  drop_missing = PosixError("cannot open folder", "/srv/drop", ENOENT);
  FakeJobRecord record(queue, PublishedJob());
  ExpectNotFinished(record, ENOENT);
  drop_missing.reset();
  ExpectFinished(record, JobState::kDelivered);
}

TEST_F(FinisherTest, FailureWaitsForTheOutputThatItIsToBeToldIn) {
  FakeJobRecord record(queue, FailedJob());
  output_missing = PosixError("cannot open folder", "/srv/protected", ENOENT);
  ExpectNotFinished(record, ENOENT);
  output_missing.reset();
  output.FailNext("WriteRecord", ENOSPC);
  ExpectNotFinished(record, ENOSPC);
  EXPECT_THAT(drop.put_away, IsEmpty());
  ExpectFinished(record, JobState::kFailed);
  EXPECT_TRUE(output.published.contains(kFailedName));
}

TEST_F(FinisherTest, OutputThatCannotBeWrittenIsNotWaitedForToSayThatItCannotBeWritten) {
  for (const SourceAfter after : {SourceAfter::kArchive, SourceAfter::kKeep}) {
    Job job = FailedJob();
    job.target.Edit().after = after;
    job.failure->kind = FailureKind::kOutputUnwritable;
    FakeJobRecord away(queue, job);
    output_missing = PosixError("cannot open folder", "/srv/protected", ENOENT);
    ExpectFinished(away, JobState::kFailed);
    output_missing.reset();
    FakeJobRecord refused(queue, job);
    output.FailNext("WriteRecord", EACCES);
    output.FailNext("WriteReceipt", EACCES);
    ExpectFinished(refused, JobState::kFailed);
    EXPECT_GE(log.Count("job.failed_unrecorded"), 2);
    log.events.clear();
  }
}

TEST_F(FinisherTest, EachStepThatFailsIsDoneAgainWithoutHarm) {
  for (int failing = 0; failing < 2; ++failing) {
    SCOPED_TRACE(failing);
    drop.put_away.clear();
    FakeJobRecord record(queue, PublishedJob());
    drop.order.clear();
    drop.receipts.clear();
    if (failing == 0) {
      drop.fail_next = {PosixError("cannot move", "a file", EIO)};
      ExpectNotFinished(record, EIO);
    } else {
      record.fail_next = PosixError("cannot write", "ledger", EIO);
      ExpectNotFinished(record, EIO);
    }
    EXPECT_EQ(record.job().state, JobState::kPublished);
    EXPECT_EQ(log.Count("job.delivered"), failing);
    ExpectFinished(record, JobState::kDelivered);
    EXPECT_THAT(drop.receipts, SizeIs(1));
    EXPECT_EQ(log.Count("job.delivered"), failing + 1);
  }
}

TEST_F(FinisherTest, JobThatHasNotEndedIsABug) {
  FakeJobRecord record(queue, FetchedJob());
  Finish(record);
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().kind, ErrorKind::kBug);
  EXPECT_THAT(drop.put_away, IsEmpty());
}

TEST_F(FinisherTest, DroppedAtAnyTurnAndBegunAgainEndsOnce) {
  bool ended = false;
  int cut = 0;
  for (; !ended; ++cut) {
    SCOPED_TRACE(cut);
    FakeJobRecord record(queue, FailedJob());
    output.Empty();
    drop.receipts.clear();
    HandlePtr handle = Start(record);
    for (int turn = 0; turn < cut && !answer; ++turn) queue.RunOne();
    ended = answer.has_value();
    handle.reset();
    answer.reset();
    queue.RunAll();
    EXPECT_FALSE(answer.has_value());
    if (!record.job().finished) ExpectFinished(record, JobState::kFailed);
    EXPECT_THAT(output.published, SizeIs(1));
    EXPECT_THAT(drop.receipts, SizeIs(1));
  }
  EXPECT_GE(cut, 4);
}

}  // namespace
}  // namespace tegodrop::testing
