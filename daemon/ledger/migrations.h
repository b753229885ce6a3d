// The ledger's schema as numbered steps. A step that was released is never changed: a new one follows it.
#pragma once

#include <string>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/ledger/sqlite_db.h"

namespace tegodrop {

// The step from schema N to N + 1 is at index N: SQL without BEGIN and COMMIT.
using Migrations = std::vector<std::string>;

// The steps of this program; their number is the schema that it reads and writes.
const Migrations& LedgerMigrations();

// Marks the file as ours in its header, whatever its name ("tego").
inline constexpr std::int64_t kLedgerApplicationId = 0x7465676F;

// The schema that the file carries; 0 for a new one.
Result<std::int64_t> SchemaOf(SqliteDb& db);

// Takes the ledger from its schema to the last one, each step in a transaction of its own, a new one in a single one.
// Before the first step a whole copy of a ledger that has a schema is put beside it as CopyName(path, N), N being the
// schema that the first step gives; where a copy of that name stands already it is replaced. Foreign keys must be off:
// a step may rebuild tables; broken references are found before each commit.
Status Migrate(SqliteDb& db, const Migrations& migrations);

// "<ledger>.before-N".
std::string CopyName(const std::string& ledger, std::int64_t schema);

}  // namespace tegodrop
