#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "config/load.h"
#include "config/token.h"
#include "daemon/app/run.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/provenance_key.h"

namespace tegodrop {

ExitCode RunCommand(const CommandLine& line, const Secret& environment_token) {
  const std::optional<Settings> settings = LoadSettings(line.config);
  if (!settings) return ExitCode::kConfig;
  const auto read_token = [&environment_token](const Settings& from) {
    return LoadToken(from.portal, std::getenv("CREDENTIALS_DIRECTORY"), environment_token);
  };
  auto token = read_token(*settings);
  auto proxy_token = LoadProxyToken(settings->portal);
  auto webhook = LoadWebhook(settings->notify);
  for (const auto* loaded : {&token, &proxy_token, &webhook}) {
    if (*loaded) continue;
    std::fprintf(stderr, "tegodrop: %s\n", loaded->error().message.c_str());
    return ExitCode::kConfig;
  }
  auto provenance_key = ReadProvenanceKey(*settings);
  if (!provenance_key) {
    std::fprintf(stderr, "tegodrop: %s\n", provenance_key.error().message.c_str());
    return ExitCode::kConfig;
  }
  RunOptions options;
  options.once = line.once;
  options.timeout = line.timeout;
  options.json = line.json;
  options.progress = line.once && isatty(STDERR_FILENO) == 1;
  options.read_again = [&line, read_token] {
    ReadAgain again;
    ConfigResult result = LoadConfig(line.config, LoadingOptions(false));
    for (const ConfigFault& fault : result.faults) again.faults.push_back(ToString(fault));
    if (!result.settings) return again;
    again.settings = std::move(*result.settings);
    const auto take = [&again](auto read, auto& to) {
      if (read) {
        to = std::move(*read);
      } else {
        again.faults.push_back(read.error().message);
      }
    };
    take(read_token(again.settings), again.token);
    take(LoadWebhook(again.settings.notify), again.webhook);
    take(ReadProvenanceKey(again.settings), again.provenance_key);
    return again;
  };
  options.webhook = std::move(*webhook);
  options.provenance_key = std::move(*provenance_key);
  return Run(*settings, std::move(*token), std::move(*proxy_token), options);
}

}  // namespace tegodrop
