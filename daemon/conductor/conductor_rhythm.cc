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
  return job.ours && !std::exchange(job.planned, true);
}

void Conductor::ForgetSight(ActiveJob& job) {
  job.sight.reset();
  job.planned = false;
}

void Conductor::LookBy(Watch& watch, MonoMs due) {
  if (!watch.failing) watch.due = std::min(watch.due, due);
}

// Its age is the portal's to tell: start_time is by the portal's clock. But no build is younger than its upload: where
// no answer names the time and our clock is behind, all would look as if they had just begun.
AwaitedBuild Conductor::AwaitedAs(const ActiveJob& job, const TakenTime* taken, MonoMs now) const {
  const WallMs wall = world_.clock.Wall();
  const Job& row = job.job();
  const WallMs portals = std::max<WallMs>(0, wall - ahead_.count());
  // Any number may be the portal's: it is brought to what can be true before it is reckoned with.
  const WallMs begun = 1000 * std::clamp<WallMs>(row.ticket.start_time, 0, portals / 1000);
  const WallMs with_portal = row.times.submitted == 0 ? 0 : std::max<WallMs>(0, wall - row.times.submitted);
  const WallMs age = std::max(portals - begun, with_portal);
  // Before the first look at it, it was certainly not done when its upload was.
  const WallMs unseen = job.sight ? now - job.sight->at : with_portal;
  const WallMs since = std::clamp<WallMs>(unseen, 0, age);
  return {taken, kSecondsOfMs * static_cast<double>(age - since), kSecondsOfMs * static_cast<double>(since), 1};
}

// Only a look judges whether a build takes too long (gates.h): how long from now until the next one is to. Not above 0
// where it should have been by now.
milliseconds Conductor::UntilJudged(const ActiveJob& job) const {
  const Job& row = job.job();
  const PollingSettings& polling = settings_.polling;
  const milliseconds waited(world_.clock.Wall() - row.times.submitted);
  // What is just being written may be the alarm: as good as told.
  const bool alarmed = row.alarmed || (waited >= polling.alarm_after && job.saving());
  return (alarmed ? polling.deadline : polling.alarm_after) - waited;
}

milliseconds Conductor::LookDelay(const std::string& version, MonoMs now) const {
  const PollingSettings& polling = settings_.polling;
  if (polling.mode == PollingMode::kFixed) return polling.interval;
  const auto times = times_.find(version);
  std::map<std::string_view, std::optional<TakenTime>> taken;  // by platform
  std::vector<AwaitedBuild> builds;
  bool awaited = false;
  milliseconds judged = milliseconds::max();
  for (const auto& [id, job] : jobs_) {
    const Job& row = job->job();
    if (StageOf(row) != Stage::kAwait || row.target->version != version || !job->ours) continue;
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
    judged = std::min(judged, UntilJudged(*job));
  }
  // A look that nothing is awaited of asks for the time.
  if (!awaited) return polling.interval;
  const milliseconds likely = NextLook(builds, polling.interval, polling.ceiling, world_.random);
  return std::max(polling.interval, std::min(likely, judged));
}

}  // namespace tegodrop
