#include "daemon/cli/command_line.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <utility>
#include <vector>

#include "daemon/base/text.h"
#include "daemon/base/units.h"
#include "daemon/base/version.h"
#include "daemon/cli/portal_line.h"
#include "daemon/cli/verify_line.h"

namespace tegodrop {
namespace {

constexpr char kDefaultConfig[] = "/etc/tegodrop/tegodrop.yaml";

// Of a report.
constexpr std::chrono::hours kFurthestBack{3650 * 24};

constexpr char kFooter[] =
    "Exit codes: 0 done, 1 an artifact failed or was refused, 64 usage, or no such job, 69 portal unreachable,\n"
    "  70 internal fault, 73 an output cannot be written, 75 work is left and will go on,\n"
    "  77 credentials refused or not permitted, 78 config, token or ledger unusable.";

// The config option stands on the program and on each command, so that it may come before or after the command's name.
void AddConfig(CLI::App& app, std::string& config) {
  app.add_option("-c,--config", config, "the config file (else $TEGODROP_CONFIG, else /etc/tegodrop/tegodrop.yaml)")
      ->type_name("FILE");
}

using Commands = std::vector<std::pair<CLI::App*, CommandName>>;

// What a person says about single jobs and folders.
Commands AddOperatorCommands(CLI::App& app, CommandLine& line) {
  constexpr char kIds[] = "ids as status shows them; the beginning of one is enough";
  constexpr char kHow[] =
      "The running daemon carries it out; while none runs it is written into the ledger, and the next run goes on\n"
      "from there. Only root and the daemon's user may. Exit codes: 0 done, 1 refused for a job, 64 no such job,\n"
      "75 the daemon does not answer, 77 not permitted.";
  CLI::App* show = app.add_subcommand("show", "show one job with all that happened to it");
  show->add_option("JOB", line.jobs, kIds)->required()->expected(1);
  show->footer("Works beside the daemon and without it. Writes nothing.");
  CLI::App* retry = app.add_subcommand("retry", "put failed and cancelled jobs back to work");
  retry->add_option("JOB", line.jobs, kIds);
  retry->add_flag("--failed", line.all_failed, "all jobs that have failed");
  retry->add_flag("--rebuild", line.rebuild, "upload anew, without asking whether the portal has a build already");
  retry->footer(std::string("The portal's history is asked first: a build that is there is awaited or delivered, and "
                            "one that failed there\nfails again. --rebuild starts a new build in any case. The "
                            "artifact comes back out of failed/.\nA job of another host on a share that 'tegodrop "
                            "status' shows as left is taken over.\n") +
                kHow);
  CLI::App* redeliver =
      app.add_subcommand("redeliver", "download and publish delivered builds once more, under new names");
  redeliver->add_option("JOB", line.jobs, kIds)->required();
  redeliver->footer(std::string("Nothing is built. What was delivered before stays as it is.\n") + kHow);
  CLI::App* cancel = app.add_subcommand("cancel", "give jobs up");
  cancel->add_option("JOB", line.jobs, kIds)->required();
  cancel->footer(std::string("The artifact goes to failed/. A build that the portal has queued already goes on there "
                             "and is no longer\nawaited. 'tegodrop retry' takes it back.\n") +
                 kHow);
  CLI::App* pause = app.add_subcommand("pause", "begin no new uploads, of one drop folder or of all");
  pause->add_option("FOLDER", line.folder, "the folder's name in the config; without it all are paused");
  pause->footer(std::string("What is under way goes on, files are taken from the folder all the same. It lasts until "
                            "'tegodrop resume',\nalso over a restart.\n") +
                kHow);
  CLI::App* resume = app.add_subcommand("resume", "end a pause");
  resume->add_option("FOLDER", line.folder, "the folder's name in the config; without it all are resumed");
  resume->footer(kHow);
  return {{show, CommandName::kShow},     {retry, CommandName::kRetry}, {redeliver, CommandName::kRedeliver},
          {cancel, CommandName::kCancel}, {pause, CommandName::kPause}, {resume, CommandName::kResume}};
}

CLI::App* AddReportCommand(CLI::App& app, CommandLine& line, std::string& since) {
  CLI::App* report = app.add_subcommand("report", "tell what was delivered, what failed and why, and what waits");
  report->add_option("--since", since, "so far back (90m, 12h, 7d)")->type_name("DURATION")->default_str("24h");
  report->add_option("--html", line.html, "write it as one self-contained page, with a timeline; - is standard output")
      ->type_name("FILE");
  report->footer(
      "The first line is the verdict. The text cuts long lists; --json and --html have everything. Works beside the\n"
      "daemon and without it, and writes nothing but FILE, which appears whole. Exit codes: 0 told, whatever it "
      "tells,\n"
      "64 usage, 73 FILE cannot be written, 77 the ledger may not be read, 78 config or ledger unusable.");
  return report;
}

std::string CommitVariableNames() {
  std::string names;
  for (const char* name : kCommitVariables) names += (names.empty() ? "" : ", ") + std::string(name);
  return names;
}

CLI::App* AddSubmitCommand(CLI::App& app, SubmitOptions& submit, std::string& timeout) {
  CLI::App* command = app.add_subcommand("submit", "put artifacts into a drop folder the right way; wait for them");
  command->add_option("FILE", submit.files, "an .apk, .aab or .ipa; it is copied under its own name");
  command->add_option("--folder", submit.folder, "the drop folder")->type_name("PATH")->required();
  command
      ->add_option("--commit", submit.commit,
                   "the commit that it was built from, 40 or 64 hex digits; without it see below")
      ->type_name("SHA");
  command
      ->add_option("--json-sidecar", submit.json_sidecar,
                   "a JSON object with what else is known: repository, ref, build_url, signing_key_id, labels, …")
      ->type_name("FILE");
  command->add_flag("--wait", submit.wait, "wait for the outcome; the exit code is the release gate");
  command->add_option("--timeout", timeout, "wait no longer than this after the drop (30m, 8h)")->type_name("DURATION");
  command->add_option("--receipt", submit.receipts, "drop nothing; wait for an earlier drop by its submit_id")
      ->type_name("SUBMIT_ID")
      ->allow_extra_args(false);
  command->add_option("--rooms", submit.rooms, "the name of the folder's room, where its config says otherwise")
      ->type_name("NAME")
      ->capture_default_str();
  command->add_flag("--json", submit.json, "one JSON document on standard output");
  command->footer(
      "For build agents: needs the folder and nothing else, neither config nor token nor a daemon on this machine.\n"
      "Sidecars (NAME.json, NAME.sha256) come first; the artifact is copied under a name that the folder passes over,\n"
      "synced, and renamed. Nothing is replaced: while NAME still lies in the folder a second one is refused. What\n"
      "fails or is stopped leaves nothing behind.\n"
      "Where neither --commit nor --json-sidecar names the commit, the first SHA in these variables of the CI does:\n" +
      CommitVariableNames() +
      ".\n"
      "git describe output is no SHA: it goes under ref, where that is empty. A tag or branch is for ref as well, in\n"
      "--json-sidecar.\n"
      "--wait reads the receipt in the folder's room, so this user must be able to read that. A folder that its "
      "daemon\n"
      "may not change (after: keep) has no receipts in it: they stand in the output folder, and --wait cannot see "
      "them.\n"
      "Exit codes: 0 dropped, with --wait: all delivered (also a duplicate of what was delivered), 1 a file refused\n"
      "before anything was written, or with --wait: one failed, 64 usage, 73 the folder is missing or cannot be\n"
      "written, 75 stopped, or timed out: the drop stands, and the way to look again is printed.");
  return command;
}

// Empty where all is well with it.
std::string SubmitFault(const SubmitOptions& submit) {
  if (submit.files.empty() == submit.receipts.empty()) return "submit wants files, or --receipt for earlier drops";
  if (!submit.receipts.empty() && !(submit.commit + submit.json_sidecar).empty()) {
    return "--receipt drops nothing: --commit and --json-sidecar say nothing there";
  }
  const bool one_name = !submit.rooms.empty() && submit.rooms.find('/') == std::string::npos && submit.rooms != "." &&
                        submit.rooms != "..";
  if (!one_name) return "--rooms wants one name";
  return submit.folder.empty() ? "--folder wants a path" : "";
}

std::string NamesOf(const std::vector<const CLI::App*>& commands) {
  std::string names;
  for (const CLI::App* command : commands) names += (names.empty() ? "" : ", ") + command->get_name();
  return names;
}

// The first word that is none of the commands where one is wanted; empty where there is no such word.
std::string UnknownCommand(const CLI::App& app, int argc, char** argv) {
  const CLI::App* at = &app;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--") return "";
    if (word == "-c" || word == "--config") {
      ++i;
    } else if (!word.starts_with('-')) {
      const auto commands = at->get_subcommands(nullptr);
      const auto found = std::find_if(commands.begin(), commands.end(),
                                      [&](const CLI::App* command) { return command->get_name() == word; });
      if (commands.empty()) return "";
      if (found == commands.end()) return "'" + Printable(word) + "' is no command; there are " + NamesOf(commands);
      at = *found;
    }
  }
  return "";
}

// "--name=" of the arguments, whose value CLI11 would take from the next one; empty where there is none.
std::string EmptyAssignment(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--") break;
    if (word.starts_with("--") && word.find('=') == word.size() - 1) {
      return Printable(word.substr(0, word.size() - 1)) + " has an empty value: give one, or leave it out";
    }
  }
  return "";
}

// An empty value is a variable of a script that is not set, and never what was meant: taken for "not given" it would
// mean all. Empty where there is none.
std::string EmptyValue(CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& value : option->results()) {
      if (value.empty()) return option->get_name() + " has an empty value: give one, or leave it out";
    }
  }
  for (CLI::App* command : app.get_subcommands()) {
    if (std::string empty = EmptyValue(*command); !empty.empty()) return empty;
  }
  return "";
}

// "tegodrop builds list " of what was parsed.
std::string Spoken(const CLI::App& app) {
  std::string words = std::string(kToolName) + " ";
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    words += at->get_name() + " ";
  }
  return words;
}

std::string Absolute(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute.string();
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
  check->add_flag("--online", line.online,
                  "ask the portal too: does it accept the token and the tenant? Builds nothing");
  check
      ->add_option("--accept", line.accept,
                   "this drop folder has moved: take what stands at its path for the right one")
      ->type_name("FOLDER");
  check->footer(
      "Every fault is named as FILE:LINE:COLUMN, exit code 78. Without --accept nothing is changed, without --online\n"
      "nothing is sent. --online ends with 77 where the portal refuses the token, with 69 where it cannot be reached.\n"
      "--accept is for a drop folder whose path leads to another file system or to another folder than before, and "
      "that\n"
      "status therefore calls missing: look first whether the right file system is mounted.");
  CLI::App* reload = app.add_subcommand("reload", "have the running daemon read its config and token again");
  reload->footer(
      "Waits until it has. Folders are added, changed and removed while jobs and transfers go on; what cannot change\n"
      "without a restart is named. A config with faults is refused, each fault named, and the one from before stays.\n"
      "Only root and the daemon's user may. Exit codes: 0 it is in use, 69 no daemon runs, 75 it does not answer,\n"
      "77 not permitted, 78 refused. SIGHUP does the same without an answer.");
  CLI::App* status = app.add_subcommand("status", "show jobs and folders as the ledger knows them");
  status->add_flag("--watch", line.watch, "show it again every 2 s, on a terminal, until Ctrl-C");
  status->add_flag("--health", line.health, "for monitors: 0 and 'ok', or 1 and a line for each thing to look at");
  status->footer(
      "Works beside the daemon and without it. Writes nothing.\n"
      "--health is 1 where no daemon runs, a folder is not ok, the portal refuses the credentials or has not answered\n"
      "for 15 minutes, a folder holds jobs up, a job waits for a person, an artifact failed in the last 24 hours, or "
      "the\n"
      "config or the ledger cannot be read.");
  std::string since;
  CLI::App* report = AddReportCommand(app, line, since);
  const Commands commands = AddOperatorCommands(app, line);
  CLI::App* submit = AddSubmitCommand(app, line.submit, timeout);
  std::vector<CLI::App*> all{run, reload, check, status, report};
  for (const auto& [command, name] : commands) all.push_back(command);
  PortalWords portal_words;
  AddPortalCommands(app, line.portal, portal_words, [&line](CLI::App& command) { AddConfig(command, line.config); });
  for (CLI::App* command : all) {
    AddConfig(*command, line.config);
    command->add_flag("--json", line.json, "one JSON document on standard output");
  }

  const VerifyCommands verify =
      AddVerifyCommands(app, line.verify, line.find, [&line](CLI::App& command) { AddConfig(command, line.config); });

  const auto usage = [&app](const std::string& text) -> ParsedLine {
    std::cerr << kToolName << ": " << text << "\nTry '" << Spoken(app) << "--help'.\n";
    return {std::nullopt, ExitCode::kUsage};
  };
  if (const std::string empty = EmptyAssignment(argc, argv); !empty.empty()) return usage(empty);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {
    return {std::nullopt, static_cast<ExitCode>(app.exit(done))};
  } catch (const CLI::ParseError& error) {
    const std::string unknown = UnknownCommand(app, argc, argv);
    return usage(unknown.empty() ? error.what() : unknown);
  }
  if (const std::string empty = EmptyValue(app); !empty.empty()) return usage(empty);
  if (!timeout.empty()) {
    const bool waits = line.submit.wait || !line.submit.receipts.empty();
    if (!line.once && !waits) return usage(submit->parsed() ? "--timeout needs --wait" : "--timeout needs --once");
    line.timeout = ParseDuration(timeout);
    if (!line.timeout || line.timeout->count() == 0) return usage("--timeout wants a duration as 90s, 30m or 8h");
  }
  if (!since.empty()) {
    const auto back = ParseDuration(since);
    if (!back || back->count() == 0 || *back > kFurthestBack) {
      return usage("--since wants a duration as 90m, 12h or 7d, at most 3650d");
    }
    line.since = *back;
  }
  if (line.json && line.html == "-") return usage("--json and --html - both want standard output");
  if (check->parsed()) line.command = CommandName::kCheck;
  if (reload->parsed()) line.command = CommandName::kReload;
  if (status->parsed()) line.command = CommandName::kStatus;
  if (report->parsed()) line.command = CommandName::kReport;
  for (const auto& [command, name] : commands) {
    if (command->parsed()) line.command = name;
  }
  if (line.watch && (line.health || line.json))
    return usage("--watch shows it to a person: without --health and --json");
  if (line.watch && isatty(STDOUT_FILENO) != 1) return usage("--watch needs a terminal; --json is for programs");
  if (line.command == CommandName::kRetry && line.jobs.empty() != line.all_failed) {
    return usage("retry wants the jobs by their ids, or --failed");
  }
  if (submit->parsed()) {
    line.command = CommandName::kSubmit;
    if (const std::string fault = SubmitFault(line.submit); !fault.empty()) return usage(fault);
    line.submit.folder = Absolute(line.submit.folder);
    while (line.submit.folder.size() > 1 && line.submit.folder.ends_with('/')) line.submit.folder.pop_back();
    line.submit.timeout = line.timeout;
    line.submit.wait |= !line.submit.receipts.empty();
  }
  if (verify.verify->parsed()) {
    line.command = CommandName::kVerify;
    for (std::string& path : line.verify.paths) path = Absolute(path);
    for (std::string& key : line.verify.keys) key = Absolute(key);
  }
  if (verify.find->parsed()) {
    line.command = CommandName::kFind;
    if (const std::string fault = FindFault(line.find); !fault.empty()) return usage(fault);
    for (std::string& path : line.find.paths) path = Absolute(path);
  }
  if (line.portal.action != PortalAction::kNone) {
    line.command = CommandName::kPortal;
    if (const std::string fault = PortalFault(line.portal, portal_words); !fault.empty()) return usage(fault);
    if (!line.portal.output.empty()) {
      // A slash at its end says that it is a folder.
      line.portal.output = Absolute(line.portal.output);
    }
  }
  if (line.config.empty()) line.config = environment_config;
  if (line.config.empty()) line.config = kDefaultConfig;
  line.config = Absolute(line.config);
  return {std::move(line), ExitCode::kDone};
}

}  // namespace tegodrop
