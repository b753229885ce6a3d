// The portal over HTTP: credentials, the wire coding of wire.h, and errors by reaction.
#pragma once

#include <memory>
#include <string>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/secret.h"
#include "daemon/net/transfer.h"
#include "daemon/portal/portal.h"

namespace tegodrop {

struct PortalAccount {
  std::string url;     // base URL, e.g. https://app.apptego.com/frontend
  std::string tenant;  // 32 hex digits
  Secret token;        // KEY:SECRET
};

// All three must outlive it.
std::unique_ptr<Portal> MakePortalClient(PortalAccount account, Transfer& transfer, const Clock& clock, Log& log);

}  // namespace tegodrop
