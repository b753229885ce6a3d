// SQLite's own file layer, kept from writing: even with mode=ro it opens the write-ahead log for writing where the
// rights allow it, and makes files that are not there. For readers of a ledger that belongs to a daemon.
#pragma once

#include <optional>
#include <string>

#include "daemon/base/result.h"
#include "daemon/ledger/sqlite_db.h"

namespace tegodrop {

// A connection that changes nothing in the folder. Files are opened for reading, never made and never removed; journals
// and temporary files are refused. `log`: whether there is a write-ahead log to read; without one the file is taken for
// one that does not change. A log whose index in shared memory ("-shm") is missing is read all the same.
Result<SqliteDb> OpenReadOnly(const std::string& path, bool log);

// Watches how the connections of this thread read the log; one at a time.
class LogWatch {
 public:
  LogWatch();
  ~LogWatch();
  LogWatch(const LogWatch&) = delete;
  LogWatch& operator=(const LogWatch&) = delete;

  // True where SQLite made an index of its own in memory, because no running daemon keeps the shared one: then no lock
  // keeps a daemon that starts now from changing the files meanwhile.
  bool unguarded() const { return unguarded_; }
  void SetUnguarded() { unguarded_ = true; }

  // Where a page could not be read: SQLite's code for that, and errno. SQLite itself may go on without the page and
  // then call the file damaged.
  struct Unread {
    int code = 0;
    int sys = 0;
  };
  const std::optional<Unread>& unread() const { return unread_; }
  void SetUnread(Unread unread) {
    if (!unread_) unread_ = unread;
  }

 private:
  std::optional<Unread> unread_;
  bool unguarded_ = false;
};

// What to say of it.
Error UnreadError(const LogWatch::Unread& unread, const std::string& path);

}  // namespace tegodrop
