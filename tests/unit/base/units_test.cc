#include "daemon/base/units.h"

#include <gtest/gtest.h>

namespace tegodrop {
namespace {

using namespace std::chrono_literals;

TEST(Units, ReadsDurations) {
  EXPECT_EQ(ParseDuration("500ms"), 500ms);
  EXPECT_EQ(ParseDuration("15s"), 15s);
  EXPECT_EQ(ParseDuration("10m"), 10min);
  EXPECT_EQ(ParseDuration("4h"), 4h);
  EXPECT_EQ(ParseDuration("1d"), 24h);
  EXPECT_EQ(ParseDuration("0s"), 0s);
}

TEST(Units, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "5", "s", "-5s", "+5s", "5 s", " 5s", "5s ", "1.5h", "5S", "5sec", "1h30m", "5KiB",
                           "99999999999999999999s", "9223372036854775807d"}) {
    EXPECT_FALSE(ParseDuration(text).has_value()) << text;
  }
}

TEST(Units, ReadsSizes) {
  EXPECT_EQ(ParseSize("0"), 0U);
  EXPECT_EQ(ParseSize("1500"), 1500U);
  EXPECT_EQ(ParseSize("1500B"), 1500U);
  EXPECT_EQ(ParseSize("64KiB"), 65536U);
  EXPECT_EQ(ParseSize("10MiB"), 10U << 20);
  EXPECT_EQ(ParseSize("2GiB"), std::uint64_t{2} << 30);
  EXPECT_EQ(ParseSize("1TiB"), std::uint64_t{1} << 40);
  EXPECT_EQ(ParseSize("9223372036854775807"), static_cast<std::uint64_t>(INT64_MAX));
}

TEST(Units, RefusesWhatIsNoSize) {
  for (const char* text : {"", "KiB", "-1", "1.5MiB", "64 KiB", "64kib", "64KB", "64K", "5s", "0x10",
                           "9223372036854775808", "9223372036854775808B", "18446744073709551615", "8388608TiB"}) {
    EXPECT_FALSE(ParseSize(text).has_value()) << text;
  }
}

TEST(Units, WritesWhatItReads) {
  for (const auto duration : {0ms, 1ms, 999ms, 1000ms, 1500ms, 90'000ms, 3'600'000ms, 86'400'000ms, 90'061'001ms}) {
    EXPECT_EQ(ParseDuration(FormatDuration(duration)), duration) << FormatDuration(duration);
  }
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1500}, std::uint64_t{1024},
                                   std::uint64_t{65536}, std::uint64_t{3} << 40, (std::uint64_t{1} << 40) + 1}) {
    EXPECT_EQ(ParseSize(FormatSize(size)), size) << FormatSize(size);
  }
}

TEST(Units, WritesTheLargestUnitThatDivides) {
  EXPECT_EQ(FormatDuration(90s), "90s");
  EXPECT_EQ(FormatDuration(4h), "4h");
  EXPECT_EQ(FormatDuration(48h), "2d");
  EXPECT_EQ(FormatDuration(1500ms), "1500ms");
  EXPECT_EQ(FormatDuration(-5s), "0s");
  EXPECT_EQ(FormatSize(65536), "64KiB");
  EXPECT_EQ(FormatSize(1500), "1500");
}

TEST(Units, RoundsForPeople) {
  EXPECT_EQ(HumanSize(0), "0 B");
  EXPECT_EQ(HumanSize(1023), "1023 B");
  EXPECT_EQ(HumanSize(1024 * 1024 * 12 / 10), "1.2 MiB");
  EXPECT_EQ(HumanSize(std::uint64_t{5} << 40), "5.0 TiB");
  EXPECT_EQ(HumanDuration(120ms), "120ms");
  EXPECT_EQ(HumanDuration(59'999ms), "59s");
  EXPECT_EQ(HumanDuration(200s), "3m 20s");
  EXPECT_EQ(HumanDuration(3h + 5min), "3h 5m");
}

}  // namespace
}  // namespace tegodrop
