// An Intake with a folder, a ledger and time in memory.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/intake/intake.h"
#include "tests/fakes/fake_drop_folder.h"
#include "tests/fakes/memory_ledger.h"
#include "tests/fakes/recorded_log.h"
#include "tests/fakes/seeded_random.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop::testing {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class IntakeWorldTest : public ::testing::Test {
 protected:
  IntakeWorldTest() {
    settings.folder.name = "production";
    settings.folder.path = "/srv/drop/production";
    settings.folder.output = "/srv/protected/production";
    settings.folder.version = "production";
    settings.portal_url = "https://portal.example";
    settings.tenant = "tenant-1";
    settings.host = "host-1";
    known.name = "production";
    known.path = settings.folder.path;
    folder.journal = &journal;
    ledger.journal = &journal;
  }

  void Start() {
    intake = std::make_unique<Intake>(IntakeWorld{folder, ledger, clock, clock, random, log, spool.get()}, settings,
                                      known, [this](const Job& job) { admitted.push_back(job); });
    intake->Start();
    queue.RunAll();
  }
  // Ends this daemon as a death does and starts another on the same folder and ledger.
  void Restart() {
    intake.reset();
    queue.RunAll();
    const auto row = ledger.folders.find("production");
    if (row != ledger.folders.end()) known = row->second;
    Start();
  }
  // Time in small steps, so that answers come between the timers.
  void Pass(milliseconds time) {
    constexpr milliseconds kStep{100};
    queue.RunAll();
    while (time.count() > 0) {
      const milliseconds step = std::min(time, kStep);
      clock.Step(step);
      queue.RunAll();
      time -= step;
    }
  }
  void PassLong(milliseconds time) {
    queue.RunAll();
    while (time.count() > 0) {
      const milliseconds step = std::min<milliseconds>(time, seconds(5));
      clock.Step(step);
      queue.RunAll();
      time -= step;
    }
  }
  std::vector<std::string> AdmittedNames() const {
    std::vector<std::string> names;
    for (const Job& job : admitted) {
      names.push_back(job.artifact.file_name + ":" +
                      (job.failure ? std::string(ToString(job.failure->kind)) : std::string(ToString(job.state))));
    }
    return names;
  }
  std::string ReasonOf(const std::string& name) const {
    for (const auto& pending : intake->state().pending) {
      if (pending.file_name == name) return pending.reason;
    }
    return "not pending";
  }
  // Journal lines but those about the folder itself.
  std::vector<std::string> Journal() const {
    std::vector<std::string> lines;
    for (const std::string& line : journal) {
      if (!line.starts_with("save_folder")) lines.push_back(line);
    }
    return lines;
  }

  TaskQueue queue;
  SteppedClock clock;
  SeededRandom random;
  RecordedLog log;
  std::vector<std::string> journal;
  FakeDropFolder folder{queue, clock};
  MemoryLedger ledger{queue};
  std::unique_ptr<Spool> spool;  // none: no limit
  IntakeSettings settings;
  FolderRecord known;
  std::vector<Job> admitted;
  std::unique_ptr<Intake> intake;
};

}  // namespace tegodrop::testing
