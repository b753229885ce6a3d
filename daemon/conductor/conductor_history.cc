// Awaited builds: what a look through the history means for each job.
#include <algorithm>
#include <chrono>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "daemon/base/retry_policy.h"
#include "daemon/conductor/conductor.h"
#include "daemon/conductor/gates.h"

namespace tegodrop {

using std::chrono::milliseconds;

namespace {

// What Matches compares. Ten thousand may be awaited, and as many found: each finds its own without a look at the
// others. The texts stay with the build.
using BuildKey = std::tuple<std::int64_t, std::string_view, std::string_view, std::string_view>;
template <typename T>
BuildKey KeyOf(const T& build) {
  return {build.start_time, build.name, build.platform, build.version};
}

}  // namespace

void Conductor::LookAt(const std::string& version, Watch& watch) {
  std::vector<std::string> ids;
  std::vector<BuildIdentity> awaited;
  for (const auto& [id, job] : jobs_) {
    if (StageOf(job->job()) != Stage::kAwait || job->job().target.version != version || !OurPortal(job->job()))
      continue;
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
  std::map<BuildKey, const BuildRow*> found;
  for (const BuildRow& row : look->found) found.try_emplace(KeyOf(row), &row);
  for (const std::string& id : ids) {
    ActiveJob* job = Find(id);
    if (job == nullptr) continue;
    const BuildIdentity identity = IdentityOf(job->job());
    const auto place = found.find(KeyOf(identity));
    if (place != found.end()) {
      const BuildRow& row = *place->second;
      job->sight = {JudgeBuild(row, SignatureRequired(job->job())), now};
      StepJob(id, row);
    } else if (look->complete) {
      job->sight = {GateVerdict::kRunning, now};
      StepJob(id, std::nullopt);
    }
  }
  watch.due = now + LookDelay(version, now).count();
  TurnSoon();
}

void Conductor::StepJob(const std::string& id, std::optional<BuildRow> row) {
  ActiveJob* job = Find(id);
  if (job == nullptr || StageOf(job->job()) != Stage::kAwait) return;
  // A row that is being written is not the one that was looked up: the next look decides, and soon.
  if (job->saving()) return ForgetSight(*job);
  const GateStep step = StepFor(job->job(), row, settings_.polling, world_.clock.Wall());
  if (step.alarm) {
    world_.log.Warning("job.build_takes_long",
                       "a build takes longer than polling.alarm_after: look at it in the portal",
                       {{"job", id},
                        {"folder", job->job().target.folder},
                        {"file", job->job().artifact.file_name},
                        {"start_time", job->job().ticket.start_time}});
  }
  if (!step.change) {
    // A wait for the portal is over: it has answered.
    job->last_wait = {};
    if (job->job().waiting.not_before != 0)
      Note(
          *job, [](Job&) {}, "");
    return;
  }
  job->Save(step.change, step.note, [this, id, row, again = step.again](Status status) {
    if (!status) {
      LedgerRefused(id, status.error());
      if (ActiveJob* active = Find(id)) ForgetSight(*active);
    } else if (again) {
      return StepJob(id, row);
    }
    TurnSoon();
  });
}

}  // namespace tegodrop
