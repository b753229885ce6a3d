// The tables that tell of the daemon to those outside, as blocking calls on one connection: what metrics and
// notifications are made of. As ledger_rows.h otherwise.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/ledger/outbox.h"
#include "daemon/ledger/outcomes.h"
#include "daemon/ledger/sqlite_db.h"

namespace tegodrop {

Result<std::vector<OutcomeCount>> OutcomeRows(SqliteDb& db);

Result<OutboxContent> OutboxRows(SqliteDb& db);
Status AddEventRow(SqliteDb& db, const OutboxEvent& event, const std::string& mark);
Status RemoveEventRows(SqliteDb& db, const std::vector<std::int64_t>& numbers);
Status RemoveMarkRow(SqliteDb& db, const std::string& mark);

}  // namespace tegodrop
