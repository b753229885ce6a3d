// The loop over the rooms: where a row sends its job, what holds it up, and what a restart makes of it.
#include "daemon/conductor/conductor.h"

#include "tests/unit/conductor/scripted_rooms.h"

namespace tegodrop::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(ConductorTest, CarriesAJobFromItsClaimToItsEnd) {
  Take(MakeJob("a"));
  Submit(*Only("upload"));
  EXPECT_TRUE(Live("look production").empty()) << "no build is done at once";
  Step(seconds(15));
  Look(*Only("look production"), Shows(Row("a"), std::nullopt));
  EXPECT_EQ(Row("a").state, JobState::kBuilding);
  Step(seconds(15));
  Look(*Only("look production"), Shows(Row("a"), true));
  auto deliver = Only("deliver");
  Record(*deliver, [](Job& job) { job.state = JobState::kFetched; });
  Record(*deliver, [](Job& job) { job.state = JobState::kPublished; });
  End(*deliver);
  auto finish = Only("finish");
  Record(*finish, [](Job& job) {
    job.state = JobState::kDelivered;
    job.finished = true;
  });
  End(*finish);
  EXPECT_EQ(conductor->overview().unfinished, 0);
  EXPECT_EQ(Count("upload"), 1U);
  EXPECT_TRUE(last_seen->finished) << "reported with its end";
}

TEST_F(ConductorTest, NothingRunsWhileNothingIsDue) {
  Take(MakeJob("a"));
  EXPECT_EQ(clock.pending(), 0U) << "the room works; no timer is needed";
  Submit(*Only("upload"));
  EXPECT_EQ(clock.pending(), 1U) << "the next look, and nothing else";
}

TEST_F(ConductorTest, TurnsThatTakeTimeLeaveMostOfItToOthers) {
  begin_takes = std::chrono::milliseconds(10);
  Take(MakeJob("a"));
  EXPECT_EQ(Live("upload").size(), 1U);
  Take(MakeJob("b"));
  EXPECT_EQ(Live("upload").size(), 1U);
  Step(std::chrono::milliseconds(39));
  EXPECT_EQ(Live("upload").size(), 1U);
  Step(std::chrono::milliseconds(1));
  EXPECT_EQ(Live("upload").size(), 2U);
}

TEST_F(ConductorTest, UploadsAtMostAsManyAsAllowedTheUrgentFirst) {
  for (const char* id : {"a", "b", "c"}) {
    Job job = MakeJob(id);
    job.target.Edit().priority = id[0] == 'c' ? 1 : 0;
    ledger.jobs[id] = job;
    conductor->Take(job);
  }
  Run();
  auto uploads = Live("upload");
  ASSERT_EQ(uploads.size(), 2U);
  EXPECT_EQ(uploads[0]->job, "c") << "priority";
  EXPECT_EQ(uploads[1]->job, "a") << "then age";
  Submit(*uploads[1]);
  EXPECT_EQ(Live("upload").size(), 2U);
  EXPECT_EQ(Live("upload")[1]->job, "b");
}

TEST_F(ConductorTest, PassingTroubleIsShownOnTheRowAndTriedAgain) {
  Take(MakeJob("a"));
  End(*Only("upload"), Fail(ErrorKind::kRetry, "connection refused"));
  EXPECT_NE(Row("a").waiting.for_what.find("connection refused"), std::string::npos);
  EXPECT_TRUE(conductor->overview().portal_silent_since);
  Step(seconds(61));
  EXPECT_EQ(Live("upload").size(), 1U);
  Submit(*Only("upload"));
  EXPECT_TRUE(Row("a").waiting.for_what.empty()) << "a wait ends with what is recorded next";
  EXPECT_FALSE(conductor->overview().portal_silent_since);
}

TEST_F(ConductorTest, TooManyBuildsHoldEveryUploadUntilOneOfOursEnds) {
  Job running = MakeJob("r", JobState::kBuilding);
  Take(running);
  Take(MakeJob("a"));
  Take(MakeJob("b"));
  for (const auto& upload : Live("upload")) End(*upload, Fail(ErrorKind::kSlowDown, "3 builds are running"));
  Step(seconds(20));
  EXPECT_TRUE(Live("upload").empty());
  EXPECT_NE(Row("b").waiting.for_what.find("build slot"), std::string::npos);
  EXPECT_FALSE(Row("a").failure);
  EXPECT_EQ(Row("a").upload_tries, 0) << "waiting for a slot is no try";
  Look(*Only("look production"), Shows(running, true));
  EXPECT_EQ(Live("upload").size(), 1U) << "one slot is free";
}

TEST_F(ConductorTest, RefusedCredentialsStopEveryQuestionAndShowOnEveryJob) {
  Take(MakeJob("a"));
  Take(MakeJob("b", JobState::kBuilt));
  Take(MakeJob("c", JobState::kBuilding));
  End(*Only("upload"), Fail(ErrorKind::kSignIn, "token revoked"));
  Look(*Only("look production"), Fail(ErrorKind::kSignIn, "token revoked"));
  End(*Only("deliver"), Fail(ErrorKind::kSignIn, "token revoked"));
  EXPECT_TRUE(conductor->overview().credentials_refused);
  Step(minutes(10));
  EXPECT_TRUE(Live("upload").empty());
  EXPECT_TRUE(Live("deliver").empty());
  EXPECT_TRUE(Live("look production").empty());
  for (const char* id : {"a", "b", "c"}) {
    EXPECT_NE(Row(id).waiting.for_what.find("token revoked"), std::string::npos) << id;
  }
  Step(minutes(6));
  Look(*Only("look production"), Shows(Row("c"), true));
  EXPECT_FALSE(conductor->overview().credentials_refused) << "the portal answers again";
}

TEST_F(ConductorTest, RefusedCredentialsStandInTheStatusAndOtherOnesAreTriedAtOnce) {
  Take(MakeJob("a"));
  End(*Only("upload"), Fail(ErrorKind::kSignIn, "token revoked"));
  ASSERT_EQ(ledger.notices.count(kCredentialsNotice), 1U);
  EXPECT_NE(ledger.notices[kCredentialsNotice].text.find("token revoked"), std::string::npos);
  conductor->CredentialsChanged();
  Run();
  EXPECT_TRUE(ledger.notices.empty());
  EXPECT_FALSE(conductor->overview().credentials_refused);
  Submit(*Only("upload"));
  EXPECT_EQ(Row("a").state, JobState::kSubmitted);
}

TEST_F(ConductorTest, AHostThatIsLeftAloneHoldsUpEveryUploadUntilThen) {
  for (const char* id : {"a", "b", "c"}) Take(MakeJob(id));
  Error error = MakeError(ErrorKind::kRetry, "store.example fails again and again");
  error.held_back = true;
  error.retry_after = std::chrono::seconds(60);
  End(*Live("upload").front(), Fail(error));
  End(*Only("upload"), Fail(error));
  EXPECT_EQ(Live("upload").size(), 0U) << "the third has not even tried";
  for (const char* id : {"a", "b", "c"}) {
    EXPECT_NE(ledger.jobs[id].waiting.for_what.find("store.example"), std::string::npos) << id;
    EXPECT_GE(ledger.jobs[id].waiting.not_before, clock.Wall() + 60'000) << id;
    EXPECT_EQ(ledger.jobs[id].waiting.since, clock.Wall()) << id;
  }
  Take(MakeJob("built", JobState::kBuilt));
  EXPECT_EQ(Live("deliver").size(), 1U) << "another stage is not concerned";
  Step(std::chrono::seconds(59));
  EXPECT_EQ(Live("upload").size(), 0U);
  Step(std::chrono::seconds(2));
  EXPECT_EQ(Live("upload").size(), 2U);
}

TEST_F(ConductorTest, ARefusalFailsTheJobWithItsReason) {
  Take(MakeJob("a"));
  End(*Only("upload"), Fail(ErrorKind::kRejected, "no protection is enabled"));
  ASSERT_TRUE(Row("a").failure);
  EXPECT_EQ(Row("a").failure->kind, FailureKind::kPortalRefused);
  EXPECT_EQ(Only("finish")->job, "a");
}

TEST_F(ConductorTest, AfterADeathBehindTheLastChunkTheHistoryIsAskedAndNothingIsSent) {
  Job job = MakeJob("a", JobState::kUploading);
  job.last_chunk_left = clock.Wall();
  Take(job);
  EXPECT_TRUE(Live("upload").empty());
  EXPECT_EQ(Row("a").state, JobState::kConfirming);
  EXPECT_EQ(Row("a").sends, 1);
  Step(seconds(15));
  Look(*Only("look production"), Shows(Row("a"), true));
  EXPECT_EQ(Row("a").state, JobState::kBuilt) << "it had arrived, and is done already";
  EXPECT_EQ(Count("upload"), 0U);
}

TEST_F(ConductorTest, AfterADeathBeforeTheLastChunkItIsSentAgain) {
  Take(MakeJob("a", JobState::kUploading));
  EXPECT_EQ(Only("upload")->job, "a");
}

TEST_F(ConductorTest, AnUnfinishedEndIsFinishedAfterARestart) {
  for (const JobState state : {JobState::kPublished, JobState::kFailed, JobState::kCancelled}) {
    Take(MakeJob(std::string(ToString(state)), state));
  }
  EXPECT_EQ(Live("finish").size(), 3U);
}

TEST_F(ConductorTest, AClaimThatHappenedGoesOnAndOneThatDidNotIsForgotten) {
  Take(MakeJob("a", JobState::kClaiming));
  Take(MakeJob("b", JobState::kClaiming));
  Job refused = MakeJob("c", JobState::kClaiming);
  refused.failure.emplace();
  Take(refused);
  const auto asked = Live("has_claimed");
  ASSERT_EQ(asked.size(), 3U);
  for (const auto& attempt : asked) {
    attempt->live = false;
    const auto claimed = std::move(attempt->claimed);
    claimed(attempt->job != "b");
  }
  Run();
  EXPECT_EQ(Only("upload")->job, "a");
  EXPECT_FALSE(ledger.jobs.contains("b"));
  EXPECT_EQ(Row("c").state, JobState::kFailed) << "refused stays refused";
  EXPECT_EQ(conductor->overview().unfinished, 2);
}

TEST_F(ConductorTest, AJobOfAnotherTenantWaitsAndSaysSo) {
  Job job = MakeJob("a");
  job.target.Edit().tenant = "other";
  Take(job);
  Step(hours(1));
  EXPECT_TRUE(Live("upload").empty());
  EXPECT_NE(Row("a").waiting.for_what.find("other"), std::string::npos);
  EXPECT_EQ(conductor->overview().held_for_person, 1);
}

TEST_F(ConductorTest, AWaitOfAnEarlierLifeIsKept) {
  Job job = MakeJob("a");
  job.waiting = {"the portal: HTTP 503", clock.Wall(), clock.Wall() + 40'000};
  Take(job);
  EXPECT_TRUE(Live("upload").empty());
  Step(seconds(41));
  EXPECT_EQ(Live("upload").size(), 1U);
}

TEST_F(ConductorTest, AFolderThatIsBackEndsTheWaitOfItsJobs) {
  Take(MakeJob("a"));
  End(*Only("upload"), Fail(ErrorKind::kLocalDisk, "the drop folder is missing"));
  EXPECT_TRUE(Live("upload").empty());
  conductor->FolderIsBack("production");
  Run();
  EXPECT_EQ(Live("upload").size(), 1U);
}

TEST_F(ConductorTest, AFullOutputDiskHoldsUpOnlyWhatNeedsIt) {
  Take(MakeJob("a", JobState::kBuilt));
  Error full = PosixError("cannot write", "/out", ENOSPC);
  End(*Only("deliver"), Fail(full));
  EXPECT_FALSE(Row("a").failure);
  EXPECT_EQ(conductor->overview().blocked_on_output, 1);
  Take(MakeJob("b"));
  EXPECT_EQ(Only("upload")->job, "b");
  Step(seconds(20));
  EXPECT_EQ(Live("deliver").size(), 1U) << "tried again";
}

TEST_F(ConductorTest, AWriteThatTheLedgerRefusesIsMadeAgain) {
  Take(MakeJob("a", JobState::kBuilding));
  ledger.FailNext("save", PosixError("cannot write", "ledger", ENOSPC));
  Look(*Only("look production"), Shows(Row("a"), true));
  EXPECT_EQ(Row("a").state, JobState::kBuilding);
  EXPECT_EQ(log.Count("ledger.error"), 1);
  Step(seconds(15));
  Look(*Only("look production"), Shows(Row("a"), true));
  EXPECT_EQ(Row("a").state, JobState::kBuilt);
}

TEST_F(ConductorTest, AWaitThatTheLedgerRefusedIsShownSoonAfterItTakesChangesAgain) {
  Take(MakeJob("a"));
  Take(MakeJob("b", JobState::kBuilding));
  const auto full = [&] { ledger.FailNext("save", PosixError("cannot write", "ledger", ENOSPC)); };
  full();
  full();
  full();
  End(*Only("upload"), Fail(ErrorKind::kSignIn, "token revoked"));
  EXPECT_TRUE(Row("a").waiting.for_what.empty());
  EXPECT_TRUE(Row("b").waiting.for_what.empty());
  Step(seconds(6));
  EXPECT_NE(Row("a").waiting.for_what.find("token revoked"), std::string::npos);
  EXPECT_NE(Row("b").waiting.for_what.find("token revoked"), std::string::npos);
  EXPECT_TRUE(Live("upload").empty()) << "what the ledger refused is no reason to ask the portal sooner";
}

TEST_F(ConductorTest, WhatAnotherHostHasTakenOverEndsWithoutAWordOfOurs) {
  Take(MakeJob("a"));
  ledger.FailNext("save", PosixError("cannot write", "ledger", ENOSPC));
  End(*Only("upload"), Fail(ErrorKind::kTakenOver, "another host has taken it over"));
  EXPECT_FALSE(Row("a").finished);
  Step(seconds(6));
  End(*Only("upload"), Fail(ErrorKind::kTakenOver, "another host has taken it over"));
  EXPECT_EQ(Row("a").state, JobState::kCancelled);
  EXPECT_TRUE(Row("a").finished);
  EXPECT_EQ(Row("a").failure->message, "another host has taken it over");
  Step(minutes(10));
  EXPECT_TRUE(Live("upload").empty());
  EXPECT_EQ(Count("finish"), 0U) << "no receipt, no record: those are the other host's";
  EXPECT_FALSE(conductor->Has("a"));
  // So does one that had ended already, and was just about to say so.
  Job failed = MakeJob("f", JobState::kFailed);
  failed.finished = false;
  failed.failure.emplace();
  Take(failed);
  End(*Only("finish"), Fail(ErrorKind::kTakenOver, "another host has taken it over"));
  EXPECT_EQ(Row("f").state, JobState::kFailed);
  EXPECT_TRUE(Row("f").finished);
}

TEST_F(ConductorTest, ARoomCannotBreakTheLifecycle) {
  Take(MakeJob("a"));
  auto upload = Only("upload");
  Status answer;
  upload->record->Save([](Job& job) { job.state = JobState::kDelivered; }, "", [&](Status saved) { answer = saved; });
  Run();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kBug);
  EXPECT_EQ(Row("a").state, JobState::kClaimed);
}

TEST_F(ConductorTest, StopCancelsWhatIsUnderWayButWaitsForTheLastAnswer) {
  Take(MakeJob("a"));
  Take(MakeJob("b"));
  auto last = Live("upload")[1];
  Record(*last, [](Job& job) { job.state = JobState::kRequested; });
  Record(*last, [](Job& job) { job.state = JobState::kUploading; });
  Record(*last, [](Job& job) { job.last_chunk_left = 1; });
  bool stopped = false;
  conductor->Stop([&] { stopped = true; });
  EXPECT_FALSE(stopped) << "never inside the call";
  Run();
  EXPECT_FALSE(stopped);
  EXPECT_EQ(Live("upload").size(), 1U) << "the other one is cancelled";
  Record(*last, [](Job& job) { job.state = JobState::kSubmitted; });
  End(*last);
  EXPECT_TRUE(stopped);
  EXPECT_EQ(Row("b").state, JobState::kSubmitted);
}

TEST_F(ConductorTest, StopDoesNotWaitLongForAnAnswerThatDoesNotCome) {
  Take(MakeJob("a"));
  auto upload = Only("upload");
  Record(*upload, [](Job& job) { job.state = JobState::kRequested; });
  Record(*upload, [](Job& job) { job.state = JobState::kUploading; });
  Record(*upload, [](Job& job) { job.last_chunk_left = 1; });
  bool stopped = false;
  conductor->Stop([&] { stopped = true; });
  Step(seconds(2));
  EXPECT_TRUE(stopped);
  EXPECT_EQ(Row("a").last_chunk_left, 1) << "the next life asks the history";
}

TEST_F(ConductorTest, AnEndThatItsFolderRefusesIsTriedAgainLaterWithItsOwnFailure) {
  Job job = MakeJob("a", JobState::kFailed);
  job.failure = Failure{FailureKind::kBuildFailed, "no manifest", "", {}, {}, {}};
  Take(job);
  End(*Only("finish"), Fail(ErrorKind::kCorrupt, "the folder is another one"));
  EXPECT_TRUE(Live("finish").empty()) << "no spinning";
  EXPECT_EQ(Row("a").failure->message, "no manifest");
  EXPECT_NE(Row("a").waiting.for_what.find("another one"), std::string::npos);
  Step(seconds(20));
  EXPECT_EQ(Live("finish").size(), 1U);
}

TEST_F(ConductorTest, AWaitLastsFromItsFirstErrorAndIsToldOnce) {
  Take(MakeJob("a"));
  const WallMs first = clock.Wall();
  for (int i = 0; i < 4; ++i) {
    auto upload = Only("upload");
    Record(*upload, [](Job& row) { ++row.upload_tries; });
    End(*upload, Fail(ErrorKind::kRetry, "connection refused"));
    EXPECT_EQ(Row("a").waiting.since, first) << i;
    Step(seconds(61));
  }
  EXPECT_EQ(log.Count("job.waiting"), 1);
}

TEST_F(ConductorTest, AFetchedJobNeedsNoPortal) {
  Take(MakeJob("a"));
  End(*Only("upload"), Fail(ErrorKind::kSignIn, "token revoked"));
  Take(MakeJob("b", JobState::kFetched));
  EXPECT_EQ(Only("deliver")->job, "b");
  End(*Only("deliver"));
  EXPECT_TRUE(conductor->overview().credentials_refused) << "the portal was not asked";
}

TEST_F(ConductorTest, BytesThatMoveAreAPortalThatAnswers) {
  Take(MakeJob("a"));
  End(*Only("upload"), Fail(ErrorKind::kRetry, "HTTP 503"));
  Step(seconds(61));
  EXPECT_TRUE(conductor->overview().portal_silent_since);
  Only("upload")->progress(1, 10);
  EXPECT_FALSE(conductor->overview().portal_silent_since);
}

TEST_F(ConductorTest, AForeignJobOfUnknownOutcomeKeepsItsExplanation) {
  Job job = MakeJob("a", JobState::kUploading);
  job.last_chunk_left = 1;
  job.target.Edit().tenant = "other";
  Take(job);
  Step(hours(1));
  EXPECT_EQ(Row("a").state, JobState::kUploading);
  EXPECT_NE(Row("a").waiting.for_what.find("other"), std::string::npos);
}

TEST_F(ConductorTest, ProgressIsHandedOnWithItsJob) {
  Take(MakeJob("a"));
  auto upload = Only("upload");
  upload->progress(5, 10);
  EXPECT_EQ(last_seen->id, "a");
}

}  // namespace
}  // namespace tegodrop::testing
