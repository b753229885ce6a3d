// Whether the portal would take our work: `check --online`.
#pragma once

#include <string>
#include <vector>

#include "config/settings.h"
#include "daemon/app/exit_code.h"
#include "daemon/base/secret.h"

namespace tegodrop {

struct PortalFinding {
  std::string where;  // "portal", "token", "tenant", "clock", "store", "folder NAME"
  std::string message;
  ExitCode code = ExitCode::kDone;  // kDone: only a warning
};

struct PortalReport {
  std::vector<std::string> facts;  // what is well, a sentence each
  std::vector<PortalFinding> findings;
};

// Asks for the tenants; for each version that a folder uses for one row of the build history and for an upload URL that
// is not used (only that shows whether the token may build, and whether a protection is enabled); and, where a folder
// names keys, for the list of them. The host of that upload URL is connected to, and nothing is asked there. Builds
// nothing. Blocks, at most some minutes.
PortalReport CheckPortal(const Settings& settings, const Secret& token, const Secret& proxy_token);

}  // namespace tegodrop
