#include "daemon/ledger/read_only_vfs.h"

#include <sqlite3.h>
#include <sys/types.h>

#include <cerrno>
#include <string>

#include "daemon/base/text.h"
#include "daemon/ledger/state_disk.h"

namespace tegodrop {
namespace {

thread_local LogWatch* watching = nullptr;

// Where its file layer answers SQLITE_READONLY_CANTINIT SQLite reads a log without the shared index. It does so by
// itself for an index that nobody keeps (after a crash); a missing one (a restored backup) it would call an error.
int NoIndex() {
  if (watching != nullptr) watching->SetUnguarded();
  return SQLITE_READONLY_CANTINIT;
}

sqlite3_vfs* System() {
  static sqlite3_vfs* const kSystem = sqlite3_vfs_find("unix");
  return kSystem;
}

decltype(sqlite3_io_methods::xRead) real_read = nullptr;

int WatchedRead(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  const int code = real_read(file, to, size, at);
  // Behind the end of a file there is nothing to read, which is no trouble.
  if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ && watching != nullptr) {
    watching->SetUnread({code, System()->xGetLastError(System(), 0, nullptr)});
  }
  return code;
}

// The system's calls on a log, or on a database that does not change.
struct PlainCalls {
  explicit PlainCalls(const sqlite3_io_methods* system) : real(system), watched(*system) {
    watched.xRead = WatchedRead;
  }
  const sqlite3_io_methods* real;
  sqlite3_io_methods watched;
};

// The system's calls on an open database, with those for the shared index replaced.
struct Calls {
  explicit Calls(const sqlite3_io_methods* system) : real(system), watched(*system), missing(*system) {
    watched.xRead = missing.xRead = WatchedRead;
    watched.xShmMap = WatchedMap;
    missing.xShmMap = [](sqlite3_file*, int, int, int, void volatile**) { return NoIndex(); };
    missing.xShmLock = [](sqlite3_file*, int, int, int) { return SQLITE_OK; };
    missing.xShmBarrier = [](sqlite3_file*) {};
    missing.xShmUnmap = [](sqlite3_file*, int) { return SQLITE_OK; };
    real_map = system->xShmMap;
  }
  static int WatchedMap(sqlite3_file* file, int region, int size, int extend, void volatile** to) {
    const int code = real_map(file, region, size, extend, to);
    return code == SQLITE_READONLY_CANTINIT ? NoIndex() : code;
  }

  const sqlite3_io_methods* real;
  sqlite3_io_methods watched;
  sqlite3_io_methods missing;
  static inline decltype(sqlite3_io_methods::xShmMap) real_map = nullptr;
};

int Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  if (name == nullptr || (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0) return SQLITE_CANTOPEN;
  const bool database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
  flags &= ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_DELETEONCLOSE);
  const int code = System()->xOpen(System(), name, file, flags | SQLITE_OPEN_READONLY, out_flags);
  // Files opened as immutable have no shared index.
  if (code != SQLITE_OK) return code;
  real_read = file->pMethods->xRead;  // one for all files of the system
  if (!database || file->pMethods->xShmMap == nullptr) {
    static const PlainCalls kPlain(file->pMethods);
    if (file->pMethods == kPlain.real) file->pMethods = &kPlain.watched;
    return code;
  }
  static const Calls kCalls(file->pMethods);
  if (file->pMethods != kCalls.real) return code;
  int there = 0;
  const int looked = System()->xAccess(System(), (std::string(name) + "-shm").c_str(), SQLITE_ACCESS_EXISTS, &there);
  // xAccess calls an empty file missing; for an index that is the same.
  file->pMethods = looked == SQLITE_OK && there == 0 ? &kCalls.missing : &kCalls.watched;
  return code;
}

// For root SQLite gives the log and its index to the ledger's owner whenever it opens them, be it for reading: a change
// of their ctime, if no more. Readers leave it out; a ledger in the same process keeps it.
using ChangeOwner = int (*)(int, uid_t, gid_t);
ChangeOwner real_change_owner = nullptr;
int ChangeOwnerUnlessReading(int fd, uid_t user, gid_t group) {
  return watching != nullptr ? 0 : real_change_owner(fd, user, group);
}

void LeaveOwnersAlone() {
  const sqlite3_syscall_ptr real = System()->xGetSystemCall(System(), "fchown");
  if (real == nullptr) return;
  real_change_owner = reinterpret_cast<ChangeOwner>(real);
  System()->xSetSystemCall(System(), "fchown", reinterpret_cast<sqlite3_syscall_ptr>(ChangeOwnerUnlessReading));
}

int Delete(sqlite3_vfs*, const char*, int) { return SQLITE_READONLY; }

// nullptr where SQLite cannot be started.
const char* ReadOnlyVfs() {
  static const char* const kName = []() -> const char* {
    if (sqlite3_initialize() != SQLITE_OK || System() == nullptr) return nullptr;
    LeaveOwnersAlone();
    static sqlite3_vfs ours = *System();
    ours.pNext = nullptr;
    ours.zName = "tegodrop-read-only";
    ours.xOpen = Open;
    ours.xDelete = Delete;
    return sqlite3_vfs_register(&ours, 0) == SQLITE_OK ? ours.zName : nullptr;
  }();
  return kName;
}

std::string AsUri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '?' || c == '#' || c == '%') {
      uri += '%' + ToHex({&c, 1});
    } else {
      uri += c;
    }
  }
  return uri;
}

}  // namespace

Result<SqliteDb> OpenReadOnly(const std::string& path, bool log) {
  const char* vfs = ReadOnlyVfs();
  if (vfs == nullptr) return Fail(ErrorKind::kBug, "SQLite cannot be started");
  const std::string name = AsUri(path) + (log ? "?mode=ro&readonly_shm=1" : "?mode=ro&immutable=1");
  Result<SqliteDb> db = SqliteDb::Open(name, path, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, vfs);
  if (!db) return db;
  sqlite3_db_config(db->raw(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  if (Status set = db->Exec("PRAGMA temp_store = MEMORY; PRAGMA query_only = ON"); !set) return Fail(set.error());
  return db;
}

Error UnreadError(const LogWatch::Unread& unread, const std::string& path) {
  Error error = PosixError("cannot read", path, unread.sys != 0 ? unread.sys : EIO);
  if (!IsPassingTrouble(error.sys)) error.sys = EIO;
  error.message += ": look at the disk, and see the system's log for its errors";
  return error;
}

LogWatch::LogWatch() { watching = this; }
LogWatch::~LogWatch() { watching = nullptr; }

}  // namespace tegodrop
