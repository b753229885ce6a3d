// The commands, one function each: they print, and answer with the exit code.
#pragma once

#include "config/settings.h"
#include "daemon/app/exit_code.h"
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
// Needs no config. SIGTERM, SIGINT and SIGHUP may be blocked before.
ExitCode SubmitCommand(const CommandLine& line);

// The config, or nothing after its faults were printed on standard error, a line each.
std::optional<Settings> LoadSettings(const std::string& config);

}  // namespace tegodrop
