// The command line: what was asked for, or the text and exit code that answer it at once (help, version, usage).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/app/exit_code.h"

namespace tegodrop {

enum class CommandName : std::uint8_t { kRun, kCheck, kStatus };

struct CommandLine {
  CommandName command = CommandName::kRun;
  std::string config;  // --config, else $TEGODROP_CONFIG, else /etc/tegodrop/tegodrop.yaml; absolute
  bool json = false;
  bool once = false;
  std::optional<std::chrono::milliseconds> timeout;
};

struct ParsedLine {
  std::optional<CommandLine> line;
  // Where there is no line: how the program ends; its text has been printed.
  ExitCode code = ExitCode::kDone;
};

// `environment_config`: the value of $TEGODROP_CONFIG, or empty. Prints help and version on standard output, usage
// errors on standard error.
ParsedLine ParseCommandLine(int argc, char** argv, const std::string& environment_config);

}  // namespace tegodrop
