#include "daemon/model/targets.h"

#include <algorithm>
#include <utility>

namespace tegodrop {
namespace {

constexpr std::size_t kFew = 64;

}  // namespace

Shared<Target> Targets::Of(Shared<Target> target) {
  // When there are twice as many as were in use the last time: so each costs little, however many come and go.
  if (known_.size() >= std::max(kFew, look_through_at_)) {
    std::erase_if(known_, [](const Shared<Target>& one) { return one.alone(); });
    look_through_at_ = 2 * known_.size();
  }
  return *known_.insert(std::move(target)).first;
}

}  // namespace tegodrop
