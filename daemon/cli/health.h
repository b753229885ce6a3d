// What a monitor is to turn red for. Pure.
#pragma once

#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/ledger/sqlite_ledger.h"

namespace tegodrop {

// One line for each thing that somebody should look at; none: all is well. `snapshot`: as status shows it, with the
// finished jobs of the last day. A pause, a full quota and builds that take their time are no trouble: somebody wanted
// them so.
std::vector<std::string> HealthProblems(const LedgerSnapshot& snapshot, bool daemon_runs, WallMs now);

}  // namespace tegodrop
