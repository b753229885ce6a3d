#include "daemon/upload/parts_pace.h"

#include <gtest/gtest.h>

namespace tegodrop {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(PartsPace, HalvesWhenOverAQuarterFails) {
  PartsPace pace(8);
  for (int i = 0; i < 3; ++i) pace.Failed();
  EXPECT_EQ(pace.parallel(), 8) << "too few to judge by";
  pace.Failed();
  EXPECT_EQ(pace.parallel(), 4);
  for (int i = 0; i < 4; ++i) pace.Failed();
  EXPECT_EQ(pace.parallel(), 2);
  for (int i = 0; i < 40; ++i) pace.Failed();
  EXPECT_EQ(pace.parallel(), 1) << "one always goes";
}

TEST(PartsPace, AQuarterIsNotOverAQuarter) {
  PartsPace pace(4);
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 3; ++i) pace.Succeeded();
    pace.Failed();
    EXPECT_EQ(pace.parallel(), 4) << round;
  }
}

TEST(PartsPace, ComesBackOneByOneAndNeverAboveItsMost) {
  PartsPace pace(4);
  for (int i = 0; i < 8; ++i) pace.Failed();
  ASSERT_EQ(pace.parallel(), 1);
  for (int i = 0; i < 15; ++i) pace.Succeeded();
  EXPECT_EQ(pace.parallel(), 1);
  pace.Succeeded();
  EXPECT_EQ(pace.parallel(), 2);
  for (int i = 0; i < 200; ++i) pace.Succeeded();
  EXPECT_EQ(pace.parallel(), 4);
}

TEST(PartsLife, SaysNothingInTheFirstMinute) {
  EXPECT_EQ(JudgeLife(1, 1'000'000'000, seconds(59), seconds(1)), LifeVerdict::kEnough);
  EXPECT_EQ(JudgeLife(1, 1'000'000'000, seconds(60), seconds(1)), LifeVerdict::kTight);
}

TEST(PartsLife, ComparesTheTimeThatIsNeededWithTheTimeThatIsLeft) {
  EXPECT_EQ(JudgeLife(100, 900, minutes(6), minutes(54)), LifeVerdict::kEnough) << "exactly enough";
  EXPECT_EQ(JudgeLife(100, 901, minutes(6), minutes(54)), LifeVerdict::kTight);
  EXPECT_EQ(JudgeLife(100, 1800, minutes(6), minutes(54)), LifeVerdict::kTight) << "at twice the pace it would do";
  EXPECT_EQ(JudgeLife(100, 1801, minutes(6), minutes(54)), LifeVerdict::kHopeless);
  EXPECT_EQ(JudgeLife(100, 1801, seconds(299), seconds(54)), LifeVerdict::kTight) << "no hope is given up so early";
  EXPECT_EQ(JudgeLife(100, 100, minutes(61), minutes(-1)), LifeVerdict::kHopeless) << "dead URLs";
}

TEST(PartsLife, NothingLeftIsEnoughHoweverLate) {
  EXPECT_EQ(JudgeLife(100, 0, hours(2), hours(-1)), LifeVerdict::kEnough);
}

TEST(PartsLife, WhatDoesNotMoveAtAllIsNoSlowLine) {
  EXPECT_EQ(JudgeLife(0, 100, minutes(20), minutes(40)), LifeVerdict::kTight);
}

TEST(PartsLife, HugeArtifactsDoNotOverflow) {
  EXPECT_EQ(JudgeLife(1, UINT64_MAX, hours(1), hours(1)), LifeVerdict::kHopeless);
  EXPECT_EQ(JudgeLife(UINT64_MAX / 2, UINT64_MAX / 2, hours(1), hours(2)), LifeVerdict::kEnough);
}

}  // namespace
}  // namespace tegodrop
