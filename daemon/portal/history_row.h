// What both readers of the build history share. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "daemon/base/result.h"
#include "daemon/base/safe_json.h"
#include "daemon/model/build.h"
#include "daemon/portal/wire.h"

namespace tegodrop {

// A row that does not name its version has `version`. kRetry for one without a start_time or a name.
Result<BuildRow> ReadBuildRow(const JsonValue& value, const std::string& version);

// How many pages a listing has; `rows`: how many this one holds.
std::int64_t TotalPages(const JsonValue& answer, std::size_t rows, const HistoryQuestion& question);

}  // namespace tegodrop
