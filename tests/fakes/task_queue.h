// Blocking work as a queue that the test steps: nothing runs before RunAll or RunOne, so that "never inside the call"
// holds.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "daemon/loop/task_runner.h"

namespace tegodrop::testing {

class TaskQueue final : public TaskRunner {
 public:
  HandlePtr Submit(std::function<void()> work, std::function<void()> done) override {
    auto task = std::make_shared<Task>();
    task->work = std::move(work);
    task->done = std::move(done);
    tasks_.push_back(task);
    return std::make_unique<TaskHandle>(task);
  }
  // A callback that is due on the loop's next turn, for fakes.
  void Post(std::function<void()> fn) {
    auto task = std::make_shared<Task>();
    task->done = std::move(fn);
    tasks_.push_back(std::move(task));
  }
  // The same, dropped when its handle goes.
  HandlePtr PostCancellable(std::function<void()> fn) { return Submit(nullptr, std::move(fn)); }

  bool RunOne() {
    if (tasks_.empty()) return false;
    const std::shared_ptr<Task> task = tasks_.front();
    tasks_.pop_front();
    if (task->cancelled) return true;
    if (task->work) task->work();
    const std::function<void()> done = std::move(task->done);
    if (!task->cancelled && done) done();
    return true;
  }
  // Until nothing is queued, what they queue too.
  void RunAll() {
    while (RunOne()) {
    }
  }
  std::size_t size() const { return tasks_.size(); }

 private:
  struct Task {
    std::function<void()> work;
    std::function<void()> done;
    bool cancelled = false;
  };
  class TaskHandle final : public Handle {
   public:
    explicit TaskHandle(std::shared_ptr<Task> task) : task_(std::move(task)) {}
    ~TaskHandle() override { task_->cancelled = true; }

   private:
    std::shared_ptr<Task> task_;
  };

  std::deque<std::shared_ptr<Task>> tasks_;
};

}  // namespace tegodrop::testing
