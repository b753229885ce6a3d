// Randomness that a test can repeat.
#pragma once

#include <cstdint>
#include <random>

#include "daemon/base/random.h"

namespace tegodrop::testing {

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed = 1) : engine_(seed) {}
  std::uint64_t Next() override { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace tegodrop::testing
