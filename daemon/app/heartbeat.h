// Tells the service manager that the loop goes on: each beat has been the whole way round, from a timer to a function
// that was posted from there as the workers and the ledger post theirs. A loop that is stuck in a callback, or that is
// not woken any more, does not beat; one whose share or portal hangs does.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "daemon/loop/handle.h"
#include "daemon/loop/timers.h"

namespace tegodrop {

class Heartbeat {
 public:
  using Post = std::function<void(std::function<void()>)>;

  // The first `beat` comes soon, then one every `interval`. `timers` must outlive it; `post` as DaemonWorld's.
  Heartbeat(TimerMaker& timers, Post post, std::chrono::milliseconds interval, std::function<void()> beat);
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

 private:
  void Begin(std::chrono::milliseconds delay);

  TimerMaker& timers_;
  const Post post_;
  const std::chrono::milliseconds interval_;
  const std::function<void()> beat_;
  HandlePtr timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tegodrop
