#include "daemon/cli/commands.h"

#include <cerrno>
#include <cstdio>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/disk/mount_table.h"

namespace tegodrop {

LoadOptions LoadingOptions(bool reads_only) {
  LoadOptions options;
  options.reads_only = reads_only;
  options.leads = [](const std::string& path) {
    const Result<PathMount> found = FindMount(path);
    return found ? found->path : path;
  };
  return options;
}

std::optional<Settings> LoadSettings(const std::string& config, bool reads_only) {
  ConfigResult result = LoadConfig(config, LoadingOptions(reads_only));
  for (const ConfigFault& fault : result.faults) std::fprintf(stderr, "%s\n", ToString(fault).c_str());
  return std::move(result.settings);
}

ExitCode LedgerUnreadable(const Settings& settings, const Error& error) {
  const bool closed = error.sys == EACCES || error.sys == EPERM;
  std::fprintf(stderr, "tegodrop: %s%s%s%s\n", Printable(error.message).c_str(),
               closed ? "; only root, the owner and the group of " : "",
               closed ? Printable(settings.state_dir).c_str() : "", closed ? " may read the ledger" : "");
  return closed ? ExitCode::kCredentials : ExitCode::kConfig;
}

}  // namespace tegodrop
