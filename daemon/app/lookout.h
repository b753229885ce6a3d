// What the daemon tells of itself to those who watch it from outside: the metrics file.
#pragma once

#include <memory>
#include <optional>

#include "config/settings.h"
#include "daemon/app/daemon.h"
#include "daemon/app/metrics/metrics_file.h"
#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/disk/file_system.h"
#include "daemon/ledger/sqlite_ledger.h"
#include "daemon/loop/event_loop.h"
#include "daemon/loop/worker_pool.h"
#include "daemon/net/metered_transfer.h"

namespace tegodrop {

// All must outlive the Lookout but the daemon and the ledger, which may go before it once Stop was called.
struct LookoutWorld {
  EventLoop& loop;
  FileSystem& fs;
  const Clock& clock;
  Log& log;
  LedgerStore& ledger;
  const Daemon& daemon;
  const MeteredTransfer& line;
};

class Lookout {
 public:
  Lookout(LookoutWorld world, const Settings& settings);
  ~Lookout();
  Lookout(const Lookout&) = delete;
  Lookout& operator=(const Lookout&) = delete;

  // As Conductor's on_change.
  void OnChange(const Job& job);
  // Before the daemon and the ledger go.
  void Stop();
  // The last words, in this thread, when the loop runs no more. Waits for a write that is under way.
  void Close();

 private:
  const LookoutWorld world_;
  std::unique_ptr<WorkerPool> writer_;
  std::unique_ptr<MetricsFile> metrics_;  // none: no metrics_file
};

// How things stand, for the metrics; nothing before the daemon has taken over its jobs.
std::optional<MetricsNow> LookAround(const Daemon& daemon, const Clock& clock, MovedBytes moved);

}  // namespace tegodrop
