// Who watches a night: the portal's own example, or tegodrop.
#pragma once

#include "config/settings.h"
#include "tests/bench/polling/night.h"

namespace tegodrop::polling_bench {

struct Watched {
  double waited = 0;  // seconds from a build's end to the listing that showed it, over all builds
  int seen = 0;       // builds
  int requests = 0;   // listings that were asked for

  Watched& operator+=(const Watched& other);
};

// The example at the end of the portal's page: each build by itself, one listing at once and then one every 15 s.
Watched WatchAsTheSeedScript(const Night& night);

// The real conductor and tracker on a stepped clock. The night begins at `begin`.
Watched WatchAsTegodrop(const Night& night, const PollingSettings& polling, WallMs begin);

// When the nights begin: 2026-01-01T00:00:00Z.
inline constexpr WallMs kBegin = 1'767'225'600'000;

}  // namespace tegodrop::polling_bench
