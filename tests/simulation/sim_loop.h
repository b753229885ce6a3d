// Time, loop and worker threads of a simulated process, all on one real thread: the seed picks which of the things that
// could run next does. What belongs to the process can be dropped whole, at any moment; the world around it goes on.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/task_runner.h"
#include "daemon/loop/timers.h"
#include "tests/simulation/dice.h"

namespace tegodrop::simulation {

class SimLoop final : public Clock, public TimerMaker {
 public:
  static constexpr WallMs kStart = 1'767'225'600'000;  // 2026-01-01T00:00:00Z

  explicit SimLoop(Dice dice) : dice_(dice) {}

  // -- the process' own view
  WallMs Wall() const override { return kStart + now_ - kMonoStart + wall_jump_; }
  MonoMs Mono() const override { return now_; }
  // A timer of the process.
  HandlePtr After(std::chrono::milliseconds delay, std::function<void()> fn) override {
    return Set(now_ + std::max<std::int64_t>(0, delay.count()), std::move(fn), true);
  }
  void Post(std::function<void()> fn) { posted_.push_back(std::move(fn)); }

  // Worker threads: `width` of them, each taking the oldest piece that waits.
  class Runner final : public TaskRunner {
   public:
    Runner(SimLoop& loop, std::size_t width) : loop_(loop), width_(width) { loop.runners_.push_back(this); }
    ~Runner() override { std::erase(loop_.runners_, this); }
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;

    HandlePtr Submit(std::function<void()> work, std::function<void()> done) override {
      return SubmitInLine(nullptr, std::move(work), std::move(done));
    }
    HandlePtr SubmitInLine(const void* line, std::function<void()> work, std::function<void()> done) override {
      auto task = std::make_shared<Task>(Task{std::move(work), std::move(done), line, false});
      tasks_.push_back(task);
      return std::make_unique<TaskHandle>(task);
    }
    // The same without an answer and without a handle.
    void Run(std::function<void()> work) {
      tasks_.push_back(std::make_shared<Task>(Task{std::move(work), nullptr, nullptr, false}));
    }
    // Nothing begins before: the disk behind it hangs.
    void HangUntil(MonoMs until) { hangs_until_ = until; }

   private:
    friend class SimLoop;
    struct Task {
      std::function<void()> work;
      std::function<void()> done;
      const void* line;
      bool cancelled;
    };
    // Places of what may begin: as many of the oldest as there are threads, and of a line only its first.
    std::vector<std::size_t> Next() const {
      std::vector<std::size_t> next;
      std::vector<const void*> lines;
      for (std::size_t i = 0; i < tasks_.size() && next.size() < width_; ++i) {
        const void* line = tasks_[i]->line;
        if (line != nullptr && std::find(lines.begin(), lines.end(), line) != lines.end()) continue;
        if (line != nullptr) lines.push_back(line);
        next.push_back(i);
      }
      return next;
    }
    class TaskHandle final : public Handle {
     public:
      explicit TaskHandle(std::shared_ptr<Task> task) : task_(std::move(task)) {}
      ~TaskHandle() override { task_->cancelled = true; }

     private:
      std::shared_ptr<Task> task_;
    };

    SimLoop& loop_;
    const std::size_t width_;
    std::deque<std::shared_ptr<Task>> tasks_;
    MonoMs hangs_until_ = 0;
  };

  // -- the world's
  // True time since the start of the night.
  std::int64_t now() const { return now_ - kMonoStart; }
  // The portal's clock, which is right.
  WallMs TrueWall() const { return kStart + now(); }
  // The machine's wall clock is wrong by so much.
  void JumpWall(std::int64_t by) { wall_jump_ = by; }
  // An event outside of the process, which its death does not stop.
  void InWorld(std::int64_t delay, std::function<void()> fn) { Set(now_ + delay, std::move(fn), false)->Keep(); }

  // Runs one thing that can run now, or moves time on to the next one, but not beyond `until` (true time): false where
  // there is nothing before. `idle` runs before time moves.
  bool Step(std::int64_t until, const std::function<void()>& idle) {
    ++steps_;
    std::vector<Runner*>& ready = ready_;
    ready.clear();
    bool hanging = false;
    for (Runner* runner : runners_) {
      while (!runner->tasks_.empty() && runner->tasks_.front()->cancelled) runner->tasks_.pop_front();
      if (runner->tasks_.empty()) continue;
      if (runner->hangs_until_ > now_) {
        hanging = true;
        continue;
      }
      ready.push_back(runner);
    }
    const bool timer_due = !timers_.empty() && timers_.begin()->first.first <= now_;
    const std::size_t choices = ready.size() + (posted_.empty() ? 0 : 1) + (timer_due ? 1 : 0);
    if (choices == 0) return MoveOn(until, hanging, idle);
    std::size_t choice = choices == 1 ? 0 : dice_.Below(choices);
    if (choice < ready.size()) {
      RunTask(*ready[choice]);
      return true;
    }
    choice -= ready.size();
    if (choice == 0 && !posted_.empty()) {
      const std::function<void()> fn = std::move(posted_.front());
      posted_.pop_front();
      fn();
      return true;
    }
    Fire();
    return true;
  }

  // The process is gone: nothing of it runs any more. Call it once its objects are gone.
  void DropProcess() {
    std::deque<std::function<void()>> posted = std::move(posted_);
    posted_.clear();
    for (Runner* runner : runners_) {
      std::deque<std::shared_ptr<Runner::Task>> tasks = std::move(runner->tasks_);
      runner->tasks_.clear();
      runner->hangs_until_ = 0;
    }
    std::vector<std::shared_ptr<Timer>> gone;
    for (auto it = timers_.begin(); it != timers_.end();) {
      if (it->second->of_process) gone.push_back(it->second);
      it = it->second->of_process ? timers_.erase(it) : std::next(it);
    }
  }

  // No work is waiting or under way on any worker.
  bool WorkersIdle() const {
    for (const Runner* runner : runners_) {
      if (!runner->tasks_.empty()) return false;
    }
    return posted_.empty();
  }
  std::uint64_t steps() const { return steps_; }

 private:
  static constexpr MonoMs kMonoStart = 1'000'000;
  using Key = std::pair<MonoMs, std::uint64_t>;

  struct Timer {
    std::function<void()> fn;
    bool of_process = true;
  };
  class TimerHandle final : public Handle {
   public:
    TimerHandle(SimLoop& loop, Key key) : loop_(&loop), key_(key) {}
    ~TimerHandle() override {
      if (loop_ == nullptr) return;
      const auto found = loop_->timers_.find(key_);
      if (found == loop_->timers_.end()) return;
      // Out of the map first: what it holds may reach back here.
      const std::shared_ptr<Timer> gone = found->second;
      loop_->timers_.erase(found);
    }
    void Keep() { loop_ = nullptr; }

   private:
    SimLoop* loop_;
    Key key_;
  };

  std::unique_ptr<TimerHandle> Set(MonoMs due, std::function<void()> fn, bool of_process) {
    const Key key{due, ++made_};
    timers_.emplace(key, std::make_shared<Timer>(Timer{std::move(fn), of_process}));
    return std::make_unique<TimerHandle>(*this, key);
  }

  void Fire() {
    const std::shared_ptr<Timer> timer = timers_.begin()->second;
    timers_.erase(timers_.begin());
    timer->fn();
  }

  void RunTask(Runner& runner) {
    // Of several threads the second may be faster.
    const std::vector<std::size_t> next = runner.Next();
    const std::size_t chosen = next.size() == 1 ? 0 : dice_.Below(next.size());
    const auto at = runner.tasks_.begin() + static_cast<std::ptrdiff_t>(next[chosen]);
    const std::shared_ptr<Runner::Task> task = *at;
    runner.tasks_.erase(at);
    if (task->cancelled) return;
    if (task->work) task->work();
    if (!task->done) return;
    Post([task] {
      const std::function<void()> done = std::move(task->done);
      if (!task->cancelled && done) done();
    });
  }

  bool MoveOn(std::int64_t until, bool hanging, const std::function<void()>& idle) {
    MonoMs next = timers_.empty() ? INT64_MAX : timers_.begin()->first.first;
    if (hanging) {
      for (const Runner* runner : runners_) {
        if (!runner->tasks_.empty()) next = std::min(next, runner->hangs_until_);
      }
    }
    if (next == INT64_MAX || next - kMonoStart > until) {
      now_ = std::max(now_, until + kMonoStart);
      return false;
    }
    idle();
    now_ = std::max(now_, next);
    return true;
  }

  Dice dice_;
  MonoMs now_ = kMonoStart;
  std::int64_t wall_jump_ = 0;
  std::uint64_t made_ = 0;
  std::uint64_t steps_ = 0;
  std::deque<std::function<void()>> posted_;
  std::vector<Runner*> runners_;
  std::vector<Runner*> ready_;
  std::map<Key, std::shared_ptr<Timer>> timers_;
};

}  // namespace tegodrop::simulation
