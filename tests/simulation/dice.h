// Chance that a seed decides: the same seed gives the same night.
#pragma once

#include <cstdint>

namespace tegodrop::simulation {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 0x1234567ULL) {}

  // SplitMix64.
  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }
  // In [0, bound); 0 for a bound of 0.
  std::uint64_t Below(std::uint64_t bound) { return bound == 0 ? 0 : Next() % bound; }
  // In [least, most].
  std::int64_t Between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(Below(static_cast<std::uint64_t>(most - least + 1)));
  }
  bool Chance(double p) { return static_cast<double>(Next() >> 11U) * 0x1.0p-53 < p; }
  // Small numbers as likely as large ones: as likely between 1 and 2 as between 32 and 64.
  std::int64_t Spread(std::int64_t most) {
    int bits = 1;
    while ((std::int64_t{1} << bits) <= most) ++bits;
    const std::int64_t top = std::int64_t{1} << Between(1, bits);
    const std::int64_t value = Between(1, top);
    return value > most ? most : value;
  }
  // A die of its own, so that what one part draws does not change what another one draws.
  Dice Fork(std::uint64_t salt) { return Dice(Next() ^ (salt * 0xD1342543DE82EF95ULL)); }

 private:
  std::uint64_t state_;
};

}  // namespace tegodrop::simulation
