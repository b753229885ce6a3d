// Which uploads the conductor begins: build slots, turns of the folders, and what was delivered already.
#include "daemon/conductor/conductor.h"
#include "tests/unit/conductor/scripted_rooms.h"

namespace tegodrop::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class UploadsTest : public ConductorTest {
 protected:
  Job Same(const std::string& id, const std::string& bytes = "b1") {
    Job job = MakeJob(id);
    job.target.Edit().skip_same_bytes = true;
    job.artifact.sha256 = bytes;
    return job;
  }
  Job Delivered(const std::string& id, const std::string& bytes = "b1") {
    Job job = Same(id, bytes);
    job.state = JobState::kDelivered;
    job.finished = true;
    job.target.Edit().output_path = "/out";
    job.output.protected_name = id + "-protected.apk";
    return job;
  }
  // Through the portal to its end.
  void Deliver(const std::string& id) {
    Step(seconds(15));
    Look(*Only("look production"), Shows(Row(id), true));
    auto deliver = Only("deliver");
    Record(*deliver, [](Job& job) { job.state = JobState::kFetched; });
    Record(*deliver, [](Job& job) {
      job.state = JobState::kPublished;
      job.output.protected_name = "x-protected.apk";
    });
    End(*deliver);
    auto finish = Only("finish");
    Record(*finish, [](Job& job) {
      job.state = JobState::kDelivered;
      job.finished = true;
    });
    End(*finish);
  }
  std::vector<std::string> Uploading() {
    std::vector<std::string> ids;
    for (const auto& attempt : Live("upload")) ids.push_back(attempt->job);
    return ids;
  }
};

TEST_F(UploadsTest, EachEndOfABuildLetsAsManyGoAsSlotsAreFree) {
  std::vector<Job> running;
  for (int i = 0; i < 2; ++i) {
    running.push_back(MakeJob("r" + std::to_string(i), JobState::kBuilding));
    running.back().ticket.start_time = 200 + i;
    Take(running.back());
  }
  for (int i = 0; i < 50; ++i) Take(MakeJob("w" + std::to_string(100 + i)));
  for (const auto& upload : Live("upload")) End(*upload, Fail(ErrorKind::kSlowDown, "the limit is reached"));
  EXPECT_EQ(Count("upload"), 2U) << "two had asked already";
  Step(minutes(2));
  EXPECT_EQ(Count("upload"), 2U);
  EXPECT_EQ(log.Count("portal.slow_down"), 2);
  for (const char* id : {"w100", "w149"}) {
    EXPECT_EQ(Row(id).waiting.for_what, "a free build slot or quota at the portal: the limit is reached") << id;
    EXPECT_EQ(Row(id).upload_tries, 0);
  }
  Look(*Only("look production"), Shows(running[0], true));
  EXPECT_EQ(Uploading(), std::vector<std::string>{"w100"}) << "one slot, one upload";
}

TEST_F(UploadsTest, AConfiguredNumberCountsFromTheBeginningOfAnUploadToTheEndOfItsBuild) {
  concurrent_builds = 2;
  StartConductor();
  for (const char* id : {"a", "b", "c"}) Take(MakeJob(id));
  EXPECT_EQ(Uploading(), (std::vector<std::string>{"a", "b"}));
  Submit(*Live("upload")[0], 100);
  Submit(*Live("upload")[0], 101);
  EXPECT_TRUE(Uploading().empty()) << "both build";
  EXPECT_NE(Row("c").waiting.for_what.find("limits.concurrent_builds"), std::string::npos);
  EXPECT_EQ(Row("c").waiting.not_before, 0);
  Step(seconds(15));
  Look(*Only("look production"), Shows(Row("a"), false));
  EXPECT_TRUE(Uploading().empty()) << "reset for signing, perhaps: it has not ended";
  Step(seconds(15));
  Look(*Only("look production"), Shows(Row("b"), true));
  EXPECT_EQ(Uploading(), std::vector<std::string>{"c"});
}

TEST_F(UploadsTest, WhatWasBegunInAnEarlierLifeSaysThatItWaitsForASlot) {
  for (const char* id : {"a", "b", "c"}) Take(MakeJob(id, JobState::kUploading));
  EXPECT_EQ(Uploading(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(Row("a").waiting.for_what, "");
  EXPECT_EQ(Row("c").waiting.for_what, "an upload slot");
  EXPECT_NE(Row("c").waiting.since, 0);
  EXPECT_EQ(Row("c").waiting.not_before, 0);
  Submit(*Live("upload")[0], 100);
  EXPECT_EQ(Uploading(), (std::vector<std::string>{"b", "c"}));
  Submit(*Live("upload")[1], 101);
  EXPECT_EQ(Row("c").waiting.for_what, "");
}

TEST_F(UploadsTest, WithNothingOfOursRunningOneAloneAsksNowAndThen) {
  for (int i = 0; i < 5; ++i) Take(MakeJob("w" + std::to_string(i)));
  for (const auto& upload : Live("upload")) End(*upload, Fail(ErrorKind::kSlowDown, "the weekly quota is used up"));
  EXPECT_EQ(Count("upload"), 2U);
  EXPECT_GT(Row("w3").waiting.not_before, clock.Wall()) << "when it is tried next";
  Step(seconds(40));
  ASSERT_EQ(Uploading().size(), 1U);
  End(*Only("upload"), Fail(ErrorKind::kSlowDown, "the weekly quota is used up"));
  Step(seconds(45));
  EXPECT_TRUE(Uploading().empty()) << "the wait has grown";
  Step(seconds(60));
  ASSERT_EQ(Uploading().size(), 1U);
  Submit(*Only("upload"));
  EXPECT_EQ(Uploading().size(), 2U) << "there is quota again: all go on";
}

TEST_F(UploadsTest, AnUploadOfAnotherAccountUsesNoSlotOfOurs) {
  concurrent_builds = 1;
  StartConductor();
  Job foreign = MakeJob("f", JobState::kBuilding);
  foreign.target.Edit().tenant = "other";
  Take(foreign);
  Take(MakeJob("a"));
  EXPECT_EQ(Uploading(), std::vector<std::string>{"a"});
}

TEST_F(UploadsTest, FoldersTakeTurns) {
  for (int i = 0; i < 6; ++i) {
    Job job = MakeJob("w" + std::to_string(i));
    if (i == 5) job.target.Edit().folder = "staging";
    ledger.jobs[job.id] = job;
    conductor->Take(job);
  }
  Run();
  EXPECT_EQ(Uploading(), (std::vector<std::string>{"w0", "w5"}));
}

TEST_F(UploadsTest, WhatWasDeliveredWithTheSameBytesIsNotBuiltAgain) {
  ledger.jobs["d"] = Delivered("d");
  Take(Same("e"));
  EXPECT_TRUE(Uploading().empty());
  EXPECT_EQ(Only("finish")->job, "e");
  EXPECT_EQ(Row("e").state, JobState::kPublished);
  EXPECT_EQ(Row("e").duplicate_of, "d");
  EXPECT_EQ(Row("e").duplicate_trace, "/out/d-protected.apk.trace.json");
  EXPECT_EQ(log.Count("job.duplicate"), 1);
}

TEST_F(UploadsTest, OtherBytesAnotherKeyOrAFailureAreBuilt) {
  Job failed = Delivered("a1");
  failed.state = JobState::kFailed;
  Job other_key = Delivered("a2");
  other_key.target.Edit().signing_key = "none";
  ledger.jobs = {{"a1", failed}, {"a2", other_key}, {"a3", Delivered("a3", "b2")}};
  Take(Same("e"));
  EXPECT_EQ(Uploading(), std::vector<std::string>{"e"});
}

TEST_F(UploadsTest, AFolderThatBuildsEveryDropDoesNotAskTheLedger) {
  ledger.jobs["d"] = Delivered("d");
  Job job = Same("e");
  job.target.Edit().skip_same_bytes = false;
  Take(job);
  EXPECT_EQ(Uploading(), std::vector<std::string>{"e"});
}

TEST_F(UploadsTest, ATwinInFlightIsWaitedForAndItsDeliveryIsEnough) {
  Take(Same("a"));
  Take(Same("b"));
  EXPECT_EQ(Uploading(), std::vector<std::string>{"a"});
  EXPECT_NE(Row("b").waiting.for_what.find("job a"), std::string::npos);
  Submit(*Only("upload"));
  EXPECT_TRUE(Uploading().empty());
  Deliver("a");
  EXPECT_EQ(Row("b").duplicate_of, "a");
  EXPECT_EQ(Count("upload"), 1U);
}

TEST_F(UploadsTest, ATwinThatFailsIsBuiltByTheNextOneAlone) {
  for (const char* id : {"a", "b", "c"}) Take(Same(id));
  End(*Only("upload"), Fail(ErrorKind::kRejected, "no"));
  EXPECT_EQ(Row("a").state, JobState::kFailed);
  EXPECT_EQ(Uploading(), std::vector<std::string>{"b"});
  EXPECT_EQ(Row("c").waiting.for_what.find("the end of job b"), 0U);
}

TEST_F(UploadsTest, AnOlderTwinThatComesLaterWaitsForTheOneThatHasBegun) {
  Take(Same("m"));
  Take(Same("a"));
  EXPECT_EQ(Uploading(), std::vector<std::string>{"m"});
}

TEST_F(UploadsTest, ALedgerThatCannotBeSearchedIsAskedAgain) {
  ledger.jobs["d"] = Delivered("d");
  ledger.FailNext("find_delivered", MakeError(ErrorKind::kLocalDisk, "I/O error"));
  Take(Same("e"));
  EXPECT_EQ(Row("e").state, JobState::kClaimed);
  Step(seconds(6));
  EXPECT_EQ(Row("e").duplicate_of, "d");
}

TEST_F(UploadsTest, ATryThatAPersonCancelsIsNotTheLast) {
  for (int i = 0; i < 3; ++i) Take(MakeJob("w" + std::to_string(i)));
  for (const auto& upload : Live("upload")) End(*upload, Fail(ErrorKind::kSlowDown, "quota"));
  Step(seconds(40));
  const std::string trying = Only("upload")->job;
  conductor->Operate(trying, OperatorVerb::kCancel, [](const Result<OperatorPlan>& plan) { EXPECT_TRUE(plan); });
  Run();
  EXPECT_TRUE(Uploading().empty());
  Step(minutes(1));
  ASSERT_EQ(Uploading().size(), 1U);
  EXPECT_NE(Uploading()[0], trying);
}

TEST_F(UploadsTest, AJobThatIsCancelledWhileItIsComparedStaysCancelled) {
  ledger.jobs["d"] = Delivered("d");
  Job job = Same("e");
  ledger.jobs["e"] = job;
  conductor->Take(job);
  clock.Step(std::chrono::milliseconds(0));  // the turn asks the ledger
  conductor->Operate("e", OperatorVerb::kCancel, [](const Result<OperatorPlan>& plan) { EXPECT_TRUE(plan); });
  Run();
  EXPECT_EQ(Row("e").state, JobState::kCancelled);
  EXPECT_EQ(Row("e").duplicate_of, "");
  EXPECT_EQ(log.Count("ledger.error"), 0);
}

TEST_F(UploadsTest, APausedFolderKeepsNoOtherOneFromItsTurn) {
  Job staging = MakeJob("s");
  staging.target.Edit().folder = "staging";
  conductor->SetPaused({"production"});
  Take(MakeJob("a"));
  Take(staging);
  EXPECT_EQ(Uploading(), std::vector<std::string>{"s"});
}

TEST_F(UploadsTest, ThousandsOfJobsTakeNoLongTurn) {
  constexpr int kJobs = 10'000;
  concurrent_builds = 2;
  StartConductor();
  for (int i = 0; i < kJobs; ++i) {
    Job job = MakeJob("w" + std::to_string(100'000 + i));
    job.target.Edit().folder = "f" + std::to_string(i % 7);
    ledger.jobs[job.id] = job;
    conductor->Take(job);
  }
  Run();
  EXPECT_EQ(Uploading().size(), 2U);
  EXPECT_EQ(conductor->overview().unfinished, kJobs);
}

}  // namespace
}  // namespace tegodrop::testing
