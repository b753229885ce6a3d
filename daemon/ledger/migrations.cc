#include "daemon/ledger/migrations.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "daemon/ledger/ledger_files.h"
#include "daemon/ledger/schema_1.h"
#include "daemon/ledger/schema_2.h"
#include "daemon/ledger/schema_3.h"

namespace tegodrop {
namespace {

Status CopyBeside(SqliteDb& db, std::int64_t schema) {
  const std::string copy = CopyName(db.path(), schema);
  const std::string part = copy + ".part";
  struct stat ledger {};
  if (stat(db.path().c_str(), &ledger) != 0) return FailPosix("cannot look at", db.path(), errno);
  if (unlink(part.c_str()) != 0 && errno != ENOENT) return FailPosix("cannot remove", part, errno);
  // VACUUM INTO takes an empty file that is there, and so keeps its rights.
  if (Status made = MakeReadableFile(part, ledger.st_gid); !made) return made;
  Status copied = [&]() -> Status {
    Result<Statement> vacuum = db.Prepare("VACUUM INTO ?");
    if (!vacuum) return Fail(vacuum.error());
    if (Status ran = vacuum->Bind(std::string_view(part)).Run(); !ran) return ran;
    if (Status synced = SyncFile(part); !synced) return synced;
    if (rename(part.c_str(), copy.c_str()) != 0) return FailPosix("cannot rename", part, errno);
    return SyncFolderOf(copy);
  }();
  if (!copied) unlink(part.c_str());
  return copied;
}

// From one schema to another, or not at all.
Status RunSteps(SqliteDb& db, const Migrations& migrations, std::int64_t from, std::int64_t gives) {
  Transaction transaction(db);
  if (Status begun = transaction.BeginWrite(); !begun) return begun;
  for (std::int64_t step = from; step < gives; ++step) {
    if (Status changed = db.Exec(migrations[static_cast<std::size_t>(step)]); !changed) return changed;
  }
  Result<std::optional<std::string>> broken = db.QueryText("PRAGMA foreign_key_check");
  if (!broken) return Fail(broken.error());
  if (broken->has_value()) {
    return Fail(ErrorKind::kCorrupt, "schema " + std::to_string(gives) + " would break the table " + **broken);
  }
  // Both stand in the file's header and are part of the transaction.
  Status marked = db.Exec("PRAGMA application_id = " + std::to_string(kLedgerApplicationId) +
                          "; PRAGMA user_version = " + std::to_string(gives));
  if (!marked) return marked;
  return transaction.Commit();
}

}  // namespace

const Migrations& LedgerMigrations() {
  static const Migrations kAll = {kSchema1, kSchema2, kSchema3};
  return kAll;
}

Result<std::int64_t> SchemaOf(SqliteDb& db) { return db.QueryInt("PRAGMA user_version"); }

std::string CopyName(const std::string& ledger, std::int64_t schema) {
  return ledger + ".before-" + std::to_string(schema);
}

Status Migrate(SqliteDb& db, const Migrations& migrations) {
  const Result<std::int64_t> schema = SchemaOf(db);
  if (!schema) return Fail(schema.error());
  const auto last = static_cast<std::int64_t>(migrations.size());
  if (*schema > 0 && *schema < last) {
    if (Status copied = CopyBeside(db, *schema + 1); !copied) return copied;
  }
  // A new ledger never has an older schema, whenever the daemon dies: it would be copied as one that has rows.
  if (*schema == 0) return RunSteps(db, migrations, 0, last);
  for (std::int64_t from = *schema; from < last; ++from) {
    if (Status step = RunSteps(db, migrations, from, from + 1); !step) return step;
  }
  return {};
}

}  // namespace tegodrop
