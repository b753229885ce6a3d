#include "daemon/app/schedule.h"

#include <utility>

#include "daemon/base/time_zone.h"

namespace tegodrop {
namespace {

TimeZone ZoneOf(const ScheduleSettings& schedule, Log& log) {
  if (schedule.timezone == "local") {
    MachineZone machine = LocalZone();
    if (!machine.trouble.empty()) log.Warning("window.local_time", machine.trouble);
    return std::move(machine.zone);
  }
  auto zone = NamedZone(schedule.timezone);
  if (zone) return std::move(*zone);
  // It was there when the config was loaded.
  log.Error("window.time_zone", zone.error().message + "; until a restart the upload window is told in UTC");
  return {};
}

}  // namespace

UploadWindow WindowOf(const ScheduleSettings& schedule, Log& log) {
  if (!schedule.window) return {};
  auto window = UploadWindow::Parse(*schedule.window, ZoneOf(schedule, log));
  if (!window) {
    log.Error("window.unreadable", window.error().message + "; uploads start at any time");
    return {};
  }
  log.Info("window.set", "uploads start inside " + window->Words());
  return std::move(*window);
}

UploadWindow NightsOf(const ScheduleSettings& schedule, Log& log) {
  TimeZone zone = ZoneOf(schedule, log);
  if (schedule.window) {
    auto window = UploadWindow::Parse(*schedule.window, zone);
    if (window && !window->always_open()) return std::move(*window);
  }
  return UploadWindow::Parse({"00:00-06:00"}, std::move(zone)).value_or(UploadWindow());
}

}  // namespace tegodrop
