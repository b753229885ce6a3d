#include "daemon/cli/portal_line.h"

#include <limits>

#include "daemon/base/units.h"
#include "daemon/model/artifact.h"

namespace tegodrop {
namespace {

constexpr char kCodes[] =
    "Exit codes: 0 done, 1 the portal refused it or there is no such thing, 64 usage, 69 the portal is unreachable,\n"
    "77 credentials refused or not permitted, 78 config or token unusable.";
constexpr char kAsks[] =
    "Shows what it would delete and asks; with --yes it does not ask. Without a terminal it wants --yes.\n";
constexpr char kPasswords[] =
    "The password is asked for at the terminal, or read from --password-file: one line, of a file that nobody else "
    "may\n"
    "read or write. It is never an argument. Refused before anything is sent: a file over 10 MB, one that is not "
    ".jks,\n"
    ".keystore, .ks (android), .p12 or .pfx, an android key without --alias.\n";

class Builder {
 public:
  Builder(PortalOptions& options, PortalWords& words, const std::function<void(CLI::App&)>& common)
      : options_(options), words_(words), common_(common) {}

  void Add(CLI::App& app) {
    AddApps(*Group(app, "apps", "list and delete the tenant's application records"));
    AddBuilds(*Group(app, "builds", "list, download, delete, sign and prune builds at the portal"));
    AddKeys(*Group(app, "keys", "list, upload, choose and delete signing keys"));
    AddSigningFile(*Group(app, "signing-file", "upload an application's own signing file, the older way"));
  }

 private:
  static CLI::App* Group(CLI::App& app, const char* name, const char* text) {
    CLI::App* group = app.add_subcommand(name, text);
    group->require_subcommand(1);
    return group;
  }

  CLI::App* Command(CLI::App& group, const char* name, const char* text, PortalAction action) {
    CLI::App* command = group.add_subcommand(name, text);
    common_(*command);
    // Called once all is parsed, when this builder is gone.
    command->parse_complete_callback([&options = options_, action] { options.action = action; });
    command->footer(kCodes);
    return command;
  }

  void Json(CLI::App* command) { command->add_flag("--json", options_.json, "one JSON document on standard output"); }
  void Utc(CLI::App* command) { command->add_flag("--utc", options_.utc, "times in UTC, not local ones"); }
  void Yes(CLI::App* command) { command->add_flag("--yes", options_.yes, "do it without asking"); }
  CLI::Option* Version(CLI::App* command) {
    return command->add_option("--version", options_.version, "development, staging or production")
        ->type_name("V")
        ->check(CLI::IsMember({"development", "staging", "production"}));
  }
  CLI::Option* Platform(CLI::App* command) {
    return command->add_option("--platform", options_.platform, "android or ios")
        ->type_name("P")
        ->check(CLI::IsMember({"android", "ios"}));
  }
  void Build(CLI::App* command, bool with_version) {
    if (with_version) Version(command)->required();
    Platform(command)->required();
    command->add_option("--start-time", options_.start_time, "as 'builds list' shows it: the build's identifier")
        ->type_name("N")
        ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()))
        ->required();
    command->add_option("--name", options_.name, "the build's file name, as 'builds list' shows it")
        ->type_name("FILE")
        ->required();
  }
  void KeyFile(CLI::App* command) {
    command->add_option("FILE", options_.file, "the file with the key")->required();
    Platform(command)->required();
    command->add_option("--alias", options_.alias, "the key's alias in its file; android needs it")->type_name("A");
    command->add_option("--password-file", options_.password_file, "holds the password, in one line")->type_name("F");
  }

  void AddApps(CLI::App& group) {
    CLI::App* list = Command(group, "list", "list application records", PortalAction::kAppsList);
    Json(list);
    Utc(list);
    CLI::App* remove = Command(group, "delete", "delete an application record", PortalAction::kAppsDelete);
    remove->add_option("ID", options_.id, "as 'apps list' shows it")->required();
    Yes(remove);
    remove->footer(std::string("Its builds stay. The portal deletes no application within 7 days of its creation.\n") +
                   kAsks + kCodes);
  }

  void AddBuilds(CLI::App& group) {
    CLI::App* list =
        Command(group, "list", "list the build history of a configuration version", PortalAction::kBuildsList);
    Version(list)->required();
    list->add_option("--page", options_.page, "this page alone; without it the first one")
        ->type_name("N")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000000}));
    list->add_option("--page-size", options_.page_size, "builds on a page, at most 50")
        ->type_name("N")
        ->check(CLI::Range(1, 50));
    list->add_flag("--all", options_.all, "every page");
    list->add_option("--since", words_.since, "only what began so far back (90m, 12h, 7d)")->type_name("DURATION");
    list->add_option("--state", options_.state, "only what is in this state")
        ->type_name("STATE")
        ->check(CLI::IsMember({"running", "done", "unsigned", "failed", "reset", "deleted"}));
    list->add_option("--name", options_.glob, "only file names that match, as '*.aab'")->type_name("GLOB");
    Json(list);
    Utc(list);
    list->footer(std::string("States: running; done; unsigned, built and not signed; failed; reset, perhaps queued for "
                             "signing; deleted.\n--since, --state and --name look through every page unless --page "
                             "names one.\n--json has the portal's fields, unchanged but that URLs come without their "
                             "queries.\n") +
                 kCodes);
    CLI::App* download = Command(group, "download", "download a protected build", PortalAction::kBuildsDownload);
    Build(download, true);
    download->add_option("--output", options_.output, "the file to make, or a folder for it")
        ->type_name("PATH")
        ->required();
    download->add_flag("--trace", options_.trace, "write .sha256 and .trace.json beside it, as for a delivery");
    download->add_flag("--allow-unsigned", options_.allow_unsigned, "also a build that the portal could not sign");
    Json(download);
    download->footer(
        std::string(
            "Checked like a delivery before it has its name; nothing is overwritten. One that was stopped goes "
            "on where it\nwas when the same command is given again. What the ledger knows of the build goes into "
            "the trace, where it may be\nread. ") +
        kCodes + " 73 PATH cannot be written, 75 stopped.");
    CLI::App* remove =
        Command(group, "delete", "delete a build and its row in the history", PortalAction::kBuildsDelete);
    Build(remove, true);
    Yes(remove);
    remove->footer(std::string(kAsks) + kCodes);
    CLI::App* sign = Command(group, "sign", "queue a build for signing with its application's signing file",
                             PortalAction::kBuildsSign);
    Build(sign, false);
    sign->footer(
        std::string("For files of 'signing-file upload'. A build that is being signed shows as reset or running "
                    "until it is; the daemon\nwaits for one of its own.\n") +
        kCodes);
    CLI::App* prune = Command(group, "prune", "delete builds from the portal that this daemon has delivered",
                              PortalAction::kBuildsPrune);
    Version(prune)->required();
    prune->add_option("--older-than", words_.older_than, "only what was delivered so long ago (30d)")
        ->type_name("DURATION")
        ->required();
    prune->add_flag("--yes", options_.yes, "delete them; without it only shown");
    Json(prune);
    Utc(prune);
    prune->footer(
        std::string("Only builds that the ledger knows as delivered by this daemon, and whose output and trace "
                    "still stand in the output\nfolder, byte for byte; others are kept, and the reason is "
                    "shown. A build that is gone cannot be redelivered.\n") +
        kCodes);
  }

  void AddKeys(CLI::App& group) {
    CLI::App* list = Command(group, "list", "list signing keys", PortalAction::kKeysList);
    Json(list);
    Utc(list);
    CLI::App* upload = Command(group, "upload", "upload a signing key", PortalAction::kKeysUpload);
    KeyFile(upload);
    upload->add_option("--name", options_.name, "its display name")->type_name("NAME")->required();
    upload->add_flag("--default", options_.make_default, "make it the platform's default key");
    Json(upload);
    upload->footer(std::string(kPasswords) + kCodes);
    CLI::App* choose =
        Command(group, "set-default", "make a key its platform's default", PortalAction::kKeysSetDefault);
    choose->add_option("ID", options_.id, "as 'keys list' shows it")->required();
    Platform(choose)->required();
    CLI::App* clear =
        Command(group, "clear-default", "have no default key for a platform", PortalAction::kKeysClearDefault);
    Platform(clear)->required();
    CLI::App* remove = Command(group, "delete", "delete a signing key", PortalAction::kKeysDelete);
    remove->add_option("ID", options_.id, "as 'keys list' shows it")->required();
    Yes(remove);
    remove->footer(std::string("Folders whose signing_key or allow_keys name it are told of first.\n") + kAsks +
                   kCodes);
  }

  void AddSigningFile(CLI::App& group) {
    CLI::App* upload =
        Command(group, "upload", "upload the signing file of an application", PortalAction::kSigningFileUpload);
    KeyFile(upload);
    upload->add_option("--application", options_.id, "as 'apps list' shows it")->type_name("ID")->required();
    upload->footer(std::string("Then 'builds sign' signs a build of it. For new work prefer 'keys upload'.\n") +
                   kPasswords + kCodes);
  }

  PortalOptions& options_;
  PortalWords& words_;
  const std::function<void(CLI::App&)>& common_;
};

// A build's name as the history has it. The portal cuts a path off, and would take one name for another.
std::string NameFault(const PortalOptions& asked) {
  if (asked.name.find_first_of("/\\") != std::string::npos) {
    return "--name wants the file name alone, as 'builds list' shows it, and no path";
  }
  const auto kind = KindOfName(asked.name);
  if (kind && PlatformOf(*kind) == asked.platform) return "";
  return "--name is no build's of " + asked.platform + ": it ends in " +
         (asked.platform == "ios" ? ".ipa" : ".apk or .aab");
}

}  // namespace

void AddPortalCommands(CLI::App& app, PortalOptions& options, PortalWords& words,
                       const std::function<void(CLI::App&)>& common) {
  Builder(options, words, common).Add(app);
}

std::string PortalFault(PortalOptions& options, const PortalWords& words) {
  const auto read = [](const std::string& text, std::optional<std::chrono::milliseconds>& into) {
    if (text.empty()) return true;
    into = ParseDuration(text);
    return into && into->count() > 0;
  };
  if (!read(words.since, options.since)) return "--since wants a duration as 90m, 12h or 7d";
  if (!read(words.older_than, options.older_than)) return "--older-than wants a duration as 12h or 30d";
  if (options.all && options.page) return "--all and --page exclude each other";
  const bool one_build = options.action == PortalAction::kBuildsDownload ||
                         options.action == PortalAction::kBuildsDelete || options.action == PortalAction::kBuildsSign;
  if (one_build) {
    if (std::string fault = NameFault(options); !fault.empty()) return fault;
  }
  if (options.output == "-") return "--output wants a file or a folder: there is no download to standard output";
  const bool key_file =
      options.action == PortalAction::kKeysUpload || options.action == PortalAction::kSigningFileUpload;
  if (key_file && options.platform == "android" && options.alias.empty()) return "an android key needs its --alias";
  return "";
}

}  // namespace tegodrop
