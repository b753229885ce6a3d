// Awaited builds: when the history is looked through.
#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/conductor/conductor.h"
#include "daemon/model/operator.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

// Build times are in seconds.
constexpr double kSecondsOfMs = 1e-3;

// Whether the portal's next word on it may be any: it was perhaps queued for signing by hand.
bool IsReset(const ActiveJob& job) {
  return job.sight ? job.sight->verdict == GateVerdict::kReset : job.job().reset_since != 0;
}

// Its end is known and just being written.
bool HasEnded(const ActiveJob& job) {
  return job.sight && job.sight->verdict != GateVerdict::kRunning && job.sight->verdict != GateVerdict::kReset;
}

}  // namespace

// True where its version's next look was planned without it.
bool Conductor::NoteAwaited(ActiveJob& job) {
  if (StageOf(job.job()) != Stage::kAwait) {
    ForgetSight(job);
    return false;
  }
  return OurPortal(job.job()) && !std::exchange(job.planned, true);
}

void Conductor::ForgetSight(ActiveJob& job) {
  job.sight.reset();
  job.planned = false;
}

void Conductor::LookBy(Watch& watch, MonoMs due) {
  if (!watch.failing) watch.due = std::min(watch.due, due);
}

// Its age is the portal's to tell: start_time is by the portal's clock.
AwaitedBuild Conductor::AwaitedAs(const ActiveJob& job, const TakenTime* taken, MonoMs now) const {
  const WallMs wall = world_.clock.Wall();
  const Job& row = job.job();
  const WallMs age = std::max<WallMs>(0, wall - ahead_.count() - 1000 * row.ticket.start_time);
  // Before the first look at it, it was certainly not done when its upload was.
  const WallMs unseen = job.sight ? now - job.sight->at : row.times.submitted == 0 ? 0 : wall - row.times.submitted;
  const WallMs since = std::clamp<WallMs>(unseen, 0, age);
  return {taken, kSecondsOfMs * static_cast<double>(age - since), kSecondsOfMs * static_cast<double>(since), 1};
}

milliseconds Conductor::LookDelay(const std::string& version, MonoMs now) const {
  const PollingSettings& polling = settings_.polling;
  if (polling.mode == PollingMode::kFixed) return polling.interval;
  const auto times = times_.find(version);
  std::map<std::string_view, std::optional<TakenTime>> taken;  // by platform
  std::vector<AwaitedBuild> builds;
  bool awaited = false;
  for (const auto& [id, job] : jobs_) {
    const Job& row = job->job();
    if (StageOf(row) != Stage::kAwait || row.target.version != version || !OurPortal(row)) continue;
    awaited = true;
    // Nothing but a person moves the one on, a write that is under way the other.
    if (HeldForAPerson(row) || HasEnded(*job)) continue;
    // Looks at what these wait for are counted, and their number is that of intervals (gates.h).
    if (row.state == JobState::kConfirming || IsReset(*job)) return polling.interval;
    const std::string_view platform = PlatformOf(row.artifact.kind);
    auto known = taken.find(platform);
    if (known == taken.end()) {
      known =
          taken.emplace(platform, times == times_.end() ? std::nullopt : times->second.Of(std::string(platform))).first;
    }
    if (!known->second) return polling.interval;
    builds.push_back(AwaitedAs(*job, &*known->second, now));
  }
  // A look that nothing is awaited of asks for the time.
  if (!awaited) return polling.interval;
  return NextLook(builds, polling.interval, polling.ceiling, world_.random);
}

}  // namespace tegodrop
