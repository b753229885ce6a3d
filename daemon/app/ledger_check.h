// The look over a large ledger that is opened before all of it was looked at: beside the work, in a thread of its own.
// A disk that does not give all of it is no damage: the look is done again later in this life.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "daemon/base/log.h"
#include "daemon/ledger/sqlite_ledger.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/task_runner.h"
#include "daemon/loop/timers.h"

namespace tegodrop {

// All must outlive the LedgerCheck; `reader` must wait for a look that has begun.
struct LedgerCheckWorld {
  TimerMaker& timers;
  TaskRunner& reader;
  Log& log;
};

class LedgerCheck {
 public:
  // As LookOver, for one ledger.
  using Look = std::function<tl::expected<bool, LedgerOpenError>(LookStop&)>;
  struct Hands {
    std::function<void()> whole;    // all of it was looked over
    std::function<void()> damaged;  // said to the log, with the way back; nothing more should be written
  };

  // How long after a look that the disk spoilt the next one begins.
  static constexpr std::chrono::milliseconds kAgain = std::chrono::minutes(15);

  // Begins it.
  LedgerCheck(LedgerCheckWorld world, Look look, Hands hands);
  // Stops it.
  ~LedgerCheck();
  LedgerCheck(const LedgerCheck&) = delete;
  LedgerCheck& operator=(const LedgerCheck&) = delete;

  // Ends it early, and does not wait for that: a disk may hang.
  void Stop();

 private:
  void Begin();
  void Take(const tl::expected<bool, LedgerOpenError>& found);

  const LedgerCheckWorld world_;
  const Look look_;
  const Hands hands_;
  // The look's too, which may end after this.
  const std::shared_ptr<LookStop> stop_ = std::make_shared<LookStop>();
  HandlePtr looking_;
  HandlePtr again_;
  bool spoilt_ = false;
};

}  // namespace tegodrop
