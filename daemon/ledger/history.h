// What happened since a time, for the report: every job of it with its timeline, and what stands beside the jobs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/ledger/ledger.h"
#include "daemon/ledger/sqlite_ledger.h"

namespace tegodrop {

struct LedgerHistory {
  std::vector<JobStory> jobs;  // oldest first; notes of the timelines are left out
  std::vector<FolderRecord> folders;
  std::vector<Pause> pauses;
  std::vector<Notice> notices;
};

// Unfinished jobs, and finished ones whose last change is not before `since`. Beside a running daemon or without one,
// writing nothing; blocks. kLocalDisk where there is no ledger yet (`sys` is ENOENT) or it cannot be read.
Result<LedgerHistory> ReadHistory(const std::string& state_dir, WallMs since);

// The moment, for `status`: unfinished jobs, and of those that came to their end since `since` the last `most` and the
// last `most` that failed.
struct RecentLedger {
  LedgerSnapshot ledger;
  std::int64_t left_out = 0;  // that came to their end since then, too
};
// As ReadHistory.
Result<RecentLedger> ReadRecent(const std::string& state_dir, WallMs since, std::int64_t most);

// Whether somebody has the ledger open: a daemon, `run --once`, or a command for a moment.
struct LedgerUse {
  bool open = false;
  WallMs since = 0;     // since when it is open, or when it was last opened; 0: never, or not known
  std::string process;  // the id of who has it open, as digits; empty: not known
};

// Looks at the ledger's lock without taking it from anybody. kLocalDisk where it may not be looked at.
Result<LedgerUse> LookAtLedgerUse(const std::string& state_dir);

}  // namespace tegodrop
