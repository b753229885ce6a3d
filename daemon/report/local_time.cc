#include "daemon/report/local_time.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace tegodrop {
namespace {

constexpr WallMs kMinute = 60'000;
constexpr WallMs kDay = 24 * 60 * kMinute;

std::tm LocalOf(WallMs time) {
  const auto seconds = static_cast<std::time_t>(time / 1000);
  std::tm local{};
  localtime_r(&seconds, &local);
  return local;
}

std::string Formatted(const std::tm& local, const char* format) {
  char text[64];
  return std::string(text, std::strftime(text, sizeof text, format, &local));
}

std::string ZoneAt(WallMs time) {
  const std::tm local = LocalOf(time);
  const std::string name = local.tm_zone == nullptr ? "" : local.tm_zone;
  if (name == "UTC") return name;
  const long minutes = std::labs(local.tm_gmtoff) / 60;
  char offset[32];
  std::snprintf(offset, sizeof offset, "UTC%c%02ld:%02ld", local.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
  // Some zones have no name of their own, only their difference as digits.
  const bool named = !name.empty() && name.find_first_of("+-0123456789") == std::string::npos;
  return named ? name + " (" + offset + ")" : offset;
}

HourTick TickAt(WallMs at, const std::tm& local) {
  const bool midnight = local.tm_hour == 0 && local.tm_min == 0;
  return {at, Formatted(local, midnight ? "%a %-d %b" : "%H:%M"), midnight};
}

// Every `days` days at local midnight, whatever the zone's clock does in between.
std::vector<HourTick> DayTicks(WallMs from, WallMs to, int days) {
  std::vector<HourTick> ticks;
  std::tm day = LocalOf(from);
  for (;;) {
    day.tm_mday += days;
    // Where midnight is left out, mktime makes one o'clock of it.
    day.tm_hour = day.tm_min = day.tm_sec = 0;
    day.tm_isdst = -1;
    const WallMs at = static_cast<WallMs>(std::mktime(&day)) * 1000;
    if (at > to) return ticks;
    ticks.push_back(TickAt(at, day));
  }
}

}  // namespace

std::string LocalStamp(WallMs time) { return Formatted(LocalOf(time), "%a %-d %b %H:%M"); }

std::string LocalInSpan(WallMs time, WallMs from, WallMs to) {
  const WallMs length = std::max(to, time) - std::min(from, time);
  return Formatted(LocalOf(time), length <= kDay ? "%H:%M" : length <= 6 * kDay ? "%a %H:%M" : "%-d %b %H:%M");
}

std::string ZoneWords(WallMs from, WallMs to) {
  const std::string first = ZoneAt(from);
  const std::string last = ZoneAt(to);
  return first == last ? first : first + ", later " + last;
}

std::vector<HourTick> HourTicks(WallMs from, WallMs to, int most) {
  const WallMs span = to - from;
  constexpr std::array<int, 9> kSteps{1, 5, 15, 30, 60, 120, 180, 360, 720};  // minutes
  const auto* step = std::find_if(kSteps.begin(), kSteps.end(), [&](int one) { return span / (one * kMinute) < most; });
  if (step == kSteps.end()) return DayTicks(from, to, static_cast<int>(span / kDay / most) + 1);
  // Every zone's clock differs from UTC by quarters of an hour.
  const WallMs stride = std::min(*step, 15) * kMinute;
  std::vector<HourTick> ticks;
  for (WallMs at = (from + stride - 1) / stride * stride; at <= to; at += stride) {
    const std::tm local = LocalOf(at);
    if ((local.tm_hour * 60 + local.tm_min) % *step == 0) ticks.push_back(TickAt(at, local));
  }
  if (ticks.size() > static_cast<std::size_t>(most)) ticks.resize(static_cast<std::size_t>(most));
  return ticks;
}

}  // namespace tegodrop
