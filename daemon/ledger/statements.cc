#include "daemon/ledger/statements.h"

namespace tegodrop::sql {

Status Change(SqliteDb& db, const std::string& sql, const Bind& bind) {
  Result<Statement> statement = db.Prepare(sql);
  if (!statement) return Fail(statement.error());
  bind(statement->Start());
  return statement->Run();
}

Status ForEachRow(SqliteDb& db, const std::string& sql, const Bind& bind,
                  const std::function<Status(const Statement&)>& row) {
  Result<Statement> statement = db.Prepare(sql);
  if (!statement) return Fail(statement.error());
  bind(statement->Start());
  for (;;) {
    const Result<bool> more = statement->Step();
    if (!more) return Fail(more.error());
    if (!*more) return {};
    if (Status taken = row(*statement); !taken) return taken;
  }
}

Status InTransaction(SqliteDb& db, const std::function<Status()>& work) {
  Transaction transaction(db);
  if (Status begun = transaction.BeginWrite(); !begun) return begun;
  if (Status worked = work(); !worked) return worked;
  return transaction.Commit();
}

}  // namespace tegodrop::sql
