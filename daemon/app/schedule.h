// The upload window that the config describes.
#pragma once

#include "config/settings.h"
#include "daemon/base/log.h"
#include "daemon/model/upload_window.h"

namespace tegodrop {

// For a config that was loaded without a fault. Says to the log when uploads start, and what is wrong with local time
// where that counts. Reads the system's tz database: blocks a moment.
UploadWindow WindowOf(const ScheduleSettings& schedule, Log& log);

// What the nights of reports are told by: each is over when this closes. The upload window, or where uploads start at
// any time, every day's hours before six in the morning. Blocks as WindowOf.
UploadWindow NightsOf(const ScheduleSettings& schedule, Log& log);

}  // namespace tegodrop
