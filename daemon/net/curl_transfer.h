// Transfer by libcurl's multi interface on the event loop.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "daemon/base/result.h"
#include "daemon/base/secret.h"
#include "daemon/loop/event_loop.h"
#include "daemon/net/transfer.h"

namespace tegodrop {

struct NetSettings {
  std::optional<std::string> ca_file;  // PEM, added to the system's
  std::optional<std::string> proxy;    // http://host:port; never used for loopback
  Secret proxy_user_password;          // USER:PASSWORD, or empty
  std::string user_agent;              // "tegodrop/<version>"
};

// kRejected where the CA file cannot be used. `loop` must outlive it; destroy every handle first. Destroying it does
// not block, also where a host's name is being resolved; what libuv holds of it then is closed by the loop's next turn,
// or by EventLoop's destructor. Environment variables (proxies, SSLKEYLOGFILE, SSL_CERT_FILE) have no influence.
// Certificates are read once, here. The first call changes the process: it forgets SSLKEYLOGFILE and ignores SIGPIPE,
// which OpenSSL raises when it writes to a closed connection.
Result<std::unique_ptr<Transfer>> MakeCurlTransfer(EventLoop& loop, NetSettings settings);

}  // namespace tegodrop
