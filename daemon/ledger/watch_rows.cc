#include "daemon/ledger/watch_rows.h"

#include "daemon/ledger/statements.h"

namespace tegodrop {

using sql::ForEachRow;

Result<std::vector<Outcome>> OutcomeRows(SqliteDb& db) {
  std::vector<Outcome> outcomes;
  Status read = ForEachRow(
      db, "SELECT folder, result, count, last FROM outcomes ORDER BY folder, result", [](Statement&) {},
      [&](const Statement& row) -> Status {
        outcomes.push_back({row.Text(0), row.Text(1), row.Int(2), row.Int(3)});
        return {};
      });
  if (!read) return Fail(read.error());
  return outcomes;
}

}  // namespace tegodrop
