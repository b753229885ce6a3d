// A desk that keeps what is said, and lets a test do things while the work waits.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "daemon/cli/submit/desk.h"
#include "tests/fakes/stepped_clock.h"

namespace tegodrop::testing {

class RecordedDesk final : public Desk {
 public:
  explicit RecordedDesk(SteppedClock& clock) : clock_(clock) {}

  void Out(std::string_view text) override { out += text; }
  void Err(std::string_view text) override { err += text; }
  void Doing(std::string_view what) override { doing = what; }
  void LastWords(std::string_view text) override { last_words = text; }
  void EndsWithin(std::chrono::milliseconds time) override { ends_within = time; }
  bool Stopped() override { return stop_after-- <= 0; }
  bool Sleep(std::chrono::milliseconds time) override {
    clock_.Step(time);
    if (while_asleep) while_asleep();
    return !stopped;
  }

  std::string out;
  std::string err;
  std::string doing;
  std::string last_words;
  std::chrono::milliseconds ends_within{0};
  int stop_after = 1'000'000;  // Stopped() so often says no
  bool stopped = false;        // what Sleep says
  std::function<void()> while_asleep;

 private:
  SteppedClock& clock_;
};

}  // namespace tegodrop::testing
