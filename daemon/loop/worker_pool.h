// Threads for blocking work, beside the loop. Not libuv's pool: its four threads are shared by everything, so that one
// hung share would stop name resolution and every file read.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/loop/event_loop.h"
#include "daemon/loop/task_runner.h"

namespace tegodrop {

class WorkerPool final : public TaskRunner {
 public:
  // `name`: at most 15 bytes, shown by ps and top. `loop` must outlive the pool.
  WorkerPool(EventLoop& loop, int threads, const std::string& name);
  // Drops what waits, waits for what runs.
  ~WorkerPool() override;

  HandlePtr Submit(std::function<void()> work, std::function<void()> done) override {
    return SubmitInLine(nullptr, std::move(work), std::move(done));
  }
  HandlePtr SubmitInLine(const void* line, std::function<void()> work, std::function<void()> done) override;

 private:
  struct Task;
  class TaskHandle;
  void Work();
  std::deque<std::shared_ptr<Task>>::iterator Next();

  EventLoop& loop_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Task>> queue_;  // guarded by mutex_
  std::vector<const void*> lines_;           // those with a task under way; guarded by mutex_
  bool stopping_ = false;                    // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace tegodrop
