// The one event loop (libuv) that everything but blocking work runs on. `main` owns it.
#pragma once

#include <uv.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "daemon/loop/handle.h"
#include "daemon/loop/timers.h"

namespace tegodrop {

// All but Post belongs to the thread that runs the loop.
class EventLoop final : public TimerMaker {
 public:
  EventLoop();
  // Every handle made by this loop must be gone by then.
  ~EventLoop() override;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs until Stop. May be called again.
  void Run();
  // Ends Run after the callbacks that are due.
  void Stop();

  // Thread-safe: `fn` runs on the loop, in the order posted. What is posted after the last Run is dropped.
  void Post(std::function<void()> fn);

  HandlePtr After(std::chrono::milliseconds delay, std::function<void()> fn) override;

  // `fn` runs whenever `fd` is readable or in error; with `priority`, on POLLPRI instead (/proc/self/mountinfo). Does
  // not own the fd, which must stay open as long as the handle lives.
  HandlePtr WatchReadable(int fd, bool priority, std::function<void()> fn);

  // `fn` runs whenever `fd` takes bytes or is in error. Only one watch of a descriptor at a time, of either kind.
  HandlePtr WatchWritable(int fd, std::function<void()> fn);

  // `fn` runs for each arrival of the signal.
  HandlePtr OnSignal(int signal_number, std::function<void()> fn);

  uv_loop_t* uv() { return &loop_; }

 private:
  void Drain();
  HandlePtr WatchDescriptor(int fd, int events, std::function<void()> fn);

  uv_loop_t loop_{};
  uv_async_t async_{};
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  // guarded by mutex_
};

}  // namespace tegodrop
