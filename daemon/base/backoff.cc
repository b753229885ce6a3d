#include "daemon/base/backoff.h"

#include <algorithm>
#include <cstdint>

namespace tegodrop {

std::chrono::milliseconds RetryDelay(int tries, std::optional<std::chrono::milliseconds> retry_after, Random& random) {
  using std::chrono::milliseconds;
  constexpr milliseconds kCeiling = std::chrono::seconds(60);
  constexpr milliseconds kLongestFloor = std::chrono::minutes(15);
  const milliseconds ceiling = std::min(kCeiling, milliseconds(std::int64_t{1000} << std::clamp(tries, 0, 16)));
  const milliseconds jittered(static_cast<std::int64_t>(random.Below(static_cast<std::uint64_t>(ceiling.count()) + 1)));
  const milliseconds floor = std::clamp(retry_after.value_or(milliseconds(0)), milliseconds(0), kLongestFloor);
  return std::max(jittered, floor);
}

}  // namespace tegodrop
