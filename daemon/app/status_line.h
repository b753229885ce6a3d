// What 'systemctl status tegodrop' says in one line.
#pragma once

#include <string>

#include "daemon/app/daemon.h"

namespace tegodrop {

// "3 folders (1 degraded), 2 uploading, 5 queued": what is not there is left out.
std::string StatusLine(const std::vector<Daemon::FolderView>& folders, const Overview& overview);

}  // namespace tegodrop
