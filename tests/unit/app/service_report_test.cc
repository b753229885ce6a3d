// What systemd is told, and when.
#include "daemon/app/service_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "daemon/app/status_line.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RecordedManager final : public ServiceManager {
 public:
  bool listens() const override { return there; }
  void Ready() override { said.emplace_back("READY"); }
  void Reloading() override { said.emplace_back("RELOADING"); }
  void Stopping() override { said.emplace_back("STOPPING"); }
  void Say(const std::string& status) override { said.push_back("STATUS " + status); }
  void Alive() override { ++beats; }
  std::optional<std::chrono::microseconds> patience() const override { return watchdog; }

  bool there = true;
  std::optional<std::chrono::microseconds> watchdog = std::chrono::microseconds(seconds(20));
  std::vector<std::string> said;
  int beats = 0;
};

class ServiceReportTest : public ::testing::Test {
 protected:
  void Begin() {
    report.emplace(
        manager, clock, [this](std::function<void()> fn) { queue.Post(std::move(fn)); }, [this] { return status; });
  }
  // With the loop's posted functions run after each timer.
  void Pass(milliseconds time) {
    for (; time.count() > 0; time -= milliseconds(100)) {
      clock.Step(milliseconds(100));
      queue.RunAll();
    }
  }

  SteppedClock clock;
  TaskQueue queue;
  RecordedManager manager;
  std::string status;
  std::optional<ServiceReport> report;
};

TEST_F(ServiceReportTest, BeatsFourTimesInTheWatchdogsPatience) {
  Begin();
  Pass(seconds(60));
  EXPECT_GE(manager.beats, 12);
  EXPECT_LE(manager.beats, 13);
}

TEST_F(ServiceReportTest, DoesNotBeatWhenTimersFireAndNothingThatIsPostedRuns) {
  Begin();
  clock.Step(seconds(60));
  EXPECT_EQ(manager.beats, 0);
  queue.RunAll();
  EXPECT_EQ(manager.beats, 1) << "one that is late is not made up for";
}

TEST_F(ServiceReportTest, WithoutAWatchdogNobodyIsToldThatItLives) {
  manager.watchdog.reset();
  Begin();
  Pass(seconds(60));
  EXPECT_EQ(manager.beats, 0);
}

TEST_F(ServiceReportTest, WithoutAServiceManagerTheLoopIsNeverWoken) {
  manager.there = false;
  Begin();
  report->Changed();
  EXPECT_EQ(clock.pending(), 0U);
}

TEST_F(ServiceReportTest, IsReadyOnceWithItsStatusInFront) {
  Begin();
  status = "1 folder";
  report->Ready();
  report->Ready();
  EXPECT_THAT(manager.said, ElementsAre("STATUS 1 folder", "READY"));
}

TEST_F(ServiceReportTest, ASwarmOfChangesIsSaidOnceASecond) {
  manager.watchdog.reset();
  Begin();
  queue.RunAll();
  for (int i = 0; i < 1000; ++i) {
    status = "1 folder, " + std::to_string(i) + " queued";
    report->Changed();
  }
  clock.Step(seconds(1));
  EXPECT_THAT(manager.said, ElementsAre("STATUS 1 folder, 999 queued"));
  report->Changed();
  clock.Step(milliseconds(999));
  EXPECT_EQ(manager.said.size(), 1U);
}

TEST_F(ServiceReportTest, OverlappingReloadsAreOneForTheServiceManager) {
  Begin();
  report->ReloadBegins();
  report->ReloadBegins();
  report->ReloadEnds();
  EXPECT_THAT(manager.said, ElementsAre("RELOADING"));
  report->ReloadEnds();
  EXPECT_THAT(manager.said, ElementsAre("RELOADING", "READY"));
}

class StatusLineTest : public ::testing::Test {
 protected:
  std::string Line() {
    std::vector<Daemon::FolderView> views;
    for (const IntakeState& state : states) views.push_back({&settings, &state});
    return StatusLine(views, overview);
  }
  FolderSettings settings;
  std::vector<IntakeState> states{3};
  Overview overview;
};

TEST_F(StatusLineTest, NamesWhatThereIsAndNothingElse) {
  EXPECT_EQ(Line(), "3 folders");
  states[1].state = "degraded";
  overview.uploading = 2;
  overview.queued = 5;
  EXPECT_EQ(Line(), "3 folders (1 degraded), 2 uploading, 5 queued");
  states[2].state = "missing";
  overview.building = 1;
  overview.held_for_person = 1;
  overview.credentials_refused = true;
  EXPECT_EQ(Line(),
            "3 folders (1 degraded, 1 missing), 2 uploading, 1 building, 5 queued, 1 held for a person; the portal "
            "refuses the credentials");
}

}  // namespace
}  // namespace tegodrop::testing
