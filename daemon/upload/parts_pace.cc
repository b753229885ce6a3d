#include "daemon/upload/parts_pace.h"

#include <algorithm>

namespace tegodrop {
namespace {

// Enough to judge by.
constexpr int kJudged = 4;
constexpr int kRaiseAfter = 16;

}  // namespace

void PartsPace::Succeeded() {
  ++tries_;
  Judge();
}

void PartsPace::Failed() {
  ++tries_;
  ++failures_;
  Judge();
}

void PartsPace::Judge() {
  if (tries_ >= kJudged && failures_ * 4 > tries_) {
    parallel_ = std::max(1, parallel_ / 2);
  } else if (tries_ >= kRaiseAfter) {
    parallel_ = std::min(most_, parallel_ + 1);
  } else {
    return;
  }
  tries_ = failures_ = 0;
}

LifeVerdict JudgeLife(std::uint64_t sent, std::uint64_t left, std::chrono::milliseconds elapsed,
                      std::chrono::milliseconds life) {
  using std::chrono::minutes;
  if (left == 0 || elapsed < minutes(1)) return LifeVerdict::kEnough;
  // That is no pace: the line or the disk is in trouble, and a new upload would not get further.
  if (sent == 0) return LifeVerdict::kTight;
  const double needed = static_cast<double>(left) / static_cast<double>(sent) * static_cast<double>(elapsed.count());
  const auto has = static_cast<double>(life.count());
  if (needed <= has) return LifeVerdict::kEnough;
  return needed > 2 * has && elapsed >= minutes(5) ? LifeVerdict::kHopeless : LifeVerdict::kTight;
}

}  // namespace tegodrop
