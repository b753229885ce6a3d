// Whether what was delivered still stands.
#pragma once

#include <string>

#include "daemon/disk/file_system.h"
#include "daemon/model/job.h"

namespace tegodrop {

struct Standing {
  std::string wrong;    // empty: nothing
  bool unread = false;  // it could not be looked at: nothing is known of it
};

// Reads the delivered file whole, its checksum file and its trace, and compares them with what the ledger says. Blocks;
// `fs` must be the right one for the output folder (a share may hang).
Standing StandingOf(FileSystem& fs, const Job& job);

}  // namespace tegodrop
