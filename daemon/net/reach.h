// Whether a server can be connected to at all.
#pragma once

#include <string>

#include "daemon/base/result.h"
#include "daemon/base/secret.h"
#include "daemon/net/curl_transfer.h"

namespace tegodrop {

// Connects to the server of `url` as a transfer would (proxy, TLS, certificates), and hangs up: nothing is asked. Its
// origin ("https://host:443"), or kRetry with what stands in the way; kRejected where it is no http or https URL or the
// CA file cannot be used. Blocks, at most some 20 s. Call it once a transfer was made in this process.
Result<std::string> ReachServer(const Secret& url, const NetSettings& settings);

}  // namespace tegodrop
