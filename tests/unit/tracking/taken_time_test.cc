// The curve of a build's time against what summing it step by step gives, and where a lognormal alone would break.
#include "daemon/tracking/taken_time.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace tegodrop {
namespace {

const std::vector<TakenTime>& Curves() {
  static const std::vector<TakenTime> curves = {
      {480, 0.2, 0.01}, {480, 0.7, 0.01}, {30, 0.1, 0.01}, {1200, 0.4, 0.2}, {2, 1.5, 0.05},
  };
  return curves;
}

TEST(TakenTime, SurvivesNothingForEverAndEverythingAtFirst) {
  for (const TakenTime& curve : Curves()) {
    EXPECT_EQ(curve.Survival(0), 1);
    EXPECT_NEAR(curve.Survival(curve.median()), 0.5, 1e-9);
    double last = 1;
    for (double t = 0.1; t < 1e7; t *= 1.1) {
      const double now = curve.Survival(t);
      EXPECT_LE(now, last);
      EXPECT_GT(now, 0);
      last = now;
    }
  }
}

TEST(TakenTime, ExpectsWhatTheStepsAddUpTo) {
  for (const TakenTime& curve : Curves()) {
    for (const double seen : {0.0, 0.3 * curve.median(), curve.median(), 4 * curve.median(), 300 * curve.median()}) {
      for (const double later : {1.0, 15.0, 120.0, 3600.0}) {
        constexpr int kSteps = 20'000;
        double sum = 0;
        for (int i = 0; i < kSteps; ++i) {
          sum += 1 - curve.Survival(seen + later * (i + 0.5) / kSteps) / curve.Survival(seen);
        }
        EXPECT_NEAR(curve.ExpectedWait(seen, later), sum * later / kSteps, 1e-5 * later)
            << curve.median() << ' ' << curve.sigma() << ' ' << seen << ' ' << later;
      }
    }
  }
}

TEST(TakenTime, WaitsLongerForALaterLookAndNeverLongerThanThat) {
  for (const TakenTime& curve : Curves()) {
    for (double seen = 0; seen < 1e6; seen = seen * 1.7 + 1) {
      double last = 0;
      for (double later = 0; later < 1e5; later = later * 1.5 + 0.5) {
        const double waited = curve.ExpectedWait(seen, later);
        EXPECT_GE(waited, last - 1e-6 * later);
        EXPECT_LE(waited, later);
        last = waited;
      }
    }
  }
}

TEST(TakenTime, OfAStrayNothingIsExpectedAnyMomentNow) {
  const TakenTime curve(180, 0.2, 0.01);
  // A lognormal alone would promise an end within the minute, an hour long.
  EXPECT_GT(curve.ExpectedWait(180, 60), 15);
  EXPECT_LT(curve.ExpectedWait(3600, 60), 1);
  EXPECT_LT(curve.ExpectedWait(36'000, 60), 0.1);
}

}  // namespace
}  // namespace tegodrop
