// Timers as an argument: the event loop's in the program, stepped ones in tests.
#pragma once

#include <chrono>
#include <functional>

#include "daemon/loop/handle.h"

namespace tegodrop {

class TimerMaker {
 public:
  virtual ~TimerMaker() = default;
  // Runs `fn` once on the loop, not before `delay` has passed and never inside this call.
  virtual HandlePtr After(std::chrono::milliseconds delay, std::function<void()> fn) = 0;
};

}  // namespace tegodrop
