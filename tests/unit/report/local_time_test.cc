// Times as people of that zone read them, and the hours below the drawing.
#include "daemon/report/local_time.h"

#include <gtest/gtest.h>

#include "tests/unit/report/night.h"

namespace tegodrop {
namespace {

using testing::At;
using testing::kBerlin;
using testing::kKolkata;
using testing::kNewYork;
using testing::kSaoPaulo;
using testing::Zone;

std::vector<std::string> Labels(WallMs from, WallMs to, int most = 12) {
  std::vector<std::string> labels;
  for (const HourTick& tick : HourTicks(from, to, most)) labels.push_back(tick.label);
  return labels;
}

TEST(LocalTime, IsAsPreciseAsTheSpanNeeds) {
  const Zone zone(kNewYork);
  EXPECT_EQ(LocalStamp(At(12)), "Fri 27 Nov 07:00");
  EXPECT_EQ(LocalInSpan(At(12), At(10), At(20)), "07:00");
  EXPECT_EQ(LocalInSpan(At(12), At(10), At(40)), "Fri 07:00");
  EXPECT_EQ(LocalInSpan(At(12), At(10), At(24 * 9)), "27 Nov 07:00");
  EXPECT_EQ(LocalInSpan(At(-30), At(10), At(20)), "Wed 13:00") << "a time before the span names its day";
}

TEST(LocalTime, ZonesAreNamedWithTheirDifference) {
  {
    const Zone zone(kKolkata);
    EXPECT_EQ(ZoneWords(At(1), At(2)), "IST (UTC+05:30)");
  }
  {
    const Zone zone(kSaoPaulo);
    EXPECT_EQ(ZoneWords(At(1), At(2)), "UTC-03:00") << "its name is its difference";
  }
  EXPECT_EQ(ZoneWords(At(1), At(2)), "UTC");
}

TEST(HourTicks, AreFullHoursOfTheLocalClock) {
  const Zone zone(kKolkata);
  EXPECT_EQ(Labels(At(14), At(17)),
            (std::vector<std::string>{"19:30", "20:00", "20:30", "21:00", "21:30", "22:00", "22:30"}));
  EXPECT_EQ(Labels(At(12, 31), At(22)), (std::vector<std::string>{"19:00", "20:00", "21:00", "22:00", "23:00",
                                                                  "Sat 28 Nov", "01:00", "02:00", "03:00"}));
}

TEST(HourTicks, AreNeverMoreThanFit) {
  for (const int minutes : {1, 9, 59, 61, 600, 1441, 10'000, 100'000, 5'000'000}) {
    const std::size_t count = Labels(At(3, 7), At(3, 7) + minutes * 60'000LL).size();
    EXPECT_LE(count, 12U) << minutes;
    EXPECT_GE(count, 1U) << minutes;
  }
}

TEST(HourTicks, StandAtMidnightWhereTheSpanIsOfDays) {
  const Zone zone(kBerlin);
  const auto ticks = HourTicks(At(0), At(24 * 20), 12);
  ASSERT_GE(ticks.size(), 8U);
  EXPECT_EQ(ticks.front().label, "Sun 29 Nov");
  EXPECT_EQ(ticks.front().at, At(47));
}

}  // namespace
}  // namespace tegodrop
