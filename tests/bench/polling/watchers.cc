#include "tests/bench/polling/watchers.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "daemon/conductor/conductor.h"
#include "daemon/tracking/tracker.h"
#include "tests/fakes/fake_portal.h"
#include "tests/fakes/memory_ledger.h"
#include "tests/fakes/recorded_log.h"
#include "tests/fakes/seeded_random.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop::polling_bench {
namespace {

using std::chrono::milliseconds;

constexpr WallMs kSeedScriptSleep = 15'000;

// Lists the night's builds as they are by now.
class NightPortal final : public testing::FakePortal {
 public:
  NightPortal(testing::TaskQueue& queue, const Clock& clock, const Night& night)
      : FakePortal(queue), queue_(queue), clock_(clock), night_(night) {}

  HandlePtr ListBuilds(const std::string&, std::int64_t page, std::int64_t page_size,
                       std::function<void(Result<HistoryPage>)> done) override {
    ++requests;
    const std::vector<BuildRow> rows = HistoryAt(night_, clock_.Wall());
    const auto total = static_cast<std::int64_t>(rows.size());
    HistoryPage answer;
    answer.page = page;
    answer.total_count = total;
    answer.total_pages = (total + page_size - 1) / page_size;
    const auto first = rows.begin() + std::min(total, (page - 1) * page_size);
    answer.rows.assign(first, rows.begin() + std::min(total, page * page_size));
    return queue_.PostCancellable([done = std::move(done), answer = std::move(answer)] { done(answer); });
  }

  int requests = 0;

 private:
  testing::TaskQueue& queue_;
  const Clock& clock_;
  const Night& night_;
};

// One night of the conductor: everything but the looks takes no time, or as long as the night says.
class ConductorNight {
 public:
  ConductorNight(const Night& night, const PollingSettings& polling, WallMs begin) : night_(night), clock_(begin) {
    ConductorSettings settings;
    settings.concurrent_uploads = static_cast<int>(night.builds.size());
    settings.polling = polling;
    settings.portal_url = "https://portal.example/frontend";
    settings.tenant = "t";
    for (std::size_t i = 0; i < night.builds.size(); ++i) {
      const NightBuild& build = night.builds[i];
      by_name_[build.name] = &build;
      Job job;
      job.id = build.name;
      job.state = JobState::kClaimed;
      Target& target = job.target.Edit();
      target.folder = "production";
      target.portal_url = settings.portal_url;
      target.tenant = settings.tenant;
      target.version = kVersion;
      job.artifact.file_name = build.name;
      arrivals_.push_back(clock_.After(milliseconds(build.asked - begin), [this, job] {
        ledger_.jobs[job.id] = job;
        conductor_->Take(job);
      }));
    }
    conductor_ = std::make_unique<Conductor>(ConductorWorld{ledger_, clock_, clock_, random_, log_}, settings,
                                             MakeRooms(), [this](const Job& job, const Progress&) { Saw(job); });
  }

  Watched Run() {
    queue_.RunAll();
    while (const auto due = clock_.NextDue()) {
      clock_.Step(milliseconds(*due - clock_.Mono()));
      queue_.RunAll();
    }
    watched_.requests = portal_.requests;
    return watched_;
  }

 private:
  // Ends a piece of work: the row's states one after the other, then `done`.
  static void Carry(JobRecord& record, std::vector<std::function<void(Job&)>> changes,
                    std::function<void(Status)> done) {
    if (changes.empty()) return done({});
    const std::function<void(Job&)> change = std::move(changes.front());
    changes.erase(changes.begin());
    record.Save(change, "", [&record, changes, done](const Status& saved) {
      if (!saved) return done(saved);
      Carry(record, changes, done);
    });
  }
  static std::function<void(Job&)> Becomes(JobState state) {
    return [state](Job& job) {
      job.state = state;
      job.finished = state == JobState::kDelivered;
    };
  }

  Rooms MakeRooms() {
    Rooms rooms;
    rooms.upload = [this](JobRecord& record, const Rooms::OnProgress&, std::function<void(Status)> done) {
      const NightBuild& build = *by_name_.at(record.job().id);
      return clock_.After(milliseconds(build.submitted - clock_.Wall()), [this, &record, &build, done] {
        Carry(record,
              {[&build](Job& job) {
                 job.state = JobState::kRequested;
                 job.ticket.start_time = build.asked / 1000;
               },
               Becomes(JobState::kUploading),
               [this](Job& job) {
                 job.state = JobState::kSubmitted;
                 job.times.submitted = clock_.Wall();
               }},
              done);
      });
    };
    rooms.deliver = [this](JobRecord& record, const Rooms::OnProgress&, std::function<void(Status)> done) {
      return queue_.PostCancellable([&record, done] {
        Carry(record, {Becomes(JobState::kFetched), Becomes(JobState::kPublished)}, done);
      });
    };
    rooms.finish = [this](JobRecord& record, const Rooms::OnProgress&, std::function<void(Status)> done) {
      return queue_.PostCancellable([&record, done] { Carry(record, {Becomes(JobState::kDelivered)}, done); });
    };
    rooms.look = [this](const std::string& version, std::vector<BuildIdentity> awaited,
                        std::function<void(Result<HistoryLook>)> done) {
      return tracker_.Look(version, std::move(awaited), std::move(done));
    };
    return rooms;
  }

  void Saw(const Job& job) {
    if (job.state != JobState::kBuilt || !seen_.insert(job.id).second) return;
    ++watched_.seen;
    watched_.waited += static_cast<double>(clock_.Wall() - by_name_.at(job.id)->ended) / 1000;
  }

  const Night& night_;
  testing::SteppedClock clock_;
  testing::TaskQueue queue_;
  testing::SeededRandom random_;
  testing::RecordedLog log_;
  testing::MemoryLedger ledger_{queue_};
  NightPortal portal_{queue_, clock_, night_};
  Tracker tracker_{portal_};
  std::map<std::string, const NightBuild*> by_name_;
  std::vector<HandlePtr> arrivals_;
  std::set<std::string> seen_;
  Watched watched_;
  std::unique_ptr<Conductor> conductor_;
};

}  // namespace

Watched& Watched::operator+=(const Watched& other) {
  waited += other.waited;
  seen += other.seen;
  requests += other.requests;
  return *this;
}

Watched WatchAsTheSeedScript(const Night& night) {
  Watched watched;
  for (const NightBuild& build : night.builds) {
    const WallMs sleeps = (build.ended - build.submitted + kSeedScriptSleep - 1) / kSeedScriptSleep;
    watched.waited += static_cast<double>(build.submitted + sleeps * kSeedScriptSleep - build.ended) / 1000;
    watched.requests += static_cast<int>(sleeps) + 1;
    ++watched.seen;
  }
  return watched;
}

Watched WatchAsTegodrop(const Night& night, const PollingSettings& polling, WallMs begin) {
  return ConductorNight(night, polling, begin).Run();
}

}  // namespace tegodrop::polling_bench
