#include "daemon/conductor/conductor.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/base/backoff.h"
#include "daemon/base/text.h"
#include "daemon/conductor/gates.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

// Downloads at once: more only share the same line.
constexpr int kConcurrentDeliveries = 2;
// How long a stop waits for the answer to an upload that has left whole.
constexpr milliseconds kLastAnswerGrace = std::chrono::seconds(2);
// After a write that the ledger did not take.
constexpr milliseconds kLedgerRetry = std::chrono::seconds(5);
// A wait from an earlier life is not trusted longer: the wall clock may have been wrong then.
constexpr milliseconds kLongestOldWait = std::chrono::minutes(15);

}  // namespace

Conductor::Conductor(ConductorWorld world, ConductorSettings settings, Rooms rooms,
                     std::function<void(const Job&, const Progress&)> on_change)
    : world_(world), settings_(std::move(settings)), rooms_(std::move(rooms)), on_change_(std::move(on_change)) {}

Conductor::~Conductor() = default;

Conductor::Stage Conductor::StageOf(const Job& job) {
  switch (job.state) {
    case JobState::kClaiming:
      return Stage::kClaim;
    case JobState::kClaimed:
    case JobState::kRequested:
      return Stage::kUpload;
    case JobState::kUploading:
      // Only a death between the last chunk and its answer leaves such a row: what became of it is unknown.
      return job.last_chunk_left == 0 ? Stage::kUpload : Stage::kConfirm;
    case JobState::kCompleting:
      return Stage::kConfirm;
    case JobState::kConfirming:
    case JobState::kSubmitted:
    case JobState::kBuilding:
      return Stage::kAwait;
    case JobState::kBuilt:
    case JobState::kFetched:
      return Stage::kDeliver;
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
  auto active = std::make_unique<ActiveJob>(world_.ledger, world_.timers, std::move(job),
                                            [this](const Job& before, const Job& after) { Changed(before, after); });
  const Job& taken = active->job();
  const WallMs wait = taken.waiting.not_before - world_.clock.Wall();
  if (taken.waiting.not_before != 0 && wait > 0) active->due = now + std::min<WallMs>(wait, kLongestOldWait.count());
  if (StageOf(taken) == Stage::kAwait) watches_[taken.target.version].due = now;
  ActiveJob& placed = *(jobs_[id] = std::move(active));
  on_change_(placed.job(), placed.progress);
  if (!OurPortal(placed.job()) && !IsEnd(placed.job().state)) NoteForeign(placed);
  TurnSoon();
}

void Conductor::NoteForeign(ActiveJob& job) {
  const Target& target = job.job().target;
  NoteWait(job,
           "the portal account that it was claimed with (tenant " + target.tenant + " at " + target.portal_url +
               "): configure that one to go on",
           milliseconds(0));
}

bool Conductor::OurPortal(const Job& job) const {
  return job.target.portal_url == settings_.portal_url && job.target.tenant == settings_.tenant;
}

void Conductor::TurnSoon() {
  if (stopping_ || soon_) return;
  soon_ = world_.timers.After(milliseconds(0), [this] {
    soon_.reset();
    Turn();
  });
}

// Whether its next step is a question to the portal or its store; a fetched job needs its output folder alone.
bool Conductor::AsksPortal(const Job& job) {
  const Stage stage = StageOf(job);
  return stage == Stage::kUpload || stage == Stage::kConfirm || stage == Stage::kAwait || job.state == JobState::kBuilt;
}

MonoMs Conductor::HeldUntil(const Job& job) const {
  if (!AsksPortal(job)) return 0;
  return StageOf(job) == Stage::kUpload ? std::max(uploads_held_until_, credentials_held_until_)
                                        : credentials_held_until_;
}

void Conductor::Turn() {
  if (stopping_) return;
  const MonoMs now = world_.clock.Mono();
  int uploads = 0;
  int deliveries = 0;
  std::vector<ActiveJob*> ready;
  MonoMs next = INT64_MAX;
  std::map<std::string, int> awaited;  // jobs by version
  for (auto& [id, job] : jobs_) {
    const Stage stage = StageOf(job->job());
    if (stage == Stage::kAwait && OurPortal(job->job())) ++awaited[job->job().target.version];
    if (job->work) {
      uploads += stage == Stage::kUpload || stage == Stage::kConfirm ? 1 : 0;
      deliveries += stage == Stage::kDeliver ? 1 : 0;
      continue;
    }
    if (job->saving() || stage == Stage::kAwait) continue;
    if (!OurPortal(job->job()) && AsksPortal(job->job())) continue;
    const MonoMs due = std::max(job->due, HeldUntil(job->job()));
    if (due <= now) {
      ready.push_back(job.get());
    } else {
      next = std::min(next, due);
    }
  }
  std::stable_sort(ready.begin(), ready.end(), [](const ActiveJob* a, const ActiveJob* b) {
    return a->job().target.priority > b->job().target.priority;
  });
  for (ActiveJob* job : ready) {
    const Stage stage = StageOf(job->job());
    if (stage == Stage::kUpload && ++uploads > settings_.concurrent_uploads) continue;
    if (stage == Stage::kDeliver && ++deliveries > kConcurrentDeliveries) continue;
    Begin(*job, stage);
  }
  std::erase_if(watches_, [&](const auto& watch) { return !awaited.contains(watch.first); });
  for (const auto& [version, count] : awaited) {
    // The first look at what was just submitted comes after a whole interval: no build is done at once.
    Watch& watch =
        watches_.try_emplace(version, Watch{nullptr, now + settings_.polling.interval.count(), 0}).first->second;
    if (watch.look) continue;
    const MonoMs due = std::max(watch.due, credentials_held_until_);
    if (due <= now) {
      LookAt(version, watch);
    } else {
      next = std::min(next, due);
    }
  }
  timer_ = next == INT64_MAX ? nullptr : world_.timers.After(milliseconds(next - now), [this] { Turn(); });
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
      if (!OurPortal(active->job())) NoteForeign(*active);
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
  if (!status) return React(*job, status.error());
  job->due = 0;
  job->disk_trouble = job->output_trouble = false;
  job->last_wait = {};
  disk_trouble_since_.reset();
  if (asked_portal) PortalAnswered();
  if (job->job().finished) jobs_.erase(id);
  if (stopping_) return FinishStop();
  TurnSoon();
}

void Conductor::React(ActiveJob& job, const Error& error) {
  const Reaction reaction = ReactTo(job.job(), error, world_.random);
  const MonoMs now = world_.clock.Mono();
  if (reaction.portal_trouble && !portal_silent_since_) portal_silent_since_ = now;
  if (reaction.hold != HoldScope::kJob) portal_silent_since_.reset();  // a refusal is an answer
  if (reaction.disk_trouble && !disk_trouble_since_) disk_trouble_since_ = now;
  job.disk_trouble = reaction.disk_trouble;
  job.output_trouble = reaction.output_trouble;
  if (reaction.failure) {
    const Failure failure = *reaction.failure;
    Note(
        job,
        [failure](Job& changed) {
          changed.state = JobState::kFailed;
          changed.failure = failure;
        },
        failure.message);
  } else {
    // What holds up the portal as a whole ends for all at once.
    job.due = reaction.hold == HoldScope::kJob ? now + reaction.delay.count() : now;
    if (!reaction.waiting_for.empty()) NoteWait(job, reaction.waiting_for, reaction.delay);
    Hold(reaction, now);
  }
  if (stopping_) return FinishStop();
  TurnSoon();
}

// A trouble of the portal as a whole is shown on every job that it holds up.
void Conductor::Hold(const Reaction& reaction, MonoMs now) {
  if (reaction.hold == HoldScope::kJob) return;
  const bool credentials = reaction.hold == HoldScope::kCredentials;
  MonoMs& until = credentials ? credentials_held_until_ : uploads_held_until_;
  until = std::max(until, now + reaction.delay.count());
  if (credentials) {
    world_.log.Error("portal.credentials_refused",
                     "the portal refused the credentials: nothing is asked of it until then",
                     {{"reason", reaction.waiting_for}, {"retry_in_s", reaction.delay.count() / 1000}});
  } else {
    world_.log.Warning("portal.slow_down", "the portal takes no more builds now: uploads wait",
                       {{"reason", reaction.waiting_for}, {"retry_in_s", reaction.delay.count() / 1000}});
  }
  for (auto& [id, other] : jobs_) {
    const Stage stage = StageOf(other->job());
    const bool concerned =
        stage == Stage::kUpload || (credentials && (stage == Stage::kAwait || stage == Stage::kDeliver));
    if (concerned && !other->work && OurPortal(other->job())) NoteWait(*other, reaction.waiting_for, reaction.delay);
  }
}

void Conductor::PortalAnswered() {
  portal_silent_since_.reset();
  if (credentials_held_until_ == 0) return;
  credentials_held_until_ = 0;
  world_.log.Info("portal.credentials_accepted", "the portal accepts the credentials again");
  EndWaits();
}

// What was shown on every job because the portal held all of them up is true no longer.
void Conductor::EndWaits() {
  for (auto& [id, job] : jobs_) {
    const bool waits = job->job().waiting.not_before != 0 && !job->work && !job->saving();
    if (!waits || job->disk_trouble || !AsksPortal(job->job()) || !OurPortal(job->job())) continue;
    job->due = 0;
    job->last_wait = {};
    Note(
        *job, [](Job&) {}, "");
  }
}

void Conductor::NoteWait(ActiveJob& job, const std::string& for_what, milliseconds delay) {
  const WallMs now = world_.clock.Wall();
  const WallMs not_before = delay.count() == 0 ? 0 : now + delay.count();
  const bool news = job.last_wait.for_what != for_what;
  job.last_wait = {for_what, news ? now : job.last_wait.since, not_before};
  if (news) {
    const Job& row = job.job();
    world_.log.Warning("job.waiting", "waits for " + for_what,
                       {{"job", row.id}, {"folder", row.target.folder}, {"file", row.artifact.file_name}});
  }
  Note(
      job, [waiting = job.last_wait](Job& changed) { changed.waiting = waiting; }, "");
}

// Writes the row, and waits a little where the ledger would not take it: the row says how to go on in any case.
void Conductor::Note(ActiveJob& job, std::function<void(Job&)> change, std::string note) {
  const std::string id = job.job().id;
  job.Save(std::move(change), std::move(note), [this, id](Status status) {
    ActiveJob* active = Find(id);
    if (!status) {
      if (active != nullptr) active->due = world_.clock.Mono() + kLedgerRetry.count();
      world_.log.Error("ledger.error", "the ledger did not take a change: " + status.error().message, {{"job", id}});
    }
    TurnSoon();
  });
}

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
  watch.due = now + settings_.polling.interval.count();
  if (!look) {
    ++watch.failures;
    const Error& error = look.error();
    if (error.kind == ErrorKind::kSignIn) {
      Hold(ReactTo(Job{}, error, world_.random), now);
    } else {
      if (error.kind == ErrorKind::kRetry && !portal_silent_since_) portal_silent_since_ = now;
      const milliseconds delay = std::max(RetryDelay(watch.failures - 1, error.retry_after, world_.random),
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
  PortalAnswered();
  for (const std::string& id : ids) {
    ActiveJob* job = Find(id);
    if (job == nullptr) continue;
    const BuildIdentity identity = IdentityOf(job->job());
    const auto row = std::find_if(look->found.begin(), look->found.end(),
                                  [&](const BuildRow& one) { return Matches(one, identity); });
    if (row != look->found.end()) {
      StepJob(id, *row);
    } else if (look->complete) {
      StepJob(id, std::nullopt);
    }
  }
  TurnSoon();
}

void Conductor::StepJob(const std::string& id, std::optional<BuildRow> row) {
  ActiveJob* job = Find(id);
  // A row that is being written is not the one that was looked up: the next look decides.
  if (job == nullptr || job->saving() || StageOf(job->job()) != Stage::kAwait) return;
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
  // One of our builds has ended: its slot at the portal is free.
  const bool ended = row && row->success.has_value();
  job->Save(step.change, step.note, [this, id, row, again = step.again, ended](Status status) {
    if (!status) {
      world_.log.Error("ledger.error", "the ledger did not take a change: " + status.error().message, {{"job", id}});
    } else if (again) {
      return StepJob(id, row);
    }
    if (status && ended) SlotIsFree();
    TurnSoon();
  });
}

void Conductor::SlotIsFree() {
  if (uploads_held_until_ == 0) return;
  uploads_held_until_ = 0;
  EndWaits();
}

void Conductor::FolderIsBack(const std::string& folder) {
  for (auto& [id, job] : jobs_) {
    if (job->job().target.folder == folder && !job->work) job->due = 0;
  }
  TurnSoon();
}

void Conductor::Changed(const Job& before, const Job& after) {
  const auto say = [&](LogLevel level, std::string_view event, const std::string& message) {
    world_.log.Write(level, event, message,
                     {{"job", after.id}, {"folder", after.target.folder}, {"file", after.artifact.file_name}});
  };
  if (before.state != after.state && !IsEnd(after.state)) {
    say(LogLevel::kInfo, "job." + std::string(ToString(after.state)),
        "the job is " + std::string(ToString(after.state)));
  }
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

Overview Conductor::overview() const {
  Overview overview;
  overview.unfinished = static_cast<int>(jobs_.size());
  overview.portal_silent_since = portal_silent_since_;
  overview.credentials_refused = credentials_held_until_ != 0;
  overview.disk_trouble_since = disk_trouble_since_;
  for (const auto& [id, job] : jobs_) {
    overview.blocked_on_output += job->output_trouble ? 1 : 0;
    overview.blocked_on_disk += job->disk_trouble && !job->output_trouble ? 1 : 0;
    const bool foreign = !OurPortal(job->job()) && StageOf(job->job()) != Stage::kFinish;
    const bool held = job->job().state == JobState::kConfirming && !job->job().waiting.for_what.empty() &&
                      job->job().waiting.not_before == 0;
    overview.held_for_person += foreign || held ? 1 : 0;
  }
  return overview;
}

}  // namespace tegodrop
