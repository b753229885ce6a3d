// How many jobs came to which end, over all lives of the daemon. The ledger counts them itself, in the transaction that
// writes the end, so that no count is lost and none goes back, whatever becomes of the jobs' rows.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/model/job.h"

namespace tegodrop {

struct OutcomeCount {
  std::string folder;      // by its name in the config, also of those that have left it
  std::string result;      // as OutcomeOf names it
  std::int64_t count = 0;  // a job that is put back to work counts again at its next end
  WallMs last = 0;         // when the last of them ended
};

// "delivered", "duplicate", "failed" or "cancelled" of a job at its end.
inline std::string_view OutcomeOf(const Job& job) {
  return job.duplicate_of.empty() ? ToString(job.state) : std::string_view("duplicate");
}

class Outcomes {
 public:
  virtual ~Outcomes() = default;
  // All that were counted so far. Asynchronous as every call of the Ledger, and in one order with them.
  virtual void LoadOutcomes(std::function<void(Result<std::vector<OutcomeCount>>)> done) = 0;
};

}  // namespace tegodrop
