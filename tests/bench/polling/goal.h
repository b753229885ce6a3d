// The nights that the goal is judged on.
#pragma once

#include <chrono>
#include <vector>

#include "tests/bench/polling/night.h"

namespace tegodrop::polling_bench {

// Of so many builds that they share listings, each kind as so many seeds; and how tegodrop is set for them.
inline constexpr std::uint64_t kBusyNights = 6;
inline constexpr std::chrono::seconds kBusyInterval{6};

inline std::vector<NightKind> BusyKinds() {
  std::vector<NightKind> kinds;
  for (const double median : {480.0, 1200.0}) {
    for (const double sigma : {0.2, 0.4, 0.7}) {
      kinds.push_back({.median = median, .sigma = sigma, .builds = 60, .hours = 1});
    }
  }
  return kinds;
}

// Of one build at a time, for which half of both is not to be had.
inline constexpr std::uint64_t kQuietNights = 40;
inline constexpr std::chrono::seconds kQuietInterval{15};

inline std::vector<NightKind> QuietKinds() {
  std::vector<NightKind> kinds;
  for (const double median : {180.0, 480.0}) kinds.push_back({.median = median, .sigma = 0.2, .builds = 5});
  return kinds;
}

}  // namespace tegodrop::polling_bench
