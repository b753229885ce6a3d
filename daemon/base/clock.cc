#include "daemon/base/clock.h"

#include <cstdio>
#include <ctime>

namespace tegodrop {
namespace {

std::int64_t ReadMs(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

WallMs SystemClock::Wall() const { return ReadMs(CLOCK_REALTIME); }
MonoMs SystemClock::Mono() const { return ReadMs(CLOCK_MONOTONIC); }

std::string Rfc3339(WallMs time) {
  std::time_t seconds = static_cast<std::time_t>(time / 1000);
  int millis = static_cast<int>(time % 1000);
  if (millis < 0) {  // before 1970, where division rounds the wrong way
    millis += 1000;
    --seconds;
  }
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char date[32];
  const std::size_t length = std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
  char tail[8];
  std::snprintf(tail, sizeof tail, ".%03dZ", millis);
  return std::string(date, length) + tail;
}

std::string LocalTimeOfDay(WallMs time) {
  const std::time_t seconds = static_cast<std::time_t>(time / 1000);
  std::tm local{};
  localtime_r(&seconds, &local);
  char text[16];
  return std::string(text, std::strftime(text, sizeof text, "%H:%M:%S", &local));
}

}  // namespace tegodrop
