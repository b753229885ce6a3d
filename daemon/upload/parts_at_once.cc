#include "daemon/upload/parts_at_once.h"

#include <algorithm>

namespace tegodrop {
namespace {

// Of the rate by more: what fewer may carry less, and what more must carry more.
constexpr double kAsGood = 0.95;
constexpr double kBetter = 1.03;
constexpr int kRest = 32;
// Less time is measured too coarsely.
constexpr MonoMs kLeastWindow = 10;

}  // namespace

void PartsAtOnce::Disturbed() {
  if (tried_from_ != 0) now_ = tried_from_;
  tried_from_ = 0;
  best_ = 0;
  begun_ = false;
}

void PartsAtOnce::Succeeded(std::uint64_t sent, MonoMs at) {
  if (resting_ > 0) {
    --resting_;
    return;
  }
  if (!begun_ || sent < sent_) {
    begun_ = true;
    parts_ = 0;
    sent_ = sent;
    since_ = at;
    return;
  }
  ++parts_;
  if (parts_ < now_ || at - since_ < kLeastWindow) return;
  begun_ = false;
  Judge(static_cast<double>(sent - sent_) / static_cast<double>(at - since_));
}

void PartsAtOnce::Judge(double rate) {
  if (tried_from_ == 0) {
    best_ = rate;
    return Try(direction_);
  }
  const bool fewer = now_ < tried_from_;
  if (rate < best_ * (fewer ? kAsGood : kBetter)) {
    now_ = tried_from_;
    return Rest();
  }
  // Held against the best of this row of trials: small losses do not add up.
  best_ = std::max(best_, rate);
  Try(fewer ? -1 : 1);
}

void PartsAtOnce::Try(int direction) {
  const int next = now_ + direction;
  if (next < least() || next > most_) return Rest();
  tried_from_ = now_;
  now_ = next;
}

void PartsAtOnce::Rest() {
  tried_from_ = 0;
  resting_ = kRest;
  direction_ = now_ == most_ ? -1 : now_ == least() ? 1 : -direction_;
}

}  // namespace tegodrop
