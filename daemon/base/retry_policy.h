// When something that failed is tried again, and how much of that a host is asked to bear. Pure: time and randomness
// are arguments.
//
// Two measures that work together. RetryDelay spreads the tries of one piece of work: full jitter under a growing
// ceiling, with the other side's Retry-After as a floor. HostPatience bounds what all work together asks of one host:
// a host that fails again and again rests, and retries are a small part of what it is asked.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "daemon/base/clock.h"
#include "daemon/base/random.h"

namespace tegodrop {

// rand(0, min(60 s, 1 s · 2^tries)), but never under `retry_after`, which counts for at most 15 minutes. `tries`:
// failures so far, from 0.
std::chrono::milliseconds RetryDelay(int tries, std::optional<std::chrono::milliseconds> retry_after, Random& random);

// So many failures in a row, and a host rests; first so long, then, while it goes on failing, so long at a time. After
// each rest one request is let through as a probe.
inline constexpr int kFailuresToRest = 5;
inline constexpr std::chrono::milliseconds kFirstRest = std::chrono::seconds(30);
inline constexpr std::chrono::milliseconds kLongestRest = std::chrono::seconds(60);
// Of the requests of the last minute at most one in five may be a retry, but so many always.
inline constexpr int kRetriesAlways = 10;
inline constexpr int kRequestsForARetry = 5;

// What one host is asked to bear. Every request asks for leave first and then says how it ended, by exactly one of
// Works, Failed and Dropped.
class HostPatience {
 public:
  enum class Leave : std::uint8_t {
    kGranted,
    kRests,     // it failed so often that it is left alone until `not_before`
    kNoBudget,  // a retry, and there were too many of them; `not_before`: when there is room again
  };
  struct Answer {
    Leave leave = Leave::kGranted;
    MonoMs not_before = 0;  // unless granted: nothing is to be asked before
  };

  // `again`: the same was asked before and failed.
  Answer Ask(bool again, MonoMs now);
  // It answered as a host does that works; a refusal is such an answer too.
  void Works();
  // The probe's bytes move: others may leave before its end, but it has not shown yet that the host works; when it
  // fails after all, the host rests again at once.
  void Moves();
  // No answer, or one that speaks of trouble. True where the host rests from now on.
  bool Failed(MonoMs now);
  // The request was given up by ourselves and says nothing about the host.
  void Dropped();

  bool resting() const { return rests_ > 0; }
  // Failures since it last worked.
  int failures() const { return failures_; }
  // While resting: when the next probe may leave.
  MonoMs rests_until() const { return rests_until_; }

 private:
  static constexpr std::int64_t kSlotMs = 10'000;
  static constexpr std::size_t kSlots = 6;  // together the last minute
  struct Slot {
    std::int64_t number = -1;  // time / kSlotMs
    int requests = 0;
    int retries = 0;
  };
  std::optional<MonoMs> BudgetFull(MonoMs now) const;
  void Count(bool again, MonoMs now);

  int failures_ = 0;
  int rests_ = 0;  // in a row; 0: not resting
  MonoMs rests_until_ = 0;
  bool probing_ = false;
  std::array<Slot, kSlots> slots_;
};

}  // namespace tegodrop
