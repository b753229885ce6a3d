// The plan's promises: always within its bounds, sooner for more builds and for likelier ends, and cheap for very many.
#include "daemon/tracking/poll_plan.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/fakes/seeded_random.h"

namespace tegodrop {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const TakenTime kEight(480, 0.2, 0.002);
const TakenTime kTwenty(1200, 0.4, 0.002);

// The same luck for every plan, so that plans can be compared.
milliseconds Plan(const std::vector<AwaitedBuild>& builds, milliseconds interval = seconds(15),
                  milliseconds ceiling = minutes(2)) {
  testing::SeededRandom random(7);
  return NextLook(builds, interval, ceiling, random);
}

AwaitedBuild Build(const TakenTime& taken, double seen, double since = 0) { return {&taken, seen, since, 1}; }

TEST(PollPlan, IsAlwaysWithinItsBounds) {
  testing::SeededRandom random(3);
  for (int round = 0; round < 3000; ++round) {
    std::vector<AwaitedBuild> builds(random.Below(6));
    for (AwaitedBuild& build : builds) {
      build =
          Build(random.Below(2) == 0 ? kEight : kTwenty, static_cast<double>(random.Below(random.Below(100'000) + 1)),
                static_cast<double>(random.Below(200)));
    }
    const milliseconds interval(100 + random.Below(30'000));
    const milliseconds ceiling = interval + milliseconds(random.Below(600'000));
    const milliseconds delay = NextLook(builds, interval, ceiling, random);
    EXPECT_GE(delay, interval);
    EXPECT_LE(delay, ceiling);
  }
}

TEST(PollPlan, OfBuildsThatNobodyKnowsIsTheInterval) {
  EXPECT_EQ(Plan({{nullptr, 0, 0, 1}}), seconds(15));
  EXPECT_EQ(Plan({Build(kEight, 0), {nullptr, 0, 0, 1}}), seconds(15)) << "one is enough";
}

TEST(PollPlan, WaitsWhileNoBuildCanBeDoneAndLooksOftenWhereEndsAreLikely) {
  EXPECT_GE(Plan({Build(kEight, 10)}), seconds(110));
  EXPECT_EQ(Plan({Build(kEight, 480)}), seconds(15));
  EXPECT_GE(Plan({}), seconds(110));
}

TEST(PollPlan, ComesSoonerTheNearerTheEndIs) {
  milliseconds last = hours(1);
  // Before this only a stray could end, and these become rarer.
  for (double age = 150; age <= 480; age += 10) {
    const milliseconds delay = Plan({Build(kEight, age)}, seconds(5));
    EXPECT_LE(delay, last) << age;
    last = delay;
  }
}

TEST(PollPlan, IsNeverLaterForMoreBuilds) {
  testing::SeededRandom random(5);
  for (int round = 0; round < 300; ++round) {
    std::vector<AwaitedBuild> builds;
    milliseconds last = hours(1);
    for (int i = 0; i < 12; ++i) {
      builds.push_back(Build(kTwenty, static_cast<double>(random.Below(1500))));
      const milliseconds delay = Plan(builds, seconds(2));
      // Builds of about the same age are taken together, which is worth less than a tenth.
      EXPECT_LE(delay.count(), last.count() * 1.1);
      last = delay;
    }
  }
}

TEST(PollPlan, HoldsWhatHasPiledUpAlreadyAgainstTheNextLook) {
  // Planned at the last look, and again on the way: the same moment, give or take the luck and the halvings.
  const milliseconds at_once = Plan({Build(kEight, 250)}, seconds(5), minutes(10));
  const milliseconds on_the_way = Plan({Build(kEight, 250, 20)}, seconds(5), minutes(10));
  EXPECT_NEAR(static_cast<double>(at_once.count()), static_cast<double>(on_the_way.count() + 20'000), 3'000);
  EXPECT_EQ(Plan({Build(kEight, 400, 3600)}), seconds(15)) << "it is certainly done";
}

TEST(PollPlan, ABuildThatTakesFarTooLongIsLookedAtEverLessOften) {
  milliseconds last{0};
  for (const milliseconds age :
       {milliseconds(minutes(30)), milliseconds(hours(1)), milliseconds(hours(4)), milliseconds(hours(12))}) {
    const milliseconds delay = Plan({Build(kEight, static_cast<double>(age.count()) / 1000)});
    EXPECT_GT(delay, last) << age.count();
    last = delay;
  }
  EXPECT_GE(last, seconds(110)) << "at last at the ceiling";
}

TEST(PollPlan, HalfTheIntervalIsTheSameAtTwiceThePace) {
  const TakenTime slow(960, 0.3, 0.01);
  for (const double age : {300.0, 500.0, 700.0}) {
    const milliseconds full = Plan({Build(slow, age)}, seconds(10), hours(1));
    const milliseconds half = Plan({Build(slow, age)}, seconds(5), hours(1));
    EXPECT_LT(half.count(), 0.75 * static_cast<double>(full.count())) << age;
  }
}

// Looks one after the other, as planned, at a build that ends at the age `end`: how long it has lain finished at the
// one that shows it.
seconds NoticedAfter(const TakenTime& taken, seconds end, milliseconds interval, milliseconds ceiling) {
  milliseconds age{0};
  while (age < end) age += Plan({Build(taken, static_cast<double>(age.count()) / 1000)}, interval, ceiling);
  return std::chrono::duration_cast<seconds>(age - end);
}

TEST(PollPlan, WithALongIntervalAUsualEndIsNoticedWithinAboutOne) {
  for (const milliseconds interval : {milliseconds(minutes(10)), milliseconds(minutes(30)), milliseconds(hours(1))}) {
    for (const int halves : {1, 2, 4, 8, 12}) {
      const auto median = std::chrono::duration_cast<seconds>(interval * halves / 2);
      const TakenTime taken(static_cast<double>(median.count()), 0.2, 0.002);
      for (const int percent : {80, 90, 100, 110, 120}) {
        EXPECT_LE(NoticedAfter(taken, median * percent / 100, interval, hours(24)), 1.25 * interval)
            << interval.count() << ' ' << median.count() << ' ' << percent;
      }
    }
  }
}

TEST(PollPlan, AnEndThatIsCertainIsWorthEveryInterval) {
  // It has lain there for a while, or ends within the next interval.
  for (const milliseconds interval : {milliseconds(100), milliseconds(minutes(5)), milliseconds(hours(1))}) {
    EXPECT_EQ(Plan({Build(kEight, 400, 7200)}, interval, hours(24)), interval) << interval.count();
  }
  EXPECT_EQ(Plan({Build(kEight, 0)}, hours(1), hours(24)), hours(1));
}

TEST(PollPlan, IsAsSharpWithALongCeilingAsWithAShortOne) {
  for (const double age : {150.0, 250.0, 300.0}) {
    const auto near = static_cast<double>(Plan({Build(kEight, age)}, milliseconds(500), minutes(10)).count());
    const auto far = static_cast<double>(Plan({Build(kEight, age)}, milliseconds(500), hours(24)).count());
    EXPECT_NEAR(far / near, 1, 0.04) << age;
  }
}

TEST(PollPlan, DriftsByAtMostATenth) {
  testing::SeededRandom random(9);
  milliseconds least = hours(1);
  milliseconds most{0};
  for (int i = 0; i < 200; ++i) {
    const milliseconds delay = NextLook({Build(kEight, 200)}, seconds(5), minutes(10), random);
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_GT(most - least, least / 20);
  EXPECT_LE(most.count(), 1.11 * static_cast<double>(least.count()));
}

TEST(PollPlan, TenThousandBuildsAreAFewHundredGroupsAndTheSamePlan) {
  testing::SeededRandom random(11);
  std::vector<AwaitedBuild> builds;
  for (int i = 0; i < 10'000; ++i) {
    builds.push_back(Build(i % 2 == 0 ? kEight : kTwenty, static_cast<double>(random.Below(86'400)), 3));
  }
  const std::vector<AwaitedBuild> groups = Grouped(builds);
  EXPECT_LE(groups.size(), 2U * 190);
  EXPECT_EQ(std::accumulate(groups.begin(), groups.end(), std::size_t{0},
                            [](std::size_t sum, const AwaitedBuild& group) { return sum + group.count; }),
            builds.size());
  for (const double later : {5.0, 60.0}) {
    const auto waited = [&](const std::vector<AwaitedBuild>& all) {
      return std::accumulate(all.begin(), all.end(), 0.0, [&](double sum, const AwaitedBuild& one) {
        return sum + static_cast<double>(one.count) * one.taken->ExpectedWait(one.seen, one.since + later);
      });
    };
    EXPECT_NEAR(waited(groups) / waited(builds), 1, 0.03);
  }
}

}  // namespace
}  // namespace tegodrop
