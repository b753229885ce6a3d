#include "daemon/upload/rate_limit.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tegodrop {
namespace {

// Turns this long: short enough for an even flow, long enough that the loop seldom wakes.
constexpr MonoMs kTurn = 25;
constexpr MonoMs kBurst = 250;
constexpr MonoMs kLongest = 10'000;  // more than any bucket holds of a rate that gives whole bytes in a turn
constexpr std::uint64_t kMilli = 1000;

}  // namespace

RateLimit::Share::~Share() {
  std::erase(limit_.line_, this);
  std::erase(limit_.serving_, this);
  limit_.filled_ += granted_ * kMilli;
}

std::size_t RateLimit::Share::Take(std::size_t most) {
  if (most == 0) return 0;
  if (limit_.rate_ == 0 && granted_ == 0) return most;
  if (granted_ == 0 && !waiting_ && limit_.line_.empty()) {
    limit_.Refill();
    granted_ = std::min<std::uint64_t>(limit_.filled_ / kMilli, most);
    limit_.filled_ -= granted_ * kMilli;
  }
  const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(granted_, most));
  granted_ -= taken;
  if (taken == 0) limit_.Wait(*this);
  return taken;
}

void RateLimit::Share::GiveBack(std::size_t bytes) {
  if (limit_.rate_ != 0) granted_ += bytes;
}

RateLimit::RateLimit(std::optional<std::uint64_t> bytes_per_second, TimerMaker& timers, const Clock& clock)
    : rate_(bytes_per_second.value_or(0)), timers_(timers), clock_(clock), filled_at_(clock.Mono()) {}

std::unique_ptr<RateLimit::Share> RateLimit::Join(std::function<void()> resume) {
  return std::unique_ptr<Share>(new Share(*this, std::move(resume)));
}

void RateLimit::SetRate(std::optional<std::uint64_t> bytes_per_second) {
  Refill();
  rate_ = bytes_per_second.value_or(0);
  filled_ = std::min(filled_, Most());
  // The next turn may have been far away.
  timer_.reset();
  Arm();
}

std::uint64_t RateLimit::Most() const { return std::max<std::uint64_t>(kBurst * rate_, kMilli); }

void RateLimit::Refill() {
  const MonoMs now = clock_.Mono();
  const auto passed = static_cast<std::uint64_t>(std::clamp<MonoMs>(now - filled_at_, 0, kLongest));
  filled_at_ = now;
  // At least one byte, or a rate of a few bytes would never give any.
  filled_ = std::min(filled_ + passed * rate_, Most());
}

void RateLimit::Wait(Share& share) {
  if (std::exchange(share.waiting_, true)) return;
  line_.push_back(&share);
  Arm();
}

void RateLimit::Arm() {
  if (timer_ || line_.empty()) return;
  const auto one_byte = rate_ == 0 ? 0 : static_cast<MonoMs>(kMilli / rate_ + 1);
  timer_ = timers_.After(std::chrono::milliseconds(std::max(kTurn, one_byte)), [this] {
    const HandlePtr fired = std::move(timer_);
    rate_ == 0 ? Release() : Serve();
  });
}

// Without a limit nobody waits.
void RateLimit::Release() {
  for (Share* share : line_) share->waiting_ = false;
  serving_.insert(serving_.end(), line_.begin(), line_.end());
  line_.clear();
  Resume();
}

void RateLimit::Serve() {
  Refill();
  // All that wait now, the longest first; whoever comes back to the line meanwhile waits for the next turn.
  while (!line_.empty() && filled_ >= kMilli) {
    Share* share = line_.front();
    const std::uint64_t part = std::max<std::uint64_t>(filled_ / kMilli / line_.size(), 1);
    line_.pop_front();
    share->waiting_ = false;
    share->granted_ += part;
    filled_ -= part * kMilli;
    serving_.push_back(share);
  }
  Resume();
  Arm();
}

void RateLimit::Resume() {
  while (!serving_.empty()) {
    Share* share = serving_.front();
    serving_.pop_front();
    // Copied: it may destroy its share.
    const auto resume = share->resume_;
    resume();
  }
}

}  // namespace tegodrop
