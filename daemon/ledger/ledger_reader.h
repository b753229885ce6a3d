// Reading a ledger that belongs to somebody else: what each question to it is wrapped in.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/ledger/sqlite_db.h"
#include "daemon/ledger/sqlite_ledger.h"

namespace tegodrop {

// One question. It is asked again where what it read does not count, so it starts over with each call.
using LedgerRead = std::function<Status(SqliteDb&)>;

// Asks it of the ledger in that folder, beside a running daemon or without one, inside of one transaction, and writes
// nothing. Blocks; errors as ReadLedger's.
Status ReadSteadily(const std::string& state_dir, const LedgerRead& read);

// Those jobs, or their error, and what stands beside the jobs.
Result<LedgerSnapshot> SnapshotOf(SqliteDb& db, Result<std::vector<Job>> jobs);

}  // namespace tegodrop
