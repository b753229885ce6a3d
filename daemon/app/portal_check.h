// Whether the portal would take our work: `check --online`.
#pragma once

#include <string>
#include <vector>

#include "config/settings.h"
#include "daemon/app/exit_code.h"
#include "daemon/base/secret.h"

namespace tegodrop {

struct PortalFinding {
  std::string where;  // "portal", "token", "tenant", "clock"
  std::string message;
  ExitCode code = ExitCode::kDone;  // kDone: only a warning
};

// Asks for the tenants and, for each version that a folder uses, for one row of the build history and for an upload URL
// that is not used (only that shows whether the token may build, and whether a protection is enabled): builds nothing.
// Blocks, at most some minutes. Empty where all is well.
std::vector<PortalFinding> CheckPortal(const Settings& settings, const Secret& token, const Secret& proxy_token);

}  // namespace tegodrop
