// A trouble that lasts is told once, and once when it is over.
#include "daemon/app/notify/trouble_watch.h"

#include <gtest/gtest.h>

namespace tegodrop::testing {
namespace {

using std::chrono::seconds;

class TroubleWatchTest : public ::testing::Test {
 protected:
  TroubleStep See(bool wrong, MonoMs at) {
    const TroubleStep step = watch.See({"x", wrong, seconds(10), seconds(30), tell_over}, told, at);
    if (step != TroubleStep::kNothing) told = step == TroubleStep::kTell;
    return step;
  }

  TroubleWatch watch;
  bool told = false;
  bool tell_over = true;
};

TEST_F(TroubleWatchTest, IsToldOnceItHasLasted) {
  EXPECT_EQ(See(true, 1000), TroubleStep::kNothing);
  EXPECT_EQ(See(true, 10'999), TroubleStep::kNothing);
  EXPECT_EQ(See(true, 11'000), TroubleStep::kTell);
  EXPECT_EQ(See(true, 50'000), TroubleStep::kNothing);
}

TEST_F(TroubleWatchTest, WhatPassesInAMomentIsNotTold) {
  EXPECT_EQ(See(true, 0), TroubleStep::kNothing);
  EXPECT_EQ(See(false, 5'000), TroubleStep::kNothing);
  EXPECT_EQ(See(true, 12'000), TroubleStep::kNothing);
  EXPECT_EQ(See(true, 21'000), TroubleStep::kNothing) << "it began anew";
}

TEST_F(TroubleWatchTest, ItsEndIsToldOnceItHasLastedToo) {
  told = true;
  EXPECT_EQ(See(false, 0), TroubleStep::kNothing);
  EXPECT_EQ(See(true, 20'000), TroubleStep::kNothing) << "it was never over";
  EXPECT_EQ(See(false, 25'000), TroubleStep::kNothing);
  EXPECT_EQ(See(false, 54'999), TroubleStep::kNothing);
  EXPECT_EQ(See(false, 55'000), TroubleStep::kOver);
  EXPECT_EQ(See(false, 99'000), TroubleStep::kNothing);
}

TEST_F(TroubleWatchTest, AnEndThatIsNothingToTellIsForgotten) {
  told = true;
  tell_over = false;
  EXPECT_EQ(See(false, 0), TroubleStep::kNothing);
  EXPECT_EQ(See(false, 30'000), TroubleStep::kForget);
}

}  // namespace
}  // namespace tegodrop::testing
