#include "daemon/conductor/conductor.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

// Deliveries at once into one output folder: more only share the same line. Of each folder by itself: one that hangs
// must not keep the others from theirs.
constexpr int kConcurrentDeliveries = 2;
// How long a stop waits for the answer to an upload that has left whole.
constexpr milliseconds kLastAnswerGrace = std::chrono::seconds(2);
// A wait from an earlier life is not trusted longer: the wall clock may have been wrong then.
constexpr milliseconds kLongestOldWait = std::chrono::minutes(15);
// A turn goes through all jobs, and each change of one brings a turn: with tens of thousands the loop would do nothing
// else. So a turn that took time is followed by so many times as long without one.
constexpr int kRestAfterTurn = 4;
constexpr milliseconds kLongestRest{100};

}  // namespace

Conductor::Conductor(ConductorWorld world, ConductorSettings settings, Rooms rooms,
                     std::function<void(const Job&, const Progress&)> on_change)
    : world_(world),
      settings_(std::move(settings)),
      rooms_(std::move(rooms)),
      on_change_(std::move(on_change)),
      slots_(settings_.concurrent_builds) {}

Conductor::~Conductor() = default;

Conductor::Stage Conductor::StageOf(const Job& job) {
  switch (job.state) {
    case JobState::kClaiming:
      return Stage::kClaim;
    case JobState::kClaimed:
    case JobState::kRequested:
      return Stage::kUpload;
    case JobState::kUploading:
    case JobState::kCompleting:
      // Only a death between the last chunk (or Complete) and its answer leaves such a row: what became of it is
      // unknown.
      return job.last_chunk_left == 0 ? Stage::kUpload : Stage::kConfirm;
    case JobState::kConfirming:
    case JobState::kSubmitted:
    case JobState::kBuilding:
      return Stage::kAwait;
    case JobState::kBuilt:
    case JobState::kFetched:
      return Stage::kDeliver;
    case JobState::kReclaiming:
      return Stage::kReclaim;
    case JobState::kPublished:
    case JobState::kDelivered:
    case JobState::kFailed:
    case JobState::kCancelled:
      break;
  }
  return Stage::kFinish;
}

ActiveJob* Conductor::Find(const std::string& id) {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : found->second.get();
}

void Conductor::Take(Job job) {
  const std::string id = job.id;
  const MonoMs now = world_.clock.Mono();
  job.target = targets_.Of(std::move(job.target));
  const bool ours = IsOurPortal(*job.target);
  auto active = std::make_unique<ActiveJob>(world_.ledger, world_.timers, line_, std::move(job),
                                            [this](const Job& before, const Job& after) { Changed(before, after); });
  active->ours = ours;
  const Job& taken = active->job();
  const WallMs wait = taken.waiting.not_before - world_.clock.Wall();
  // That of the window is told anew: it may be another one now.
  const bool window = UploadGate::Says(taken.waiting.for_what);
  if (taken.waiting.not_before != 0 && wait > 0 && !window)
    active->due = now + std::min<WallMs>(wait, kLongestOldWait.count());
  if (StageOf(taken) == Stage::kAwait) watches_[taken.target->version].due = now;
  ActiveJob& placed = *(jobs_[id] = std::move(active));
  if (!placed.job().finished) on_change_(placed.job(), placed.progress);
  if (!placed.ours && !IsEnd(placed.job().state)) NoteForeign(placed);
  TurnSoon();
}

bool Conductor::IsOurPortal(const Target& target) const {
  return target.portal_url == settings_.portal_url && target.tenant == settings_.tenant;
}

void Conductor::TurnSoon() {
  if (stopping_ || soon_) return;
  const MonoMs rest = std::clamp<MonoMs>(rests_until_ - world_.clock.Mono(), 0, kLongestRest.count());
  soon_ = world_.timers.After(milliseconds(rest), [this] {
    soon_.reset();
    Turn();
  });
}

void Conductor::Turn() {
  if (stopping_) return;
  const MonoMs now = world_.clock.Mono();
  LookAtGate(now);
  const Job* held = nullptr;  // one that waits for the window
  UploadRound uploads;
  std::map<std::string, int> deliveries;  // by output folder
  std::vector<ActiveJob*> ready;
  MonoMs next = INT64_MAX;
  std::map<std::string, int> awaited;  // jobs by version
  // Most jobs have the target of the one before.
  const Target* last = nullptr;
  int* awaited_of_last = nullptr;
  std::set<std::string> joined;  // versions that are awaited more of than their next look was planned for
  for (auto& [id, job] : jobs_) {
    next = std::min(next, AbortWhatIsLeft(*job, now));
    if (job->job().finished) continue;
    if (job->asking && !job->work) {  // a person's command ended its upload
      job->asking = false;
      slots_.Ended(id, now);
    }
    const Stage stage = StageOf(job->job());
    if (stage == Stage::kAwait && job->ours) {
      const Target& target = *job->job().target;
      if (&target != std::exchange(last, &target)) awaited_of_last = &awaited[target.version];
      ++*awaited_of_last;
    }
    if (NoteAwaited(*job)) joined.insert(job->job().target->version);
    uploads.in_use += UsesBuildSlot(*job) ? 1 : 0;
    if (job->work) {
      if (stage == Stage::kUpload || stage == Stage::kConfirm) {
        ++uploads.under_way;
        ++uploads.running[job->job().target->folder];
      }
      if (stage == Stage::kDeliver) ++deliveries[job->job().target->output_path];
      continue;
    }
    if (job->saving() || job->comparing) continue;
    if (job->wait_unwritten && job->show_due > now) next = std::min(next, job->show_due);
    if (stage == Stage::kAwait) {
      WriteWaitAgain(*job, now);
      continue;
    }
    if (!job->ours && AsksPortal(job->job())) continue;
    if (EndWindowWait(*job)) continue;
    if (WaitsForWindow(*job) && !Paused(job->job())) held = &job->job();
    const MonoMs due = std::max(job->due, HeldUntil(*job));
    if (due <= now) {
      (stage == Stage::kUpload ? uploads.waiting : ready).push_back(job.get());
    } else {
      next = std::min(next, due);
      ShowHeldBack(*job, now);
      WriteWaitAgain(*job, now);
    }
  }
  std::stable_sort(ready.begin(), ready.end(), [](const ActiveJob* a, const ActiveJob* b) {
    return a->job().target->priority > b->job().target->priority;
  });
  for (ActiveJob* job : ready) {
    const Stage stage = StageOf(job->job());
    if (stage == Stage::kDeliver && ++deliveries[job->job().target->output_path] > kConcurrentDeliveries) continue;
    Begin(*job, stage);
  }
  TellOfWindow(held != nullptr);
  if (held != nullptr && gate_now_.ask) AskForTime(held->target->version, awaited);
  // What is still waiting when it closes says so.
  if (!uploads.waiting.empty() && gate_now_.good_for) next = std::min(next, now + gate_now_.good_for->count());
  next = std::min(next, BeginUploads(std::move(uploads), now));
  std::erase_if(watches_, [&](const auto& watch) { return !awaited.contains(watch.first); });
  for (const auto& [version, count] : awaited) {
    // The first look at what was just submitted comes after a whole interval at least: no build is done at once.
    const auto [place, fresh] = watches_.try_emplace(version, Watch{nullptr, INT64_MAX});
    Watch& watch = place->second;
    if (fresh || joined.contains(version)) LookBy(watch, now + LookDelay(version, now).count());
    if (watch.look) continue;
    const MonoMs due = std::max(watch.due, credentials_held_until_);
    if (due <= now) {
      LookAt(version, watch);
    } else {
      next = std::min(next, due);
    }
  }
  timer_ = next == INT64_MAX ? nullptr : world_.timers.After(milliseconds(next - now), [this] { Turn(); });
  const MonoMs ended = world_.clock.Mono();
  rests_until_ = ended + kRestAfterTurn * (ended - now);
}

void Conductor::Begin(ActiveJob& job, Stage stage) {
  switch (stage) {
    case Stage::kClaim:
      return CheckClaim(job);
    case Stage::kUpload:
      return BeginWork(job, rooms_.upload);
    case Stage::kConfirm: {
      const WallMs now = world_.clock.Wall();
      return Note(
          job,
          [now](Job& changed) {
            changed.state = JobState::kConfirming;
            changed.multipart.reset();
            changed.confirming_since = now;
            changed.confirming_looks = 0;
            ++changed.sends;
          },
          "the upload was cut off after its last chunk: the history is asked whether it arrived");
    }
    case Stage::kDeliver:
      return BeginWork(job, rooms_.deliver);
    case Stage::kFinish:
      return BeginWork(job, rooms_.finish);
    case Stage::kReclaim:
      return BeginWork(job, rooms_.reclaim);
    case Stage::kAwait:
      break;
  }
}

void Conductor::BeginWork(ActiveJob& job, const Rooms::Work& work) {
  const std::string id = job.job().id;
  const bool asks_portal = AsksPortal(job.job());
  job.work = work(
      job,
      [this, id](std::uint64_t done, std::uint64_t total) {
        ActiveJob* active = Find(id);
        if (active == nullptr) return;
        active->progress = {done, total};
        if (done > 0) portal_silent_since_.reset();
        active->begun = active->begun || (done > 0 && StageOf(active->job()) == Stage::kUpload);
        on_change_(active->job(), active->progress);
      },
      [this, id, asks_portal](Status status) { WorkDone(id, asks_portal, std::move(status)); });
}

// A row in state claiming comes from an earlier life: the artifact decides whether the claim happened.
void Conductor::CheckClaim(ActiveJob& job) {
  const std::string id = job.job().id;
  job.work = rooms_.has_claimed(job.job(), [this, id](Result<bool> claimed) {
    ActiveJob* active = Find(id);
    active->work.reset();
    if (!claimed) return React(*active, claimed.error());
    if (*claimed) {
      const WallMs now = world_.clock.Wall();
      Note(
          *active,
          [now](Job& changed) {
            changed.state = changed.failure ? JobState::kFailed : JobState::kClaimed;
            changed.times.claimed = now;
          },
          "found claimed after a restart");
      if (!active->ours) NoteForeign(*active);
      return;
    }
    // It still lies in the drop folder, or somebody took it away: what is there is found again by its folder's scan.
    const std::string file = active->job().artifact.file_name;
    jobs_.erase(id);
    world_.ledger.Remove(id, [this, id, file](Status removed) {
      if (removed) return;
      world_.log.Warning("ledger.error",
                         "a row of a claim that never happened could not be removed: " + removed.error().message,
                         {{"job", id}, {"file", file}});
    });
    TurnSoon();
  });
}

void Conductor::WorkDone(const std::string& id, bool asked_portal, Status status) {
  ActiveJob* job = Find(id);
  if (job == nullptr) return;
  job->work.reset();
  job->progress = {};
  const bool refused = !status && status.error().kind == ErrorKind::kSlowDown;
  // A row that says claimed again was refused a URL, whatever it began as.
  const bool asked = std::exchange(job->asking, false) || job->job().state == JobState::kClaimed;
  if (!asked || !refused) slots_.Ended(id, world_.clock.Mono());
  if (!status) return React(*job, status.error(), asked);
  job->due = 0;
  job->disk_trouble = job->output_trouble = false;
  job->last_wait = {};
  disk_trouble_since_.reset();
  if (asked_portal) PortalAnswered();
  EraseIfDone(id);
  if (stopping_) return FinishStop();
  TurnSoon();
}

void Conductor::FolderIsBack(const std::string& folder) {
  for (auto& [id, job] : jobs_) {
    if (job->job().target->folder == folder && !job->work) job->due = 0;
  }
  TurnSoon();
}

void Conductor::Changed(const Job& before, const Job& after) {
  if (before.finished && after.finished) return;  // only its given-up uploads are still seen to
  if (before.state != after.state && !IsEnd(after.state)) {
    const std::string state(ToString(after.state));
    world_.log.Info("job." + state, "the job is " + state,
                    {{"job", after.id},
                     {"folder", after.target->folder},
                     {"file", after.artifact.file_name},
                     {"state", state},
                     {"sha256", after.artifact.sha256}});
  }
  if (after.state == JobState::kRequested) SlotGranted(after);
  const ActiveJob* active = Find(after.id);
  on_change_(after, active == nullptr ? Progress{} : active->progress);
}

void Conductor::Stop(std::function<void()> done) {
  stopping_ = true;
  stopped_ = std::move(done);
  timer_.reset();
  soon_.reset();
  watches_.clear();
  for (auto& [id, job] : jobs_) {
    const bool awaits_answer = StageOf(job->job()) == Stage::kConfirm;
    if (!awaits_answer) job->work.reset();
    job->abort.reset();
  }
  stop_timer_ = world_.timers.After(milliseconds(0), [this] {
    stop_timer_ = world_.timers.After(kLastAnswerGrace, [this] {
      for (auto& [id, job] : jobs_) job->work.reset();
      FinishStop();
    });
    FinishStop();
  });
}

void Conductor::FinishStop() {
  const bool busy =
      std::any_of(jobs_.begin(), jobs_.end(), [](const auto& job) { return job.second->work != nullptr; });
  if (busy || !stopped_) return;
  stop_timer_.reset();
  const auto stopped = std::move(stopped_);
  stopped_ = nullptr;
  stopped();
}

void Conductor::Count(const ActiveJob& job, Overview& overview) {
  switch (StageOf(job.job())) {
    case Stage::kClaim:
    case Stage::kUpload:
      ++(job.work ? overview.uploading : overview.queued);
      break;
    case Stage::kConfirm:
    case Stage::kAwait:
      ++overview.building;
      break;
    case Stage::kDeliver:
    case Stage::kFinish:
    case Stage::kReclaim:
      ++overview.delivering;
      break;
  }
}

Overview Conductor::overview() const {
  Overview overview;
  overview.portal_silent_since = portal_silent_since_;
  overview.portal_answered = portal_answered_;
  overview.credentials_refused = credentials_held_until_ != 0;
  overview.portal_full = portal_full_;
  overview.disk_trouble_since = disk_trouble_since_;
  for (const auto& [id, job] : jobs_) {
    overview.unfinished += !job->job().finished || AbortIsWorthWaiting(*job) ? 1 : 0;
    if (job->job().finished) continue;
    Count(*job, overview);
    if (job->output_trouble) overview.outputs_in_trouble[job->job().target->output_path] = job->last_wait.for_what;
    const bool foreign = !job->ours && StageOf(job->job()) != Stage::kFinish;
    if (foreign || HeldForAPerson(job->job())) {
      ++overview.held_for_person;
    } else if (!job->work && StageOf(job->job()) == Stage::kUpload && Paused(job->job())) {
      ++overview.paused;
    } else if (WaitsForWindow(*job) && !gate_now_.ask) {
      ++overview.outside_window;
    } else {
      overview.blocked_on_output += job->output_trouble ? 1 : 0;
      overview.blocked_on_disk += job->disk_trouble && !job->output_trouble ? 1 : 0;
    }
  }
  if (overview.outside_window > 0) {
    overview.window_words = gate_now_.waiting_for;
    if (gate_now_.not_before != 0) {
      overview.window_words += ", which opens on " + gate_.TimeText(gate_now_.not_before);
    }
  }
  return overview;
}

void Conductor::ForEachJob(const std::function<void(const Job&)>& visit) const {
  for (const auto& [id, job] : jobs_) {
    if (!job->job().finished) visit(job->job());
  }
}

}  // namespace tegodrop
