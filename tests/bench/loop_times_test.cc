// Callbacks of each kind are timed, waiting is not, and the percentiles are those of what ran.
#include "tests/bench/loop_times.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>

namespace tegodrop::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr double kBusy = 0.02;  // seconds

void BeBusy() {
  const auto end = steady_clock::now() + milliseconds(20);
  while (steady_clock::now() < end) {
  }
}

class LoopTimesTest : public ::testing::Test {
 protected:
  const LoopTimes& Run() {
    loop_.Run();
    return watch_.times();
  }

  EventLoop loop_;
  LoopWatch watch_{loop_};
};

TEST_F(LoopTimesTest, WhatAnotherThreadPostsIsTimed) {
  loop_.Post([&] {
    BeBusy();
    loop_.Stop();
  });
  const LoopTimes& times = Run();
  ASSERT_EQ(times.callbacks.size(), 1U);
  EXPECT_GE(SecondsAt(times.callbacks, 100), kBusy);
  EXPECT_GT(SecondsAt(times.callbacks_cpu, 100), 0);
}

TEST_F(LoopTimesTest, ATimerIsTimedAndNotTheWaitingForIt) {
  const HandlePtr first = loop_.After(milliseconds(1), BeBusy);
  const HandlePtr last = loop_.After(milliseconds(300), [&] { loop_.Stop(); });
  const auto begun = steady_clock::now();
  const LoopTimes& times = Run();
  EXPECT_GE(steady_clock::now() - begun, milliseconds(299));
  ASSERT_EQ(times.callbacks.size(), 2U);
  EXPECT_GE(SecondsAt(times.callbacks, 100), kBusy);
  double turns = 0;
  for (const auto one : times.turns) turns += static_cast<double>(one) / 1e9;
  EXPECT_LT(turns, 0.25) << "a turn is what the loop did, not what it waited";
}

TEST_F(LoopTimesTest, ADescriptorIsTimed) {
  const int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
  ASSERT_GE(fd, 0);
  HandlePtr readable = loop_.WatchReadable(fd, false, [&] {
    BeBusy();
    readable.reset();
    loop_.Stop();
  });
  const LoopTimes& times = Run();
  close(fd);
  ASSERT_EQ(times.callbacks.size(), 1U);
  EXPECT_GE(SecondsAt(times.callbacks, 100), kBusy);
}

TEST_F(LoopTimesTest, ATurnIsNoShorterThanItsCallbacks) {
  const HandlePtr busy = loop_.After(milliseconds(1), BeBusy);
  const HandlePtr end = loop_.After(milliseconds(60), [&] { loop_.Stop(); });
  const LoopTimes& times = Run();
  EXPECT_GE(SecondsAt(times.turns, 100), kBusy);
}

TEST(SecondsAt, APercentileIsOneOfTheTimes) {
  std::vector<std::int64_t> times;
  for (std::int64_t one = 200; one > 0; --one) times.push_back(one * 1'000'000'000);
  EXPECT_EQ(SecondsAt(times, 50), 100);
  EXPECT_EQ(SecondsAt(times, 99), 198);
  EXPECT_EQ(SecondsAt(times, 100), 200);
  EXPECT_EQ(SecondsAt({7'000'000'000}, 99), 7);
  EXPECT_EQ(SecondsAt({}, 99), 0);
}

TEST(LoopTimes, JsonNamesEachKind) {
  LoopTimes times;
  times.callbacks = {1'000'000, 2'000'000};
  EXPECT_EQ(times.Json(),
            "{\"callback\": {\"count\": 2, \"p50\": 0.001000000, \"p99\": 0.002000000, \"max\": 0.002000000}, "
            "\"callback_cpu\": {\"count\": 0, \"p50\": 0.000000000, \"p99\": 0.000000000, \"max\": 0.000000000}, "
            "\"turn\": {\"count\": 0, \"p50\": 0.000000000, \"p99\": 0.000000000, \"max\": 0.000000000}}");
}

}  // namespace
}  // namespace tegodrop::bench
