#include "daemon/ledger/watch_rows.h"

#include "daemon/ledger/statements.h"

namespace tegodrop {

using sql::Change;
using sql::ForEachRow;
using sql::InTransaction;

Result<std::vector<OutcomeCount>> OutcomeRows(SqliteDb& db) {
  std::vector<OutcomeCount> outcomes;
  Status read = ForEachRow(
      db, "SELECT folder, result, count, last FROM outcomes ORDER BY folder, result", [](Statement&) {},
      [&](const Statement& row) -> Status {
        outcomes.push_back({row.Text(0), row.Text(1), row.Int(2), row.Int(3)});
        return {};
      });
  if (!read) return Fail(read.error());
  return outcomes;
}

Result<OutboxContent> OutboxRows(SqliteDb& db) {
  OutboxContent content;
  Status read = ForEachRow(
      db, "SELECT number, at, event, over, folder, job, file_name, kind, message, remedy FROM outbox ORDER BY number",
      [](Statement&) {},
      [&](const Statement& row) -> Status {
        content.events.push_back({row.Int(0), row.Int(1), row.Text(2), row.Int(3) != 0, row.Text(4), row.Text(5),
                                  row.Text(6), row.Text(7), row.Text(8), row.Text(9)});
        return {};
      });
  if (!read) return Fail(read.error());
  read = ForEachRow(
      db, "SELECT mark FROM told ORDER BY mark", [](Statement&) {},
      [&](const Statement& row) -> Status {
        content.marks.push_back(row.Text(0));
        return {};
      });
  if (!read) return Fail(read.error());
  return content;
}

Status AddEventRow(SqliteDb& db, const OutboxEvent& event, const std::string& mark) {
  return InTransaction(db, [&]() -> Status {
    Status added =
        Change(db, "INSERT OR REPLACE INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [&](Statement& to) {
          to.Bind(event.number).Bind(event.at).Bind(std::string_view(event.event)).Bind(std::int64_t{event.over});
          for (const std::string* text :
               {&event.folder, &event.job, &event.file_name, &event.kind, &event.message, &event.remedy}) {
            to.Bind(std::string_view(*text));
          }
        });
    if (!added) return added;
    return Change(db, event.over ? "DELETE FROM told WHERE mark = ?" : "INSERT OR IGNORE INTO told VALUES (?)",
                  [&](Statement& to) { to.Bind(std::string_view(mark)); });
  });
}

Status RemoveEventRows(SqliteDb& db, const std::vector<std::int64_t>& numbers) {
  return InTransaction(db, [&]() -> Status {
    for (const std::int64_t number : numbers) {
      Status removed = Change(db, "DELETE FROM outbox WHERE number = ?", [&](Statement& to) { to.Bind(number); });
      if (!removed) return removed;
    }
    return {};
  });
}

Status RemoveMarkRow(SqliteDb& db, const std::string& mark) {
  return InTransaction(db, [&] {
    return Change(db, "DELETE FROM told WHERE mark = ?", [&](Statement& to) { to.Bind(std::string_view(mark)); });
  });
}

}  // namespace tegodrop
