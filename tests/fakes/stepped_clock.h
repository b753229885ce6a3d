// Time that a test moves: a clock, and timers that fire when it is moved past them.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/loop/timers.h"

namespace tegodrop::testing {

class SteppedClock final : public Clock, public TimerMaker {
 public:
  // 2026-01-01T00:00:00Z.
  explicit SteppedClock(WallMs wall = 1'767'225'600'000) : wall_(wall) {}

  WallMs Wall() const override { return wall_; }
  MonoMs Mono() const override { return mono_; }
  HandlePtr After(std::chrono::milliseconds delay, std::function<void()> fn) override {
    auto timer = std::make_shared<Timer>();
    timer->due = mono_ + std::max<std::int64_t>(0, delay.count());
    timer->order = ++made_;
    timer->fn = std::move(fn);
    timers_.push_back(timer);
    return std::make_unique<TimerHandle>(timer);
  }

  // Moves time on and fires what becomes due on the way, in order, each at its own time.
  void Step(std::chrono::milliseconds by) {
    const MonoMs end = mono_ + by.count();
    for (;;) {
      auto next = timers_.end();
      for (auto it = timers_.begin(); it != timers_.end(); ++it) {
        if ((*it)->cancelled || (*it)->due > end) continue;
        if (next == timers_.end() || (*it)->due < (*next)->due ||
            ((*it)->due == (*next)->due && (*it)->order < (*next)->order)) {
          next = it;
        }
      }
      if (next == timers_.end()) break;
      const std::shared_ptr<Timer> timer = *next;
      timers_.erase(next);
      MoveTo(std::max(timer->due, mono_));
      timer->fn();
      std::erase_if(timers_, [](const auto& one) { return one->cancelled; });
    }
    MoveTo(std::max(end, mono_));
  }
  // When the next timer fires; nothing where none is set.
  std::optional<MonoMs> NextDue() const {
    std::optional<MonoMs> next;
    for (const auto& timer : timers_) {
      if (!timer->cancelled && (!next || timer->due < *next)) next = timer->due;
    }
    return next;
  }
  // Timers that are set and not cancelled.
  std::size_t pending() const {
    return static_cast<std::size_t>(
        std::count_if(timers_.begin(), timers_.end(), [](const auto& timer) { return !timer->cancelled; }));
  }
  // The wall clock alone jumps, as when somebody sets it.
  void SetWall(WallMs wall) { wall_ = wall; }
  // Time that whoever runs just now takes for itself: no timer fires.
  void Take(std::chrono::milliseconds time) {
    mono_ += time.count();
    wall_ += time.count();
  }

 private:
  struct Timer {
    MonoMs due = 0;
    std::uint64_t order = 0;
    std::function<void()> fn;
    bool cancelled = false;
  };
  class TimerHandle final : public Handle {
   public:
    explicit TimerHandle(std::shared_ptr<Timer> timer) : timer_(std::move(timer)) {}
    ~TimerHandle() override { timer_->cancelled = true; }

   private:
    std::shared_ptr<Timer> timer_;
  };

  void MoveTo(MonoMs mono) {
    wall_ += mono - mono_;
    mono_ = mono;
  }

  WallMs wall_;
  MonoMs mono_ = 1'000'000;
  std::uint64_t made_ = 0;
  std::vector<std::shared_ptr<Timer>> timers_;
};

}  // namespace tegodrop::testing
