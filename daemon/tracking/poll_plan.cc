#include "daemon/tracking/poll_plan.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

// Ages that differ by less are taken together: a sixteenth, which is under the least spread that is ever assumed.
constexpr double kAgesApart = 1.0 / 16;
// The moment is sought to this share of itself, which the jitter hides: with any interval and ceiling.
constexpr double kSharpness = 1.0 / 64;
// Of the interval: so much waiting is worth a request in any case (kRequestPrice).
constexpr double kMostOfInterval = 1.0 / 4;
constexpr std::uint64_t kJitterSteps = 1000;

int AgeClass(double seconds) { return static_cast<int>(std::log1p(std::max(seconds, 0.0)) / kAgesApart); }

double PriceOf(double interval) { return std::min(kRequestPrice * interval * interval, kMostOfInterval * interval); }

bool WorthARequest(const std::vector<AwaitedBuild>& groups, double seconds, double price) {
  double waiting = 0;
  for (const AwaitedBuild& group : groups) {
    if (group.taken == nullptr) return true;
    waiting += static_cast<double>(group.count) * group.taken->ExpectedWait(group.seen, group.since + seconds);
    if (waiting >= price) return true;
  }
  return false;
}

}  // namespace

std::vector<AwaitedBuild> Grouped(const std::vector<AwaitedBuild>& builds) {
  std::map<std::tuple<const TakenTime*, int, int>, AwaitedBuild> groups;
  for (const AwaitedBuild& build : builds) {
    const auto [place, fresh] = groups.try_emplace({build.taken, AgeClass(build.seen), AgeClass(build.since)}, build);
    if (fresh) continue;
    // At the mean of their ages.
    AwaitedBuild& group = place->second;
    group.count += build.count;
    const double share = static_cast<double>(build.count) / static_cast<double>(group.count);
    group.seen += (build.seen - group.seen) * share;
    group.since += (build.since - group.since) * share;
  }
  std::vector<AwaitedBuild> out;
  out.reserve(groups.size());
  for (const auto& [key, group] : groups) out.push_back(group);
  return out;
}

milliseconds NextLook(const std::vector<AwaitedBuild>& builds, milliseconds interval, milliseconds ceiling,
                      Random& random) {
  const std::vector<AwaitedBuild> groups = Grouped(builds);
  const auto seconds = [](milliseconds time) { return static_cast<double>(time.count()) / 1000; };
  double early = seconds(interval);
  const double price = PriceOf(early);
  if (ceiling <= interval || WorthARequest(groups, early, price)) return interval;
  double late = seconds(ceiling);
  if (WorthARequest(groups, late, price)) {
    while (late - early > kSharpness * early) {
      const double middle = (early + late) / 2;
      (WorthARequest(groups, middle, price) ? late : early) = middle;
    }
  }
  // Daemons that began at the same moment drift apart.
  const double share = static_cast<double>(random.Below(kJitterSteps)) / static_cast<double>(kJitterSteps);
  const auto jittered = milliseconds(std::llround(late * (0.95 + share / 10) * 1000));
  return std::clamp(jittered, interval, ceiling);
}

}  // namespace tegodrop
