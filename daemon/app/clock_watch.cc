#include "daemon/app/clock_watch.h"

#include <utility>

#include "daemon/base/text.h"
#include "daemon/base/units.h"

namespace tegodrop {

std::optional<std::string> ClockTrouble(std::chrono::milliseconds ahead) {
  if (std::chrono::abs(ahead) <= kClockTolerance) return std::nullopt;
  return "this machine's clock is " + HumanDuration(std::chrono::abs(ahead)) +
         (ahead.count() > 0 ? " ahead of" : " behind") + " the portal's: set it by NTP, or records name wrong times";
}

void ClockWatch::Saw(std::chrono::milliseconds ahead) {
  ahead_ = ahead;
  const auto trouble = ClockTrouble(ahead);
  if (wrong_ == trouble.has_value()) return;
  if (trouble) {
    log_.Warning("clock.wrong", *trouble);
  } else if (wrong_) {
    log_.Info("clock.right", "this machine's clock agrees with the portal's again");
  }
  Write(trouble.has_value(), trouble.value_or(""));
}

void ClockWatch::Write(bool wrong, const std::string& text) {
  wrong_ = wrong;
  const auto done = [this, alive = std::weak_ptr<bool>(alive_)](const Status& written) {
    if (alive.expired() || written) return;
    wrong_.reset();  // the next answer tries it again
  };
  if (wrong) {
    ledger_.SaveNotice({kClockNotice, text, clock_.Wall()}, done);
  } else {
    ledger_.RemoveNotice(kClockNotice, done);
  }
}

}  // namespace tegodrop
