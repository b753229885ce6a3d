// What the callbacks of the loop cost, in the program that this is linked into: each one that libuv makes for a
// descriptor, a timer or what another thread posted. BUILD.bazel has the linker put it between (--wrap).
#pragma once

#include <uv.h>

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/loop/event_loop.h"

namespace tegodrop::bench {

struct LoopTimes {
  std::vector<std::int64_t> callbacks;      // ns on the clock, others' turns on the processor included
  std::vector<std::int64_t> callbacks_cpu;  // ns of the loop's thread
  std::vector<std::int64_t> turns;          // ns of each turn of the loop, without its waiting: at least its callbacks

  // {"callback": {"count": …, "p50": …, "p99": …, "max": …}, "callback_cpu": …, "turn": …}, in seconds.
  std::string Json() const;
};

// What is not above so many of a hundred of them; 0 of none.
double SecondsAt(std::vector<std::int64_t> times, int percent);

// Measures the loop from here on, as long as it lives; only one at a time, on the loop's thread. The loop must not have
// run before.
class LoopWatch {
 public:
  explicit LoopWatch(EventLoop& loop);
  ~LoopWatch();
  LoopWatch(const LoopWatch&) = delete;
  LoopWatch& operator=(const LoopWatch&) = delete;

  const LoopTimes& times() const { return times_; }

 private:
  void Turn();

  uv_loop_t* const loop_;
  uv_prepare_t* const prepare_;  // on the heap until libuv has closed it
  std::int64_t turned_ = 0;
  std::int64_t idle_ = 0;
  LoopTimes times_;
};

}  // namespace tegodrop::bench
