// The simulator's clock: the machine's monotonic time plus an offset that a test may push forward. Builds, expiry and
// history lag follow it. Not locked: World::mutex guards it.
#pragma once

#include <chrono>
#include <cstdint>

namespace tegodrop::sim {

class SimClock {
 public:
  SimClock() : start_(std::chrono::steady_clock::now()), unix_start_(UnixSecondsOfTheMachine()) {}

  // Seconds since the start, with what was advanced.
  double Now() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count() + offset_;
  }
  // The portal's wall clock: unix time with a fraction. It follows Now(), so a step of the machine's clock is not seen.
  double UnixNow() const { return unix_start_ + Now(); }
  // The machine's own monotonic time since the start, never advanced; for the request log.
  int64_t RealMilliseconds() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start_).count();
  }
  void Advance(double seconds) { offset_ += seconds; }

 private:
  static double UnixSecondsOfTheMachine() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  }

  std::chrono::steady_clock::time_point start_;
  double unix_start_;
  double offset_ = 0;
};

}  // namespace tegodrop::sim
