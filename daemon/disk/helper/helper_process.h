// The helper as a process: this same program, started with its end of a socket and nothing else of ours.
#pragma once

#include <memory>
#include <string>

#include "daemon/base/clock.h"
#include "daemon/base/result.h"
#include "daemon/disk/helper/remote_file_system.h"

namespace tegodrop {

// The first argument of a program that is to be a helper; the second is the folder, for whoever reads the process list.
inline constexpr const char* kHelperArgument = "folder-helper";

// Starts one for the folder at `path`. Its environment is empty, its standard streams lead nowhere, no descriptor of
// ours is left to it, and it is in a process group of its own. kLocalDisk where the system gives no process.
Result<std::unique_ptr<Helper>> StartHelperProcess(const std::string& path);

// The whole life of a helper; answers its exit code.
int RunHelperProcess();

}  // namespace tegodrop
