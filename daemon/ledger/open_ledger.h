// Opening the ledger for writing: lock, file, checks, schema.
#pragma once

#include <string>

#include "daemon/disk/file_system.h"
#include "daemon/ledger/migrations.h"
#include "daemon/ledger/sqlite_db.h"
#include "daemon/ledger/sqlite_ledger.h"

namespace tegodrop {

// The database is closed before the lock is given up.
struct OpenedLedger {
  Fd lock;
  SqliteDb db;
};

// OpenSqliteLedger without its thread; `migrations` are LedgerMigrations() but in tests.
tl::expected<OpenedLedger, LedgerOpenError> OpenLedgerFile(const std::string& state_dir, const Migrations& migrations);

}  // namespace tegodrop
