#include "daemon/base/retry_policy.h"

#include <algorithm>

namespace tegodrop {
namespace {

// While a probe is under way: how soon its outcome is asked for.
constexpr MonoMs kProbeLook = 5'000;

}  // namespace

std::chrono::milliseconds RetryDelay(int tries, std::optional<std::chrono::milliseconds> retry_after, Random& random) {
  using std::chrono::milliseconds;
  constexpr milliseconds kCeiling = std::chrono::seconds(60);
  constexpr milliseconds kLongestFloor = std::chrono::minutes(15);
  const milliseconds ceiling = std::min(kCeiling, milliseconds(std::int64_t{1000} << std::clamp(tries, 0, 16)));
  const milliseconds jittered(static_cast<std::int64_t>(random.Below(static_cast<std::uint64_t>(ceiling.count()) + 1)));
  const milliseconds floor = std::clamp(retry_after.value_or(milliseconds(0)), milliseconds(0), kLongestFloor);
  return std::max(jittered, floor);
}

HostPatience::Answer HostPatience::Ask(bool again, MonoMs now) {
  if (rests_ > 0) {
    if (probing_) return {Leave::kRests, std::max(rests_until_, now + kProbeLook)};
    if (now < rests_until_) return {Leave::kRests, rests_until_};
    // The probe is let through whatever the budget says: only it can end the rest.
    probing_ = true;
  } else if (again) {
    if (const auto full_until = BudgetFull(now)) return {Leave::kNoBudget, *full_until};
  }
  Count(again, now);
  return {};
}

void HostPatience::Works() {
  failures_ = 0;
  rests_ = 0;
  probing_ = false;
}

void HostPatience::Moves() {
  rests_ = 0;
  probing_ = false;
}

bool HostPatience::Failed(MonoMs now) {
  ++failures_;
  // Of requests that left before the rest began only the probe's end counts: they prove nothing new.
  if (rests_ > 0 ? !probing_ : failures_ < kFailuresToRest) return false;
  probing_ = false;
  rests_until_ = now + (rests_ == 0 ? kFirstRest : kLongestRest).count();
  ++rests_;
  return true;
}

void HostPatience::Dropped() { probing_ = false; }

std::optional<MonoMs> HostPatience::BudgetFull(MonoMs now) const {
  const std::int64_t number = now / kSlotMs;
  int requests = 0;
  int retries = 0;
  std::int64_t oldest = number;
  for (const Slot& slot : slots_) {
    if (slot.number < 0 || slot.number <= number - static_cast<std::int64_t>(kSlots)) continue;
    requests += slot.requests;
    retries += slot.retries;
    if (slot.retries > 0) oldest = std::min(oldest, slot.number);
  }
  if (retries < std::max(kRetriesAlways, (requests + 1) / kRequestsForARetry)) return std::nullopt;
  return (oldest + static_cast<std::int64_t>(kSlots)) * kSlotMs;
}

void HostPatience::Count(bool again, MonoMs now) {
  const std::int64_t number = now / kSlotMs;
  Slot& slot = slots_[static_cast<std::size_t>(number) % kSlots];
  if (slot.number != number) slot = {number, 0, 0};
  ++slot.requests;
  slot.retries += again ? 1 : 0;
}

}  // namespace tegodrop
