// Some hundred simulated nights, and again each seed that once found something: every promise is kept in all of them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/simulation/night.h"

namespace tegodrop::simulation {
namespace {

std::string All(const NightReport& report) {
  std::string text;
  for (const std::string& how : report.broken) text += "\n  " + how;
  return text;
}

// What each once found stands beside it.
constexpr std::uint64_t kRegressions[] = {
    1,     // a claimed artifact in a folder whose own name the power cut took back
    8,     // a discarded staging file that the power cut brought back; a daemon that span while its ledger took nothing
    601,   // a sidecar that a passing fault of the disk made a bad one
    1259,  // a record's temporary file that the power cut brought back into the staging room
    1721,  // a build reset for signing that failed at once when the wall clock jumped
    1774,  // the same, left by an earlier death
    1835,  // an upload in parts that a pause held up after a restart, and did not say so
    667,   // the same at its stat
    10477,  // a failure's record that a death had kept from being synced, found there again and lost with the power
    9477,   // a wait for credentials that a full disk kept from being shown, long after it had room again
};

TEST(Nights, EverySeedThatOnceFoundSomethingIsAGoodNight) {
  for (const std::uint64_t seed : kRegressions) {
    const NightReport report = RunNight(seed, {});
    EXPECT_TRUE(report.broken.empty()) << "seed " << seed << All(report);
  }
}

TEST(Nights, AreTheSameForTheSameSeed) {
  for (const std::uint64_t seed : {3, 8, 14, 21}) {
    const NightReport first = RunNight(seed, {});
    const NightReport second = RunNight(seed, {});
    EXPECT_EQ(first.fingerprint, second.fingerprint) << "seed " << seed;
    EXPECT_EQ(first.steps, second.steps) << "seed " << seed;
    EXPECT_EQ(first.broken, second.broken) << "seed " << seed;
  }
}

TEST(Nights, KeepAllPromises) {
  // Under a sanitizer, which is some times slower, fewer.
  const char* patience = std::getenv("TEST_PATIENCE");
  const std::uint64_t nights = patience == nullptr ? 300 : 60;
  int deaths = 0;
  int power_cuts = 0;
  int deliveries = 0;
  std::uint64_t faults = 0;
  for (std::uint64_t seed = 1; seed <= nights; ++seed) {
    const NightReport report = RunNight(seed, {});
    EXPECT_TRUE(report.broken.empty()) << "replay with: nights --seed " << seed << " --verbose" << All(report);
    deaths += report.deaths;
    power_cuts += report.power_cuts;
    deliveries += report.deliveries;
    faults += report.faults;
  }
  // Nights in which nothing happens prove nothing.
  EXPECT_GT(deaths, static_cast<int>(nights));
  EXPECT_GT(power_cuts, static_cast<int>(nights / 4));
  EXPECT_GT(deliveries, static_cast<int>(nights));
  EXPECT_GT(faults, nights * 10);
}

}  // namespace
}  // namespace tegodrop::simulation
