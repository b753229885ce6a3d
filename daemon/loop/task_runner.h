// Blocking work beside the loop, as an argument: worker threads in the program, a queue that the test steps in tests.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "daemon/base/result.h"
#include "daemon/loop/handle.h"

namespace tegodrop {

class TaskRunner {
 public:
  virtual ~TaskRunner() = default;
  // Runs `work` on a worker, then `done` on the loop, never inside this call. Destroying the handle drops `done`;
  // `work` that has not begun is dropped too, work that has begun runs to its end: what it touches must be its own
  // (captured by value or shared).
  virtual HandlePtr Submit(std::function<void()> work, std::function<void()> done) = 0;
};

// `work` gives a T on a worker, `done` takes it on the loop.
template <typename T>
HandlePtr RunTask(TaskRunner& runner, std::function<T()> work, std::function<void(T)> done) {
  auto slot = std::make_shared<std::optional<T>>();
  return runner.Submit([slot, work = std::move(work)] { slot->emplace(work()); },
                       [slot, done = std::move(done)] { done(std::move(**slot)); });
}

}  // namespace tegodrop
