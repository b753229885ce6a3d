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

}  // namespace

Status ReadSteadily(const std::string& state_dir, const LedgerRead& read) {
  const std::string path = LedgerPath(state_dir);
  struct stat ledger {};
  if (stat(path.c_str(), &ledger) != 0) {
    if (errno != ENOENT) return FailPosix("cannot look at", path, errno);
    return NoLedgerYet("there is no ledger in " + Printable(state_dir) + ": no daemon has run with this state_dir yet");
  }
  Status last;
  const auto give_up = [&]() -> Status {
    Error error = last.error();
    // Whoever asks only wants to know that it cannot be read, and why.
    if (error.kind == ErrorKind::kCorrupt) error.kind = ErrorKind::kLocalDisk;
    return Fail(std::move(error));
  };
  int steady_errors = 0;
  for (int i = 0; i < kTries; ++i) {
    const Stamps before = StampsOf(path);
    const bool log = before.log.size > kWalHeader;
    LogWatch watch;
    last = ReadOnce(path, log, read);
    const bool guarded = log && !watch.unguarded();
    const bool steady = StampsOf(path) == before;
    if (last && (guarded || steady)) return {};
    if (!last && watch.unread()) last = Fail(UnreadError(*watch.unread(), path));
    if (last || !steady) continue;
    if (++steady_errors >= kSteadyErrors) return give_up();
    std::this_thread::sleep_for(kMoment);
  }
  if (!last) return give_up();
  return Fail(ErrorKind::kLocalDisk, Printable(path) + " changed again and again while it was read: try again");
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

tl::expected<void, LedgerOpenError> LookOver(const std::string& state_dir, const std::atomic<bool>& stop) {
  constexpr int kStepsBetweenLooks = 100'000;
  std::string found;
  Status read = ReadSteadily(state_dir, [&](SqliteDb& db) -> Status {
    found.clear();
    if (stop) return {};
    sqlite3_progress_handler(
        db.raw(), kStepsBetweenLooks,
        [](void* flag) { return static_cast<const std::atomic<bool>*>(flag)->load() ? 1 : 0; },
        const_cast<std::atomic<bool>*>(&stop));
    const Result<std::optional<std::string>> checked = db.QueryText("PRAGMA quick_check(1)");
    if (stop) return {};
    if (!checked && checked.error().kind == ErrorKind::kCorrupt) {
      found = checked.error().message;
      return {};
    }
    if (!checked) return Fail(checked.error());
    if (checked->value_or("") != "ok") {
      found = Printable(db.path()) + " is damaged (" + Printable(checked->value_or("")) + ")";
    }
    return {};
  });
  if (stop) return {};
  if (!read) return tl::unexpected(LedgerOpenError{LedgerOpenFailure::kDiskTrouble, read.error().message});
  if (!found.empty()) return tl::unexpected(DamagedLedger(state_dir, found));
  return {};
}

}  // namespace tegodrop
