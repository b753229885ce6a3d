// The calls of administration.h over HTTP.
#pragma once

#include <memory>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/net/transfer.h"
#include "daemon/portal/administration.h"
#include "daemon/portal/portal_account.h"

namespace tegodrop {

// All three must outlive it.
std::unique_ptr<PortalAdministration> MakePortalAdministration(PortalAccount account, Transfer& transfer,
                                                               const Clock& clock, Log& log);

}  // namespace tegodrop
