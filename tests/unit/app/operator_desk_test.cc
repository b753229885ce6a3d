// The desk: on rows of the ledger, and with the hands of a daemon.
#include "daemon/app/operator_desk.h"

#include <gtest/gtest.h>

#include "tests/fakes/memory_ledger.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop::testing {
namespace {

class DeskTest : public ::testing::Test {
 protected:
  OperatorDesk& Desk() {
    if (!desk) {
      FolderSettings first;
      first.name = "first";
      first.path = "/srv/drop/first";
      first.output = "/srv/protected/first";
      FolderSettings second = first;
      second.name = "second";
      second.output = "/srv/protected/second";
      desk = std::make_unique<OperatorDesk>(ledger, clock, std::vector<FolderSettings>{first, second}, hands);
    }
    return *desk;
  }
  OperatorAnswer Say(OperatorRequest request) {
    std::optional<OperatorAnswer> answer;
    Desk().Serve(std::move(request), [&](OperatorAnswer told) { answer = std::move(told); });
    queue.RunAll();
    EXPECT_TRUE(answer) << "no answer";
    return answer.value_or(OperatorAnswer{});
  }
  OperatorAnswer Say(OperatorCommand command, std::vector<std::string> jobs) {
    OperatorRequest request;
    request.command = command;
    request.jobs = std::move(jobs);
    return Say(std::move(request));
  }
  OperatorAnswer SayOf(OperatorCommand command, const std::string& folder) {
    OperatorRequest request;
    request.command = command;
    request.folder = folder;
    return Say(std::move(request));
  }
  Job& Add(const std::string& id, JobState state) {
    Job& job = ledger.jobs[id];
    job.id = id;
    job.state = state;
    job.finished = IsEnd(state);
    job.target.Edit().folder = "first";
    return job;
  }
  // A daemon in which `at_work` is at work.
  void GoOnline() {
    hands.has = [this](const std::string& job) { return at_work.contains(job); };
    hands.operate = [this](const std::string& job, OperatorVerb, std::function<void(Result<OperatorPlan>)> done) {
      queue.Post([this, job, done = std::move(done)] {
        operated.push_back(job);
        OperatorPlan plan;
        plan.change = [](Job&) {};
        plan.message = "done";
        done(plan);
      });
    };
    hands.take = [this](const Job& job) { taken.push_back(job.id); };
    hands.set_paused = [this](std::set<std::string> folders) { paused = std::move(folders); };
    hands.is_open = [this](const std::string&) { return open; };
    hands.accept_output = [this](const std::string& path) { return path == another_output; };
    hands.accept = [this](const std::string&, std::function<void(Status)> done) {
      queue.Post([this, done = std::move(done)] { done(accept); });
    };
  }

  TaskQueue queue;
  SteppedClock clock;
  MemoryLedger ledger{queue};
  OperatorHands hands;
  std::unique_ptr<OperatorDesk> desk;
  std::set<std::string> at_work;
  std::vector<std::string> operated;
  std::vector<std::string> taken;
  std::set<std::string> paused;
  bool open = false;
  std::string another_output;
  Status accept;
};

TEST_F(DeskTest, EachJobGetsItsOwnAnswer) {
  Add("aaa1", JobState::kFailed);
  Add("aab2", JobState::kDelivered);
  const OperatorAnswer answer = Say(OperatorCommand::kRetry, {"aaa", "aab2", "aa", "zzz"});
  ASSERT_EQ(answer.results.size(), 4U);
  EXPECT_EQ(answer.results[0].about, "aaa1");
  EXPECT_EQ(answer.results[0].outcome, OperatorOutcome::kDone);
  EXPECT_NE(answer.results[0].message.find("next run"), std::string::npos);
  EXPECT_EQ(answer.results[1].outcome, OperatorOutcome::kRefused);
  EXPECT_EQ(answer.results[2].outcome, OperatorOutcome::kUnknown);
  EXPECT_NE(answer.results[2].message.find("aaa1, aab2"), std::string::npos);
  EXPECT_EQ(answer.results[3].outcome, OperatorOutcome::kUnknown);
  EXPECT_EQ(ledger.jobs["aaa1"].state, JobState::kReclaiming);
  EXPECT_EQ(ledger.notes["aaa1"].back(), "retry");
}

TEST_F(DeskTest, AllThatFailedAreTheFailedAlone) {
  Add("a", JobState::kFailed);
  Add("b", JobState::kCancelled);
  Add("c", JobState::kFailed).finished = false;
  OperatorRequest request;
  request.all_failed = true;
  const OperatorAnswer answer = Say(request);
  ASSERT_EQ(answer.results.size(), 2U);
  EXPECT_EQ(answer.results[0].about, "a");
  EXPECT_EQ(answer.results[0].outcome, OperatorOutcome::kDone);
  EXPECT_EQ(answer.results[1].about, "c");
  EXPECT_EQ(answer.results[1].outcome, OperatorOutcome::kRefused);
  EXPECT_NE(answer.results[1].message.find("put away"), std::string::npos) << answer.results[1].message;
}

TEST_F(DeskTest, WithADaemonJobsAtWorkAreItsOwnAndEndedOnesAreHandedOver) {
  GoOnline();
  Add("a", JobState::kBuilding);
  at_work.insert("a");
  Add("b", JobState::kFailed);
  Add("c", JobState::kClaiming);
  const OperatorAnswer cancelled = Say(OperatorCommand::kCancel, {"a", "c"});
  EXPECT_EQ(operated, std::vector<std::string>{"a"});
  EXPECT_EQ(cancelled.results[1].outcome, OperatorOutcome::kRefused) << "its claim is on the way";
  EXPECT_EQ(ledger.jobs["a"].state, JobState::kBuilding) << "only the daemon writes its row";
  const OperatorAnswer retried = Say(OperatorCommand::kRetry, {"b"});
  EXPECT_EQ(retried.results[0].message.find("next run"), std::string::npos);
  EXPECT_EQ(taken, std::vector<std::string>{"b"});
}

TEST_F(DeskTest, WhatAnotherHostHasLeftIsTakenOverByRetryAlone) {
  GoOnline();
  std::vector<std::string> taken_over;
  hands.left_claims = [](const std::string& prefix) {
    std::vector<std::string> left;
    for (const char* job : {"xy1", "xz2"}) {
      if (std::string_view(job).starts_with(prefix)) left.emplace_back(job);
    }
    return left;
  };
  Result<std::string> answer = std::string("taken over as job new");
  hands.take_over = [&](const std::string& job, bool afresh, std::function<void(Result<std::string>)> done) {
    queue.Post([&taken_over, &answer, job, afresh, done = std::move(done)] {
      taken_over.push_back(job + (afresh ? " afresh" : ""));
      done(answer);
    });
  };
  const OperatorAnswer retried = Say(OperatorCommand::kRetry, {"xy", "x", "zz"});
  ASSERT_EQ(retried.results.size(), 3U);
  EXPECT_EQ(retried.results[0].about, "xy1");
  EXPECT_EQ(retried.results[0].outcome, OperatorOutcome::kDone);
  EXPECT_EQ(retried.results[0].message, "taken over as job new");
  EXPECT_EQ(retried.results[1].outcome, OperatorOutcome::kUnknown);
  EXPECT_NE(retried.results[1].message.find("xy1, xz2"), std::string::npos);
  EXPECT_EQ(retried.results[2].outcome, OperatorOutcome::kUnknown);
  Say(OperatorCommand::kRebuild, {"xz2"});
  EXPECT_EQ(taken_over, (std::vector<std::string>{"xy1", "xz2 afresh"}));
  EXPECT_EQ(Say(OperatorCommand::kCancel, {"xy1"}).results[0].outcome, OperatorOutcome::kRefused);
  answer = Fail(ErrorKind::kRejected, "its host was heard of");
  EXPECT_EQ(Say(OperatorCommand::kRetry, {"xy1"}).results[0].outcome, OperatorOutcome::kRefused);
  answer = Fail(ErrorKind::kLocalDisk, "the share is away");
  EXPECT_EQ(Say(OperatorCommand::kRetry, {"xy1"}).results[0].outcome, OperatorOutcome::kTrouble);
  EXPECT_EQ(taken_over.size(), 4U);
}

TEST_F(DeskTest, TheSameJobTwiceIsDoneOnce) {
  GoOnline();
  Add("b", JobState::kFailed);
  hands.take = [this](const Job& job) {
    taken.push_back(job.id);
    at_work.insert(job.id);
  };
  hands.operate = [this](const std::string&, OperatorVerb verb, std::function<void(Result<OperatorPlan>)> done) {
    queue.Post([this, verb, done = std::move(done)] { done(PlanFor(verb, ledger.jobs["b"], clock.Wall())); });
  };
  std::vector<OperatorOutcome> outcomes;
  for (int i = 0; i < 2; ++i) {
    OperatorRequest request;
    request.jobs = {"b"};
    Desk().Serve(request, [&](const OperatorAnswer& told) { outcomes.push_back(told.results[0].outcome); });
  }
  queue.RunAll();
  EXPECT_EQ(taken.size(), 1U);
  EXPECT_EQ(outcomes, (std::vector<OperatorOutcome>{OperatorOutcome::kDone, OperatorOutcome::kRefused}));
}

TEST_F(DeskTest, WhatTheLedgerDoesNotTakeIsNotDone) {
  GoOnline();
  Add("b", JobState::kFailed);
  ledger.FailNext("save", PosixError("cannot write", "ledger", ENOSPC));
  EXPECT_EQ(Say(OperatorCommand::kRetry, {"b"}).results[0].outcome, OperatorOutcome::kTrouble);
  EXPECT_TRUE(taken.empty());
  ledger.FailNext("find", PosixError("cannot read", "ledger", EIO));
  EXPECT_EQ(Say(OperatorCommand::kRetry, {"b"}).results[0].outcome, OperatorOutcome::kTrouble);
}

TEST_F(DeskTest, PausesAreRememberedAndTold) {
  GoOnline();
  EXPECT_EQ(SayOf(OperatorCommand::kPause, "first").results[0].outcome, OperatorOutcome::kDone);
  EXPECT_EQ(paused, std::set<std::string>{"first"});
  SayOf(OperatorCommand::kPause, "");
  EXPECT_EQ(ledger.pauses.size(), 2U);
  EXPECT_EQ(SayOf(OperatorCommand::kResume, "first").results[0].outcome, OperatorOutcome::kRefused)
      << "it would stay paused";
  SayOf(OperatorCommand::kResume, "");
  EXPECT_TRUE(ledger.pauses.empty());
  EXPECT_TRUE(paused.empty());
  EXPECT_NE(SayOf(OperatorCommand::kResume, "second").results[0].message.find("was not paused"), std::string::npos);
}

TEST_F(DeskTest, AFolderThatTheConfigHasNotIsUnknownAndTheOthersAreNamed) {
  for (const OperatorCommand command : {OperatorCommand::kPause, OperatorCommand::kResume, OperatorCommand::kAccept}) {
    const OperatorAnswer answer = SayOf(command, "third");
    EXPECT_EQ(answer.results[0].outcome, OperatorOutcome::kUnknown);
    EXPECT_NE(answer.results[0].message.find("first, second"), std::string::npos);
  }
  EXPECT_TRUE(ledger.pauses.empty());
}

TEST_F(DeskTest, AMovedFolderIsAcceptedByTheDaemon) {
  GoOnline();
  Add("a", JobState::kClaimed).finished = false;
  const OperatorAnswer answer = SayOf(OperatorCommand::kAccept, "first");
  EXPECT_EQ(answer.results[0].outcome, OperatorOutcome::kDone);
  EXPECT_NE(answer.results[0].message.find("1 unfinished"), std::string::npos) << "its files must have come along";
  accept = Fail(ErrorKind::kLocalDisk, "no such folder");
  EXPECT_EQ(SayOf(OperatorCommand::kAccept, "first").results[0].outcome, OperatorOutcome::kRefused);
  open = true;
  EXPECT_NE(SayOf(OperatorCommand::kAccept, "first").results[0].message.find("nothing to accept"), std::string::npos);
}

TEST_F(DeskTest, AnotherOutputFolderIsAcceptedAndForgotten) {
  GoOnline();
  Desk();
  open = true;
  another_output = "/srv/protected/first";
  ledger.outputs = {{"/srv/protected/first", "nfs"}, {"/srv/protected/second", "nfs"}};
  const OperatorAnswer answer = SayOf(OperatorCommand::kAccept, "first");
  EXPECT_EQ(answer.results[0].outcome, OperatorOutcome::kDone);
  EXPECT_NE(answer.results[0].message.find("/srv/protected/first) is accepted"), std::string::npos);
  EXPECT_EQ(ledger.outputs, (std::map<std::string, std::string>{{"/srv/protected/second", "nfs"}}));
}

TEST_F(DeskTest, WithoutADaemonTheLedgerForgetsWhatTheOutputWasOn) {
  hands.look = [](const FolderSettings&) -> Result<OperatorHands::Seen> { return OperatorHands::Seen{"", ""}; };
  bool another = false;
  hands.is_another_output = [&](const FolderSettings& folder, const std::string& fs_type) {
    EXPECT_EQ(folder.output + " " + fs_type, "/srv/protected/first nfs");
    return another;
  };
  ledger.outputs["/srv/protected/first"] = "nfs";
  EXPECT_NE(SayOf(OperatorCommand::kAccept, "first").results[0].message.find("nothing to accept"), std::string::npos);
  EXPECT_EQ(ledger.outputs.size(), 1U);
  another = true;
  EXPECT_NE(SayOf(OperatorCommand::kAccept, "first").results[0].message.find("is accepted"), std::string::npos);
  EXPECT_TRUE(ledger.outputs.empty());
}

TEST_F(DeskTest, WithoutADaemonTheLedgerLearnsWhatStandsThere) {
  FolderRecord& record = ledger.folders["first"];
  record.name = "first";
  record.path = "/srv/drop/first";
  record.room_id = "old";
  record.fs_type = "ext4";
  record.first_seen = 5;
  record.state = "missing";
  OperatorHands::Seen seen{"new", "nfs"};
  hands.look = [&](const FolderSettings&) -> Result<OperatorHands::Seen> { return seen; };
  EXPECT_EQ(SayOf(OperatorCommand::kAccept, "first").results[0].outcome, OperatorOutcome::kDone);
  EXPECT_EQ(ledger.folders["first"].room_id, "new");
  EXPECT_EQ(ledger.folders["first"].fs_type, "nfs");
  EXPECT_EQ(ledger.folders["first"].first_seen, 5);
  EXPECT_NE(SayOf(OperatorCommand::kAccept, "first").results[0].message.find("the known one"), std::string::npos);
  EXPECT_NE(SayOf(OperatorCommand::kAccept, "second").results[0].message.find("never opened"), std::string::npos);
}

}  // namespace
}  // namespace tegodrop::testing
