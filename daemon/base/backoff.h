// How long to wait before the next try: full jitter under a growing ceiling, with the other side's Retry-After as a
// floor.
#pragma once

#include <chrono>
#include <optional>

#include "daemon/base/random.h"

namespace tegodrop {

// rand(0, min(60 s, 1 s · 2^tries)), but never under `retry_after`, which counts for at most 15 minutes. `tries`:
// failures so far, from 0.
std::chrono::milliseconds RetryDelay(int tries, std::optional<std::chrono::milliseconds> retry_after, Random& random);

}  // namespace tegodrop
