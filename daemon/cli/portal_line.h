// The command line of `apps`, `builds`, `keys` and `signing-file`.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "daemon/cli/portal/options.h"

namespace tegodrop {

// What was written, before it is read.
struct PortalWords {
  std::string since;
  std::string older_than;
};

// Adds the commands to `app`; what was asked for is in `options` and `words` after parsing, both must outlive `app`.
void AddPortalCommands(CLI::App& app, PortalOptions& options, PortalWords& words,
                       const std::function<void(CLI::App&)>& common);

// Reads `words`; what is wrong with it all, empty where nothing is.
std::string PortalFault(PortalOptions& options, const PortalWords& words);

}  // namespace tegodrop
