// The ledger in one SQLite file, on a thread of its own: WAL, synchronous=FULL, numbered migrations, an exclusive lock.
//
// FULL and not NORMAL: after a real power cut NORMAL kept none of 520 acknowledged rows, FULL every one of 528
// (measured).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/base/result.h"
#include "daemon/ledger/ledger.h"
#include "daemon/ledger/outbox.h"
#include "daemon/ledger/outcomes.h"
#include "daemon/model/job.h"

struct sqlite3;

namespace tegodrop {

// Why a ledger could not be opened, in words that name the remedy.
enum class LedgerOpenFailure {
  kLocked,
  kNewerSchema,
  kDamaged,
  kNetworkDisk,
  kDisk,         // the folder or a file cannot be used as configured: missing, no folder, no rights
  kDiskTrouble,  // full, read-only, erring, held by another program: the same may succeed later
};

struct LedgerOpenError {
  LedgerOpenFailure reason = LedgerOpenFailure::kDisk;
  std::string message;
};

// All that one file holds: what the jobs need, and what is told of them outside.
class LedgerStore : public Ledger, public Outcomes, public Outbox {
 public:
  using Done = Ledger::Done;
  // Whether all of the file was looked over for damage in this life. A large one that an earlier life has looked over
  // and closed as it should be was not when it is opened: LookOver does it while it is worked with.
  virtual bool looked_over() const = 0;
  // LookOver has brought that to its end.
  virtual void SetLookedOver() = 0;
  // Writes what was asked for and waits for that. What is asked for afterwards is dropped: only for the end, where
  // other waits may come between this and the destructor.
  virtual void WriteOut() = 0;
};

// The refusal of a damaged ledger, with the way back. `worked_since`: it was found only after this life had begun to
// work with it, then.
LedgerOpenError DamagedLedger(const std::string& state_dir, const std::string& what,
                              std::optional<WallMs> worked_since = std::nullopt);

// Opens <state_dir>/ledger.sqlite, making it where it is not, and takes the lock on <state_dir>/ledger.lock (not
// inherited by children) without waiting for it: whoever gets kLocked may try again. The file is made with mode 0640
// and the folder's group, whatever the umask; the folder itself must be there. Migrates an older schema after making a
// copy of the file beside it (ledger.sqlite.before-N, N being the schema that the first step gives). A refusal leaves
// the file as it was. Blocks; call it before the loop runs. `post` puts a function onto the loop, from any thread; it
// must outlive the ledger. The destructor writes what was asked for, joins the thread and closes the file.
tl::expected<std::unique_ptr<LedgerStore>, LedgerOpenError> OpenSqliteLedger(
    const std::string& state_dir, const Clock& clock, std::function<void(std::function<void()>)> post);

// The same without a thread of its own: `run` takes blocking work, runs the pieces one after the other in their order,
// and may drop what has not begun; it must outlive the ledger.
tl::expected<std::unique_ptr<LedgerStore>, LedgerOpenError> OpenSqliteLedgerOn(
    const std::string& state_dir, const Clock& clock, std::function<void(std::function<void()>)> run,
    std::function<void(std::function<void()>)> post);

// Ends a look over the ledger from another thread. It must outlive the look.
class LookStop {
 public:
  // The look ends with the page that is being read. Never waits for that.
  void Stop();
  bool stopped() const;

 private:
  friend class StoppableLook;
  mutable std::mutex mutex_;
  bool stopped_ = false;   // guarded by mutex_
  sqlite3* db_ = nullptr;  // guarded by mutex_; what looks at the moment
};

// Looks over the whole ledger for damage, beside this process's own work with it. True where it came to the end of it,
// false where `stop` ended it early; kDamaged with the way back, told of work since `worked_since`; else the trouble
// that kept it from being read. Blocks, a second for each hundred thousand jobs.
tl::expected<bool, LedgerOpenError> LookOver(const std::string& state_dir, WallMs worked_since, LookStop& stop);

// One line of a job's timeline.
struct TimelineEntry {
  WallMs at = 0;
  JobState state = JobState::kClaiming;
  std::string note;
};

struct LedgerSnapshot {
  std::vector<Job> jobs;  // oldest first
  std::vector<FolderRecord> folders;
  std::vector<Pause> pauses;
  std::vector<Notice> notices;
};

// A job with all that happened to it.
struct JobStory {
  Job job;
  std::vector<TimelineEntry> timeline;
};

// What `status` and `show` read: beside a running daemon or without one, writing nothing, not even a file of its own.
// `finished_since`: finished jobs are included where their last change is not older. kLocalDisk where there is no
// ledger yet (`sys` is ENOENT) or it cannot be read.
Result<LedgerSnapshot> ReadLedger(const std::string& state_dir, WallMs finished_since);
// As Ledger::Find, with their timelines.
Result<std::vector<JobStory>> ReadStories(const std::string& state_dir, const std::string& id);
Result<std::vector<TimelineEntry>> ReadTimeline(const std::string& state_dir, const std::string& job_id);

}  // namespace tegodrop
