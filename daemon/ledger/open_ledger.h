// Opening the ledger for writing: lock, file, checks, schema; and closing it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/base/clock.h"
#include "daemon/disk/file_system.h"
#include "daemon/ledger/migrations.h"
#include "daemon/ledger/sqlite_db.h"
#include "daemon/ledger/sqlite_ledger.h"

namespace tegodrop {

// The database is closed before the lock is given up.
struct OpenedLedger {
  Fd lock;
  SqliteDb db;
  bool looked_over = true;  // in this life, all of it
};

// Up to this size, which a few thousand jobs take, a ledger is looked over before it is opened: 60 ms.
inline constexpr std::int64_t kLookedOverFirst = 32LL << 20;

// OpenSqliteLedger without its thread; `migrations` and `first` are LedgerMigrations() and kLookedOverFirst but in
// tests.
tl::expected<OpenedLedger, LedgerOpenError> OpenLedgerFile(const std::string& state_dir, const Migrations& migrations,
                                                           std::int64_t first = kLookedOverFirst);

// Closes it, and where all of it was looked over leaves the mark that says so (looked_mark.h). One that goes without
// this is looked over first by the next open.
void CloseLedgerFile(OpenedLedger ledger, const std::string& state_dir, std::int64_t first = kLookedOverFirst);

}  // namespace tegodrop
