// What the daemon tells of itself to those who watch it from outside: the metrics file, messages to a webhook, and the
// report of each night.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.h"
#include "daemon/app/daemon.h"
#include "daemon/app/event_watch.h"
#include "daemon/app/metrics/metrics_file.h"
#include "daemon/app/morning/morning_report.h"
#include "daemon/app/notify/messenger.h"
#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/random.h"
#include "daemon/base/secret.h"
#include "daemon/disk/file_system.h"
#include "daemon/ledger/sqlite_ledger.h"
#include "daemon/loop/event_loop.h"
#include "daemon/loop/worker_pool.h"
#include "daemon/net/curl_transfer.h"
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
  Random& random;
};

class Lookout {
 public:
  // `once`: of a run that ends, so that its report is of the run and not of nights.
  Lookout(LookoutWorld world, const Settings& settings, bool once);
  ~Lookout();
  Lookout(const Lookout&) = delete;
  Lookout& operator=(const Lookout&) = delete;

  // From now on `url` is told of what notify.on names; nobody where it is empty. Over connections of its own, which
  // carry nothing of the portal's credentials. Once, before the daemon starts.
  void Notify(const Secret& url, const NetSettings& net);
  // The config was read again: of its folders and its webhook. Who is told of nothing stays so.
  void Follow(const Settings& settings, Secret url);
  // As Conductor's on_change.
  void OnChange(const Job& job);
  // Asked at the end of `run --once` until it says so: the run's report is written, and what was to be told was told or
  // cannot be told for now. After 10 s it says so whatever happens.
  bool Settled();
  // There is more to do after all: what Settled has begun is begun anew at the end.
  void GoesOn() { settling_since_.reset(); }
  // Before the daemon and the ledger go.
  void Stop();
  // The last words, in this thread, when the loop runs no more. Waits for a write that is under way.
  void Close();

 private:
  // Once for each page, over a restart too.
  void Reported(const WrittenReport& report);
  // What a report of the moment is made with.
  MorningReport::Make MakeWith(const Settings& settings) const;

  const LookoutWorld world_;
  const bool once_;
  const WallMs begun_;
  std::unique_ptr<WorkerPool> writer_;
  std::unique_ptr<MetricsFile> metrics_;  // none: no metrics_file
  std::unique_ptr<WorkerPool> reporter_;  // here and below: none without report_dir
  std::unique_ptr<MorningReport> morning_;
  ScheduleSettings schedule_;
  std::optional<WrittenReport> untold_;  // until the outbox is read
  const std::vector<std::string> events_;
  std::unique_ptr<Transfer> to_webhook_;  // here and below: none where nobody is told
  std::unique_ptr<Messenger> messenger_;
  std::unique_ptr<EventWatch> watch_;  // once the outbox is read
  std::optional<MonoMs> settling_since_;
};

// How things stand, for the metrics; nothing before the daemon has taken over its jobs.
std::optional<MetricsNow> LookAround(const Daemon& daemon, const Clock& clock, MovedBytes moved);

}  // namespace tegodrop
