// How many parts are on their way at once, and whether they will be done in time. Pure.
#pragma once

#include <chrono>
#include <cstdint>

namespace tegodrop {

// Tries of one part before the upload is given back; what it has done so far stays recorded.
inline constexpr int kMostPartTries = 8;
// What is left of the URLs' life must be worth a new beginning, else the upload starts over.
inline constexpr std::chrono::milliseconds kLeastLife = std::chrono::seconds(120);

// Fewer parts at once while many fail, more again once they arrive.
class PartsPace {
 public:
  // `most`: at least 1.
  explicit PartsPace(int most) : most_(most), parallel_(most) {}

  int parallel() const { return parallel_; }
  void Succeeded();
  // Over a quarter of the tries since the last change: half as many at once.
  void Failed();

 private:
  void Judge();

  const int most_;
  int parallel_;
  int tries_ = 0;  // since the last change
  int failures_ = 0;
};

enum class LifeVerdict : std::uint8_t {
  kEnough,
  kTight,     // at this pace the last parts come too late: worth a word
  kHopeless,  // not even at twice the pace: going on only loses time
};

// `sent` bytes in `elapsed` without a failure, `left` bytes still to be sent, URLs that live for `life`. In the first
// minute nothing is said, and hope is given up after five at the earliest, and never where nothing moved at all.
LifeVerdict JudgeLife(std::uint64_t sent, std::uint64_t left, std::chrono::milliseconds elapsed,
                      std::chrono::milliseconds life);

}  // namespace tegodrop
