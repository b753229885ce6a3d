// Build histories as the commands look through them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/app/portal_session.h"
#include "daemon/base/result.h"
#include "daemon/model/build.h"
#include "daemon/portal/administration.h"

namespace tegodrop {

// "running", "done", "unsigned", "failed", "reset" or "deleted".
std::string BuildWord(const BuildRow& row);

// What the portal says about it: errors first, then the status.
std::string BuildMessage(const BuildRow& row);

// Every build of a version, in the portal's order, each once. A listing that grows while it is read is read again from
// its beginning, at most three times; `json` is of its first page.
Result<BuildListing> ListEveryBuild(PortalSession& session, const std::string& version);

// The row of that build; nullopt where the history has none.
Result<std::optional<BuildRow>> FindBuild(PortalSession& session, const BuildIdentity& build);

}  // namespace tegodrop
