// The upload window that a config describes, and what is said of it.
#include "daemon/app/schedule.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "tests/fakes/recorded_log.h"

namespace tegodrop::testing {
namespace {

constexpr WallMs kJulyNoon = 1'784'116'800'000;  // 2026-07-15T12:00Z

TEST(WindowOf, WithoutAWindowUploadsStartAtAnyTimeAndNothingIsSaid) {
  RecordedLog log;
  setenv("TZ", "Europe/Berln", 1);
  EXPECT_TRUE(WindowOf({}, log).always_open());
  EXPECT_TRUE(log.lines.empty()) << "no window, no zone that counts";
}

TEST(WindowOf, IsToldInTheZoneOfTheConfig) {
  RecordedLog log;
  const ScheduleSettings schedule{std::vector<std::string>{"13:30-14:30"}, "Europe/Berlin"};
  const UploadWindow window = WindowOf(schedule, log);
  EXPECT_EQ(window.At(kJulyNoon).open, true) << "14:00 there";
  EXPECT_TRUE(log.Contains("the upload window (13:30-14:30, Europe/Berlin)"));
  EXPECT_EQ(log.lines.size(), 1U);
}

TEST(WindowOf, LocalIsWhatTheVariableSaysAndATroubleIsSaidOnce) {
  RecordedLog log;
  const ScheduleSettings schedule{std::vector<std::string>{"17:00-18:00"}, "local"};
  setenv("TZ", "Asia/Kolkata", 1);
  EXPECT_TRUE(WindowOf(schedule, log).At(kJulyNoon).open) << "17:30 there";
  EXPECT_EQ(log.Count("window.local_time"), 0);
  setenv("TZ", "Nowhere", 1);
  EXPECT_FALSE(WindowOf(schedule, log).At(kJulyNoon).open);
  EXPECT_EQ(log.Count("window.local_time"), 1);
}

TEST(NightsOf, AreOverWhenTheWindowCloses) {
  RecordedLog log;
  const ScheduleSettings schedule{std::vector<std::string>{"13:30-13:45"}, "Europe/Berlin"};
  EXPECT_EQ(NightsOf(schedule, log).ClosedBefore(kJulyNoon), kJulyNoon - 15 * 60'000) << "13:45 there";
  EXPECT_TRUE(log.lines.empty());
}

TEST(NightsOf, WithoutAWindowAreOverAtSixInTheMorning) {
  RecordedLog log;
  for (const auto& window :
       {std::optional<std::vector<std::string>>(), std::optional(std::vector{std::string("00:00-24:00")})}) {
    EXPECT_EQ(NightsOf({window, "Europe/Berlin"}, log).ClosedBefore(kJulyNoon), kJulyNoon - 8 * 3'600'000);
  }
}

}  // namespace
}  // namespace tegodrop::testing
