#include "daemon/intake/claiming.h"

#include <utility>

#include "daemon/base/retry_policy.h"
#include "daemon/base/text.h"

namespace tegodrop {

Claiming::Claiming(IntakeWorld& world, ClaimPlan plan, std::function<void(const std::string&)> stuck,
                   std::function<void(ClaimEnd, const Job&)> done)
    : world_(world), plan_(std::move(plan)), stuck_(std::move(stuck)), done_(std::move(done)) {}

void Claiming::Start() { Insert(); }

bool Claiming::Stop() {
  stopping_ = true;
  return timer_ != nullptr;
}

std::function<void(Status)> Claiming::WhileAlive(void (Claiming::*next)(Status)) {
  return [this, next, alive = std::weak_ptr<bool>(alive_)](Status status) {
    if (!alive.expired()) (this->*next)(std::move(status));
  };
}

void Claiming::Insert() { world_.ledger.Insert(plan_.job, WhileAlive(&Claiming::Inserted)); }

void Claiming::Inserted(Status status) {
  if (!status && status.error().kind == ErrorKind::kRejected) {
    // The id is taken: by another job, because a failed Insert has written nothing.
    plan_.job.id = NewId(world_.clock.Wall(), world_.random);
    plan_.request.job = plan_.job.id;
    if (plan_.kept) plan_.kept->job = plan_.job.id;
  }
  if (!status) return Again(status.error(), &Claiming::Insert);
  if (plan_.failure && plan_.kept) return Record();
  Claim();
}

void Claiming::Claim() {
  work_ = world_.folder.Claim(plan_.request, [this](Result<ClaimOutcome> outcome) {
    const HandlePtr done = std::move(work_);
    if (!outcome) return Again(outcome.error(), &Claiming::Claim);
    stuck_("");
    Claimed(*outcome);
  });
}

void Claiming::Claimed(ClaimOutcome outcome) {
  if (outcome != ClaimOutcome::kClaimed) return Remove();
  plan_.job.times.claimed = world_.clock.Wall();
  if (plan_.kept) return Keep();
  Record();
}

void Claiming::Keep() { world_.ledger.SaveKept(*plan_.kept, WhileAlive(&Claiming::Kept)); }

void Claiming::Kept(Status status) {
  if (!status) return Again(status.error(), &Claiming::Keep);
  Record();
}

void Claiming::Record() {
  recorded_ = plan_.job;
  recorded_.state = plan_.failure ? JobState::kFailed : JobState::kClaimed;
  recorded_.failure = plan_.failure;
  const std::string note = plan_.failure ? "refused: " + plan_.failure->message : std::string("claimed");
  world_.ledger.Save(recorded_, note, WhileAlive(&Claiming::Recorded));
}

void Claiming::Recorded(Status status) {
  if (!status && status.error().kind != ErrorKind::kRejected) return Again(status.error(), &Claiming::Record);
  if (!status) {
    world_.log.Error("artifact.row_lost", status.error().message, {{"job", plan_.job.id}});
    return End(ClaimEnd::kDropped);
  }
  // In the ledger's own order before anything else about the job: its end cannot be recorded without this.
  if (plan_.failure && plan_.kept) world_.ledger.SaveKept(*plan_.kept, [](const Status&) {});
  End(ClaimEnd::kRecorded);
}

void Claiming::Remove() { world_.ledger.Remove(plan_.job.id, WhileAlive(&Claiming::Removed)); }

void Claiming::Removed(Status status) {
  if (!status && status.error().kind != ErrorKind::kRejected) return Again(status.error(), &Claiming::Remove);
  End(ClaimEnd::kBack);
}

void Claiming::Again(const Error& error, void (Claiming::*step)()) {
  if (trouble_ != error.message) {
    trouble_ = error.message;
    world_.log.Warning("artifact.claim_failed", trouble_, {{"job", plan_.job.id}, {"file", plan_.request.name}});
    // For `status`; what is recorded next ends it. Without a row there is nothing to show it on.
    if (step != &Claiming::Insert && step != &Claiming::Remove) {
      Job row = plan_.job;
      row.waiting = {"its claim: " + trouble_, world_.clock.Wall(), 0};
      world_.ledger.Save(row, "", [](const Status&) {});
    }
  }
  if (stopping_) return End(ClaimEnd::kDropped);
  const auto delay = RetryDelay(tries_++, std::chrono::seconds(1), world_.random);
  timer_ = world_.timers.After(delay, [this, step] {
    const HandlePtr fired = std::move(timer_);
    (this->*step)();
  });
  if (step == &Claiming::Claim) stuck_(trouble_);
}

void Claiming::End(ClaimEnd end) {
  const auto done = std::move(done_);
  const Job job = end == ClaimEnd::kRecorded ? std::move(recorded_) : std::move(plan_.job);
  done(end, job);
}

}  // namespace tegodrop
