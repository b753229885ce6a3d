#include "daemon/ledger/sqlite_db.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/ledger/state_disk.h"

namespace tegodrop {
namespace {

// How long a lock of a reader, or of somebody's sqlite3 at the prompt, is waited for. Only the ledger's own thread
// waits.
constexpr int kBusyMs = 2000;

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

Error FullDisk(const std::string& path, int sys) {
  Error error;
  error.kind = ErrorKind::kLocalDisk;
  error.sys = sys;
  error.message = "the disk of " + Printable(FolderOf(path)) +
                  (sys == EDQUOT ? " takes no more of this user (quota)" : " is full") +
                  ": make room for the ledger there";
  return error;
}

}  // namespace

Error SqliteError(sqlite3* db, int code, const std::string& path) {
  Error error;
  const int sys = db == nullptr ? 0 : sqlite3_system_errno(db);
  const std::string shown = Printable(path);
  const std::string detail = db == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(db);
  error.kind = ErrorKind::kLocalDisk;
  switch (code & 0xff) {
    case SQLITE_FULL:
      return FullDisk(path, ENOSPC);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      if (sys == ENOSPC || sys == EDQUOT) return FullDisk(path, sys);
      error.sys = sys;
      // SQLite does not keep errno for each of its I/O errors; that they are such is known.
      if ((code & 0xff) == SQLITE_IOERR && !IsPassingTrouble(sys) && sys != EACCES && sys != EPERM) error.sys = EIO;
      error.message = shown + " cannot be read or written (" + (sys == 0 ? detail : std::string(std::strerror(sys))) +
                      "): look at the disk and the rights of its folder";
      return error;
    case SQLITE_READONLY:
      if (OnReadOnlyDisk(FolderOf(path))) {
        error.sys = EROFS;
        error.message = "the disk of " + Printable(FolderOf(path)) +
                        " is mounted read-only: see in the system's log why, repair and remount it";
        return error;
      }
      error.sys = EACCES;
      error.message = shown + " cannot be written (" + detail +
                      "): look at the rights of the file and its folder, and " + "whether the disk went read-only";
      return error;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      error.sys = EBUSY;
      error.message = shown + " is held by another program (" + detail + "): end whatever else has it open";
      return error;
    case SQLITE_NOMEM:
      error.sys = ENOMEM;
      error.message = "no memory left for " + shown;
      return error;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      error.kind = ErrorKind::kCorrupt;
      error.sys = EUCLEAN;  // in SQLite's judgement, which a disk that reads wrongly also leads to
      error.message = shown + " is damaged (" + detail + ")";
      return error;
    default:
      error.kind = ErrorKind::kBug;
      error.message = shown + ": " + detail + " (SQLite code " + std::to_string(code) + ")";
      return error;
  }
}

Statement& Statement::Start() {
  sqlite3_reset(stmt_.get());
  sqlite3_clear_bindings(stmt_.get());
  bound_ = 0;
  bind_failure_ = SQLITE_OK;
  return *this;
}

Statement& Statement::Bind(std::int64_t value) {
  const int code = sqlite3_bind_int64(stmt_.get(), ++bound_, value);
  if (code != SQLITE_OK) bind_failure_ = code;
  return *this;
}

Statement& Statement::Bind(std::string_view value) {
  // A null pointer would bind NULL and not the empty text.
  const char* data = value.data() == nullptr ? "" : value.data();
  const int code = sqlite3_bind_text64(stmt_.get(), ++bound_, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) bind_failure_ = code;
  return *this;
}

Statement& Statement::BindNull() {
  ++bound_;
  return *this;
}

Result<bool> Statement::Step() {
  sqlite3* db = sqlite3_db_handle(stmt_.get());
  const int code = bind_failure_ != SQLITE_OK ? bind_failure_ : sqlite3_step(stmt_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(stmt_.get());
    return false;
  }
  // The error is taken before the reset: a reset may replace it.
  Error error = SqliteError(db, code, path_);
  sqlite3_reset(stmt_.get());
  return Fail(std::move(error));
}

Status Statement::Run() {
  const Result<bool> row = Step();
  if (!row) return Fail(row.error());
  if (*row) sqlite3_reset(stmt_.get());
  return {};
}

bool Statement::IsNull(int column) const { return sqlite3_column_type(stmt_.get(), column) == SQLITE_NULL; }

std::int64_t Statement::Int(int column) const { return sqlite3_column_int64(stmt_.get(), column); }

std::string Statement::Text(int column) const {
  // The text before its length: the call may convert.
  const unsigned char* text = sqlite3_column_text(stmt_.get(), column);
  const int size = sqlite3_column_bytes(stmt_.get(), column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(size)};
}

Result<SqliteDb> SqliteDb::Open(const std::string& name, const std::string& path, int flags, const char* vfs) {
  SqliteDb db;
  db.path_ = path;
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs);
  db.db_.reset(raw);  // also after a failure there may be something to close
  if (code != SQLITE_OK) return Fail(SqliteError(raw, code, path));
  sqlite3_busy_timeout(raw, kBusyMs);
  // A file from elsewhere must not make us run what its schema says, and no statement of ours needs to write the
  // schema.
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  return db;
}

Status SqliteDb::Exec(const std::string& sql) {
  const int code = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return Fail(SqliteError(db_.get(), code, path_));
  return {};
}

Result<Statement> SqliteDb::Prepare(const std::string& sql) {
  sqlite3_stmt* stmt = nullptr;
  const int code = sqlite3_prepare_v3(db_.get(), sql.c_str(), static_cast<int>(sql.size() + 1),
                                      SQLITE_PREPARE_PERSISTENT, &stmt, nullptr);
  Statement statement(stmt, path_);
  if (code != SQLITE_OK) return Fail(SqliteError(db_.get(), code, path_));
  return statement;
}

Result<Statement*> SqliteDb::Kept(const std::string& sql) {
  auto found = kept_.find(sql);
  if (found == kept_.end()) {
    Result<Statement> statement = Prepare(sql);
    if (!statement) return Fail(statement.error());
    found = kept_.emplace(sql, std::move(*statement)).first;
  }
  return &found->second.Start();
}

Result<std::optional<std::string>> SqliteDb::QueryText(const std::string& sql) {
  Result<Statement> statement = Prepare(sql);
  if (!statement) return Fail(statement.error());
  const Result<bool> row = statement->Step();
  if (!row) return Fail(row.error());
  if (!*row) return std::nullopt;
  return statement->Text(0);
}

Result<std::int64_t> SqliteDb::QueryInt(const std::string& sql) {
  Result<Statement> statement = Prepare(sql);
  if (!statement) return Fail(statement.error());
  const Result<bool> row = statement->Step();
  if (!row) return Fail(row.error());
  return *row ? statement->Int(0) : 0;
}

Transaction::~Transaction() {
  // Some failures end the transaction by themselves; a rollback without one would be an error.
  if (sqlite3_get_autocommit(db_.raw()) == 0) sqlite3_exec(db_.raw(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Status Transaction::BeginWrite() { return db_.Exec("BEGIN IMMEDIATE"); }
Status Transaction::BeginRead() { return db_.Exec("BEGIN"); }
Status Transaction::Commit() { return db_.Exec("COMMIT"); }

}  // namespace tegodrop
