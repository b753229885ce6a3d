// Randomness as an argument: the kernel's in the program, a seeded one in tests.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/base/clock.h"

namespace tegodrop {

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t Next() = 0;
  // Uniform in [0, bound); 0 for a bound of 0.
  std::uint64_t Below(std::uint64_t bound);
};

// getrandom(2). Thread-safe.
class SystemRandom final : public Random {
 public:
  std::uint64_t Next() override;
};

// A job's id: 16 characters of Crockford's base32 in lower case, the first nine from the time so that ids sort by age,
// the rest random. Safe in file names on every file system, and never one that Windows reserves.
std::string NewId(WallMs now, Random& random);

}  // namespace tegodrop
