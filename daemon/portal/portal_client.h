// The portal over HTTP: the calls of portal.h, in the wire coding of wire.h.
#pragma once

#include <memory>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/net/transfer.h"
#include "daemon/portal/portal.h"
#include "daemon/portal/portal_account.h"

namespace tegodrop {

// All three must outlive it. What the page lets a client refuse (request_rules.h) is kRejected and never sent; without
// a token of the right form everything is kSignIn.
std::unique_ptr<Portal> MakePortalClient(PortalAccount account, Transfer& transfer, const Clock& clock, Log& log);

}  // namespace tegodrop
