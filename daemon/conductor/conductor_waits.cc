// What holds jobs up: errors become waits or failures, and what the portal as a whole holds up is shown on every job.
#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/conductor/conductor.h"

namespace tegodrop {
using std::chrono::milliseconds;

void Conductor::NoteForeign(ActiveJob& job) {
  const Target& target = *job.job().target;
  NoteWait(job,
           "the portal account that it was claimed with (tenant " + target.tenant + " at " + target.portal_url +
               "): configure that one to go on",
           milliseconds(0));
}

// Whether its next step is a question to the portal or its store; a fetched job needs its output folder alone.
bool Conductor::AsksPortal(const Job& job) {
  const Stage stage = StageOf(job);
  return stage == Stage::kUpload || stage == Stage::kConfirm || stage == Stage::kAwait || job.state == JobState::kBuilt;
}

MonoMs Conductor::HeldUntil(const ActiveJob& job) const {
  if (!AsksPortal(job.job())) return 0;
  const Stage stage = StageOf(job.job());
  if (stage == Stage::kUpload && Paused(job.job())) return INT64_MAX;
  const auto held = held_back_.find(stage);
  return std::max({credentials_held_until_, held == held_back_.end() ? 0 : held->second.until,
                   WaitsForWindow(job) ? gate_shut_until_ : 0});
}

// A host that is left alone holds up every job of that stage, also those that have not met it themselves.
void Conductor::HoldStage(Stage stage, const Reaction& reaction, MonoMs now) {
  Hold& hold = held_back_[stage];
  hold.until = std::max(hold.until, now + reaction.delay.count());
  hold.words = reaction.waiting_for;
}

void Conductor::ShowHeldBack(ActiveJob& job, MonoMs now) {
  const Job& row = job.job();
  // What is not begun yet shows a pause by its state; an upload that was begun and stands still would not.
  const bool begun = row.state == JobState::kUploading || row.state == JobState::kCompleting;
  if (begun && !job.work && StageOf(row) == Stage::kUpload && Paused(row)) {
    const std::string which = paused_.contains("") ? "" : " " + row.target->folder;
    return ShowWait(job, "its folder, which is paused: 'tegodrop resume" + which + "'", 0);
  }
  if (WaitsForWindow(job) && !Paused(row)) {
    // That nothing is asked of the portal at all is the greater trouble.
    if (credentials_held_until_ > now && !row.waiting.for_what.empty()) return;
    return ShowWait(job, gate_now_.waiting_for, gate_now_.not_before);
  }
  const auto held = held_back_.find(StageOf(job.job()));
  const bool concerned = held != held_back_.end() && held->second.until > now && held->second.until >= job.due;
  if (!concerned || job.work || HeldUntil(job) == INT64_MAX) return;
  ShowWait(job, held->second.words, world_.clock.Wall() + held->second.until - now);
}

void Conductor::React(ActiveJob& job, const Error& error, bool asked) {
  const Reaction reaction = ReactTo(job.job(), error, world_.random);
  if (reaction.taken_over) return LeaveTo(job, error);
  const MonoMs now = world_.clock.Mono();
  if (reaction.portal_trouble && !portal_silent_since_) portal_silent_since_ = now;
  const bool refused = reaction.hold == HoldScope::kUploads || reaction.hold == HoldScope::kCredentials;
  if (refused) portal_silent_since_.reset();  // a refusal is an answer
  if (reaction.hold == HoldScope::kStage) HoldStage(StageOf(job.job()), reaction, now);
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
          if (changed.multipart) ForgetUpload(changed);
        },
        failure.message);
  } else if (asked && reaction.hold == HoldScope::kUploads) {
    // Shown on all that it holds up, by the next turn.
    job.due = now;
    SlotRefused(job, error, reaction.delay);
  } else {
    // What holds up the portal as a whole ends for all at once.
    job.due = reaction.hold == HoldScope::kCredentials ? now : now + reaction.delay.count();
    if (!reaction.waiting_for.empty()) NoteWait(job, reaction.waiting_for, reaction.delay);
    if (reaction.hold == HoldScope::kCredentials) HoldCredentials(reaction, now);
  }
  if (stopping_) return FinishStop();
  TurnSoon();
}

// Its end is the other host's to tell: no receipt, no record and no file of ours.
void Conductor::LeaveTo(ActiveJob& job, const Error& error) {
  const Job& row = job.job();
  world_.log.Warning("job.taken_over", error.message,
                     {{"job", row.id}, {"folder", row.target->folder}, {"file", row.artifact.file_name}});
  job.Save(
      [message = error.message](Job& changed) {
        ForgetUpload(changed);
        // Its build is the other host's, and what it is known by may come back to this ledger.
        changed.ticket = {};
        if (!IsEnd(changed.state)) changed.state = JobState::kCancelled;
        changed.finished = true;
        changed.failure =
            Failure{FailureKind::kCancelled, message, "look at the other host's 'tegodrop status'", {}, {}, {}};
      },
      error.message,
      [this, id = row.id](const Status& saved) {
        if (saved) {
          const ActiveJob* active = Find(id);
          if (active != nullptr && rooms_.forget) rooms_.forget(active->job());
          if (active != nullptr) EraseIfDone(id);
        } else {
          LedgerRefused(id, saved.error());
          if (ActiveJob* active = Find(id)) active->due = world_.clock.Mono() + kLedgerRetry.count();
        }
        TurnSoon();
      });
  if (stopping_) return FinishStop();
}

// A trouble of the portal as a whole is shown on every job that it holds up.
void Conductor::HoldCredentials(const Reaction& reaction, MonoMs now) {
  credentials_held_until_ = std::max(credentials_held_until_, now + reaction.delay.count());
  world_.log.Error("portal.credentials_refused",
                   "the portal refused the credentials: nothing is asked of it until then",
                   {{"reason", reaction.waiting_for}, {"retry_in_s", reaction.delay.count() / 1000}});
  world_.ledger.SaveNotice(
      {kCredentialsNotice, "nothing is asked of the portal: it waits for " + reaction.waiting_for, world_.clock.Wall()},
      nullptr);
  for (auto& [id, other] : jobs_) {
    const Stage stage = StageOf(other->job());
    const bool concerned = stage == Stage::kUpload || stage == Stage::kAwait || stage == Stage::kDeliver;
    if (concerned && !other->work && other->ours) NoteWait(*other, reaction.waiting_for, reaction.delay);
  }
}

void Conductor::PortalAnswered() {
  portal_silent_since_.reset();
  portal_answered_ = world_.clock.Mono();
  if (credentials_held_until_ == 0) return;
  credentials_held_until_ = 0;
  world_.log.Info("portal.credentials_accepted", "the portal accepts the credentials again");
  world_.ledger.RemoveNotice(kCredentialsNotice, nullptr);
  EndWaits();
}

// Whether they are good the next answer tells.
void Conductor::CredentialsChanged() {
  if (std::exchange(credentials_held_until_, 0) == 0) return;
  world_.ledger.RemoveNotice(kCredentialsNotice, nullptr);
  EndWaits();
  TurnSoon();
}

// What was shown on every job because the portal held all of them up is true no longer.
void Conductor::EndWaits() {
  for (auto& [id, job] : jobs_) {
    const bool waits = job->job().waiting.not_before != 0 && !job->work && !job->saving();
    if (!waits || UploadGate::Says(job->job().waiting.for_what) || job->disk_trouble || !AsksPortal(job->job()) ||
        !job->ours)
      continue;
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
                       {{"job", row.id}, {"folder", row.target->folder}, {"file", row.artifact.file_name}});
  }
  WriteWait(job);
}

void Conductor::WriteWait(ActiveJob& job) {
  const std::string id = job.job().id;
  job.Save([waiting = job.last_wait](Job& changed) { changed.waiting = waiting; }, "",
           [this, id](const Status& status) {
             ActiveJob* active = Find(id);
             if (!status && active != nullptr) {
               active->wait_unwritten = true;
               active->show_due = world_.clock.Mono() + kLedgerRetry.count();
             }
             if (!status) LedgerRefused(id, status.error());
             TurnSoon();
           });
}

// What holds a job up may last much longer than what keeps the ledger from saying so.
void Conductor::WriteWaitAgain(ActiveJob& job, MonoMs now) {
  if (!job.wait_unwritten || job.show_due > now || job.last_wait.for_what.empty() || job.saving()) return;
  WriteWait(job);
}

void Conductor::LedgerRefused(const std::string& id, const Error& error) {
  world_.log.Error("ledger.error", "the ledger did not take a change: " + error.message, {{"job", id}});
}

// Writes the row, and waits a little where the ledger would not take it: the row says how to go on in any case.
void Conductor::Note(ActiveJob& job, std::function<void(Job&)> change, std::string note) {
  const std::string id = job.job().id;
  job.Save(std::move(change), std::move(note), [this, id](Status status) {
    ActiveJob* active = Find(id);
    if (!status && active != nullptr) active->due = world_.clock.Mono() + kLedgerRetry.count();
    if (!status) LedgerRefused(id, status.error());
    TurnSoon();
  });
}

}  // namespace tegodrop
