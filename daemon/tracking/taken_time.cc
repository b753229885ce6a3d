#include "daemon/tracking/taken_time.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tegodrop {
namespace {

// The standard normal's share above `z`.
double Above(double z) { return 0.5 * std::erfc(z / std::numbers::sqrt2); }

}  // namespace

TakenTime::TakenTime(double median, double sigma, double strays) : median_(median), sigma_(sigma), strays_(strays) {}

double TakenTime::Survival(double seconds) const {
  if (seconds <= 0) return 1;
  const double z = std::log(seconds / median_) / sigma_;
  return (1 - strays_) * Above(z) + strays_ * median_ / (median_ + seconds);
}

// Closed forms: t S(t) + the mean of what ended before t, which for a lognormal is a normal's share again.
double TakenTime::RunningUntil(double seconds) const {
  if (seconds <= 0) return 0;
  const double z = std::log(seconds / median_) / sigma_;
  const double mean = median_ * std::exp(sigma_ * sigma_ / 2);
  const double ordinary = seconds * Above(z) + mean * Above(sigma_ - z);
  const double stray = median_ * std::log1p(seconds / median_);
  return (1 - strays_) * ordinary + strays_ * stray;
}

double TakenTime::ExpectedWait(double seen, double later) const {
  if (later <= 0) return 0;
  seen = std::max(seen, 0.0);
  const double running = (RunningUntil(seen + later) - RunningUntil(seen)) / Survival(seen);
  return std::clamp(later - running, 0.0, later);
}

}  // namespace tegodrop
