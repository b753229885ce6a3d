#include "daemon/app/heartbeat.h"

#include <utility>

namespace tegodrop {

Heartbeat::Heartbeat(TimerMaker& timers, Post post, std::chrono::milliseconds interval, std::function<void()> beat)
    : timers_(timers), post_(std::move(post)), interval_(interval), beat_(std::move(beat)) {
  Begin(std::chrono::milliseconds(0));
}

void Heartbeat::Begin(std::chrono::milliseconds delay) {
  timer_ = timers_.After(delay, [this] {
    post_([this, alive = std::weak_ptr<bool>(alive_)] {
      if (alive.expired()) return;
      beat_();
      Begin(interval_);
    });
  });
}

}  // namespace tegodrop
