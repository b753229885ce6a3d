// The folder that reports are put into.
#pragma once

#include <optional>
#include <string>

#include "daemon/base/clock.h"
#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"
#include "daemon/report/report.h"

namespace tegodrop {

// kRejected for one on a share: a thread that hangs there keeps the process from ending. Blocks.
Result<Fd> OpenReportFolder(FileSystem& fs, const std::string& path);

// When NAME.html was written; nothing where it is not there. Blocks.
Result<std::optional<WallMs>> ReportTime(FileSystem& fs, const std::string& folder, const std::string& name);

// Writes NAME.json and then NAME.html, each whole or not at all, mode 0644. A page that is there stays as it is.
// Blocks.
Status PutReport(FileSystem& fs, const std::string& folder, const std::string& name, const Report& report);

// A host as it stands in a file's name: at most 64 letters, digits, '.', '-' and '_'.
std::string InFileName(const std::string& host);

}  // namespace tegodrop
