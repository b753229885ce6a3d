// A person's commands on jobs at work, and paused folders.
#include "tests/unit/conductor/scripted_rooms.h"

namespace tegodrop::testing {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class OperatorTest : public ConductorTest {
 protected:
  // The plan that was carried out or refused.
  OperatorPlan Say(const std::string& id, OperatorVerb verb) {
    std::optional<Result<OperatorPlan>> answer;
    conductor->Operate(id, verb, [&](Result<OperatorPlan> plan) { answer = std::move(plan); });
    EXPECT_FALSE(answer) << "never inside the call";
    Run();
    EXPECT_TRUE(answer && *answer) << "no answer";
    return answer && *answer ? **answer : OperatorPlan{};
  }
};

TEST_F(OperatorTest, CancelDropsWhatIsUnderWayAndFinishesTheJob) {
  Take(MakeJob("a"));
  auto upload = Only("upload");
  Record(*upload, [](Job& job) { job.state = JobState::kRequested; });
  EXPECT_TRUE(Say("a", OperatorVerb::kCancel));
  EXPECT_FALSE(upload->live);
  EXPECT_EQ(Row("a").state, JobState::kCancelled);
  EXPECT_EQ(Row("a").failure->kind, FailureKind::kCancelled);
  EXPECT_EQ(Only("finish")->job, "a");
  EXPECT_EQ(Count("upload"), 1U);
}

TEST_F(OperatorTest, CancelEndsAWait) {
  Take(MakeJob("a"));
  End(*Only("upload"), Fail(ErrorKind::kSignIn, "token revoked"));
  Say("a", OperatorVerb::kCancel);
  EXPECT_TRUE(Row("a").waiting.for_what.empty());
  EXPECT_EQ(Live("finish").size(), 1U);
}

TEST_F(OperatorTest, ARefusalLeavesTheWorkAlone) {
  Take(MakeJob("a"));
  EXPECT_FALSE(Say("a", OperatorVerb::kRetry));
  EXPECT_FALSE(Say("a", OperatorVerb::kRedeliver));
  EXPECT_TRUE(Only("upload")->live);
  EXPECT_EQ(Count("upload"), 1U);
}

TEST_F(OperatorTest, WhatIsJustBeingRecordedComesFirstAndCounts) {
  Take(MakeJob("a"));
  auto upload = Only("upload");
  Record(*upload, [](Job& job) { job.state = JobState::kRequested; });
  Record(*upload, [](Job& job) { job.state = JobState::kUploading; });
  // The write is on its way when the command comes.
  upload->record->Save([](Job& job) { job.last_chunk_left = 7; }, "", [](const Status&) {});
  EXPECT_TRUE(Say("a", OperatorVerb::kCancel));
  EXPECT_EQ(Row("a").state, JobState::kCancelled);
  EXPECT_EQ(Row("a").last_chunk_left, 7) << "a retry must ask the history";
}

TEST_F(OperatorTest, ANameThatIsJustBeingRecordedMakesItTooLateAndTheJobGoesOn) {
  Take(MakeJob("a", JobState::kFetched));
  auto deliver = Only("deliver");
  deliver->record->Save([](Job& job) { job.output.protected_name = "a-protected.apk"; }, "", [](const Status&) {});
  EXPECT_FALSE(Say("a", OperatorVerb::kCancel));
  EXPECT_EQ(Row("a").state, JobState::kFetched);
  EXPECT_EQ(Only("deliver")->job, "a") << "begun again";
}

TEST_F(OperatorTest, ALedgerThatRefusesTheCommandLeavesTheJobAtWork) {
  Take(MakeJob("a"));
  ledger.FailNext("save", PosixError("cannot write", "ledger", ENOSPC));
  std::optional<Result<OperatorPlan>> answer;
  conductor->Operate("a", OperatorVerb::kCancel, [&](Result<OperatorPlan> plan) { answer = std::move(plan); });
  Run();
  ASSERT_TRUE(answer);
  EXPECT_FALSE(*answer);
  EXPECT_EQ(Row("a").state, JobState::kClaimed);
  EXPECT_EQ(Live("upload").size(), 1U) << "begun again";
}

TEST_F(OperatorTest, AReclaimedJobGoesOnFromWhatItsRowSays) {
  Job job = MakeJob("a", JobState::kReclaiming);
  job.sends = 1;
  Take(job);
  auto reclaim = Only("reclaim");
  Record(*reclaim, [this](Job& row) { AfterReclaim(row, clock.Wall()); });
  End(*reclaim);
  EXPECT_EQ(Row("a").state, JobState::kConfirming);
  Step(seconds(15));
  Look(*Only("look production"), Shows(Row("a"), true));
  EXPECT_EQ(Row("a").state, JobState::kBuilt);
  EXPECT_EQ(Count("upload"), 0U);
}

TEST_F(OperatorTest, AFolderThatIsAwayMakesAReclaimWait) {
  Take(MakeJob("a", JobState::kReclaiming));
  End(*Only("reclaim"), Fail(ErrorKind::kCorrupt, "the folder is another one"));
  EXPECT_EQ(Row("a").state, JobState::kReclaiming);
  EXPECT_FALSE(Row("a").failure);
  Step(seconds(20));
  EXPECT_EQ(Live("reclaim").size(), 1U);
}

TEST_F(OperatorTest, AFinishedJobWhoseUploadIsStillToBeAbortedCanBeRetried) {
  Job job = MakeJob("a", JobState::kCancelled);
  job.finished = true;
  job.aborts = {{"t/a.apk", "u"}};
  Take(job);
  EXPECT_TRUE(conductor->Has("a"));
  EXPECT_TRUE(Say("a", OperatorVerb::kRetry));
  EXPECT_EQ(Row("a").state, JobState::kReclaiming);
  EXPECT_EQ(Only("reclaim")->job, "a");
}

TEST_F(OperatorTest, APausedFolderBeginsNoUploadAndWhatIsUnderWayGoesOn) {
  Take(MakeJob("a"));
  conductor->SetPaused({"production"});
  Take(MakeJob("b"));
  EXPECT_EQ(Only("upload")->job, "a");
  EXPECT_EQ(conductor->overview().paused, 1);
  Submit(*Only("upload"));
  EXPECT_TRUE(Live("upload").empty());
  Step(hours(1));
  Look(*Only("look production"), Shows(Row("a"), true));
  EXPECT_EQ(Only("deliver")->job, "a") << "what the portal has comes back";
  conductor->SetPaused({});
  Run();
  EXPECT_EQ(Only("upload")->job, "b");
  EXPECT_EQ(conductor->overview().paused, 0);
}

TEST_F(OperatorTest, AnotherConfigHoldsFromTheNextUploadOn) {
  for (const char* id : {"a", "b", "c", "d"}) Take(MakeJob(id));
  const std::size_t before = Live("upload").size();
  ASSERT_LT(before, 4U);
  ConductorSettings more = Config();
  more.concurrent_uploads = 4;
  more.tenant = "another";
  conductor->UseSettings(more);
  Run();
  EXPECT_EQ(Live("upload").size(), 4U) << "and they are still of our tenant";
  ConductorSettings fewer = Config();
  fewer.concurrent_uploads = 1;
  conductor->UseSettings(fewer);
  Run();
  EXPECT_EQ(Live("upload").size(), 4U) << "what is under way goes on";
}

TEST_F(OperatorTest, AnotherNumberOfBuildsHoldsFromTheNextUploadOn) {
  Take(MakeJob("a"));
  ConductorSettings one = Config();
  one.concurrent_builds = 1;
  conductor->UseSettings(one);
  Take(MakeJob("b"));
  EXPECT_EQ(Only("upload")->job, "a");
  conductor->UseSettings(Config());
  Run();
  EXPECT_EQ(Live("upload").size(), 2U);
}

TEST_F(OperatorTest, TheEmptyNamePausesAllAndAnotherFolderNothing) {
  conductor->SetPaused({"other"});
  Take(MakeJob("a"));
  EXPECT_EQ(Live("upload").size(), 1U);
  conductor->SetPaused({""});
  Take(MakeJob("b"));
  EXPECT_EQ(Live("upload").size(), 1U);
}

TEST_F(OperatorTest, NoCommandWhileStopping) {
  Take(MakeJob("a"));
  conductor->Stop([] {});
  std::optional<Result<OperatorPlan>> answer;
  conductor->Operate("a", OperatorVerb::kCancel, [&](Result<OperatorPlan> plan) { answer = std::move(plan); });
  Run();
  ASSERT_TRUE(answer);
  EXPECT_FALSE(*answer);
  EXPECT_EQ(Row("a").state, JobState::kClaimed);
}

}  // namespace
}  // namespace tegodrop::testing
