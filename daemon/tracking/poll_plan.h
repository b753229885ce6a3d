// When the history is looked through next, by how long builds take and how long the awaited ones run. Pure.
//
// A look costs a request, a late one costs waiting: of each build, from its end until it is seen. The next look is due
// when the waiting that is expected to have piled up since the last one, over all awaited builds, is worth a request.
// While no build can be done yet that is late; where an end is likely, or many builds run, it is soon. (For one build
// at a time this is the known best schedule: looks as dense as the square root of the chance that it ends just now.)
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "daemon/base/random.h"
#include "daemon/tracking/taken_time.h"

namespace tegodrop {

// A request is worth so many seconds of waiting, times the square of the interval in seconds. The square makes the
// interval the one knob: with half of it everything is as before at twice the pace, half the delay for twice the
// requests. Looks come at the interval while an end is at least as likely as one in 1 / (2 x this), about eight
// minutes. By simulated nights (tests/bench/polling, 8 and 20 min, sigma 0.2 and 0.5, 1 to 60 builds a night), mean
// delay and requests as ratios to a listing for each build every 15 s, with an interval of 15 s:
//   0.0002   1.05 0.43      0.0005   1.05 0.39      0.001   1.10 0.35      0.002   1.32 0.29      0.004   1.69 0.22
// Beyond this one delay grows faster than requests fall. Of a long interval it would be more than even a certain end
// costs within it, which is half of it on average: a quarter of the interval is the most, so that one in which an end
// is as likely as not is always used. Builds of up to some six intervals are then seen as soon as by a look each
// interval.
inline constexpr double kRequestPrice = 0.001;

// A build that is awaited, or `count` of them that are alike.
struct AwaitedBuild {
  const TakenTime* taken = nullptr;  // how long such builds take; nullptr: nobody knows, so every look may be the one
  double seen = 0;                   // its age in seconds when it was last known to run
  double since = 0;                  // and how many seconds ago that was
  std::size_t count = 1;
};

// The same builds, those of about the same age taken together: some hundred at most for each `taken`, however many
// there are.
std::vector<AwaitedBuild> Grouped(const std::vector<AwaitedBuild>& builds);

// The time from now until the next look: from `interval` to `ceiling` (just `interval` where that is not less), with a
// twentieth more or less within these. Without builds `ceiling`; with one of which nothing is known `interval`.
std::chrono::milliseconds NextLook(const std::vector<AwaitedBuild>& builds, std::chrono::milliseconds interval,
                                   std::chrono::milliseconds ceiling, Random& random);

}  // namespace tegodrop
