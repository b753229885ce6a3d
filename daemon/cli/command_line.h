// The command line: what was asked for, or the text and exit code that answer it at once (help, version, usage).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/app/exit_code.h"
#include "daemon/cli/portal/options.h"
#include "daemon/cli/submit/options.h"
#include "daemon/cli/verify/options.h"

namespace tegodrop {

enum class CommandName : std::uint8_t {
  kRun,
  kCheck,
  kReload,
  kStatus,
  kShow,
  kReport,
  kRetry,
  kRedeliver,
  kCancel,
  kPause,
  kResume,
  kSubmit,
  kVerify,
  kFind,    // trace find
  kPortal,  // apps, builds, keys, signing-file: `portal` says which
};

struct CommandLine {
  CommandName command = CommandName::kRun;
  std::string config;  // --config, else $TEGODROP_CONFIG, else /etc/tegodrop/tegodrop.yaml; absolute
  bool json = false;
  bool once = false;
  std::optional<std::chrono::milliseconds> timeout;
  bool watch = false;             // status
  bool health = false;            // status
  bool online = false;            // check
  std::string accept;             // check: a folder's name; empty: none
  std::vector<std::string> jobs;  // of show exactly one
  bool all_failed = false;        // retry: in place of jobs
  bool rebuild = false;           // retry
  std::string folder;             // pause, resume; empty: all
  // report: how far back, and the page's file; "-": standard output, empty: none.
  std::chrono::milliseconds since = std::chrono::hours(24);
  std::string html;
  SubmitOptions submit;
  VerifyOptions verify;
  FindOptions find;
  PortalOptions portal;
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
