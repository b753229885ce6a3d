#include "daemon/conductor/build_slots.h"

#include <algorithm>
#include <limits>

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

// Before the next try after one that got no answer: its own trouble must not become everybody's.
constexpr milliseconds kTryWithoutAnswer = std::chrono::seconds(30);
constexpr int kMostDoublings = 10;

}  // namespace

int BuildSlots::Room(int in_use, MonoMs now) const {
  int room = most_ ? *most_ - in_use : std::numeric_limits<int>::max();
  if (learned_) {
    const bool may_try = trying_.empty() && now >= next_try_;
    room = std::min(room, in_use < *learned_ ? *learned_ - in_use : may_try ? 1 : 0);
  }
  return std::max(room, 0);
}

std::optional<MonoMs> BuildSlots::NextTry(int in_use) const {
  if (!learned_ || !trying_.empty() || ReachedConfigured(in_use)) return std::nullopt;
  return next_try_;
}

void BuildSlots::Begun(const std::string& job, int in_use) {
  if (learned_ && in_use >= *learned_) trying_ = job;
}

void BuildSlots::Accepted(const std::string& job, MonoMs now) {
  if (trying_ != job) return;
  trying_.clear();
  refused_alone_ = 0;
  next_try_ = now + kTryMoreBuilds.count();
  if (learned_ == 0) {
    // What held everything up was not ours: as at the beginning, the next refusal tells how many.
    learned_.reset();
  } else if (learned_) {
    ++*learned_;
  }
}

void BuildSlots::Refused(const std::string& job, int running, milliseconds wait, MonoMs now) {
  const bool tried = trying_ == job;
  // Asked at the same time as another one that was refused: nothing new.
  if (!tried && learned_ && running >= *learned_ && now < next_try_) return;
  if (tried) trying_.clear();
  learned_ = running;
  if (running > 0) {
    refused_alone_ = 0;
    next_try_ = now + std::max(kTryMoreBuilds, std::min(wait, kLongestSlotWait)).count();
  } else {
    const auto grown = wait * (1 << std::min(refused_alone_++, kMostDoublings));
    next_try_ = now + std::min(grown, kLongestSlotWait).count();
  }
}

void BuildSlots::Ended(const std::string& job, MonoMs now) {
  if (trying_ != job) return;
  trying_.clear();
  next_try_ = now + kTryWithoutAnswer.count();
}

}  // namespace tegodrop
