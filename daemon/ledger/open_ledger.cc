#include "daemon/ledger/open_ledger.h"

#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/ledger/ledger_files.h"
#include "daemon/ledger/looked_mark.h"
#include "daemon/ledger/read_only_vfs.h"
#include "daemon/ledger/state_disk.h"

namespace tegodrop {
namespace {

using Opened = tl::expected<void, LedgerOpenError>;
using Refused = tl::unexpected<LedgerOpenError>;

Refused Refuse(LedgerOpenFailure reason, std::string message) {
  return Refused(LedgerOpenError{reason, std::move(message)});
}

Refused RefuseDamaged(const std::string& state_dir, const std::string& what) {
  return Refused(DamagedLedger(state_dir, what));
}

Refused RefuseFor(const std::string& state_dir, const Error& error) {
  if (error.kind == ErrorKind::kCorrupt) return RefuseDamaged(state_dir, error.message);
  return Refuse(IsPassingTrouble(error.sys) ? LedgerOpenFailure::kDiskTrouble : LedgerOpenFailure::kDisk,
                error.message);
}

Opened CheckFolder(const std::string& state_dir) {
  struct statfs fs {};
  struct stat folder {};
  if (stat(state_dir.c_str(), &folder) == 0 && !S_ISDIR(folder.st_mode)) errno = ENOTDIR;
  if (!S_ISDIR(folder.st_mode) || statfs(state_dir.c_str(), &fs) != 0) {
    Error error = PosixError("cannot use state_dir", state_dir, errno);
    if (!IsPassingTrouble(error.sys)) error.message += "; it must be a folder on a local disk";
    return RefuseFor(state_dir, error);
  }
  const auto magic = static_cast<std::uint32_t>(fs.f_type);
  if (IsShared(magic)) {
    return Refuse(LedgerOpenFailure::kNetworkDisk,
                  "state_dir " + Printable(state_dir) + " is on a network file system (" + FsTypeOf(magic).name +
                      "), where a ledger comes to harm: choose a folder on a local disk");
  }
  return {};
}

tl::expected<Fd, LedgerOpenError> Lock(const std::string& state_dir) {
  const std::string path = LedgerLockPath(state_dir);
  Result<Fd> lock = TakeLock(path);
  if (!lock) return RefuseFor(state_dir, lock.error());
  if (!lock->valid()) {
    const std::string holder = LockHolder(path);
    return Refuse(LedgerOpenFailure::kLocked, "another tegodrop" + (holder.empty() ? "" : " (process " + holder + ")") +
                                                  " works with the ledger in " + Printable(state_dir));
  }
  return std::move(*lock);
}

Opened MakeFile(const std::string& state_dir) {
  const std::string path = LedgerPath(state_dir);
  struct stat ledger {};
  struct stat wal {};
  // What cannot be looked at is not missing.
  if (stat(path.c_str(), &ledger) != 0 && errno != ENOENT) {
    return RefuseFor(state_dir, PosixError("cannot look at", path, errno));
  }
  const bool empty = ledger.st_size == 0;
  if (empty && stat(WalPath(path).c_str(), &wal) == 0 && wal.st_size > kWalHeader) {
    // SQLite would throw the log away, and with it all that it holds.
    return RefuseDamaged(state_dir, Printable(path) + " is not there, but its write-ahead log is");
  }
  struct stat folder {};
  if (stat(state_dir.c_str(), &folder) != 0) {
    return RefuseFor(state_dir, PosixError("cannot look at", state_dir, errno));
  }
  if (Status made = MakeReadableFile(path, folder.st_gid); !made) return RefuseFor(state_dir, made.error());
  return {};
}

Result<bool> Exists(const std::string& path) {
  struct stat st {};
  if (stat(path.c_str(), &st) == 0) return true;
  if (errno == ENOENT) return false;
  return FailPosix("cannot look at", path, errno);
}

Result<bool> HasRows(const std::string& log) {
  struct stat st {};
  if (stat(log.c_str(), &st) == 0) return st.st_size > kWalHeader;
  if (errno == ENOENT) return false;
  return FailPosix("cannot look at", log, errno);
}

// From here on the mark says nothing of the file any more.
Result<SqliteDb> OpenForWriting(const std::string& state_dir) {
  if (Status removed = RemoveLookedMark(state_dir); !removed) return Fail(removed.error());
  const std::string path = LedgerPath(state_dir);
  return SqliteDb::Open(path, path, SQLITE_OPEN_READWRITE, nullptr);
}

// Without a trace, so that a file that is refused stays as it was. Only a death in the very first moments of a ledger
// leaves a rollback journal, which must be played back before anything can be read.
Result<SqliteDb> OpenToLook(const std::string& state_dir) {
  const std::string path = LedgerPath(state_dir);
  const Result<bool> journal = Exists(path + "-journal");
  if (!journal) return Fail(journal.error());
  if (*journal) return OpenForWriting(state_dir);
  const Result<bool> log = HasRows(WalPath(path));
  if (!log) return Fail(log.error());
  return OpenReadOnly(path, *log);
}

// Nothing beside the file is still to be taken into it.
bool IsAtRest(const std::string& path) {
  const Result<bool> journal = Exists(path + "-journal");
  const Result<bool> log = HasRows(WalPath(path));
  return journal && !*journal && log && !*log;
}

bool IsLarge(const std::string& path, std::int64_t first) {
  struct stat ledger {};
  return stat(path.c_str(), &ledger) == 0 && ledger.st_size > first;
}

// Whether it may be opened before all of it was looked over: a large one takes its time, a second for each hundred
// thousand jobs. One that was looked over in an earlier life and then closed as it should be stands as this program
// wrote it, but for a disk that decays, and that does not wait for a start; in every other case, and before a
// migration, the whole is looked at first.
bool MayWaitToBeLookedOver(const std::string& state_dir, std::int64_t first) {
  const std::string path = LedgerPath(state_dir);
  return IsLarge(path, first) && IsAtRest(path) && HasLookedMark(state_dir);
}

// Whose file is it, of which schema, and is it whole? `may_wait`: see above; then says whether it does.
Opened CheckContent(SqliteDb& db, const std::string& state_dir, std::int64_t newest, bool& may_wait) {
  const Result<std::int64_t> id = db.QueryInt("PRAGMA application_id");
  if (!id) return RefuseFor(state_dir, id.error());
  const Result<std::int64_t> objects = db.QueryInt("SELECT count(*) FROM sqlite_schema");
  if (!objects) return RefuseFor(state_dir, objects.error());
  const Result<std::int64_t> schema = SchemaOf(db);
  if (!schema) return RefuseFor(state_dir, schema.error());
  const bool blank = *id == 0 && *objects == 0 && *schema == 0;
  if (!blank && (*id != kLedgerApplicationId || *schema < 1)) {
    return RefuseDamaged(state_dir, Printable(db.path()) + " is a database, but no ledger of tegodrop");
  }
  if (*schema > newest) {
    return Refuse(LedgerOpenFailure::kNewerSchema,
                  Printable(db.path()) + " has schema " + std::to_string(*schema) +
                      ", and this tegodrop knows schema " + std::to_string(newest) +
                      ": install the newer tegodrop again. Its migrations left copies beside " + "the ledger (" +
                      Printable(CopyName(db.path(), newest + 1)) +
                      "), but whoever goes back to one loses what happened since, and builds may be made twice");
  }
  may_wait = may_wait && *schema == newest;
  if (may_wait) return {};
  const Result<std::optional<std::string>> checked = db.QueryText("PRAGMA quick_check(1)");
  if (!checked) return RefuseFor(state_dir, checked.error());
  if (checked->value_or("") != "ok") {
    return RefuseDamaged(state_dir, Printable(db.path()) + " is damaged (" + Printable(checked->value_or("")) + ")");
  }
  return {};
}

Status Prepare(SqliteDb& db, const Migrations& migrations) {
  const Result<std::optional<std::string>> mode = db.QueryText("PRAGMA journal_mode = WAL");
  if (!mode) return Fail(mode.error());
  if (mode->value_or("") != "wal") {
    return Fail(ErrorKind::kLocalDisk, Printable(db.path()) + " cannot keep a write-ahead log on this file system");
  }
  // journal_size_limit: what a slow reader let grow is given back. temp_store: no file of ours in /tmp.
  Status set = db.Exec(
      "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 8388608; "
      "PRAGMA cell_size_check = ON; PRAGMA foreign_keys = OFF");
  if (!set) return set;
  if (Status migrated = Migrate(db, migrations); !migrated) return migrated;
  if (Status keys = db.Exec("PRAGMA foreign_keys = ON"); !keys) return keys;
  // The name of a new ledger must survive a power cut as its rows do.
  return SyncFolderOf(db.path());
}

// SQLite gives its own files the ledger's mode, but the group of the process.
void ShareWithGroup(const std::string& path) {
  struct stat ledger {};
  if (stat(path.c_str(), &ledger) != 0) return;
  for (const std::string& name : {WalPath(path), ShmPath(path)}) {
    // By name: opening and closing them here would drop SQLite's locks. Without the right to do so the group does not
    // read while the daemon runs, no more.
    [[maybe_unused]] const int ignored = lchown(name.c_str(), static_cast<uid_t>(-1), ledger.st_gid);
  }
}

}  // namespace

LedgerOpenError DamagedLedger(const std::string& state_dir, const std::string& what,
                              std::optional<WallMs> worked_since) {
  std::string message = what;
  if (worked_since) {
    message += "; the daemon has worked with it since " + Rfc3339(*worked_since) +
               " and written into it: compare the build history in the portal and the output folders with the "
               "artifacts dropped since then";
  } else {
    message += "; nothing was changed";
  }
  message += ". The way back: move ledger.sqlite, ledger.sqlite-wal and ledger.sqlite-shm in " + Printable(state_dir) +
             " elsewhere, and put a backup in their place";
  const std::vector<std::string> copies = CopiesBeside(state_dir);
  for (std::size_t i = 0; i < copies.size(); ++i) {
    message += (i == 0 ? " (made before migrations: " : ", ") + Printable(copies[i]);
  }
  if (!copies.empty()) message += ")";
  message +=
      ", or start without one. A ledger that is older or new knows nothing of what was done since: the "
      "artifacts themselves are safe in the rooms of their drop folders (claimed/) and in " +
      Printable(state_dir) +
      "/spool; look at the build history in the portal first, then drop again what has no build there";
  return {LedgerOpenFailure::kDamaged, std::move(message)};
}

tl::expected<OpenedLedger, LedgerOpenError> OpenLedgerFile(const std::string& state_dir, const Migrations& migrations,
                                                           std::int64_t first) {
  if (Opened folder = CheckFolder(state_dir); !folder) return Refused(folder.error());
  OpenedLedger ledger;
  tl::expected<Fd, LedgerOpenError> lock = Lock(state_dir);
  if (!lock) return Refused(lock.error());
  ledger.lock = std::move(*lock);
  if (Opened made = MakeFile(state_dir); !made) return Refused(made.error());
  const std::string path = LedgerPath(state_dir);
  bool waits = MayWaitToBeLookedOver(state_dir, first);
  {
    const LogWatch watch;  // as a reader, also for root (read_only_vfs.cc)
    Result<SqliteDb> look = OpenToLook(state_dir);
    if (!look && watch.unread()) return RefuseFor(state_dir, UnreadError(*watch.unread(), path));
    if (!look) return RefuseFor(state_dir, look.error());
    Opened content = CheckContent(*look, state_dir, static_cast<std::int64_t>(migrations.size()), waits);
    // SQLite's check does not end at a page that the disk would not give, but counts it among the damage.
    if (!content && watch.unread()) return RefuseFor(state_dir, UnreadError(*watch.unread(), path));
    if (!content) return Refused(content.error());
  }
  Result<SqliteDb> db = OpenForWriting(state_dir);
  if (!db) return RefuseFor(state_dir, db.error());
  ledger.db = std::move(*db);
  if (Status prepared = Prepare(ledger.db, migrations); !prepared) {
    const Error& error = prepared.error();
    // Whole a moment ago: then the disk gives other bytes each time, and the next look tells.
    if (!waits && error.kind == ErrorKind::kCorrupt && error.sys == EUCLEAN) {
      return Refuse(LedgerOpenFailure::kDiskTrouble,
                    Printable(path) +
                        " was whole a moment ago and now reads otherwise: look at the disk, and see the "
                        "system's log for its errors");
    }
    return RefuseFor(state_dir, error);
  }
  ShareWithGroup(path);
  ledger.looked_over = !waits;
  return ledger;
}

void CloseLedgerFile(OpenedLedger ledger, const std::string& state_dir, std::int64_t first) {
  const std::string path = LedgerPath(state_dir);
  // As far as it goes without waiting for a reader: what stays in the log is found there by the next open.
  sqlite3_wal_checkpoint_v2(ledger.db.raw(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  // What somebody has put in its place meanwhile was not looked over.
  int moved = 1;
  sqlite3_file_control(ledger.db.raw(), nullptr, SQLITE_FCNTL_HAS_MOVED, &moved);
  { const SqliteDb closed = std::move(ledger.db); }
  if (!ledger.looked_over || moved != 0 || !IsLarge(path, first) || !IsAtRest(path)) return;
  // Without it the next start looks first, no more.
  [[maybe_unused]] const Status ignored = MakeLookedMark(state_dir);
}

}  // namespace tegodrop
