// Which uploads begin: the folders take turns, the portal's build slots are counted, and what was delivered already is
// not built again.
#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/conductor/conductor.h"
#include "daemon/disk/layout.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kSlotWords = "a free build slot or quota at the portal: ";

bool HasBegun(const ActiveJob& job) {
  return job.work != nullptr || (job.job().state != JobState::kClaimed && job.job().state != JobState::kClaiming);
}

}  // namespace

// From the moment its upload begins until its build has ended. One that only a person can move on holds nothing up.
bool Conductor::UsesBuildSlot(const ActiveJob& job) const {
  const Job& row = job.job();
  if (row.finished || !job.ours) return false;
  switch (StageOf(row)) {
    case Stage::kUpload:
      return job.work != nullptr;
    case Stage::kConfirm:
      return true;
    case Stage::kAwait:
      return !HeldForAPerson(row);
    default:
      return false;
  }
}

MonoMs Conductor::BeginUploads(UploadRound round, MonoMs now) {
  SetTwinsAside(round.waiting);
  if (round.waiting.empty()) {
    portal_full_ = false;
    return INT64_MAX;
  }
  std::vector<QueuedUpload> queued;
  queued.reserve(round.waiting.size());
  for (const ActiveJob* job : round.waiting) queued.push_back({job->job().target->folder, job->job().target->priority});
  const int room = slots_.Room(round.in_use, now);
  const int free = std::min(settings_.concurrent_uploads - round.under_way, room);
  const std::vector<std::size_t> picked = queue_.Pick(queued, std::move(round.running), free);
  for (const std::size_t index : picked) {
    ActiveJob& job = *std::exchange(round.waiting[index], nullptr);
    slots_.Begun(job.job().id, round.in_use++);
    job.asking = !job.job().multipart;
    Begin(job, Stage::kUpload);
  }
  std::erase(round.waiting, nullptr);
  // Where builds are not what is scarce, the rest waits for an upload's end. A claimed one shows that by its state; one
  // that was begun in an earlier life would look as if it were being sent.
  if (round.waiting.empty() || room > static_cast<int>(picked.size())) {
    for (ActiveJob* job : round.waiting) {
      if (job->job().state != JobState::kClaimed) ShowWait(*job, "an upload slot", 0);
    }
    return INT64_MAX;
  }
  const std::optional<MonoMs> next = slots_.NextTry(round.in_use);
  // While builds of ours run, the end of one of them is what is waited for.
  const WallMs not_before = next && round.in_use == 0 ? world_.clock.Wall() + std::max<MonoMs>(0, *next - now) : 0;
  const std::string words =
      std::string(kSlotWords) + (slots_.ReachedConfigured(round.in_use)
                                     ? std::to_string(round.in_use) + " of ours run, as limits.concurrent_builds allows"
                                     : slots_words_);
  for (ActiveJob* job : round.waiting) ShowWait(*job, words, not_before);
  return next ? std::max(*next, now + 1) : INT64_MAX;
}

// The portal takes no more builds now. No try of this job, and no trouble of the portal.
void Conductor::SlotRefused(ActiveJob& job, const Error& error, milliseconds wait) {
  portal_full_ = true;
  const MonoMs now = world_.clock.Mono();
  const int running = static_cast<int>(std::count_if(jobs_.begin(), jobs_.end(), [&](const auto& other) {
    return UsesBuildSlot(*other.second) && !other.second->asking;
  }));
  slots_.Refused(job.job().id, running, wait, now);
  slots_words_ = error.message;
  world_.log.Warning("portal.slow_down", "the portal takes no more builds now: uploads wait",
                     {{"reason", error.message},
                      {"builds_running", running},
                      {"next_try_in_s", (slots_.NextTry(running).value_or(now) - now) / 1000}});
}

void Conductor::SlotGranted(const Job& job) {
  ActiveJob* active = Find(job.id);
  if (active == nullptr || !active->asking) return;
  active->asking = false;
  slots_.Accepted(job.id, world_.clock.Mono());
}

// As NoteWait, for what concerns hundreds of jobs at once: told in the log by whoever holds them up, and written only
// where it is new.
void Conductor::ShowWait(ActiveJob& job, const std::string& for_what, WallMs not_before) {
  const Waiting& shown = job.job().waiting;
  // A moment's difference is none.
  const bool same_time = (shown.not_before == 0) == (not_before == 0) && std::abs(shown.not_before - not_before) < 1000;
  if (job.saving() || (shown.for_what == for_what && same_time)) return;
  // Without this a ledger that takes nothing would be asked again in every turn, and each refusal brings a turn.
  if (world_.clock.Mono() < job.show_due) return;
  const bool news = job.last_wait.for_what != for_what;
  job.last_wait = {for_what, news ? world_.clock.Wall() : job.last_wait.since, not_before};
  WriteWait(job);
}

// Takes out of `waiting` what must not be built before it is known whether its bytes were delivered already.
void Conductor::SetTwinsAside(std::vector<ActiveJob*>& waiting) {
  const auto skips = [](const ActiveJob* job) {
    return job->job().target->skip_same_bytes && job->job().state == JobState::kClaimed;
  };
  if (std::none_of(waiting.begin(), waiting.end(), skips)) return;
  std::multimap<std::string_view, const ActiveJob*> by_bytes;
  for (const auto& [id, job] : jobs_) {
    const JobState state = job->job().state;
    if (job->job().finished || state == JobState::kFailed || state == JobState::kCancelled) continue;
    by_bytes.emplace(job->job().artifact.sha256, job.get());
  }
  std::erase_if(waiting, [&](ActiveJob* job) {
    if (!skips(job)) return false;
    const auto [first, last] = by_bytes.equal_range(job->job().artifact.sha256);
    const auto twin = std::find_if(first, last, [&](const auto& one) {
      const ActiveJob* other = one.second;
      return other != job && SameBuild(other->job(), job->job()) &&
             (HasBegun(*other) || other->job().id < job->job().id);
    });
    if (twin != last) {
      job->compared = false;
      ShowWait(*job, "the end of job " + twin->second->job().id + ", which has the same bytes (same_bytes: skip)", 0);
      return true;
    }
    if (job->compared) return false;
    Compare(*job);
    return true;
  });
}

void Conductor::Compare(ActiveJob& job) {
  job.comparing = true;
  world_.ledger.FindDelivered(job.job(), [this, id = job.job().id](Result<std::optional<Job>> delivered) {
    ActiveJob* active = Find(id);
    if (active == nullptr) return;
    active->comparing = false;
    if (stopping_) return;
    // A person's command came between: it is compared again, if it is to be built at all.
    if (active->job().state != JobState::kClaimed || active->saving()) return TurnSoon();
    if (!delivered) {
      active->due = world_.clock.Mono() + kLedgerRetry.count();
      world_.log.Error("ledger.error", "the ledger could not be searched: " + delivered.error().message, {{"job", id}});
    } else if (*delivered) {
      EndAsDuplicate(*active, **delivered);
    } else {
      active->compared = true;
    }
    TurnSoon();
  });
}

void Conductor::EndAsDuplicate(ActiveJob& job, const Job& delivered) {
  const std::string trace = delivered.target->output_path + "/" + TraceName(delivered.output.protected_name);
  world_.log.Info("job.duplicate",
                  "the same bytes were delivered as job " + delivered.id + ": they are not built again",
                  {{"job", job.job().id},
                   {"folder", job.job().target->folder},
                   {"file", job.job().artifact.file_name},
                   {"duplicate_of", delivered.id},
                   {"trace", trace}});
  Note(
      job,
      [of = delivered.id, trace](Job& changed) {
        changed.state = JobState::kPublished;
        changed.duplicate_of = of;
        changed.duplicate_trace = trace;
      },
      "the same bytes were delivered as job " + delivered.id + ": no build (same_bytes: skip)");
}

}  // namespace tegodrop
