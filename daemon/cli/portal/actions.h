// The commands of `apps`, `builds`, `keys` and `signing-file`, one function each: they ask the portal, print, and
// answer with the exit code.
#pragma once

#include "daemon/app/exit_code.h"
#include "daemon/cli/portal/desk.h"

namespace tegodrop {

ExitCode ListApps(const PortalDesk& desk);
ExitCode DeleteApp(const PortalDesk& desk);

ExitCode ListBuilds(const PortalDesk& desk);
ExitCode DownloadBuild(const PortalDesk& desk);
ExitCode DeleteBuild(const PortalDesk& desk);
ExitCode SignBuild(const PortalDesk& desk);
// Reads the ledger too.
ExitCode PruneBuilds(const PortalDesk& desk);

ExitCode ListKeys(const PortalDesk& desk);
// These two: what a password file or the key's file is refused for is told before anything is sent.
ExitCode UploadKey(const PortalDesk& desk);
ExitCode UploadSigningFile(const PortalDesk& desk);
ExitCode SetDefaultKey(const PortalDesk& desk);
ExitCode ClearDefaultKey(const PortalDesk& desk);
ExitCode DeleteKey(const PortalDesk& desk);

}  // namespace tegodrop
