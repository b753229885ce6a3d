// A night of builds, drawn from a seed: when artifacts arrive, how long the portal builds each, and what the portal's
// history holds of the nights before. Nobody watches yet (watchers.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/model/build.h"

namespace tegodrop::polling_bench {

struct NightKind {
  double median = 480;  // of a build's time, in seconds
  double sigma = 0.4;   // of its logarithm
  int builds = 5;       // in this night, at random times of `hours`
  double hours = 8;
  int earlier = 60;      // builds of other nights that the history still shows
  double failing = 0.0;  // share of earlier builds that failed within seconds
};

struct NightBuild {
  std::string name;
  WallMs asked = 0;      // for its upload URL: the portal's start_time
  WallMs submitted = 0;  // the whole object is with the portal
  WallMs ended = 0;
};

struct Night {
  std::vector<NightBuild> builds;  // oldest first
  std::vector<BuildRow> earlier;
};

// The night begins at `begin`. The same for the same seed.
Night DrawNight(const NightKind& kind, WallMs begin, std::uint64_t seed);

// The portal's history at `now`, newest first.
std::vector<BuildRow> HistoryAt(const Night& night, WallMs now);

inline constexpr char kVersion[] = "production";

}  // namespace tegodrop::polling_bench
