#include "daemon/ledger/statements.h"

namespace tegodrop::sql {

namespace {

// Lets go of a kept statement: one that stands at a row would hold its lock, and what is bound its memory.
class Use {
 public:
  explicit Use(Statement& statement) : statement_(statement) {}
  ~Use() { statement_.Start(); }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

 private:
  Statement& statement_;
};

}  // namespace

Status Change(SqliteDb& db, const std::string& sql, const Bind& bind) {
  const Result<Statement*> statement = db.Kept(sql);
  if (!statement) return Fail(statement.error());
  const Use use(**statement);
  bind(**statement);
  return (*statement)->Run();
}

Status ForEachRow(SqliteDb& db, const std::string& sql, const Bind& bind,
                  const std::function<Status(const Statement&)>& row) {
  const Result<Statement*> statement = db.Kept(sql);
  if (!statement) return Fail(statement.error());
  const Use use(**statement);
  bind(**statement);
  for (;;) {
    const Result<bool> more = (*statement)->Step();
    if (!more) return Fail(more.error());
    if (!*more) return {};
    if (Status taken = row(**statement); !taken) return taken;
  }
}

Status InTransaction(SqliteDb& db, const std::function<Status()>& work) {
  Transaction transaction(db);
  if (Status begun = transaction.BeginWrite(); !begun) return begun;
  if (Status worked = work(); !worked) return worked;
  return transaction.Commit();
}

}  // namespace tegodrop::sql
