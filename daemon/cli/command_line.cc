#include "daemon/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include "daemon/base/units.h"
#include "daemon/base/version.h"

namespace tegodrop {
namespace {

constexpr char kDefaultConfig[] = "/etc/tegodrop/tegodrop.yaml";

constexpr char kFooter[] =
    "Exit codes: 0 done, 1 an artifact failed or was refused, 64 usage, 69 portal unreachable,\n"
    "  70 internal fault, 73 an output cannot be written, 75 work is left and will go on,\n"
    "  77 credentials refused, 78 config, token or ledger unusable.";

// The config option stands on the program and on each command, so that it may come before or after the command's name.
void AddConfig(CLI::App& app, std::string& config) {
  app.add_option("-c,--config", config, "the config file (else $TEGODROP_CONFIG, else /etc/tegodrop/tegodrop.yaml)")
      ->type_name("FILE");
}

}  // namespace

ParsedLine ParseCommandLine(int argc, char** argv, const std::string& environment_config) {
  CommandLine line;
  std::string timeout;
  CLI::App app{"tegodrop: app artifacts dropped into a folder come back protected by the AppTego portal.", kToolName};
  app.footer(kFooter);
  app.set_version_flag("--version", std::string(kToolName) + " " + kVersion);
  app.require_subcommand(1);
  AddConfig(app, line.config);

  CLI::App* run = app.add_subcommand("run", "watch the drop folders and protect what is dropped, in the foreground");
  run->add_flag("--once", line.once, "take what is in the folders now, carry every job to its end, exit");
  run->add_option("--timeout", timeout, "end --once after this time with exit code 75; the work is kept (30m, 8h)")
      ->type_name("DURATION");
  run->footer(
      "SIGTERM and SIGINT stop it cleanly: what is left goes on after the next start.\n"
      "It does not exit for portal trouble, refused credentials, a full disk or a missing folder: it waits, and says "
      "so\n"
      "in the log and in 'tegodrop status'.");
  CLI::App* check = app.add_subcommand("check", "validate the config, the folders and the form of the credentials");
  check->footer("Every fault is named as FILE:LINE:COLUMN, exit code 78. Nothing is changed and nothing is sent.");
  CLI::App* status = app.add_subcommand("status", "show jobs and folders as the ledger knows them");
  status->footer("Works beside the daemon and without it. Writes nothing.");
  for (CLI::App* command : {run, check, status}) {
    AddConfig(*command, line.config);
    command->add_flag("--json", line.json, "one JSON document on standard output");
  }

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {
    return {std::nullopt, static_cast<ExitCode>(app.exit(done))};
  } catch (const CLI::ParseError& error) {
    std::cerr << kToolName << ": " << error.what() << "\nTry '" << kToolName << " --help'.\n";
    return {std::nullopt, ExitCode::kUsage};
  }
  const auto usage = [](const std::string& text) -> ParsedLine {
    std::cerr << kToolName << ": " << text << "\nTry '" << kToolName << " --help'.\n";
    return {std::nullopt, ExitCode::kUsage};
  };
  if (!timeout.empty()) {
    if (!line.once) return usage("--timeout needs --once");
    line.timeout = ParseDuration(timeout);
    if (!line.timeout || line.timeout->count() == 0) return usage("--timeout wants a duration as 90s, 30m or 8h");
  }
  if (check->parsed()) line.command = CommandName::kCheck;
  if (status->parsed()) line.command = CommandName::kStatus;
  if (line.config.empty()) line.config = environment_config;
  if (line.config.empty()) line.config = kDefaultConfig;
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(line.config, error);
  if (!error) line.config = absolute.string();
  return {std::move(line), ExitCode::kDone};
}

}  // namespace tegodrop
