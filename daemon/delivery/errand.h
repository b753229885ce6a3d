// What the pieces of work of this room share: one job's row, one step at a time, one answer at the end. Internal.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "daemon/ledger/job_record.h"
#include "daemon/loop/handle.h"

namespace tegodrop {

class Errand : public Handle {
 protected:
  Errand(JobRecord& record, std::function<void(Status)> done) : record_(record), done_(std::move(done)) {}

  const Job& job() const { return record_.job(); }

  // Changes the row and goes on with `next`; a row that cannot be written ends the errand and the step under way. A
  // Save is never cancelled, so its answer may come when this object is gone.
  void Save(std::function<void(Job&)> change, std::string note, std::function<void()> next) {
    record_.Save(std::move(change), std::move(note),
                 [this, alive = std::weak_ptr<char>(alive_), next = std::move(next)](const Status& saved) {
                   if (alive.expired()) return;
                   if (!saved) {
                     step_.reset();
                     return Done(Fail(saved.error()));
                   }
                   next();
                 });
  }

  // The answer. Nothing of this object may be touched after it.
  void Done(Status status) {
    const auto done = std::exchange(done_, nullptr);
    if (done) done(std::move(status));
  }

  // The step under way. Giving it another value inside its own callback is allowed.
  HandlePtr step_;

 private:
  JobRecord& record_;
  std::function<void(Status)> done_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace tegodrop
