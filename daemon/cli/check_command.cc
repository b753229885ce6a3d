#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "config/effective.h"
#include "config/load.h"
#include "config/token.h"
#include "daemon/app/operator_call.h"
#include "daemon/app/portal_check.h"
#include "daemon/base/clock.h"
#include "daemon/base/json.h"
#include "daemon/base/text.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/provenance_key.h"
#include "daemon/disk/helper/helper_process.h"
#include "daemon/disk/helper/remote_file_system.h"
#include "daemon/disk/mount_table.h"
#include "daemon/net/trust.h"

namespace tegodrop {
namespace {

struct Finding {
  std::string where;  // "folder production", "token", or FILE:LINE:COLUMN
  std::string message;
  ExitCode code = ExitCode::kConfig;
};

// The same of a folder that is on a share, which may hang: looked at by a helper process.
std::string ShareFault(const std::string& path, int access_wanted) {
  const SystemClock clock;
  RemoteFileSystem fs(
      path, [&path] { return StartHelperProcess(path); }, clock);
  auto folder = fs.OpenFolder(path);
  if (!folder) return folder.error().message;
  if (auto entered = fs.StatAt(folder->get(), "."); !entered) return entered.error().message;
  if ((access_wanted & W_OK) == 0) return "";
  auto may = fs.MayChange(folder->get());
  if (!may) return may.error().message;
  return *may ? "" : PosixError("cannot write to", path, EACCES).message;
}

// What is wrong with a folder that must be there and allow `access`; empty where nothing is. Only looks.
std::string FolderFault(const std::string& path, int access_wanted) {
  if (const auto found = FindMount(path); found && !found->local) return ShareFault(path, access_wanted);
  struct stat attributes {};
  if (stat(path.c_str(), &attributes) != 0) return PosixError("cannot look at", path, errno).message;
  if (!S_ISDIR(attributes.st_mode)) return Printable(path) + " is no folder";
  if (access(path.c_str(), access_wanted) != 0) {
    return PosixError((access_wanted & W_OK) != 0 ? "cannot write to" : "cannot read", path, errno).message;
  }
  return "";
}

void CheckFolders(const Settings& settings, std::vector<Finding>& findings) {
  for (const FolderSettings& folder : settings.folders) {
    const std::string where = "folder " + folder.name;
    const int wanted = R_OK | X_OK | (folder.after == After::kKeep ? 0 : W_OK);
    if (const std::string fault = FolderFault(folder.path, wanted); !fault.empty()) {
      findings.push_back({where, fault + "; make it, readable and writable for the daemon's user (or after: keep)"});
    }
    if (const std::string fault = FolderFault(folder.output, R_OK | W_OK | X_OK); !fault.empty()) {
      findings.push_back({where, fault + "; make it, writable for the daemon's user", ExitCode::kOutput});
    }
  }
  // The daemon makes its state folder itself where the parent allows it.
  struct stat attributes {};
  const std::string parent = settings.state_dir.substr(0, std::max<std::size_t>(1, settings.state_dir.rfind('/')));
  const bool there = stat(settings.state_dir.c_str(), &attributes) == 0;
  if (const std::string fault = FolderFault(there ? settings.state_dir : parent, W_OK | X_OK); !fault.empty()) {
    findings.push_back({"state_dir", fault + "; make it, owned by the daemon's user"});
  }
}

// No reason not to start: the daemon works without its metrics, too.
void CheckMetricsFile(const Settings& settings, std::vector<Finding>& findings) {
  if (!settings.metrics_file) return;
  const std::string& path = *settings.metrics_file;
  const std::string fault = FolderFault(path.substr(0, std::max<std::size_t>(1, path.rfind('/'))), W_OK | X_OK);
  if (fault.empty()) return;
  findings.push_back({"metrics_file", fault + "; make it, writable for the daemon's user", ExitCode::kDone});
}

// Likewise.
void CheckReportDir(const Settings& settings, std::vector<Finding>& findings) {
  if (!settings.report_dir) return;
  std::string fault = FolderFault(*settings.report_dir, W_OK | X_OK);
  if (!fault.empty()) fault += "; make it, writable for the daemon's user";
  // A daemon whose thread hangs there could not end.
  if (const auto mount = FindMount(*settings.report_dir); mount && !mount->local) {
    fault = Printable(*settings.report_dir) + " lies on a share (" + mount->mount.type + "): name a local folder";
  }
  if (!fault.empty()) findings.push_back({"report_dir", fault, ExitCode::kDone});
}

std::string Document(const std::optional<Settings>& settings, const std::vector<Finding>& findings,
                     const std::vector<std::string>& told, const std::vector<std::string>& facts, ExitCode code) {
  Json json(2);
  json.Begin();
  json.Text("schema", "tegodrop-check/1");
  json.Flag("ok", code == ExitCode::kDone);
  json.Number("exit_code", static_cast<int>(code));
  json.BeginList("faults");
  for (const Finding& finding : findings) {
    if (finding.code == ExitCode::kDone) continue;
    json.Begin();
    json.Text("where", finding.where);
    json.Text("message", finding.message);
    json.End();
  }
  json.EndList();
  json.BeginList("warnings");
  for (const Finding& finding : findings) {
    if (finding.code == ExitCode::kDone) json.Item(finding.where + ": " + finding.message);
  }
  json.EndList();
  json.BeginList("accepted");
  for (const std::string& one : told) json.Item(one);
  json.EndList();
  json.BeginList("portal");
  for (const std::string& one : facts) json.Item(one);
  json.EndList();
  if (settings) {
    json.Raw("config", EffectiveConfigJson(*settings));
  } else {
    json.Null("config");
  }
  json.End();
  return json.Finish();
}

void Accept(const Settings& settings, const std::string& folder, std::vector<Finding>& findings,
            std::vector<std::string>& told) {
  OperatorRequest request;
  request.command = OperatorCommand::kAccept;
  request.folder = folder;
  const OperatorCall call = CallOperator(settings, request);
  if (!call.answer) return findings.push_back({"folder " + folder, call.trouble, call.code});
  const OperatorAnswer& answer = *call.answer;
  if (!answer.error.empty()) return findings.push_back({"tegodrop", answer.error, ExitCodeOf(answer)});
  for (const OperatorResult& result : answer.results) {
    if (result.outcome == OperatorOutcome::kDone) {
      told.push_back(result.message);
    } else {
      findings.push_back({"folder " + Printable(folder), result.message, ExitCodeOf(answer)});
    }
  }
}

// What is wrong so far would only be said again in other words.
bool Sound(const std::vector<Finding>& findings) { return findings.empty(); }

void Print(const CommandLine& line, const Settings& settings) {
  std::printf("%s: config, %zu folder%s and token are well formed; %s\n", line.config.c_str(), settings.folders.size(),
              settings.folders.size() == 1 ? "" : "s",
              line.online ? "the portal accepts the token and the tenant" : "the portal was not asked");
}

}  // namespace

ExitCode CheckCommand(const CommandLine& line, Secret environment_token) {
  std::vector<Finding> findings;
  std::vector<std::string> told;
  std::vector<std::string> facts;  // of the portal
  ConfigResult config = LoadConfig(line.config, LoadingOptions(false));
  for (const ConfigFault& fault : config.faults) {
    findings.push_back(
        {Printable(fault.file) + ":" + std::to_string(fault.line) + ":" + std::to_string(fault.column), fault.message});
  }
  if (config.settings) {
    auto token = LoadToken(config.settings->portal, std::getenv("CREDENTIALS_DIRECTORY"), std::move(environment_token));
    if (!token) findings.push_back({"token", token.error().message});
    auto proxy = LoadProxyToken(config.settings->portal);
    if (!proxy) findings.push_back({"proxy token", proxy.error().message});
    if (auto webhook = LoadWebhook(config.settings->notify); !webhook) {
      findings.push_back({"notify.webhook_file", webhook.error().message});
    }
    if (auto key = ReadProvenanceKey(*config.settings); !key) {
      findings.push_back({"provenance", key.error().message});
    }
    if (auto trust = LoadTrust(config.settings->portal.ca_file); !trust) {
      findings.push_back({"portal.ca_file", trust.error().message});
    }
    if (line.online && Sound(findings)) {
      PortalReport report = CheckPortal(*config.settings, *token, *proxy);
      for (PortalFinding& one : report.findings) {
        findings.push_back({std::move(one.where), std::move(one.message), one.code});
      }
      facts = std::move(report.facts);
    }
    CheckFolders(*config.settings, findings);
    CheckMetricsFile(*config.settings, findings);
    CheckReportDir(*config.settings, findings);
    if (!line.accept.empty()) Accept(*config.settings, line.accept, findings, told);
  }
  ExitCode code = ExitCode::kDone;
  for (const Finding& finding : findings) {
    // No such folder is wrong usage, which no other fault outdoes.
    code = finding.code == ExitCode::kUsage ? finding.code : WorstOf({code, finding.code});
    if (code == ExitCode::kUsage) break;
  }
  if (line.json) std::fputs(Document(config.settings, findings, told, facts, code).c_str(), stdout);
  for (const Finding& finding : findings) {
    std::fprintf(stderr, "%s%s: %s\n", finding.code == ExitCode::kDone ? "warning: " : "", finding.where.c_str(),
                 finding.message.c_str());
  }
  if (!line.json) {
    for (const std::vector<std::string>* lines : {&told, &facts}) {
      for (const std::string& one : *lines) std::printf("%s\n", Printable(one).c_str());
    }
    if (code == ExitCode::kDone) Print(line, *config.settings);
  }
  return code;
}

}  // namespace tegodrop
