// Rooms that do what the test says, and a conductor between them and a ledger in memory.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/conductor/conductor.h"
#include "tests/fakes/memory_ledger.h"
#include "tests/fakes/recorded_log.h"
#include "tests/fakes/seeded_random.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop::testing {

class ConductorTest : public ::testing::Test {
 protected:
  // One attempt that a room was asked for. Cancelled when its handle went.
  struct Attempt {
    std::string room;
    std::string job;
    JobRecord* record = nullptr;
    std::function<void(Status)> done;
    std::function<void(Result<bool>)> claimed;
    std::function<void(Result<HistoryLook>)> looked;
    std::vector<BuildIdentity> awaited;
    OpenUpload upload;  // to be aborted
    Rooms::OnProgress progress;
    bool live = true;
  };

  ConductorTest() { StartConductor(); }

  ConductorSettings Config() const {
    ConductorSettings settings;
    settings.portal_url = "https://portal.example/frontend";
    settings.tenant = "t";
    settings.polling.interval = std::chrono::seconds(15);
    settings.concurrent_builds = concurrent_builds;
    return settings;
  }
  void StartConductor() {
    Rooms rooms;
    rooms.upload = Room("upload");
    rooms.deliver = Room("deliver");
    rooms.finish = Room("finish");
    rooms.reclaim = Room("reclaim");
    rooms.abort = [this](const OpenUpload& upload, std::function<void(Status)> done) {
      auto attempt = std::make_shared<Attempt>();
      attempt->room = "abort";
      attempt->job = upload.upload_id;
      attempt->done = std::move(done);
      return Add(attempt);
    };
    rooms.has_claimed = [this](const Job& job, std::function<void(Result<bool>)> done) {
      auto attempt = std::make_shared<Attempt>();
      attempt->room = "has_claimed";
      attempt->job = job.id;
      attempt->claimed = std::move(done);
      return Add(attempt);
    };
    rooms.look = [this](const std::string& version, std::vector<BuildIdentity> awaited,
                        std::function<void(Result<HistoryLook>)> done) {
      auto attempt = std::make_shared<Attempt>();
      attempt->room = "look " + version;
      attempt->awaited = std::move(awaited);
      attempt->looked = std::move(done);
      return Add(attempt);
    };
    rooms.abort = [this](const OpenUpload& upload, std::function<void(Status)> done) {
      auto attempt = std::make_shared<Attempt>();
      attempt->room = "abort";
      attempt->upload = upload;
      attempt->done = std::move(done);
      return Add(attempt);
    };
    conductor = std::make_unique<Conductor>(ConductorWorld{ledger, clock, clock, random, log}, Config(), rooms,
                                            [this](const Job& job, const Progress&) {
                                              last_seen = job;
                                              finished_seen += job.finished ? 1 : 0;
                                            });
  }

  Job MakeJob(const std::string& id, JobState state = JobState::kClaimed) {
    Job job;
    job.id = id;
    job.state = state;
    Target& target = job.target.Edit();
    target.folder = "production";
    target.portal_url = "https://portal.example/frontend";
    target.tenant = "t";
    target.version = "production";
    job.artifact.file_name = id + ".apk";
    job.artifact.size = 10;
    job.ticket.start_time = state == JobState::kClaimed ? 0 : 100;
    job.times.submitted = clock.Wall();
    return job;
  }
  void Take(const Job& job) {
    ledger.jobs[job.id] = job;
    conductor->Take(job);
    Run();
  }

  // Everything that is due now, without moving time.
  void Run() {
    do {
      queue.RunAll();
      clock.Step(std::chrono::milliseconds(0));
    } while (queue.size() > 0);
  }
  void Step(std::chrono::milliseconds by) {
    clock.Step(by);
    Run();
  }

  std::vector<std::shared_ptr<Attempt>> Live(const std::string& room) {
    std::vector<std::shared_ptr<Attempt>> out;
    for (const auto& attempt : attempts) {
      if (attempt->live && attempt->room == room) out.push_back(attempt);
    }
    return out;
  }
  std::size_t Count(const std::string& room) {
    std::size_t count = 0;
    for (const auto& attempt : attempts) count += attempt->room == room ? 1 : 0;
    return count;
  }
  std::shared_ptr<Attempt> Only(const std::string& room) {
    auto live = Live(room);
    EXPECT_EQ(live.size(), 1U) << room;
    return live.empty() ? std::make_shared<Attempt>() : live.front();
  }

  // What a room does: writes the row, then answers.
  void Record(Attempt& attempt, std::function<void(Job&)> change) {
    attempt.record->Save(std::move(change), "", [](const Status& saved) { EXPECT_TRUE(saved); });
    Run();
  }
  void End(Attempt& attempt, Status status = {}) {
    attempt.live = false;
    const auto done = std::move(attempt.done);
    done(std::move(status));
    Run();
  }
  void Submit(Attempt& attempt, std::int64_t start_time = 100) {
    Record(attempt, [&](Job& job) {
      job.state = JobState::kRequested;
      job.ticket.start_time = start_time;
    });
    Record(attempt, [](Job& job) { job.state = JobState::kUploading; });
    Record(attempt, [this](Job& job) {
      job.state = JobState::kSubmitted;
      job.times.submitted = clock.Wall();
    });
    End(attempt);
  }
  void Look(Attempt& attempt, Result<HistoryLook> look) {
    attempt.live = false;
    if (look) Place(look->found, attempt.awaited);
    const auto looked = std::move(attempt.looked);
    looked(std::move(look));
    Run();
  }
  // As a look gives them: one for each that is awaited, in their order.
  static void Place(std::vector<std::optional<BuildRow>>& found, const std::vector<BuildIdentity>& awaited) {
    const auto rows = std::exchange(found, {});
    for (const BuildIdentity& build : awaited) {
      const auto row =
          std::find_if(rows.begin(), rows.end(), [&](const auto& one) { return one && Matches(*one, build); });
      found.push_back(row == rows.end() ? std::nullopt : *row);
    }
  }
  static HistoryLook Shows(const Job& job, std::optional<bool> success) {
    BuildRow row;
    row.start_time = job.ticket.start_time;
    row.name = job.artifact.file_name;
    row.platform = "android";
    row.version = job.target->version;
    row.success = success;
    return {{row}, true};
  }

  const Job& Row(const std::string& id) { return ledger.jobs.at(id); }

  TaskQueue queue;
  SteppedClock clock;
  SeededRandom random;
  RecordedLog log;
  MemoryLedger ledger{queue};
  std::vector<std::shared_ptr<Attempt>> attempts;
  std::chrono::milliseconds begin_takes{0};  // of the loop's time, each attempt
  std::unique_ptr<Conductor> conductor;
  std::optional<Job> last_seen;
  std::optional<int> concurrent_builds;  // for the next StartConductor
  int finished_seen = 0;                 // how often a finished job was reported

 private:
  class AttemptHandle final : public Handle {
   public:
    explicit AttemptHandle(std::shared_ptr<Attempt> attempt) : attempt_(std::move(attempt)) {}
    ~AttemptHandle() override { attempt_->live = false; }

   private:
    std::shared_ptr<Attempt> attempt_;
  };

  HandlePtr Add(const std::shared_ptr<Attempt>& attempt) {
    clock.Take(begin_takes);
    attempts.push_back(attempt);
    return std::make_unique<AttemptHandle>(attempt);
  }
  Rooms::Work Room(const std::string& name) {
    return [this, name](JobRecord& record, Rooms::OnProgress progress, std::function<void(Status)> done) {
      auto attempt = std::make_shared<Attempt>();
      attempt->room = name;
      attempt->job = record.job().id;
      attempt->record = &record;
      attempt->progress = std::move(progress);
      attempt->done = std::move(done);
      return Add(attempt);
    };
  }
};

}  // namespace tegodrop::testing
