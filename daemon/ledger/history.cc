#include "daemon/ledger/history.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/ledger/ledger_files.h"
#include "daemon/ledger/ledger_reader.h"
#include "daemon/ledger/ledger_rows.h"

namespace tegodrop {
namespace {

// All timelines in one statement: one for each job would take ten thousand of them a second.
Status AddTimelines(SqliteDb& db, WallMs since, std::vector<JobStory>& stories) {
  std::map<std::string, JobStory*, std::less<>> by_id;
  for (JobStory& story : stories) by_id[story.job.id] = &story;
  Result<Statement> rows = db.Prepare(
      "SELECT timeline.job, timeline.at, timeline.state FROM jobs JOIN timeline ON timeline.job = jobs.id "
      "WHERE jobs.finished = 0 OR jobs.changed >= ? ORDER BY jobs.seq, timeline.seq");
  if (!rows) return Fail(rows.error());
  rows->Start().Bind(since);
  for (;;) {
    const Result<bool> more = rows->Step();
    if (!more) return Fail(more.error());
    if (!*more) return {};
    const std::string id = rows->Text(0);
    const std::optional<JobState> state = JobStateFromString(rows->Text(2));
    if (!state) return Fail(ErrorKind::kCorrupt, "the timeline of " + Printable(id) + " names no known state");
    const auto found = by_id.find(id);
    if (found != by_id.end()) found->second->timeline.push_back({rows->Int(1), *state, ""});
  }
}

}  // namespace

Result<LedgerHistory> ReadHistory(const std::string& state_dir, WallMs since) {
  LedgerHistory history;
  Status read = ReadSteadily(state_dir, [&](SqliteDb& db) -> Status {
    history = {};
    Result<LedgerSnapshot> seen = SnapshotOf(db, JobsSince(db, since));
    if (!seen) return Fail(seen.error());
    history.jobs.reserve(seen->jobs.size());
    for (Job& job : seen->jobs) history.jobs.push_back({std::move(job), {}});
    if (Status added = AddTimelines(db, since, history.jobs); !added) return added;
    history.folders = std::move(seen->folders);
    history.pauses = std::move(seen->pauses);
    history.notices = std::move(seen->notices);
    return {};
  });
  if (!read) return Fail(read.error());
  return history;
}

Result<RecentLedger> ReadRecent(const std::string& state_dir, WallMs since, std::int64_t most) {
  RecentLedger recent;
  Status read = ReadSteadily(state_dir, [&](SqliteDb& db) -> Status {
    Result<LedgerSnapshot> seen = SnapshotOf(db, LastJobs(db, since, most));
    if (!seen) return Fail(seen.error());
    const Result<std::int64_t> finished = CountFinished(db, since);
    if (!finished) return Fail(finished.error());
    const auto shown = std::count_if(seen->jobs.begin(), seen->jobs.end(), [](const Job& job) { return job.finished; });
    recent = {std::move(*seen), *finished - shown};
    return {};
  });
  if (!read) return Fail(read.error());
  return recent;
}

Result<LedgerUse> LookAtLedgerUse(const std::string& state_dir) {
  const std::string path = LedgerLockPath(state_dir);
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd.valid()) {
    if (errno == ENOENT) return LedgerUse{};
    return FailPosix("cannot open", path, errno);
  }
  struct stat attributes {};
  if (fstat(fd.get(), &attributes) != 0) return FailPosix("cannot look at", path, errno);
  LedgerUse use;
  // Its holder writes into it once, when it has it.
  use.since = static_cast<WallMs>(attributes.st_mtim.tv_sec) * 1000 + attributes.st_mtim.tv_nsec / 1'000'000;
  // A shared lock for an instant: a daemon that starts in this very instant tries again.
  use.open = flock(fd.get(), LOCK_SH | LOCK_NB) != 0;
  if (use.open && errno != EWOULDBLOCK) return FailPosix("cannot look at the lock of", path, errno);
  if (use.open) use.process = LockHolder(path);
  return use;
}

}  // namespace tegodrop
