#include "daemon/tracking/learnt_times.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <type_traits>
#include <vector>

#include "daemon/model/artifact.h"

namespace tegodrop {
namespace {

// A portal's times are whole seconds and its load is never the same: nothing is foretold more sharply than by a tenth.
constexpr double kLeastSigma = 0.1;
// What a few builds with nearly the same time seem to prove is tempered by so many imagined ones of an ordinary spread.
constexpr double kPriorSigma = 0.4;
constexpr double kPriorWeight = 2;
// Strays are told from the rest where there are enough to tell, by so many deviations from the median.
constexpr std::size_t kFewestForStrays = 8;
constexpr double kStrayFrom = 3.5;
// Of the median deviation, for a normal distribution's sigma.
constexpr double kMedianToSigma = 1.4826;
// More would bring looks at builds that cannot be done yet: a stray may end at any time.
constexpr double kLeastStrays = 0.002;

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double Mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Without what lies far from the rest: one build that failed in its first second, or hung for a day, would widen the
// curve of all others until it says nothing.
std::vector<double> WithoutStrays(const std::vector<double>& logs) {
  if (logs.size() < kFewestForStrays) return logs;
  const double middle = Median(logs);
  std::vector<double> distances;
  distances.reserve(logs.size());
  for (const double log : logs) distances.push_back(std::abs(log - middle));
  const double reach = kStrayFrom * std::max(kLeastSigma, kMedianToSigma * Median(std::move(distances)));
  std::vector<double> rest = logs;
  std::erase_if(rest, [&](double log) { return std::abs(log - middle) > reach; });
  return rest;
}

bool EndedByItself(const BuildRow& row) {
  const GateVerdict verdict = JudgeBuild(row, false);
  return verdict == GateVerdict::kPassed || verdict == GateVerdict::kFailed;
}

// Any number may stand there; one of another unit, milliseconds say, would teach nonsense.
std::optional<std::int64_t> TakenBy(const BuildRow& row) {
  if (!row.end_time || row.start_time <= 0 || *row.end_time <= row.start_time) return std::nullopt;
  const std::int64_t seconds = *row.end_time - row.start_time;
  return seconds <= kLongestTime ? std::optional(seconds) : std::nullopt;
}

}  // namespace

void LearntTimes::Put(Times& times, const Times::value_type& one) {
  static_assert(std::is_trivially_destructible_v<Times::value_type>, "no text of the portal's");
  times.insert(one);
  if (times.size() > kMostTimes) times.erase(times.begin());
}

void LearntTimes::Add(const BuildRow& row) {
  if (!IsPlatform(row.platform) || !EndedByItself(row)) return;
  const std::optional<std::int64_t> seconds = TakenBy(row);
  if (seconds) Put(platforms_[row.platform], {{row.start_time, std::hash<std::string>{}(row.name)}, *seconds});
}

void LearntTimes::Merge(const LearntTimes& other) {
  for (const auto& [platform, times] : other.platforms_) {
    Times& mine = platforms_[platform];
    for (const auto& one : times) Put(mine, one);
  }
}

std::size_t LearntTimes::Count(const std::string& platform) const {
  const auto found = platforms_.find(platform);
  return found == platforms_.end() ? 0 : found->second.size();
}

std::optional<TakenTime> LearntTimes::Of(const std::string& platform) const {
  if (Count(platform) < kFewestTimes) return std::nullopt;
  std::vector<double> logs;
  for (const auto& [build, seconds] : platforms_.at(platform)) logs.push_back(std::log(static_cast<double>(seconds)));
  const std::vector<double> ordinary = WithoutStrays(logs);
  const double mean = Mean(ordinary);
  const auto count = static_cast<double>(ordinary.size());
  double squares = kPriorWeight * kPriorSigma * kPriorSigma;
  for (const double log : ordinary) squares += (log - mean) * (log - mean);
  // Of the next one: the mean is uncertain itself.
  const double sigma = std::sqrt(squares / (count - 1 + kPriorWeight) * (1 + 1 / count));
  const double strays = static_cast<double>(logs.size() - ordinary.size()) / static_cast<double>(logs.size());
  return TakenTime(std::exp(mean), std::max(sigma, kLeastSigma), std::max(strays, kLeastStrays));
}

}  // namespace tegodrop
