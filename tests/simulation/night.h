// One simulated night: the program as it is wired, on a simulated machine, with drops, troubles and deaths as the seed
// draws them; then calm weather, in which everything must come to rest; and the judge's word on it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/weather.h"

namespace tegodrop::simulation {

struct NightReport {
  std::vector<std::string> broken;  // "promise N: …"; empty: a good night
  int artifacts = 0;
  int deaths = 0;
  int power_cuts = 0;
  int builds = 0;
  int deliveries = 0;
  int failures = 0;
  std::uint64_t requests = 0;
  std::uint64_t faults = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(Trouble::kCount)> struck{};
  std::int64_t simulated_ms = 0;
  std::uint64_t steps = 0;
  std::uint64_t fingerprint = 0;  // of all that was logged: the same for the same seed
};

struct NightOptions {
  bool verbose = false;  // print the plan and every log line
};

// Only one at a time in a process.
NightReport RunNight(std::uint64_t seed, const NightOptions& options);

}  // namespace tegodrop::simulation
