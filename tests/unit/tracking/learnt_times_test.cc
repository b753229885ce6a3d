// What rows teach, and what does not: failures in the first second, strays, rows that prove nothing.
#include "daemon/tracking/learnt_times.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

namespace tegodrop {
namespace {

BuildRow Ended(std::int64_t start_time, std::int64_t seconds, const std::string& platform = "android") {
  BuildRow row;
  row.start_time = start_time;
  row.end_time = start_time + seconds;
  row.name = "app.apk";
  row.platform = platform;
  row.version = "production";
  row.success = true;
  return row;
}

// The quantiles of a lognormal, as a sample without luck.
LearntTimes Ideal(double median, double sigma, int count, std::int64_t from = 1'000'000) {
  LearntTimes times;
  for (int i = 0; i < count; ++i) {
    // A normal's quantile by halving.
    const double share = (i + 0.5) / count;
    double low = -6;
    double high = 6;
    for (int k = 0; k < 60; ++k) {
      const double middle = (low + high) / 2;
      (0.5 * std::erfc(-middle / std::sqrt(2.0)) < share ? low : high) = middle;
    }
    times.Add(Ended(from + 1000 * i, std::llround(median * std::exp(sigma * low))));
  }
  return times;
}

TEST(LearntTimes, SayNothingByFewerThanThree) {
  LearntTimes times;
  EXPECT_FALSE(times.Of("android"));
  times.Add(Ended(1, 300));
  times.Add(Ended(2, 310));
  EXPECT_FALSE(times.Of("android"));
  times.Add(Ended(3, 290));
  EXPECT_TRUE(times.Of("android"));
  EXPECT_FALSE(times.Of("ios")) << "each platform by itself";
}

TEST(LearntTimes, AreTheLognormalThatTheRowsFollow) {
  for (const double median : {180.0, 480.0, 1200.0}) {
    for (const double sigma : {0.2, 0.4, 0.7}) {
      const auto taken = Ideal(median, sigma, 60).Of("android");
      ASSERT_TRUE(taken);
      EXPECT_NEAR(taken->median() / median, 1, 0.02);
      EXPECT_NEAR(taken->sigma() / sigma, 1, 0.06);
      EXPECT_EQ(taken->strays(), 0.002);
    }
  }
}

TEST(LearntTimes, ThreeBuildsOfTheSameTimeAreNoCertainty) {
  LearntTimes times;
  for (int i = 1; i <= 3; ++i) times.Add(Ended(i, 300));
  EXPECT_GT(times.Of("android")->sigma(), 0.25);
  for (int i = 4; i <= 100; ++i) times.Add(Ended(i, 300));
  EXPECT_EQ(times.Of("android")->sigma(), 0.1) << "nothing is foretold more sharply";
}

TEST(LearntTimes, StraysDoNotWidenTheCurveOfTheOthers) {
  LearntTimes times = Ideal(480, 0.2, 45);
  for (int i = 0; i < 5; ++i) {
    BuildRow row = Ended(1 + i, i == 0 ? 80'000 : 2);
    row.success = i == 0;
    if (i != 0) row.error_message = "no manifest";
    times.Add(row);
  }
  const auto taken = times.Of("android");
  EXPECT_NEAR(taken->median() / 480, 1, 0.02);
  EXPECT_NEAR(taken->sigma(), 0.2, 0.02);
  EXPECT_NEAR(taken->strays(), 0.1, 1e-9);
}

TEST(LearntTimes, FailuresWithAnErrorCountAndWhatProvesNothingDoesNot) {
  LearntTimes times;
  BuildRow row = Ended(1, 300);
  row.success = false;
  times.Add(row);
  EXPECT_EQ(times.Count("android"), 0U) << "reset for signing";
  row.error_message = "no manifest";
  times.Add(row);
  EXPECT_EQ(times.Count("android"), 1U);
  row = Ended(2, 300);
  row.success.reset();
  times.Add(row);
  row = Ended(3, 300);
  row.end_time.reset();
  times.Add(row);
  row = Ended(4, 300);
  row.deleted = true;
  times.Add(row);
  times.Add(Ended(5, 0));
  times.Add(Ended(6, -10));
  EXPECT_EQ(times.Count("android"), 1U);
}

TEST(LearntTimes, TimesThatCannotBeTrueTeachNothing) {
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kNow = 1'767'225'600;
  const std::pair<std::int64_t, std::int64_t> rows[] = {
      {kLeast, kMost},  {-9'200'000'000'000'000'000, kNow},
      {-1, 300},        {0, 300},
      {1, kMost},       {kNow, 1000 * kNow + 300'000},
      {kNow, kLeast},   {1, 1 + 30 * 86'400 + 1},
      {kMost, kLeast},  {kMost, kMost},
      {kNow, kNow - 1},
  };
  LearntTimes times;
  BuildRow row = Ended(1, 1);
  for (const auto& [start_time, end_time] : rows) {
    row.start_time = start_time;
    row.end_time = end_time;
    times.Add(row);
    EXPECT_EQ(times.Count("android"), 0U) << start_time << ' ' << end_time;
  }
  times.Add(Ended(1, 30 * 86'400));
  EXPECT_EQ(times.Count("android"), 1U);
}

TEST(LearntTimes, OnlyThePlatformsThatThereAreAreKept) {
  LearntTimes times;
  for (int i = 1; i <= 5; ++i) {
    for (const char* platform : {"", "windows", "Android", "android ", "ios", "android"}) {
      times.Add(Ended(i, 300, platform));
    }
  }
  for (const char* platform : {"", "windows", "Android", "android "}) {
    EXPECT_EQ(times.Count(platform), 0U) << platform;
  }
  EXPECT_EQ(times.Count("ios"), 5U);
  EXPECT_EQ(times.Count("android"), 5U);
}

TEST(LearntTimes, BuildsOfTheSameSecondAreToldApartByTheirNames) {
  LearntTimes times;
  BuildRow row = Ended(1, 300);
  for (int i = 0; i < 50; ++i) {
    row.name = "app-" + std::to_string(i) + ".apk";
    times.Add(row);
    times.Add(row);
  }
  EXPECT_EQ(times.Count("android"), 50U);
}

TEST(LearntTimes, NothingIsCountedTwice) {
  LearntTimes times = Ideal(480, 0.2, 20);
  times.Merge(times);
  times.Merge(Ideal(480, 0.2, 20));
  EXPECT_EQ(times.Count("android"), 20U);
}

TEST(LearntTimes, OnlyTheNewestCount) {
  LearntTimes times = Ideal(480, 0.2, 100, 1'000'000);
  times.Merge(Ideal(60, 0.2, 100, 5'000'000));
  EXPECT_EQ(times.Count("android"), kMostTimes);
  EXPECT_NEAR(times.Of("android")->median(), 60, 2) << "the portal became faster";
  times.Merge(Ideal(480, 0.2, 100, 1'000'000));
  EXPECT_NEAR(times.Of("android")->median(), 60, 2) << "older rows that are read later say nothing new";
}

}  // namespace
}  // namespace tegodrop
