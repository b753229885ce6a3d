#include "daemon/loop/worker_pool.h"

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <utility>

namespace tegodrop {

struct WorkerPool::Task {
  const void* line = nullptr;
  std::function<void()> work;  // only the worker touches it once the task has left the queue
  std::function<void()> done;  // only the loop touches it
  std::atomic<bool> cancelled = false;
};

class WorkerPool::TaskHandle final : public Handle {
 public:
  explicit TaskHandle(std::shared_ptr<Task> task) : task_(std::move(task)) {}
  ~TaskHandle() override {
    task_->cancelled = true;
    task_->done = nullptr;
  }

 private:
  std::shared_ptr<Task> task_;
};

WorkerPool::WorkerPool(EventLoop& loop, int threads, const std::string& name) : loop_(loop) {
  // Signals belong to the loop's thread: a worker must not be interrupted by them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Work(); });
    pthread_setname_np(threads_.back().native_handle(), name.c_str());
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    queue_.clear();
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

HandlePtr WorkerPool::SubmitInLine(const void* line, std::function<void()> work, std::function<void()> done) {
  auto task = std::make_shared<Task>();
  task->line = line;
  task->work = std::move(work);
  task->done = std::move(done);
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(task);
  }
  wake_.notify_one();
  return std::make_unique<TaskHandle>(std::move(task));
}

// The oldest that may begin. Who ends a task of a line looks here next, and so finds the line's next one: nobody else
// need be woken for it.
std::deque<std::shared_ptr<WorkerPool::Task>>::iterator WorkerPool::Next() {
  return std::find_if(queue_.begin(), queue_.end(), [this](const auto& task) {
    return task->line == nullptr || std::find(lines_.begin(), lines_.end(), task->line) == lines_.end();
  });
}

void WorkerPool::Work() {
  const void* line = nullptr;
  for (;;) {
    std::shared_ptr<Task> task;
    {
      std::unique_lock lock(mutex_);
      if (line != nullptr) std::erase(lines_, line);
      wake_.wait(lock, [this] { return stopping_ || Next() != queue_.end(); });
      if (stopping_) return;
      const auto next = Next();
      task = std::move(*next);
      queue_.erase(next);
      line = task->line;
      if (line != nullptr) lines_.push_back(line);
    }
    if (task->cancelled) continue;
    task->work();
    task->work = nullptr;  // what it captured goes on the worker, closing files and all
    loop_.Post([task = std::move(task)] {
      if (task->cancelled) return;
      // Moved out first: `done` may destroy the handle.
      const std::function<void()> done = std::move(task->done);
      task->done = nullptr;
      if (done) done();
    });
  }
}

}  // namespace tegodrop
