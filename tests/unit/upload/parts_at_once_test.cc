// How many parts go at once, on lines of several kinds.
#include "daemon/upload/parts_at_once.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

namespace tegodrop {
namespace {

constexpr std::uint64_t kPart = 10 << 20;

// A line that carries so many bytes a millisecond by so many connections.
using Line = std::function<double(int connections)>;

Line Fills(double rate) {
  return [rate](int) { return rate; };
}
// Each connection carries so much and no more, as over a long way.
Line Each(double rate) {
  return [rate](int connections) { return rate * connections; };
}

struct Upload {
  explicit Upload(int most) : at_once(most) {}
  // Parts that are confirmed one after the other.
  void Send(const Line& line, int parts) {
    for (int i = 0; i < parts; ++i) {
      clock += static_cast<double>(kPart) / line(at_once.now());
      sent += kPart;
      at_once.Succeeded(sent, static_cast<MonoMs>(clock));
      seen.insert(at_once.now());
    }
  }
  PartsAtOnce at_once;
  double clock = 5;
  std::uint64_t sent = 0;
  std::set<int> seen;
};

TEST(PartsAtOnce, BeginWithTheMost) {
  EXPECT_EQ(PartsAtOnce(4).now(), 4);
  EXPECT_EQ(PartsAtOnce(1).now(), 1);
}

TEST(PartsAtOnce, BecomeTwoWhereTheLineIsFullByOne) {
  Upload upload(8);
  upload.Send(Fills(100'000), 100);
  EXPECT_EQ(*upload.seen.begin(), 2) << "never fewer";
  upload.seen.clear();
  upload.Send(Fills(100'000), 1000);
  EXPECT_LE(*upload.seen.rbegin(), 3) << "one more is tried now and then";
  EXPECT_EQ(*upload.seen.begin(), 2);
}

TEST(PartsAtOnce, StayTheMostWhereEachConnectionCarriesItsOwn) {
  Upload upload(4);
  upload.Send(Each(1'000), 1000);
  EXPECT_EQ(*upload.seen.begin(), 3) << "one fewer is tried now and then";
  EXPECT_EQ(*upload.seen.rbegin(), 4);
}

TEST(PartsAtOnce, AreAsManyAsFillTheLine) {
  Upload upload(10);
  const Line line = [](int connections) { return std::min(5, connections) * 1'000.0; };
  upload.Send(line, 500);
  upload.seen.clear();
  upload.Send(line, 500);
  EXPECT_EQ(*upload.seen.begin(), 4);
  EXPECT_LE(*upload.seen.rbegin(), 6);
}

TEST(PartsAtOnce, BecomeMoreAgainWhenTheLineChanges) {
  Upload upload(6);
  upload.Send(Fills(100'000), 200);
  ASSERT_LE(upload.at_once.now(), 3);
  upload.Send(Each(1'000), 400);
  EXPECT_GE(upload.at_once.now(), 5);
}

TEST(PartsAtOnce, SmallLossesDoNotAddUp) {
  Upload upload(10);
  // Each fewer carries 4 % less.
  const Line line = [](int connections) { return 10'000.0 * (1 - 0.04 * (10 - connections)); };
  upload.Send(line, 200);
  EXPECT_GE(*upload.seen.begin(), 8);
}

TEST(PartsAtOnce, OneIsOneForEver) {
  Upload upload(1);
  upload.Send(Fills(100'000), 300);
  upload.Send(Each(10), 300);
  EXPECT_EQ(upload.seen, std::set<int>{1});
}

TEST(PartsAtOnce, WhatIsTooShortToMeasureIsNoWindow) {
  PartsAtOnce at_once(4);
  for (int i = 1; i < 1000; ++i) at_once.Succeeded(static_cast<std::uint64_t>(i) * kPart, 5);
  EXPECT_EQ(at_once.now(), 4);
}

TEST(PartsAtOnce, ATrialThatWasDisturbedIsNone) {
  Upload upload(4);
  while (upload.at_once.now() == 4) upload.Send(Fills(100'000), 1);
  upload.at_once.Disturbed();
  EXPECT_EQ(upload.at_once.now(), 4);
}

}  // namespace
}  // namespace tegodrop
