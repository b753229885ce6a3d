// The tables that tell of the daemon to those outside, as blocking calls on one connection: what metrics and
// notifications are made of. As ledger_rows.h otherwise.
#pragma once

#include <vector>

#include "daemon/base/result.h"
#include "daemon/ledger/outcomes.h"
#include "daemon/ledger/sqlite_db.h"

namespace tegodrop {

Result<std::vector<Outcome>> OutcomeRows(SqliteDb& db);

}  // namespace tegodrop
