// Awaited builds: what a look through the history means for each job.
#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/base/retry_policy.h"
#include "daemon/conductor/conductor.h"
#include "daemon/conductor/gates.h"

namespace tegodrop {

using std::chrono::milliseconds;

void Conductor::LookAt(const std::string& version, Watch& watch) {
  std::vector<std::string> ids;
  std::vector<BuildIdentity> awaited;
  for (const auto& [id, job] : jobs_) {
    if (StageOf(job->job()) != Stage::kAwait || job->job().target->version != version || !job->ours) continue;
    ids.push_back(id);
    awaited.push_back(IdentityOf(job->job()));
  }
  watch.look = rooms_.look(
      version, std::move(awaited),
      [this, version, ids = std::move(ids)](Result<HistoryLook> look) { TakeLook(version, ids, std::move(look)); });
}

void Conductor::TakeLook(const std::string& version, const std::vector<std::string>& ids, Result<HistoryLook> look) {
  Watch& watch = watches_[version];
  watch.look.reset();
  const MonoMs now = world_.clock.Mono();
  watch.failing = !look;
  if (!look) {
    watch.due = now + settings_.polling.interval.count();
    const Error& error = look.error();
    gate_.Asked(error.http_status == 0 ? error.message : "");
    watch.failures += error.held_back ? 0 : 1;
    if (error.kind == ErrorKind::kSignIn) {
      HoldCredentials(ReactTo(Job{}, error, world_.random), now);
    } else {
      if (error.kind == ErrorKind::kRetry && !portal_silent_since_) portal_silent_since_ = now;
      const milliseconds delay =
          std::max(error.held_back ? HeldBackDelay(error, world_.random)
                                   : RetryDelay(watch.failures - 1, error.retry_after, world_.random),
                   milliseconds(settings_.polling.interval));
      watch.due = now + delay.count();
      for (const std::string& id : ids) {
        ActiveJob* job = Find(id);
        if (job != nullptr) NoteWait(*job, "the portal: " + error.message, delay);
      }
    }
    return TurnSoon();
  }
  watch.failures = 0;
  gate_.Asked("");
  PortalAnswered();
  times_[version].Merge(look->times);
  // Ten thousand may be awaited, and as many found: all three are in the jobs' order, and are walked through beside
  // each other. No step takes a job out of them before its write has come back.
  const WallMs wall = world_.clock.Wall();
  auto place = jobs_.begin();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    std::optional<BuildRow>& row = look->found[i];
    while (place != jobs_.end() && place->first < ids[i]) ++place;
    if (place == jobs_.end() || place->first != ids[i]) continue;
    ActiveJob& job = *place->second;
    if (!row && !look->complete) continue;
    // Another build is awaited of it since the look began.
    if (row && !IsBuildOf(*row, job.job())) continue;
    job.sight = {row ? JudgeBuild(*row, SignatureRequired(job.job())) : GateVerdict::kRunning, now};
    Step(job, std::move(row), wall);
  }
  watch.due = now + LookDelay(version, now).count();
  TurnSoon();
}

void Conductor::Step(ActiveJob& job, std::optional<BuildRow> row, WallMs now) {
  if (StageOf(job.job()) != Stage::kAwait) return;
  // A row that is being written is not the one that was looked up: the next look decides, and soon.
  if (job.saving()) return ForgetSight(job);
  const GateStep step = StepFor(job.job(), row, settings_.polling, now);
  if (step.alarm) {
    world_.log.Warning("job.build_takes_long",
                       "a build takes longer than polling.alarm_after: look at it in the portal",
                       {{"job", job.job().id},
                        {"folder", job.job().target->folder},
                        {"file", job.job().artifact.file_name},
                        {"start_time", job.job().ticket.start_time}});
  }
  if (!step.change) {
    // A wait for the portal is over: it has answered.
    job.last_wait = {};
    if (job.job().waiting.not_before != 0)
      Note(
          job, [](Job&) {}, "");
    return;
  }
  const std::string id = job.job().id;
  job.Save(step.change, step.note, [this, id, row = std::move(row), again = step.again](Status status) {
    ActiveJob* active = Find(id);
    if (!status) {
      LedgerRefused(id, status.error());
      if (active != nullptr) ForgetSight(*active);
    } else if (again) {
      if (active != nullptr) Step(*active, row, world_.clock.Wall());
      return;
    }
    // One that is awaited on makes nothing due, and a look may have such news of ten thousand.
    const bool awaited_on = status && active != nullptr && UsesBuildSlot(*active);
    if (!awaited_on) TurnSoon();
  });
}

}  // namespace tegodrop
