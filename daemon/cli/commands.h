// The commands, one function each: they print, and answer with the exit code.
#pragma once

#include "config/load.h"
#include "config/settings.h"
#include "daemon/app/exit_code.h"
#include "daemon/base/result.h"
#include "daemon/base/secret.h"
#include "daemon/cli/command_line.h"

namespace tegodrop {

// `environment_token`: what $APPTEGO_TOKEN held at the start, taken out of the environment since.
ExitCode RunCommand(const CommandLine& line, const Secret& environment_token);
ExitCode CheckCommand(const CommandLine& line, Secret environment_token);
ExitCode ReloadCommand(const CommandLine& line);
ExitCode StatusCommand(const CommandLine& line);
ExitCode ShowCommand(const CommandLine& line);
ExitCode ReportCommand(const CommandLine& line);
// retry, redeliver, cancel, pause, resume.
ExitCode OperatorCommandLine(const CommandLine& line);
// apps, builds, keys, signing-file.
ExitCode PortalCommand(const CommandLine& line, Secret environment_token);
// Needs no config.
ExitCode VerifyCommand(const CommandLine& line);
ExitCode FindCommand(const CommandLine& line);
// Needs no config. SIGTERM, SIGINT and SIGHUP may be blocked before.
ExitCode SubmitCommand(const CommandLine& line);

// Of the folders' links those are followed that stand on local disks. `reads_only`: see LoadOptions.
LoadOptions LoadingOptions(bool reads_only);
// The config, or nothing after its faults were printed on standard error, a line each.
std::optional<Settings> LoadSettings(const std::string& config, bool reads_only = false);

// Says why the ledger cannot be read, and who may where that is it; how the command ends.
ExitCode LedgerUnreadable(const Settings& settings, const Error& error);

}  // namespace tegodrop
