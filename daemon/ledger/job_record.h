// A job's row as the room that works on it sees it: read, and change durably before or after an effect.
#pragma once

#include <functional>
#include <string>

#include "daemon/base/result.h"
#include "daemon/model/job.h"

namespace tegodrop {

class JobRecord {
 public:
  virtual ~JobRecord() = default;

  // The row as last written. Valid until the next Save is asked for.
  virtual const Job& job() const = 0;

  // Applies `change` to a copy, writes it with `note` (one sentence for the timeline, may be empty), then calls `done`
  // from the loop, never inside the call. Only after success does job() show the change. One Save at a time. Never
  // cancelled: where the caller is gone before the answer, it has made sure that `done` touches nothing of it. A change
  // of state that the lifecycle does not allow is kBug and writes nothing. Other errors as Ledger::Save gives them
  // (kRejected with kIdentityTaken as its message for a repeated identity).
  virtual void Save(std::function<void(Job&)> change, std::string note, std::function<void(Status)> done) = 0;
};

}  // namespace tegodrop
