#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
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
#include "daemon/base/text.h"
#include "daemon/cli/commands.h"
#include "daemon/net/trust.h"

namespace tegodrop {
namespace {

struct Finding {
  std::string where;  // "folder production", "token", or FILE:LINE:COLUMN
  std::string message;
  ExitCode code = ExitCode::kConfig;
};

// What is wrong with a folder that must be there and allow `access`; empty where nothing is. Only looks.
std::string FolderFault(const std::string& path, int access_wanted) {
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

std::string Json(const std::optional<Settings>& settings, const std::vector<Finding>& findings, ExitCode code) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
  writer.SetIndent(' ', 2);
  const auto text = [&](const char* key, const std::string& value) {
    writer.Key(key);
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  writer.StartObject();
  text("schema", "tegodrop-check/1");
  writer.Key("ok");
  writer.Bool(findings.empty());
  writer.Key("exit_code");
  writer.Int(static_cast<int>(code));
  writer.Key("faults");
  writer.StartArray();
  for (const Finding& finding : findings) {
    writer.StartObject();
    text("where", finding.where);
    text("message", finding.message);
    writer.EndObject();
  }
  writer.EndArray();
  writer.Key("config");
  if (settings) {
    const std::string config = EffectiveConfigJson(*settings);
    writer.RawValue(config.data(), config.size(), rapidjson::kObjectType);
  } else {
    writer.Null();
  }
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace

ExitCode CheckCommand(const CommandLine& line, Secret environment_token) {
  std::vector<Finding> findings;
  ConfigResult config = LoadConfig(line.config);
  for (const ConfigFault& fault : config.faults) {
    findings.push_back(
        {Printable(fault.file) + ":" + std::to_string(fault.line) + ":" + std::to_string(fault.column), fault.message});
  }
  if (config.settings) {
    auto token = LoadToken(config.settings->portal, std::getenv("CREDENTIALS_DIRECTORY"), std::move(environment_token));
    if (!token) findings.push_back({"token", token.error().message});
    auto proxy = LoadProxyToken(config.settings->portal);
    if (!proxy) findings.push_back({"proxy token", proxy.error().message});
    if (auto trust = LoadTrust(config.settings->portal.ca_file); !trust) {
      findings.push_back({"portal.ca_file", trust.error().message});
    }
    CheckFolders(*config.settings, findings);
  }
  ExitCode code = ExitCode::kDone;
  for (const Finding& finding : findings) code = WorstOf({code, finding.code});
  if (line.json) std::printf("%s\n", Json(config.settings, findings, code).c_str());
  for (const Finding& finding : findings) {
    std::fprintf(stderr, "%s: %s\n", finding.where.c_str(), finding.message.c_str());
  }
  if (findings.empty() && !line.json) {
    std::printf("%s: config, %zu folder%s and token are well formed; the portal was not asked\n", line.config.c_str(),
                config.settings->folders.size(), config.settings->folders.size() == 1 ? "" : "s");
  }
  return code;
}

}  // namespace tegodrop
