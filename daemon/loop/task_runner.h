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
  // The same, but in line: of the tasks that name the same `line`, each begins when the one before it has ended,
  // whichever worker takes it; none waits for it on a worker. `line` is only compared with others, null is none. As
  // written here for a runner that does one piece of work after the other.
  virtual HandlePtr SubmitInLine(const void* /*line*/, std::function<void()> work, std::function<void()> done) {
    return Submit(std::move(work), std::move(done));
  }
};

// `work` gives a T on a worker, `done` takes it on the loop. `line`: see SubmitInLine.
template <typename T>
HandlePtr RunTask(TaskRunner& runner, std::function<T()> work, std::function<void(T)> done,
                  const void* line = nullptr) {
  auto slot = std::make_shared<std::optional<T>>();
  return runner.SubmitInLine(
      line, [slot, work = std::move(work)] { slot->emplace(work()); },
      [slot, done = std::move(done)] { done(std::move(**slot)); });
}

}  // namespace tegodrop
