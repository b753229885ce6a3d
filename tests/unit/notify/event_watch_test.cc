// What is worth a message: each failure once, each trouble at its beginning and its end, over restarts, and only what
// was asked for.
#include "daemon/app/event_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_transfer.h"
#include "tests/fakes/recorded_log.h"
#include "tests/fakes/seeded_random.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/fakes/task_queue.h"
#include "tests/unit/notify/memory_outbox.h"

namespace tegodrop::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class EventWatchTest : public ::testing::Test {
 protected:
  EventWatchTest() {
    settings.name = "first";
    settings.output = "/out";
    scene.folders = {{&settings, true, "ok", ""}};
    Start();
  }
  void Start(std::vector<std::string> on = NotifySettings{}.on) {
    watch.reset();
    messenger.reset();
    messenger.emplace(MessengerWorld{clock, clock, random, log, outbox, transfer}, Secret("https://chat.example/x"),
                      "host", "1");
    messenger->Start([&, on] {
      watch.emplace(
          clock, clock, on, [this] { return there ? std::optional(scene) : std::nullopt; }, *messenger);
    });
    queue.RunAll();
  }
  // Time passes, in which nobody takes a message.
  void Step(std::chrono::milliseconds by) {
    clock.Step(by);
    queue.RunAll();
  }
  static Job Failed(const std::string& id) {
    Job job;
    job.id = id;
    job.target.Edit().folder = "first";
    job.artifact.file_name = id + ".apk";
    job.state = JobState::kFailed;
    job.failure = Failure{FailureKind::kChecksum, "it differs", "drop it again", {}, {}, {}};
    return job;
  }
  // The ledger has taken the change.
  void Change(const Job& job) {
    watch->OnChange(job);
    queue.RunAll();
  }
  // "folder over", one for each event that was told so far.
  std::vector<std::string> Told() const {
    std::vector<std::string> told;
    for (const auto& [number, event] : outbox.events) told.push_back(event.event + (event.over ? " over" : ""));
    return told;
  }
  const OutboxEvent& Last() const { return outbox.events.rbegin()->second; }

  TaskQueue queue;
  SteppedClock clock;
  SeededRandom random;
  RecordedLog log;
  MemoryOutbox outbox{queue};
  FakeTransfer transfer{queue};
  FolderSettings settings;
  EventScene scene;
  bool there = true;
  std::optional<Messenger> messenger;
  std::optional<EventWatch> watch;
};

TEST_F(EventWatchTest, AFailureIsToldOnceBeforeItsEndIsWritten) {
  Job job = Failed("a");
  Change(job);
  EXPECT_THAT(Told(), ElementsAre("failed"));
  EXPECT_EQ(Last().kind, "checksum");
  EXPECT_EQ(Last().message, "it differs");
  EXPECT_EQ(Last().remedy, "drop it again");
  EXPECT_EQ(Last().file_name, "a.apk");
  Change(job);
  job.finished = true;
  Change(job);
  EXPECT_THAT(Told(), ElementsAre("failed"));
  EXPECT_THAT(outbox.marks, IsEmpty()) << "nothing grows with the jobs";
}

TEST_F(EventWatchTest, AFailureThatWasToldBeforeADeathIsNotToldAgainAndTheNextOneIs) {
  Job job = Failed("a");
  Change(job);
  scene.jobs = {"a"};
  Start();
  Change(job);
  Step(seconds(10));
  Change(job);
  EXPECT_THAT(Told(), ElementsAre("failed"));
  job.state = JobState::kReclaiming;
  job.failure.reset();
  Change(job);
  Change(Failed("a"));
  EXPECT_THAT(Told(), ElementsAre("failed", "failed"));
}

TEST_F(EventWatchTest, AMarkOfAJobThatEndedAtADeathIsForgotten) {
  Change(Failed("a"));
  Start();
  Step(seconds(10));
  EXPECT_THAT(outbox.marks, IsEmpty());
}

TEST_F(EventWatchTest, WhatAPersonCancelledIsNotTold) {
  Job job = Failed("a");
  job.state = JobState::kCancelled;
  Change(job);
  EXPECT_THAT(Told(), IsEmpty());
}

TEST_F(EventWatchTest, ABuildThatTakesLongAndAJobThatNeedsAPersonAreStuck) {
  Job job = Failed("a");
  job.failure.reset();
  job.state = JobState::kBuilding;
  job.alarmed = true;
  Change(job);
  Change(job);
  Job held = Failed("b");
  held.failure.reset();
  held.state = JobState::kConfirming;
  held.waiting = {"a person: look at the portal", 1, 0};
  Change(held);
  EXPECT_THAT(Told(), ElementsAre("stuck", "stuck"));
  EXPECT_THAT(Last().message, HasSubstr("a person: look at the portal"));
}

TEST_F(EventWatchTest, AFolderInTroubleIsToldAtItsBeginningAndAtItsEnd) {
  Step(seconds(30));
  scene.folders[0].open = false;
  scene.folders[0].state = "missing";
  scene.folders[0].reason = "the mount is gone";
  Step(seconds(5));
  EXPECT_THAT(Told(), IsEmpty()) << "not at once";
  Step(seconds(15));
  EXPECT_THAT(Told(), ElementsAre("folder"));
  EXPECT_EQ(Last().message, "the drop folder first is missing: the mount is gone");
  EXPECT_EQ(Last().folder, "first");
  Step(hours(1));
  EXPECT_THAT(Told(), ElementsAre("folder"));
  Start();
  Step(hours(1));
  EXPECT_THAT(Told(), ElementsAre("folder")) << "nor after a restart";
  scene.folders[0] = {&settings, true, "ok", ""};
  Step(seconds(40));
  EXPECT_THAT(Told(), ElementsAre("folder", "folder over"));
}

TEST_F(EventWatchTest, OfAFolderThatWasNotOpenedYetNothingIsKnown) {
  scene.folders[0].state = "missing";
  Step(seconds(30));
  scene.folders[0] = {&settings, false, "ok", ""};
  Start();
  Step(minutes(10));
  EXPECT_THAT(Told(), ElementsAre("folder"));
}

TEST_F(EventWatchTest, AnOutputFolderInTroubleIsAFolderToo) {
  scene.overview.outputs_in_trouble["/out"] = "its folder: no space left";
  Step(seconds(20));
  ASSERT_THAT(Told(), ElementsAre("folder"));
  EXPECT_EQ(Last().folder, "first");
  EXPECT_THAT(Last().message, HasSubstr("/out"));
  scene.overview.outputs_in_trouble.clear();
  Step(minutes(1));
  EXPECT_THAT(Told(), ElementsAre("folder", "folder over"));
}

TEST_F(EventWatchTest, RefusedCredentialsAreOverOnceThePortalHasAnsweredWell) {
  scene.overview.credentials_refused = true;
  Step(seconds(10));
  EXPECT_THAT(Told(), ElementsAre("credentials"));
  Start();
  scene.overview.credentials_refused = false;
  Step(minutes(10));
  EXPECT_THAT(Told(), ElementsAre("credentials")) << "nothing was asked yet";
  scene.overview.portal_answered = clock.Mono();
  Step(seconds(10));
  EXPECT_THAT(Told(), ElementsAre("credentials", "credentials over"));
}

TEST_F(EventWatchTest, AtThePortalsLimitTheWholeNightIsOneTrouble) {
  scene.overview.portal_full = true;
  Step(seconds(10));
  for (int i = 0; i < 50; ++i) {
    scene.overview.portal_full = !scene.overview.portal_full;
    Step(minutes(5));
  }
  EXPECT_THAT(Told(), ElementsAre("quota"));
  scene.overview.portal_full = false;
  Step(minutes(11));
  EXPECT_THAT(Told(), ElementsAre("quota", "quota over"));
}

TEST_F(EventWatchTest, AClaimThatAnotherHostHasLeftIsToldOnceAlsoOverRestarts) {
  scene.left_claims = {"06xy"};
  Step(seconds(10));
  EXPECT_THAT(Told(), ElementsAre("stuck"));
  EXPECT_EQ(Last().job, "06xy");
  scene.left_claims.clear();
  Start();
  Step(hours(1));
  scene.left_claims = {"06xy"};
  Step(hours(1));
  EXPECT_THAT(Told(), ElementsAre("stuck"));
  scene.left_claims.clear();
  Step(hours(3));
  EXPECT_THAT(outbox.marks, IsEmpty());
}

TEST_F(EventWatchTest, OnlyWhatWasAskedForIsTold) {
  Start({"folder"});
  scene.overview.credentials_refused = true;
  scene.overview.portal_full = true;
  scene.folders[0].state = "degraded";
  Change(Failed("a"));
  Step(minutes(1));
  EXPECT_THAT(Told(), ElementsAre("folder"));
}

TEST_F(EventWatchTest, NothingIsToldOfADaemonThatIsStillStarting) {
  scene.overview.credentials_refused = true;
  there = false;
  Step(minutes(1));
  EXPECT_THAT(Told(), IsEmpty());
  there = true;
  Step(seconds(5));
  EXPECT_THAT(Told(), Contains("credentials"));
}

}  // namespace
}  // namespace tegodrop::testing
