#include "daemon/conductor/active_job.h"

#include <utility>

namespace tegodrop {

ActiveJob::ActiveJob(Ledger& ledger, TimerMaker& timers, Job job, std::function<void(const Job&, const Job&)> on_saved)
    : ledger_(ledger), timers_(timers), job_(std::move(job)), on_saved_(std::move(on_saved)) {}

ActiveJob::~ActiveJob() = default;

void ActiveJob::Save(std::function<void(Job&)> change, std::string note, std::function<void(Status)> done) {
  writes_.push_back({std::move(change), std::move(note), std::move(done), false});
  if (writes_.size() == 1) WriteFirst();
}

void ActiveJob::SaveForPerson(std::function<void(Job&)> change, std::string note, std::function<void(Status)> done) {
  writes_.push_back({std::move(change), std::move(note), std::move(done), true});
  if (writes_.size() == 1) WriteFirst();
}

void ActiveJob::WriteFirst() {
  auto changed = std::make_shared<Job>(job_);
  changed->waiting = {};
  writes_.front().change(*changed);
  const auto answer = [this, alive = std::weak_ptr<bool>(alive_), changed](Status status) {
    if (alive.expired()) return;
    if (status) {
      wait_unwritten = false;
      std::swap(job_, *changed);
      on_saved_(*changed, job_);
    }
    Answer(std::move(status));
  };
  const bool reopened = writes_.front().for_person && MayReopen(job_.state, changed->state);
  if (!MayFollow(job_.state, changed->state) && !reopened) {
    const std::string message = "a job in state " + std::string(ToString(job_.state)) + " cannot become " +
                                std::string(ToString(changed->state));
    refusal_ =
        timers_.After(std::chrono::milliseconds(0), [answer, message] { answer(Fail(ErrorKind::kBug, message)); });
    return;
  }
  ledger_.Save(*changed, writes_.front().note, answer);
}

void ActiveJob::Answer(Status status) {
  const auto done = std::move(writes_.front().done);
  writes_.pop_front();
  const std::weak_ptr<bool> alive = alive_;
  if (!writes_.empty()) WriteFirst();
  // Last: `done` may destroy this.
  if (!alive.expired() && done) done(std::move(status));
}

}  // namespace tegodrop
