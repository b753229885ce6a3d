// A job's row in memory, under the same rule of transitions as the real one.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/ledger/job_record.h"
#include "daemon/model/lifecycle.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop::testing {

class FakeJobRecord final : public JobRecord {
 public:
  FakeJobRecord(TaskQueue& queue, Job job) : queue_(queue), job_(std::move(job)) {}

  const Job& job() const override { return job_; }
  void Save(std::function<void(Job&)> change, std::string note, std::function<void(Status)> done) override {
    overlapped = overlapped || under_way_;
    under_way_ = true;
    queue_.Post([this, change = std::move(change), note = std::move(note), done = std::move(done)] {
      under_way_ = false;
      if (fail_next) {
        const Error error = *std::exchange(fail_next, std::nullopt);
        return done(Fail(error));
      }
      Job changed = job_;
      change(changed);
      if (!MayFollow(job_.state, changed.state)) {
        return done(Fail(ErrorKind::kBug, std::string(ToString(job_.state)) + " may not be followed by " +
                                              std::string(ToString(changed.state))));
      }
      job_ = std::move(changed);
      saved.push_back(job_);
      if (on_saved) on_saved(job_);
      done({});
    });
  }

  // Every row as it was written, in order.
  std::vector<Job> saved;
  // A Save was asked for while another was under way.
  bool overlapped = false;
  // The next Save fails with this and writes nothing.
  std::optional<Error> fail_next;
  std::function<void(const Job&)> on_saved;

 private:
  TaskQueue& queue_;
  Job job_;
  bool under_way_ = false;
};

}  // namespace tegodrop::testing
