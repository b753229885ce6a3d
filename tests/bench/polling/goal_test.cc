// What the learning must be worth, on nights that are the same each time: of the portal's example's delay and requests
// at most half of both where builds share a listing, and never more requests than a fixed rhythm.
#include "tests/bench/polling/goal.h"

#include <gtest/gtest.h>

#include "tests/bench/polling/watchers.h"

namespace tegodrop::polling_bench {
namespace {

using std::chrono::seconds;

PollingSettings Polling(PollingMode mode, seconds interval) {
  PollingSettings polling;
  polling.mode = mode;
  polling.interval = interval;
  polling.ceiling = CeilingFor(interval);
  return polling;
}

struct Sums {
  Watched script;
  Watched fixed;
  Watched adaptive;
};

Sums Watch(const NightKind& kind, seconds interval, std::uint64_t nights) {
  Sums sums;
  for (std::uint64_t seed = 1; seed <= nights; ++seed) {
    const Night night = DrawNight(kind, kBegin, seed);
    sums.script += WatchAsTheSeedScript(night);
    sums.fixed += WatchAsTegodrop(night, Polling(PollingMode::kFixed, interval), kBegin);
    sums.adaptive += WatchAsTegodrop(night, Polling(PollingMode::kAdaptive, interval), kBegin);
  }
  EXPECT_EQ(sums.adaptive.seen, sums.script.seen) << "every end is seen";
  EXPECT_EQ(sums.fixed.seen, sums.script.seen);
  return sums;
}

double Ratio(double ours, double theirs) { return ours / theirs; }

TEST(PollingGoal, NightsOfManyBuildsAreSeenInHalfTheTimeWithHalfTheRequests) {
  for (const NightKind& kind : BusyKinds()) {
    const Sums sums = Watch(kind, kBusyInterval, kBusyNights);
    EXPECT_LE(Ratio(sums.adaptive.waited, sums.script.waited), 0.5) << kind.median << ' ' << kind.sigma;
    EXPECT_LE(Ratio(sums.adaptive.requests, sums.script.requests), 0.5) << kind.median << ' ' << kind.sigma;
  }
}

TEST(PollingGoal, OneBuildAtATimeIsSeenAsSoonAsByTheSeedScriptWithFewerRequests) {
  for (const NightKind& kind : QuietKinds()) {
    const Sums sums = Watch(kind, kQuietInterval, kQuietNights);
    EXPECT_LE(Ratio(sums.adaptive.waited, sums.script.waited), 1.25) << kind.median;
    EXPECT_LE(Ratio(sums.adaptive.requests, sums.script.requests), 0.6) << kind.median;
  }
}

TEST(PollingGoal, LearningNeverCostsRequests) {
  for (const double median : {180.0, 1200.0}) {
    for (const double sigma : {0.2, 0.7}) {
      for (const int builds : {1, 20}) {
        const Sums sums = Watch({.median = median, .sigma = sigma, .builds = builds}, seconds(15), 10);
        EXPECT_LE(sums.adaptive.requests, sums.fixed.requests) << median << ' ' << sigma << ' ' << builds;
      }
    }
  }
}

TEST(PollingGoal, ATenantsFirstNightIsNoWorseThanAFixedRhythm) {
  const Sums sums = Watch({.median = 480, .sigma = 0.4, .builds = 20, .earlier = 0}, seconds(15), 10);
  EXPECT_LE(sums.adaptive.requests, sums.fixed.requests);
  EXPECT_LE(Ratio(sums.adaptive.waited, sums.fixed.waited), 1.25);
}

}  // namespace
}  // namespace tegodrop::polling_bench
