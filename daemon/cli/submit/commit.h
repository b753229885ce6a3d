// Which commit an artifact is said to be of. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/cli/submit/options.h"
#include "daemon/cli/submit/sidecars.h"

namespace tegodrop {

// --commit as the rest takes it: lower-case hex, or `git describe` output. kRejected with what to give.
Result<std::string> CheckedCommit(std::string_view commit);

// Of a MergedSidecar that has what --json-sidecar said: its commit, its ref where that was `git describe` output, and
// what is told of both. kRejected where --json-sidecar and --commit disagree.
Status SettleCommit(const std::string& commit, const std::vector<CiVariable>& environment, MergedSidecar& merged);

}  // namespace tegodrop
