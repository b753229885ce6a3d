// Where a folder's jobs go, from its settings. Pure.
#pragma once

#include <string>

#include "config/settings.h"
#include "daemon/model/job.h"

namespace tegodrop {

// The target of a job that is claimed now.
Target TargetOf(const FolderSettings& folder, const std::string& portal_url, const std::string& tenant);

// A signing key as the portal wants it: "default" leaves the field out (""), "none" and key ids stay.
std::string SigningKeyAsSent(const std::string& key);

}  // namespace tegodrop
