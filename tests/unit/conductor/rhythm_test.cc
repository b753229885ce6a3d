// When the history is looked through: by what it taught, sooner for what joins, and at the interval for what is counted
// in intervals.
#include <chrono>
#include <ctime>
#include <limits>

#include "daemon/model/operator.h"
#include "tests/unit/conductor/scripted_rooms.h"

namespace tegodrop::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class RhythmTest : public ConductorTest {
 protected:
  // A job whose build the portal was asked for so long ago, and that was submitted then.
  Job Awaited(const std::string& id, milliseconds ago) {
    Job job = MakeJob(id, JobState::kBuilding);
    job.ticket.start_time = (clock.Wall() - ago.count()) / 1000;
    job.times.submitted = job.ticket.start_time * 1000;
    return job;
  }
  // A look that shows `job`, and a history in which builds took eight minutes, give or take a sixth.
  HistoryLook Teaches(const Job& job, std::optional<bool> success = std::nullopt) {
    HistoryLook look = Shows(job, success);
    for (int i = 0; i < 40; ++i) {
      BuildRow row = look.found.front().value();
      row.name = "earlier.apk";
      row.start_time = 1000 * (i + 1);
      row.end_time = row.start_time + 400 + 4 * i;
      row.success = true;
      look.times.Add(row);
    }
    return look;
  }
  // How long it takes until the next look, asked for by the second.
  seconds UntilLook(const std::string& version = "production") {
    for (seconds waited{0}; waited < hours(1); waited += seconds(1)) {
      if (!Live("look " + version).empty()) return waited;
      Step(seconds(1));
    }
    return hours(1);
  }
};

TEST_F(RhythmTest, WhileNothingIsKnownEachIntervalHasItsLook) {
  Take(Awaited("a", seconds(20)));
  for (int i = 0; i < 20; ++i) {
    Look(*Only("look production"), Shows(Row("a"), std::nullopt));
    EXPECT_EQ(UntilLook(), seconds(15));
  }
}

TEST_F(RhythmTest, TheFirstLookTeachesWhenTheNextOneIsDue) {
  Take(Awaited("a", seconds(20)));
  Look(*Only("look production"), Teaches(Row("a")));
  EXPECT_GE(UntilLook(), seconds(110)) << "no build is done so soon";
  Look(*Only("look production"), Shows(Row("a"), std::nullopt));
  Step(minutes(2));
  Step(minutes(2));
  Look(*Only("look production"), Shows(Row("a"), std::nullopt));
  EXPECT_EQ(UntilLook(), seconds(15)) << "about eight minutes: any moment now";
}

TEST_F(RhythmTest, TheAgeIsByThePortalsClock) {
  // Ours is an hour behind: by it, the build that the portal works on since eight minutes was not even asked for.
  conductor->SawClock(-hours(1));
  Job job = Awaited("a", seconds(480) - hours(1));
  job.times.submitted = clock.Wall() - 20'000;
  Take(job);
  Look(*Only("look production"), Teaches(Row("a")));
  EXPECT_EQ(UntilLook(), seconds(15));
}

TEST_F(RhythmTest, ABuildIsAtLeastAsOldAsItsUpload) {
  // No answer names the time, and ours is an hour behind: each build seems to begin in the future.
  Job job = Awaited("a", seconds(480) - hours(1));
  job.times.submitted = clock.Wall() - 480'000;
  Take(job);
  Look(*Only("look production"), Teaches(Row("a")));
  EXPECT_EQ(UntilLook(), seconds(15));
}

TEST_F(RhythmTest, AStartTimeThatCannotBeTrueSaysNothing) {
  for (const std::int64_t start_time :
       {std::numeric_limits<std::int64_t>::max(), std::int64_t{9'300'000'000'000'000}, 1000 * (clock.Wall() / 1000)}) {
    StartConductor();
    Job job = Awaited("a", seconds(480));
    job.ticket.start_time = start_time;
    Take(job);
    Look(*Only("look production"), Teaches(Row("a")));
    EXPECT_EQ(UntilLook(), seconds(15)) << start_time;
  }
}

TEST_F(RhythmTest, WhatJoinsBringsTheNextLookForwardAndNeverPutsItOff) {
  Take(Awaited("a", seconds(20)));
  Look(*Only("look production"), Teaches(Row("a")));
  Step(seconds(30));
  // One that has an end before it: the portal works on it since seven minutes.
  Take(MakeJob("b"));
  Submit(*Only("upload"), (clock.Wall() - 420'000) / 1000);
  EXPECT_EQ(UntilLook(), seconds(15));
  Look(*Only("look production"), Teaches(Row("a")));
  const MonoMs before = clock.Mono();
  Take(MakeJob("c"));
  Step(seconds(7));
  Submit(*Only("upload"), clock.Wall() / 1000);
  UntilLook();
  EXPECT_LE(clock.Mono() - before, 16'000) << "a young one puts nothing off";
}

TEST_F(RhythmTest, ForAnUploadOfUnknownOutcomeEachIntervalHasItsLook) {
  Take(Awaited("a", seconds(20)));
  Look(*Only("look production"), Teaches(Row("a")));
  Job unknown = Awaited("b", seconds(20));
  unknown.state = JobState::kConfirming;
  unknown.confirming_since = clock.Wall();
  Take(unknown);
  for (int i = 0; i < 10; ++i) {
    Look(*Only("look production"), HistoryLook{{}, true});
    EXPECT_EQ(UntilLook(), seconds(15));
  }
  EXPECT_GE(Row("b").confirming_looks, 9);
}

TEST_F(RhythmTest, ForWhatWaitsForAPersonTheCeilingIsEnough) {
  Job held = MakeJob("a", JobState::kConfirming);
  held.sends = 2;
  held.waiting = {"a person: …", clock.Wall(), 0};
  ASSERT_TRUE(HeldForAPerson(held));
  Take(held);
  Look(*Only("look production"), HistoryLook{{}, true});
  EXPECT_GE(UntilLook(), seconds(110));
}

TEST_F(RhythmTest, ForABuildThatWasResetEachIntervalHasItsLook) {
  Take(Awaited("a", seconds(20)));
  Look(*Only("look production"), Teaches(Row("a"), false));
  EXPECT_EQ(UntilLook(), seconds(15));
  Look(*Only("look production"), Shows(Row("a"), std::nullopt));
  EXPECT_GE(UntilLook(), seconds(90)) << "it runs again";
}

TEST_F(RhythmTest, AnOverdueBuildIsLookedAtEverLessOften) {
  Take(Awaited("a", hours(1)));
  Look(*Only("look production"), Teaches(Row("a")));
  const seconds after_an_hour = UntilLook();
  EXPECT_GT(after_an_hour, seconds(20));
  Step(hours(2));
  Look(*Only("look production"), Shows(Row("a"), std::nullopt));
  EXPECT_GT(UntilLook(), after_an_hour);
}

TEST_F(RhythmTest, AnAlarmAndADeadlineHaveALookOfTheirOwn) {
  ConductorSettings settings = Config();
  settings.polling.interval = minutes(10);
  settings.polling.ceiling = hours(24);
  settings.polling.alarm_after = hours(2);
  settings.polling.deadline = hours(5);
  conductor->UseSettings(settings);
  Take(Awaited("a", seconds(0)));
  const MonoMs submitted = clock.Mono();
  const auto age = [&] { return milliseconds(clock.Mono() - submitted); };
  Look(*Only("look production"), Teaches(Row("a")));
  std::optional<milliseconds> alarmed;
  while (Row("a").state == JobState::kBuilding && age() < hours(9)) {
    if (!Live("look production").empty()) {
      Look(*Only("look production"), Shows(Row("a"), std::nullopt));
      if (!alarmed && log.Count("job.build_takes_long") > 0) alarmed = age();
    }
    Step(seconds(1));
  }
  ASSERT_TRUE(alarmed);
  EXPECT_LE(*alarmed, hours(2) + minutes(10)) << "at once, or an interval after the look before it";
  EXPECT_EQ(log.Count("job.build_takes_long"), 1);
  EXPECT_EQ(Row("a").state, JobState::kFailed);
  EXPECT_LE(age(), hours(5) + minutes(10) + seconds(1));
}

TEST_F(RhythmTest, AnAlarmThatTheLedgerDidNotTakeIsTriedAgainAnIntervalLater) {
  ConductorSettings settings = Config();
  settings.polling.ceiling = hours(24);
  settings.polling.alarm_after = hours(2);
  conductor->UseSettings(settings);
  Take(Awaited("a", hours(3)));
  ledger.FailNext("save", PosixError("cannot write", "ledger", ENOSPC));
  Look(*Only("look production"), Teaches(Row("a")));
  EXPECT_FALSE(Row("a").alarmed);
  EXPECT_EQ(UntilLook(), seconds(15));
  Look(*Only("look production"), Shows(Row("a"), std::nullopt));
  EXPECT_TRUE(Row("a").alarmed);
}

TEST_F(RhythmTest, ALookAtTenThousandBuildsIsTakenInOnePass) {
  constexpr int kBuilds = 10'000;
  // Names that differ only at their end, so that a comparison of each with each would take its time.
  const std::string name(800, 'a');
  HistoryLook look{{}, true};
  for (int i = 0; i < kBuilds; ++i) {
    Job job = Awaited(name + std::to_string(kBuilds + i), seconds(20));
    look.found.push_back(Shows(job, std::nullopt).found.front());
    job.build = look.found.back();
    ledger.jobs[job.id] = job;
    conductor->Take(job);
  }
  Run();
  const auto attempt = Only("look production");
  ASSERT_EQ(attempt->awaited.size(), std::size_t{kBuilds});
  const std::clock_t before = std::clock();
  attempt->looked(std::move(look));
  EXPECT_LT(std::clock() - before, CLOCKS_PER_SEC);
  Run();
}

TEST_F(RhythmTest, AnEndThatTheLedgerDidNotTakeIsLookedForAgainAtOnce) {
  Take(Awaited("a", seconds(480)));
  Take(Awaited("young", seconds(5)));
  ledger.FailNext("save", PosixError("cannot write", "ledger", ENOSPC));
  Look(*Only("look production"), Teaches(Row("a"), true));
  EXPECT_EQ(Row("a").state, JobState::kBuilding);
  EXPECT_EQ(UntilLook(), seconds(15));
}

TEST_F(RhythmTest, ALookThatFailedHasItsOwnPatienceWhateverJoins) {
  Take(Awaited("a", seconds(480)));
  Error error = MakeError(ErrorKind::kRetry, "portal.example fails again and again");
  error.held_back = true;
  error.retry_after = seconds(60);
  Look(*Only("look production"), Fail(error));
  Take(MakeJob("b"));
  Submit(*Only("upload"), clock.Wall() / 1000);
  EXPECT_GE(UntilLook(), seconds(60));
}

TEST_F(RhythmTest, EachVersionLearnsByItself) {
  Job staging = Awaited("s", seconds(20));
  staging.target.Edit().version = "staging";
  Take(Awaited("a", seconds(20)));
  Take(staging);
  Look(*Only("look production"), Teaches(Row("a")));
  Look(*Only("look staging"), Shows(Row("s"), std::nullopt));
  EXPECT_EQ(UntilLook("staging"), seconds(15));
  EXPECT_TRUE(Live("look production").empty());
}

TEST_F(RhythmTest, FixedIsEachIntervalWhateverWasLearnt) {
  ConductorSettings settings = Config();
  settings.polling.mode = PollingMode::kFixed;
  conductor->UseSettings(settings);
  Take(Awaited("a", seconds(20)));
  for (int i = 0; i < 5; ++i) {
    Look(*Only("look production"), Teaches(Row("a")));
    EXPECT_EQ(UntilLook(), seconds(15));
  }
}

TEST_F(RhythmTest, AnotherConfigCountsFromTheNextLookOn) {
  Take(Awaited("a", seconds(20)));
  Look(*Only("look production"), Teaches(Row("a")));
  ConductorSettings settings = Config();
  settings.polling.mode = PollingMode::kFixed;
  settings.polling.interval = seconds(5);
  conductor->UseSettings(settings);
  EXPECT_LE(UntilLook(), seconds(5)) << "and not after the two minutes that were planned";
}

TEST_F(RhythmTest, ABuildsEndWakesWhatWaitsForItsSlotAtOnce) {
  concurrent_builds = 1;
  StartConductor();
  Take(Awaited("a", seconds(20)));
  Take(MakeJob("b"));
  Look(*Only("look production"), Teaches(Row("a")));
  EXPECT_TRUE(Live("upload").empty()) << "the one slot is taken";
  UntilLook();
  const MonoMs seen = clock.Mono();
  Look(*Only("look production"), Shows(Row("a"), true));
  EXPECT_EQ(Only("upload")->job, "b");
  EXPECT_EQ(clock.Mono(), seen) << "in the same moment";
}

}  // namespace
}  // namespace tegodrop::testing
