#include "daemon/upload/rate_limit.h"

#include <gtest/gtest.h>

#include "tests/fakes/stepped_clock.h"

namespace tegodrop::testing {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kRate = 4'000'000;

class RateLimitTest : public ::testing::Test {
 protected:
  // Takes whatever it can get, `bite` bytes at a time, until it has all.
  struct Eater {
    Eater(RateLimit& limit, std::size_t bite) : bite(bite), share(limit.Join([this] { Resumed(); })) {}
    void Resumed() {
      ++resumed;
      Eat();
    }
    void Eat() {
      while (share && eaten < wants) {
        const std::size_t taken = share->Take(std::min<std::uint64_t>(bite, wants - eaten));
        if (taken == 0) return;
        eaten += taken;
      }
    }
    const std::size_t bite;
    std::uint64_t wants = UINT64_MAX;
    std::uint64_t eaten = 0;
    int resumed = 0;
    std::unique_ptr<RateLimit::Share> share;
  };
  void Pass(milliseconds time) {
    for (; time.count() > 0; time -= milliseconds(5)) clock.Step(milliseconds(5));
  }

  SteppedClock clock;
  RateLimit limit{kRate, clock, clock};
};

TEST_F(RateLimitTest, OverASecondAsManyBytesLeaveAsTheRateSays) {
  Eater eater(limit, 65536);
  eater.Eat();
  Pass(milliseconds(1000));
  EXPECT_NEAR(static_cast<double>(eater.eaten), kRate, kRate * 0.05);
  Pass(milliseconds(1000));
  EXPECT_NEAR(static_cast<double>(eater.eaten), 2.0 * kRate, kRate * 0.05);
}

TEST_F(RateLimitTest, AnotherRateHoldsAlsoForWhoWaits) {
  Eater eater(limit, 65536);
  eater.Eat();
  const std::uint64_t before = eater.eaten;
  limit.SetRate(kRate / 4);
  Pass(milliseconds(1000));
  EXPECT_NEAR(static_cast<double>(eater.eaten - before), kRate / 4.0, kRate * 0.05);
  eater.wants = 100 * kRate;
  limit.SetRate(std::nullopt);
  Pass(milliseconds(50));
  EXPECT_EQ(eater.eaten, eater.wants) << "without a limit nobody waits";
}

TEST_F(RateLimitTest, ALimitThatComesLaterHoldsForWhoIsThere) {
  RateLimit open(std::nullopt, clock, clock);
  Eater eater(open, 65536);
  eater.wants = 10 * kRate;
  eater.Eat();
  EXPECT_EQ(eater.eaten, eater.wants);
  open.SetRate(kRate);
  eater.wants = UINT64_MAX;
  Pass(milliseconds(1000));
  eater.Eat();
  const std::uint64_t before = eater.eaten;
  Pass(milliseconds(1000));
  EXPECT_NEAR(static_cast<double>(eater.eaten - before), kRate, kRate * 0.05);
}

TEST_F(RateLimitTest, ARateOfAFewBytesIsNoReasonToWaitForItsNextByteOnceItIsRaised) {
  RateLimit slow(1, clock, clock);
  Eater eater(slow, 65536);
  eater.Eat();
  slow.SetRate(kRate);
  Pass(milliseconds(100));
  EXPECT_GT(eater.eaten, kRate / 20);
}

TEST_F(RateLimitTest, WhatWasNotUsedIsKeptForAQuarterOfASecond) {
  Pass(milliseconds(60'000));
  Eater eater(limit, 65536);
  eater.Eat();
  EXPECT_EQ(eater.eaten, kRate / 4);
}

TEST_F(RateLimitTest, TwoShareTheLineHoweverMuchTheyAskFor) {
  Eater greedy(limit, 1 << 20);
  Eater modest(limit, 4096);
  greedy.Eat();
  modest.Eat();
  Pass(milliseconds(4000));
  EXPECT_NEAR(static_cast<double>(greedy.eaten), static_cast<double>(modest.eaten), kRate * 0.1);
  EXPECT_NEAR(static_cast<double>(greedy.eaten + modest.eaten), 4.0 * kRate, kRate * 0.1);
}

TEST_F(RateLimitTest, WhoIsAloneHasAllOfIt) {
  Eater first(limit, 65536);
  Eater second(limit, 65536);
  second.wants = 100'000;
  first.Eat();
  second.Eat();
  Pass(milliseconds(2000));
  EXPECT_EQ(second.eaten, 100'000U);
  EXPECT_NEAR(static_cast<double>(first.eaten), 2.0 * kRate, kRate * 0.1);
}

TEST_F(RateLimitTest, NobodyIsResumedInsideACallAndNoTimerRunsWhileNobodyWaits) {
  Eater eater(limit, 65536);
  eater.wants = 1000;
  eater.Eat();
  EXPECT_EQ(eater.resumed, 0);
  EXPECT_EQ(clock.pending(), 1U);
  Pass(milliseconds(100));
  EXPECT_EQ(eater.eaten, 1000U);
  EXPECT_EQ(clock.pending(), 0U);
}

TEST_F(RateLimitTest, AskingAgainWhileItWaitsGivesItNoSecondPlaceInTheLine) {
  Eater twice(limit, 65536);
  Eater once(limit, 65536);
  twice.Eat();
  EXPECT_EQ(twice.share->Take(10), 0U);
  EXPECT_EQ(twice.share->Take(10), 0U);
  once.Eat();
  Pass(milliseconds(2000));
  EXPECT_NEAR(static_cast<double>(twice.eaten), static_cast<double>(once.eaten), kRate * 0.1);
}

TEST_F(RateLimitTest, WhatComesBackIsNotLost) {
  Pass(milliseconds(1000));
  auto share = limit.Join([] {});
  EXPECT_EQ(share->Take(5000), 5000U);
  share->GiveBack(2000);
  EXPECT_EQ(share->Take(2000), 2000U) << "by the same one";
  share->GiveBack(2000);
  share.reset();
  Eater eater(limit, 65536);
  eater.Eat();
  EXPECT_EQ(eater.eaten, kRate / 4 - 5000 + 2000) << "and by another one";
}

TEST_F(RateLimitTest, AResumeMayDestroyItsOwnShareAndOthers) {
  std::unique_ptr<RateLimit::Share> first;
  std::unique_ptr<RateLimit::Share> second;
  int resumed = 0;
  const auto all_go = [&] {
    ++resumed;
    first.reset();
    second.reset();
  };
  first = limit.Join(all_go);
  second = limit.Join(all_go);
  EXPECT_EQ(first->Take(10), 0U);
  EXPECT_EQ(second->Take(10), 0U);
  Pass(milliseconds(200));
  EXPECT_EQ(resumed, 1);
  EXPECT_EQ(clock.pending(), 0U);
}

TEST(SlowRateLimitTest, AFewBytesASecondFlowToo) {
  SteppedClock clock;
  RateLimit limit(2, clock, clock);
  std::uint64_t eaten = 0;
  std::unique_ptr<RateLimit::Share> share;
  const auto eat = [&] {
    while (const std::size_t taken = share->Take(100)) eaten += taken;
  };
  share = limit.Join(eat);
  eat();
  clock.Step(milliseconds(10'000));
  EXPECT_NEAR(static_cast<double>(eaten), 20, 2);
}

}  // namespace
}  // namespace tegodrop::testing
