// Reading a ledger that belongs to somebody else, without leaving a trace.
//
//   a daemon runs      its log and index are there: read them under SQLite's locks, as any reader
//   it ended cleanly   no log: the file alone is everything, and is read as one that does not change
//   it died            the log holds rows that the file lacks: SQLite reads both with an index of its own in memory
// In the last two nothing keeps a daemon from starting meanwhile: what was read counts only where the files stayed as
// they were.
#include "daemon/ledger/ledger_reader.h"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/ledger/ledger_files.h"
#include "daemon/ledger/ledger_rows.h"
#include "daemon/ledger/migrations.h"
#include "daemon/ledger/open_ledger.h"
#include "daemon/ledger/read_only_vfs.h"
#include "daemon/ledger/sqlite_ledger.h"

namespace tegodrop {
namespace {

// Each try is spoilt only by a daemon that starts or stops in the middle of it.
constexpr int kTries = 10;
// Of the log's index no stamp tells anything, and while a daemon starts after a death it cannot be read for a moment:
// an error counts once it has come so often in files that stayed as they were.
constexpr int kSteadyErrors = 4;
constexpr std::chrono::milliseconds kMoment{25};

struct Stamp {
  bool there = false;
  std::uint64_t ino = 0;
  std::int64_t size = 0;
  std::int64_t mtime_s = 0;
  std::int64_t mtime_ns = 0;
  bool operator==(const Stamp&) const = default;
};

Stamp StampOf(const std::string& path) {
  struct stat st {};
  if (stat(path.c_str(), &st) != 0) return {};
  return {true, st.st_ino, st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec};
}

struct Stamps {
  Stamp ledger;
  Stamp log;
  bool operator==(const Stamps&) const = default;
};

Stamps StampsOf(const std::string& path) { return {StampOf(path), StampOf(WalPath(path))}; }

Status NoLedgerYet(std::string message) {
  Error error = MakeError(ErrorKind::kLocalDisk, std::move(message));
  error.sys = ENOENT;
  return Fail(std::move(error));
}

Status CheckSchema(SqliteDb& db) {
  const Result<std::int64_t> schema = SchemaOf(db);
  if (!schema) return Fail(schema.error());
  const auto ours = static_cast<std::int64_t>(LedgerMigrations().size());
  if (*schema == ours) return {};
  const std::string shown = Printable(db.path());
  if (*schema == 0) return NoLedgerYet(shown + " is no ledger yet: the daemon has not finished its start");
  return Fail(ErrorKind::kLocalDisk, shown + " has schema " + std::to_string(*schema) +
                                         ", and this tegodrop reads schema " + std::to_string(ours) +
                                         (*schema > ours ? ": use the newer tegodrop that the daemon runs"
                                                         : ": restart the daemon with this tegodrop, it brings it up"));
}

Status ReadOnce(const std::string& path, bool log, const LedgerRead& read) {
  Result<SqliteDb> db = OpenReadOnly(path, log);
  if (!db) return Fail(db.error());
  Transaction transaction(*db);
  if (Status begun = transaction.BeginRead(); !begun) return begun;
  if (Status checked = CheckSchema(*db); !checked) return checked;
  return read(*db);
}

// As ReadSteadily, but damage is kCorrupt. `ours`: this process works with the ledger, so that its log and index are
// there until it ends, even where the log has no row yet.
Status Read(const std::string& state_dir, bool ours, const LedgerRead& read) {
  const std::string path = LedgerPath(state_dir);
  struct stat ledger {};
  if (stat(path.c_str(), &ledger) != 0) {
    if (errno != ENOENT) return FailPosix("cannot look at", path, errno);
    return NoLedgerYet("there is no ledger in " + Printable(state_dir) + ": no daemon has run with this state_dir yet");
  }
  Status last;
  int steady_errors = 0;
  for (int i = 0; i < kTries; ++i) {
    const Stamps before = StampsOf(path);
    const bool log = before.log.size > kWalHeader || (ours && before.log.there);
    LogWatch watch;
    last = ReadOnce(path, log, read);
    // Also where SQLite went on without the page: its check counts that among the damage.
    if (watch.unread()) last = Fail(UnreadError(*watch.unread(), path));
    const bool guarded = log && !watch.unguarded();
    const bool steady = StampsOf(path) == before;
    if (last && (guarded || steady)) return {};
    if (last || !steady) continue;
    if (++steady_errors >= kSteadyErrors) return last;
    std::this_thread::sleep_for(kMoment);
  }
  if (!last) return last;
  return Fail(ErrorKind::kLocalDisk, Printable(path) + " changed again and again while it was read: try again");
}

}  // namespace

Status ReadSteadily(const std::string& state_dir, const LedgerRead& read) {
  Status done = Read(state_dir, false, read);
  // Whoever asks only wants to know that it cannot be read, and why.
  if (!done && done.error().kind == ErrorKind::kCorrupt) done.error().kind = ErrorKind::kLocalDisk;
  return done;
}

Result<LedgerSnapshot> SnapshotOf(SqliteDb& db, Result<std::vector<Job>> jobs) {
  if (!jobs) return Fail(jobs.error());
  Result<std::vector<FolderRecord>> folders = FolderRows(db);
  if (!folders) return Fail(folders.error());
  Result<std::vector<Pause>> pauses = PauseRows(db);
  if (!pauses) return Fail(pauses.error());
  Result<std::vector<Notice>> notices = NoticeRows(db);
  if (!notices) return Fail(notices.error());
  return LedgerSnapshot{std::move(*jobs), std::move(*folders), std::move(*pauses), std::move(*notices)};
}

Result<LedgerSnapshot> ReadLedger(const std::string& state_dir, WallMs finished_since) {
  LedgerSnapshot snapshot;
  Status read = ReadSteadily(state_dir, [&](SqliteDb& db) -> Status {
    Result<LedgerSnapshot> seen = SnapshotOf(db, JobsSince(db, finished_since));
    if (!seen) return Fail(seen.error());
    snapshot = std::move(*seen);
    return {};
  });
  if (!read) return Fail(read.error());
  return snapshot;
}

Result<std::vector<JobStory>> ReadStories(const std::string& state_dir, const std::string& id) {
  std::vector<JobStory> stories;
  Status read = ReadSteadily(state_dir, [&](SqliteDb& db) -> Status {
    stories.clear();
    Result<std::vector<Job>> jobs = JobsByPrefix(db, id);
    if (!jobs) return Fail(jobs.error());
    for (Job& job : *jobs) {
      Result<std::vector<TimelineEntry>> timeline = TimelineRows(db, job.id);
      if (!timeline) return Fail(timeline.error());
      stories.push_back({std::move(job), std::move(*timeline)});
    }
    return {};
  });
  if (!read) return Fail(read.error());
  return stories;
}

Result<std::vector<TimelineEntry>> ReadTimeline(const std::string& state_dir, const std::string& job_id) {
  std::vector<TimelineEntry> timeline;
  Status read = ReadSteadily(state_dir, [&](SqliteDb& db) -> Status {
    Result<std::vector<TimelineEntry>> rows = TimelineRows(db, job_id);
    if (!rows) return Fail(rows.error());
    timeline = std::move(*rows);
    return {};
  });
  if (!read) return Fail(read.error());
  return timeline;
}

void LookStop::Stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  if (db_ != nullptr) sqlite3_interrupt(db_);
}

bool LookStop::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

// A connection that a LookStop may interrupt while this lives.
class StoppableLook {
 public:
  StoppableLook(LookStop& stop, SqliteDb& db) : stop_(stop) {
    const std::lock_guard lock(stop_.mutex_);
    stop_.db_ = db.raw();
  }
  ~StoppableLook() {
    const std::lock_guard lock(stop_.mutex_);
    stop_.db_ = nullptr;
  }
  StoppableLook(const StoppableLook&) = delete;
  StoppableLook& operator=(const StoppableLook&) = delete;

 private:
  LookStop& stop_;
};

tl::expected<bool, LedgerOpenError> LookOver(const std::string& state_dir, WallMs worked_since, LookStop& stop) {
  std::string found;
  Status read = Read(state_dir, true, [&](SqliteDb& db) -> Status {
    found.clear();
    // A statement that is not at its end: without one SQLite forgets an interrupt that comes just before the check.
    Result<Statement> begun = db.Prepare("SELECT 1 FROM sqlite_schema");
    if (!begun) return Fail(begun.error());
    if (const Result<bool> row = begun->Step(); !row) return Fail(row.error());
    const StoppableLook look(stop, db);
    if (stop.stopped()) return {};
    const Result<std::optional<std::string>> checked = db.QueryText("PRAGMA quick_check(1)");
    if (stop.stopped()) return {};
    if (!checked) return Fail(checked.error());
    if (checked->value_or("") != "ok") {
      found = Printable(db.path()) + " is damaged (" + Printable(checked->value_or("")) + ")";
    }
    return {};
  });
  if (stop.stopped()) return false;
  if (!read && read.error().kind != ErrorKind::kCorrupt) {
    return tl::unexpected(LedgerOpenError{LedgerOpenFailure::kDiskTrouble, read.error().message});
  }
  if (!read) found = read.error().message;
  if (!found.empty()) return tl::unexpected(DamagedLedger(state_dir, found, worked_since));
  return true;
}

}  // namespace tegodrop
