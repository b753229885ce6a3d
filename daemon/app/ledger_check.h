// The look over a large ledger that is opened before all of it was looked at: beside the work, in a thread of its own.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "daemon/base/log.h"
#include "daemon/loop/event_loop.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/worker_pool.h"

namespace tegodrop {

class LedgerCheck {
 public:
  // Begins it. `damaged`: said to the log, with the way back; nothing more should be written. What keeps it from being
  // read is a warning: the ledger's own calls meet it too. `loop` and `log` must outlive it.
  LedgerCheck(EventLoop& loop, Log& log, const std::string& state_dir, std::function<void()> damaged);
  // Ends it early.
  ~LedgerCheck();
  LedgerCheck(const LedgerCheck&) = delete;
  LedgerCheck& operator=(const LedgerCheck&) = delete;

 private:
  std::atomic<bool> stop_ = false;
  WorkerPool reader_;
  HandlePtr looking_;
};

}  // namespace tegodrop
