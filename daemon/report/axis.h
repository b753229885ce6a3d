// Where on the drawing a time stands: in percent of its width, so that it fits any screen while text keeps its size.
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>

#include "daemon/base/clock.h"

namespace tegodrop {

struct Axis {
  WallMs from = 0;
  WallMs to = 1;

  double Share(WallMs time) const {
    return 100.0 * static_cast<double>(std::clamp(time, from, to) - from) / static_cast<double>(to - from);
  }
  std::string X(WallMs time) const { return Percent(Share(time)); }
  // What is too short to see is drawn as wide as can be seen.
  std::string Width(WallMs begin, WallMs end) const { return Percent(std::max(0.25, Share(end) - Share(begin))); }

  static std::string Percent(double share) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f%%", share);
    return text;
  }
};

}  // namespace tegodrop
