// `trace find`: which deliveries come from a commit, from certain bytes, or from one build of the portal.
#pragma once

#include "daemon/app/exit_code.h"
#include "daemon/cli/verify/options.h"
#include "daemon/disk/file_system.h"

namespace tegodrop {

// Reads the traces below `options.paths`, and nothing else. Prints what fits on standard output; what could not be read
// on standard error. kDone: found. kFailed: none fits, or something could not be read.
ExitCode Find(const FindOptions& options, FileSystem& fs);

}  // namespace tegodrop
