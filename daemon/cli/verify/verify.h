// `verify`: many deliveries at once, told in one table or one document.
#pragma once

#include <string>

#include "daemon/app/exit_code.h"
#include "daemon/cli/verify/options.h"
#include "daemon/disk/file_system.h"

namespace tegodrop {

// Prints on standard output; what keeps it from looking, on standard error. `path_variable`: the value of $PATH.
// kDone: every delivery is what its records say, and there was one. kFailed: one is not, or there was none, or a path
// could not be read. kUsage: the key is none.
ExitCode Verify(const VerifyOptions& options, FileSystem& fs, const std::string& path_variable);

}  // namespace tegodrop
