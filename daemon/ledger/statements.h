// SQL on one connection in few words: what the tables' files are written with.
#pragma once

#include <functional>
#include <string>

#include "daemon/base/result.h"
#include "daemon/ledger/sqlite_db.h"

namespace tegodrop::sql {

// Binds a statement's parameters, in their order.
using Bind = std::function<void(Statement&)>;

// Runs a statement that gives no rows. Statements are kept (SqliteDb::Kept): the texts are few and always the same.
Status Change(SqliteDb& db, const std::string& sql, const Bind& bind);
// `row` for each row; its error ends the reading. It may not ask the same question.
Status ForEachRow(SqliteDb& db, const std::string& sql, const Bind& bind,
                  const std::function<Status(const Statement&)>& row);
// `work` in one transaction; what it returns as an error is rolled back.
Status InTransaction(SqliteDb& db, const std::function<Status()>& work);

}  // namespace tegodrop::sql
