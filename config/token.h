// The credentials: where they come from, and what they must look like. No error holds a byte of them.
#pragma once

#include <string>

#include "config/settings.h"
#include "daemon/base/result.h"
#include "daemon/base/secret.h"

namespace tegodrop {

// The portal's token KEY:SECRET. `portal.token_file`, where set, is the only source; else `apptego-token` in
// `credentials_directory` (the value of $CREDENTIALS_DIRECTORY; null or empty: none), where it is there; else
// `environment_token`. One line of printable ASCII without spaces, under 4 KiB; a BOM before and line ends after it are
// left out. A token file that group or others may read or write is refused; the systemd credential may be 0440.
// Errors: kLocalDisk (cannot be read), kRejected (refused, or in none of the sources), kCorrupt (not the right form).
Result<Secret> LoadToken(const PortalSettings& portal, const char* credentials_directory, Secret environment_token);

// USER:PASSWORD from `portal.proxy_token_file`, under the same rules but that spaces and UTF-8 are allowed; empty where
// the config names no such file.
Result<Secret> LoadProxyToken(const PortalSettings& portal);

// The webhook's URL from `notify.webhook_file`, under the same rules (checks.h says what it may be); empty where the
// config names no such file.
Result<Secret> LoadWebhook(const NotifySettings& notify);

// The password of a key's file from a file of a person's own, under the same rules as a token file but that spaces and
// UTF-8 are allowed.
Result<Secret> LoadPassword(const std::string& path);

// Takes $APPTEGO_TOKEN out of the environment: its bytes there are overwritten (so that /proc/PID/environ no longer
// shows them) and the variable is unset. Empty where it is not set. Call once, before any other thread runs.
Secret TakeEnvironmentToken();

}  // namespace tegodrop
