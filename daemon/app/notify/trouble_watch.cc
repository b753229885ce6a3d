#include "daemon/app/notify/trouble_watch.h"

namespace tegodrop {

TroubleStep TroubleWatch::See(const TroubleSeen& seen, bool told, MonoMs now) {
  (seen.wrong ? since_right_ : since_wrong_).erase(seen.mark);
  // That it goes on, one way or the other, is no news.
  if (seen.wrong == told) {
    (seen.wrong ? since_wrong_ : since_right_).erase(seen.mark);
    return TroubleStep::kNothing;
  }
  auto& since = seen.wrong ? since_wrong_ : since_right_;
  const MonoMs begun = since.try_emplace(seen.mark, now).first->second;
  if (now - begun < (seen.wrong ? seen.tell_after : seen.over_after).count()) return TroubleStep::kNothing;
  since.erase(seen.mark);
  if (seen.wrong) return TroubleStep::kTell;
  return seen.tell_over ? TroubleStep::kOver : TroubleStep::kForget;
}

}  // namespace tegodrop
