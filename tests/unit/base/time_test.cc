// Clocks, their text, and how long to wait before the next try.
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "daemon/base/clock.h"
#include "daemon/base/retry_policy.h"
#include "tests/fakes/seeded_random.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

TEST(Clock, WritesRfc3339WithMillisecondsAlways) {
  EXPECT_EQ(Rfc3339(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(Rfc3339(1'700'000'000'005), "2023-11-14T22:13:20.005Z");
  EXPECT_EQ(Rfc3339(951'782'400'000), "2000-02-29T00:00:00.000Z");
}

TEST(Clock, WritesTimesBefore1970) {
  EXPECT_EQ(Rfc3339(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(Rfc3339(-1000), "1969-12-31T23:59:59.000Z");
}

TEST(Clock, LocalTimeFollowsTheMachinesZone) {
  setenv("TZ", "XYZ-05:30", 1);
  tzset();
  EXPECT_EQ(LocalTimeOfDay(0), "05:30:00");
  unsetenv("TZ");
  tzset();
}

TEST(Clock, TheSystemsClocksAreInMilliseconds) {
  const SystemClock clock;
  const WallMs before = static_cast<WallMs>(std::time(nullptr)) * 1000;
  const WallMs wall = clock.Wall();
  EXPECT_GE(wall, before - 1000);
  EXPECT_LT(wall, before + 60'000);
  const MonoMs first = clock.Mono();
  EXPECT_GE(clock.Mono(), first);
}

TEST(Backoff, StaysUnderACeilingThatDoublesUpToAMinute) {
  testing::SeededRandom random;
  const auto longest = [&](int tries) {
    milliseconds most{0};
    for (int i = 0; i < 2000; ++i) most = std::max(most, RetryDelay(tries, {}, random));
    return most;
  };
  struct Row {
    int tries;
    milliseconds ceiling;
  };
  for (const Row& row : {Row{-3, 1s}, Row{0, 1s}, Row{1, 2s}, Row{5, 32s}, Row{6, 60s}, Row{1'000'000, 60s}}) {
    EXPECT_LE(longest(row.tries), row.ceiling) << row.tries;
    EXPECT_GT(longest(row.tries), row.ceiling * 9 / 10) << row.tries << ": the whole range is used";
  }
}

TEST(Backoff, SpreadsTriesFromZeroOn) {
  testing::SeededRandom random;
  milliseconds least = 1h;
  for (int i = 0; i < 2000; ++i) least = std::min(least, RetryDelay(6, {}, random));
  EXPECT_LT(least, 1s);
}

TEST(Backoff, RetryAfterIsAFloorOfAtMostAQuarterOfAnHour) {
  testing::SeededRandom random;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(RetryDelay(0, milliseconds(5s), random), 5s);
    EXPECT_GE(RetryDelay(6, milliseconds(5s), random), 5s);
    EXPECT_EQ(RetryDelay(0, milliseconds(24h), random), 15min);
    EXPECT_LE(RetryDelay(0, milliseconds(-5s), random), 1s);
    EXPECT_GE(RetryDelay(0, milliseconds(-5s), random), 0s);
  }
}

}  // namespace
}  // namespace tegodrop
