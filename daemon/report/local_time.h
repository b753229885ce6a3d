// Times as the report shows them: in the machine's time zone, which is named beside them. Pure but for the zone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/base/clock.h"

namespace tegodrop {

// "Sat 28 Nov 03:12".
std::string LocalStamp(WallMs time);
// For a column of times that all lie in a span: "03:12", with the weekday where the span is longer than a day, with the
// date where it is longer than six.
std::string LocalInSpan(WallMs time, WallMs from, WallMs to);
// "CET (UTC+01:00)"; both where it changes between the two times.
std::string ZoneWords(WallMs from, WallMs to);

struct HourTick {
  WallMs at = 0;
  std::string label;  // "03:00", at midnight "Sat 28 Nov"
  bool midnight = false;
};
// Full hours (or minutes or days, as the span wants it) by the local clock, at most `most` of them.
std::vector<HourTick> HourTicks(WallMs from, WallMs to, int most);

}  // namespace tegodrop
