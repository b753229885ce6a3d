// SQLite with owners for its handles and Errors for its codes. Nothing here knows of jobs. Used by one thread at a
// time.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/result.h"

namespace tegodrop {

// One prepared statement. Values are bound in the order of the parameters, columns are read by their number. A failure
// to bind (out of memory, a text that is too long) shows in the next Step.
class Statement {
 public:
  Statement() = default;
  Statement(sqlite3_stmt* stmt, std::string path) : stmt_(stmt), path_(std::move(path)) {}

  // Back to the start, with nothing bound. Ends a read that was not read to its end.
  Statement& Start();
  Statement& Bind(std::int64_t value);
  Statement& Bind(std::string_view value);  // text of any bytes, also NUL and what is not UTF-8
  Statement& BindNull();

  // True with a row to read, false at the end. Where it ends or fails the statement is reset, so that it holds no lock.
  Result<bool> Step();
  // Steps a statement that gives no rows.
  Status Run();

  bool IsNull(int column) const;
  std::int64_t Int(int column) const;
  std::string Text(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* stmt) const { sqlite3_finalize(stmt); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> stmt_;
  std::string path_;
  int bound_ = 0;
  int bind_failure_ = SQLITE_OK;
};

class SqliteDb {
 public:
  SqliteDb() = default;
  // `name`: a path, or a file: URI with SQLITE_OPEN_URI in `flags`. `path` is what messages call it. `vfs`: nullptr for
  // the default one.
  static Result<SqliteDb> Open(const std::string& name, const std::string& path, int flags, const char* vfs);

  // One or more statements without parameters; rows are dropped.
  Status Exec(const std::string& sql);
  Result<Statement> Prepare(const std::string& sql);
  // The same, kept with the connection for the next time: a job's row has a hundred columns, and to compile what writes
  // them takes longer than to run it. At its start; one that is not read to its end is to be started over.
  Result<Statement*> Kept(const std::string& sql);
  // The first column of the first row, for pragmas and counts; nullopt without a row.
  Result<std::optional<std::string>> QueryText(const std::string& sql);
  Result<std::int64_t> QueryInt(const std::string& sql);
  // Rows that the last INSERT, UPDATE or DELETE touched.
  int changes() const { return sqlite3_changes(db_.get()); }
  // SQLite's extended code of the last call that failed.
  int last_code() const { return sqlite3_extended_errcode(db_.get()); }
  sqlite3* raw() const { return db_.get(); }
  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  std::unique_ptr<sqlite3, Close> db_;
  std::string path_;
  std::map<std::string, Statement, std::less<>> kept_;  // by their SQL; gone before the connection is
};

// A transaction that is rolled back unless it was committed.
class Transaction {
 public:
  explicit Transaction(SqliteDb& db) : db_(db) {}
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // Takes the write lock at once: what is read inside stays true until the commit.
  Status BeginWrite();
  // All reads inside see one state.
  Status BeginRead();
  // Where it fails nothing of the transaction was kept.
  Status Commit();

 private:
  SqliteDb& db_;
};

// The Error for the last failure on `db`: kLocalDisk where the disk or the rights are to blame, kCorrupt for a damaged
// file, kBug for all else (a broken constraint too: who expects one looks at last_code() first); with errno in `sys`
// where the system gave one.
Error SqliteError(sqlite3* db, int code, const std::string& path);

}  // namespace tegodrop
