#include <cstdio>
#include <cstdlib>
#include <utility>

#include "config/token.h"
#include "daemon/base/text.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/portal/actions.h"
#include "daemon/cli/portal/desk.h"

namespace tegodrop {
namespace {

ExitCode Act(const PortalDesk& desk) {
  switch (desk.options.action) {
    case PortalAction::kAppsList:
      return ListApps(desk);
    case PortalAction::kAppsDelete:
      return DeleteApp(desk);
    case PortalAction::kBuildsList:
      return ListBuilds(desk);
    case PortalAction::kBuildsDownload:
      return DownloadBuild(desk);
    case PortalAction::kBuildsDelete:
      return DeleteBuild(desk);
    case PortalAction::kBuildsSign:
      return SignBuild(desk);
    case PortalAction::kBuildsPrune:
      return PruneBuilds(desk);
    case PortalAction::kKeysList:
      return ListKeys(desk);
    case PortalAction::kKeysUpload:
      return UploadKey(desk);
    case PortalAction::kKeysSetDefault:
      return SetDefaultKey(desk);
    case PortalAction::kKeysClearDefault:
      return ClearDefaultKey(desk);
    case PortalAction::kKeysDelete:
      return DeleteKey(desk);
    case PortalAction::kSigningFileUpload:
      return UploadSigningFile(desk);
    case PortalAction::kNone:
      break;
  }
  return ExitCode::kInternal;
}

}  // namespace

ExitCode PortalCommand(const CommandLine& line, Secret environment_token) {
  const std::optional<Settings> settings = LoadSettings(line.config);
  if (!settings) return ExitCode::kConfig;
  const auto token = LoadToken(settings->portal, std::getenv("CREDENTIALS_DIRECTORY"), std::move(environment_token));
  const auto proxy = LoadProxyToken(settings->portal);
  for (const Error* error : {token ? nullptr : &token.error(), proxy ? nullptr : &proxy.error()}) {
    if (error == nullptr) continue;
    Complain(error->message);
    return ExitCode::kConfig;
  }
  const auto session = PortalSession::Open(*settings, *token, *proxy);
  if (!session) {
    Complain(session.error().message);
    return ExitCode::kConfig;
  }
  const auto fs = MakePosixFileSystem();
  TerminalPerson person;
  return Act({line.portal, *settings, **session, *fs, person});
}

}  // namespace tegodrop
