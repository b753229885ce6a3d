#include "daemon/conductor/active_job.h"

#include <utility>

namespace tegodrop {
namespace {

// The ledger writes one after the other: more would only wait there.
constexpr int kWritesUnderWay = 64;

}  // namespace

void WriteLine::Enter(std::function<bool()> begin) {
  if (under_way_ < kWritesUnderWay) {
    under_way_ += begin() ? 1 : 0;
  } else {
    waiting_.push_back(std::move(begin));
  }
}

void WriteLine::Leave() {
  --under_way_;
  while (under_way_ < kWritesUnderWay && !waiting_.empty()) {
    const std::function<bool()> next = std::move(waiting_.front());
    waiting_.pop_front();
    under_way_ += next() ? 1 : 0;
  }
}

ActiveJob::ActiveJob(Ledger& ledger, TimerMaker& timers, std::shared_ptr<WriteLine> line, Job job,
                     std::function<void(const Job&, const Job&)> on_saved)
    : ledger_(ledger), timers_(timers), line_(std::move(line)), job_(std::move(job)), on_saved_(std::move(on_saved)) {}

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
  line_->Enter([this, alive = std::weak_ptr<bool>(alive_)] { return !alive.expired() && HandOver(); });
}

// Whether the ledger has it now.
bool ActiveJob::HandOver() {
  auto changed = std::make_shared<Job>(job_);
  changed->waiting = {};
  writes_.front().change(*changed);
  const bool reopened = writes_.front().for_person && MayReopen(job_.state, changed->state);
  if (!MayFollow(job_.state, changed->state) && !reopened) {
    const std::string message = "a job in state " + std::string(ToString(job_.state)) + " cannot become " +
                                std::string(ToString(changed->state));
    refusal_ = timers_.After(std::chrono::milliseconds(0), [this, message] { Answer(Fail(ErrorKind::kBug, message)); });
    return false;
  }
  ledger_.Save(*changed, writes_.front().note,
               [this, alive = std::weak_ptr<bool>(alive_), line = line_, changed](Status status) {
                 line->Leave();
                 if (alive.expired()) return;
                 if (status) {
                   wait_unwritten = false;
                   // Its texts stay where they are in memory, and most are the same: the copy, which came into a
                   // crowd of others, goes as a whole.
                   const Job before = job_;
                   job_ = *changed;
                   on_saved_(before, job_);
                 }
                 Answer(std::move(status));
               });
  return true;
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
