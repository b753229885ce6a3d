// `submit`: drops artifacts, or follows earlier drops, and says how they ended. Blocking.
#pragma once

#include "daemon/app/exit_code.h"
#include "daemon/base/clock.h"
#include "daemon/base/random.h"
#include "daemon/cli/submit/desk.h"
#include "daemon/cli/submit/options.h"
#include "daemon/disk/file_system.h"

namespace tegodrop {

struct SubmitWorld {
  FileSystem& fs;
  const Clock& clock;
  Random& random;
};

// Either all files are dropped or none, but for what happens between the renames of two of them.
ExitCode Submit(const SubmitOptions& options, const SubmitWorld& world, Desk& desk);

// The file name of a path.
std::string NameOf(const std::string& file);

}  // namespace tegodrop
