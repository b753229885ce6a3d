// SQLite's own file layer, kept from writing: even with mode=ro it opens the write-ahead log for writing where the
// rights allow it, and makes files that are not there. For readers of a ledger that belongs to a daemon.
#pragma once

namespace tegodrop {

// The name to open a connection with; nullptr where SQLite cannot be started. Files are opened for reading, never made
// and never removed; journals and temporary files are refused. A log whose index in shared memory ("-shm") is missing
// is read all the same. Thread-safe.
const char* ReadOnlyVfs();

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

 private:
  bool unguarded_ = false;
};

}  // namespace tegodrop
