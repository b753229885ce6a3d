// One unfinished job in memory: a copy of its row, the work that is going on, and when something is due. The ledger
// owns the truth.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "daemon/base/clock.h"
#include "daemon/ledger/job_record.h"
#include "daemon/ledger/ledger.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/timers.h"

namespace tegodrop {

// Before the next try after a read or write that the ledger did not take.
inline constexpr std::chrono::milliseconds kLedgerRetry = std::chrono::seconds(5);

struct Progress {
  std::uint64_t done = 0;   // bytes
  std::uint64_t total = 0;  // bytes; 0: not known
};

// The way to the ledger, which all jobs share: so many of their writes are on it at once. Each is a copy or two of its
// row, and one look at the history may have news of ten thousand. First come, first served.
class WriteLine {
 public:
  // Runs `begin` now or when it is its turn; where it returns false nothing was begun, and it leaves no gap.
  void Enter(std::function<bool()> begin);
  // One that was begun is over.
  void Leave();

 private:
  int under_way_ = 0;
  std::deque<std::function<bool()>> waiting_;
};

// An awaited build as a look last showed it.
struct BuildSight {
  GateVerdict verdict = GateVerdict::kRunning;
  MonoMs at = 0;
};

class ActiveJob final : public JobRecord {
 public:
  // `on_saved` runs after each write that the ledger took, before the caller's `done`; it may not destroy this.
  // `ledger` and `timers` must outlive it.
  ActiveJob(Ledger& ledger, TimerMaker& timers, std::shared_ptr<WriteLine> line, Job job,
            std::function<void(const Job& before, const Job& after)> on_saved);
  ~ActiveJob() override;
  ActiveJob(const ActiveJob&) = delete;
  ActiveJob& operator=(const ActiveJob&) = delete;

  const Job& job() const override { return job_; }
  // As JobRecord, and: writes asked for while one is under way follow in order, each on the row as it is by then. What
  // is recorded ends a wait, unless `change` names one. When this object is gone, what the ledger was given is still
  // written but `done` does not run.
  void Save(std::function<void(Job&)> change, std::string note, std::function<void(Status)> done) override;
  // The same for a person's command, which may also leave an end (MayReopen).
  void SaveForPerson(std::function<void(Job&)> change, std::string note, std::function<void(Status)> done);
  bool saving() const { return !writes_.empty(); }

  // The conductor's own notes.
  bool ours = false;  // of the portal account that is configured
  HandlePtr work;     // the room's attempt, or nothing
  HandlePtr abort;    // of a given-up upload, beside the work
  MonoMs abort_due = 0;
  int abort_failures = 0;
  MonoMs due = 0;               // nothing is begun before
  MonoMs show_due = 0;          // a wait that the ledger would not take is not shown again before
  bool wait_unwritten = false;  // the ledger would not take last_wait, and has taken nothing since
  bool disk_trouble = false;    // the last error was a folder's or the ledger's
  bool output_trouble = false;  // most likely its output folder's
  // The last wait, also while a try that will meet it again is under way: since when it lasts, and whether it is news.
  Waiting last_wait;
  bool begun = false;               // something of its upload was sent, in this life
  bool asking = false;              // its upload has not been given a URL yet
  bool comparing = false;           // the ledger is searched for its bytes
  bool compared = false;            // and has no delivery of them
  Progress progress;                // of the transfer under way
  std::optional<BuildSight> sight;  // of its awaited build, in this life
  bool planned = false;             // its version's next look is planned with it

 private:
  struct Write {
    std::function<void(Job&)> change;
    std::string note;
    std::function<void(Status)> done;
    bool for_person = false;
  };
  void WriteFirst();
  bool HandOver();
  void Answer(Status status);

  Ledger& ledger_;
  TimerMaker& timers_;
  const std::shared_ptr<WriteLine> line_;
  Job job_;
  std::function<void(const Job&, const Job&)> on_saved_;
  std::list<Write> writes_;  // the first is under way; no deque, which takes half a kilobyte for nothing
  HandlePtr refusal_;        // of a write that the lifecycle does not allow
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tegodrop
