#include "daemon/ledger/ledger_rows.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/ledger/job_codec.h"
#include "daemon/ledger/statements.h"
#include "daemon/model/targets.h"

namespace tegodrop {
namespace {

using sql::Bind;
using sql::Change;
using sql::ForEachRow;
using sql::InTransaction;

std::string Joined(const std::vector<std::string>& parts, const std::string& after_each) {
  std::string out;
  for (const std::string& part : parts) out.append(out.empty() ? "" : ", ").append(part).append(after_each);
  return out;
}

Result<std::vector<std::string>> Ids(SqliteDb& db, const std::string& sql, const Bind& bind) {
  std::vector<std::string> ids;
  Status read = ForEachRow(db, sql, bind, [&](const Statement& row) -> Status {
    ids.push_back(row.Text(0));
    return {};
  });
  if (!read) return Fail(read.error());
  return ids;
}

// A write of a job's row. The only unique index that an update can hurt is the identity's, and the id is looked at
// before an insert.
Status ChangeJob(SqliteDb& db, const std::string& sql, const Bind& bind) {
  Status changed = Change(db, sql, bind);
  if (!changed && db.last_code() == SQLITE_CONSTRAINT_UNIQUE) return Fail(ErrorKind::kRejected, kIdentityTaken);
  return changed;
}

Status AddToTimeline(SqliteDb& db, const Job& job, const std::string& note, WallMs now) {
  return Change(db, "INSERT INTO timeline (job, at, state, note) VALUES (?, ?, ?, ?)", [&](Statement& to) {
    to.Bind(std::string_view(job.id)).Bind(now).Bind(ToString(job.state)).Bind(std::string_view(note));
  });
}

Status InsertInside(SqliteDb& db, const Job& job, WallMs now) {
  bool taken = false;
  Status looked = ForEachRow(
      db, "SELECT 1 FROM jobs WHERE id = ?", [&](Statement& to) { to.Bind(std::string_view(job.id)); },
      [&](const Statement&) -> Status {
        taken = true;
        return {};
      });
  if (!looked) return looked;
  if (taken) return Fail(ErrorKind::kRejected, "a job with the id " + Printable(job.id) + " is in the ledger already");

  static const std::string kSql = [] {
    std::string marks;
    for (std::size_t i = 0; i < JobColumns().size(); ++i) marks += ", ?";
    return "INSERT INTO jobs (created, changed, platform, " + Joined(JobColumns(), "") + ") VALUES (?, ?, ?" + marks +
           ")";
  }();
  Status inserted = ChangeJob(db, kSql, [&](Statement& to) {
    to.Bind(now).Bind(now).Bind(PlatformOf(job.artifact.kind));
    BindJob(job, to);
  });
  if (!inserted) return inserted;
  return AddToTimeline(db, job, "", now);
}

Status SaveInside(SqliteDb& db, const Job& job, const std::string& note, WallMs now) {
  bool found = false;
  std::string state;
  std::int64_t epoch = 0;
  Status looked = ForEachRow(
      db, "SELECT state, epoch FROM jobs WHERE id = ?", [&](Statement& to) { to.Bind(std::string_view(job.id)); },
      [&](const Statement& row) -> Status {
        found = true;
        state = row.Text(0);
        epoch = row.Int(1);
        return {};
      });
  if (!looked) return looked;
  if (!found) return Fail(ErrorKind::kRejected, "job " + Printable(job.id) + " is not in the ledger");
  if (epoch > job.epoch) {
    return Fail(ErrorKind::kRejected, "job " + Printable(job.id) + " has gone on to epoch " + std::to_string(epoch) +
                                          ": the result of epoch " + std::to_string(job.epoch) + " comes too late");
  }

  // All but the id, which stays: SQLite would look at every line of the timeline that refers to it.
  static const std::string kSql = [] {
    std::string set = "UPDATE jobs SET changed = ?1, platform = ?2";
    std::string where;
    for (std::size_t i = 0; i < JobColumns().size(); ++i) {
      const std::string is_parameter = JobColumns()[i] + " = ?" + std::to_string(i + 3);
      (JobColumns()[i] == "id" ? where : set) += (JobColumns()[i] == "id" ? " WHERE " : ", ") + is_parameter;
    }
    return set + where;
  }();
  Status saved = ChangeJob(db, kSql, [&](Statement& to) {
    to.Bind(now).Bind(PlatformOf(job.artifact.kind));
    BindJob(job, to);
  });
  if (!saved) return saved;
  // Progress that changes no state and has nothing to say would only make the timeline long.
  if (note.empty() && state == ToString(job.state)) return {};
  return AddToTimeline(db, job, note, now);
}

Status RemoveInside(SqliteDb& db, const std::string& job_id) {
  const Bind bind = [&](Statement& to) { to.Bind(std::string_view(job_id)); };
  // Its timeline goes with it (ON DELETE CASCADE).
  Status removed = Change(db, "DELETE FROM jobs WHERE id = ? AND state = 'claiming'", bind);
  if (!removed) return removed;
  if (db.changes() == 0) {
    return Fail(ErrorKind::kRejected, "job " + Printable(job_id) + " is not in the ledger in state claiming");
  }
  // What was never taken must not pass for known when it shows up again.
  return Change(db, "DELETE FROM kept WHERE job = ?", bind);
}

// `count`: about how many, where that is known.
Result<std::vector<Job>> Jobs(SqliteDb& db, const std::string& where, const Bind& bind, std::int64_t count = 0) {
  std::vector<Job> jobs;
  jobs.reserve(static_cast<std::size_t>(count));
  Targets targets;
  Status read = ForEachRow(db, "SELECT " + Joined(JobColumns(), "") + " FROM jobs WHERE " + where + " ORDER BY seq",
                           bind, [&](const Statement& row) -> Status {
                             Result<Job> job = ReadJob(row, 0);
                             if (!job) return Fail(job.error());
                             job->target = targets.Of(std::move(job->target));
                             jobs.push_back(std::move(*job));
                             return {};
                           });
  if (!read) return Fail(read.error());
  return jobs;
}

}  // namespace

Status InsertJob(SqliteDb& db, const Job& job, WallMs now) {
  return InTransaction(db, [&] { return InsertInside(db, job, now); });
}

Status SaveJob(SqliteDb& db, const Job& job, const std::string& note, WallMs now) {
  return InTransaction(db, [&] { return SaveInside(db, job, note, now); });
}

Status RemoveJob(SqliteDb& db, const std::string& job_id) {
  return InTransaction(db, [&] { return RemoveInside(db, job_id); });
}

Result<std::vector<Job>> UnfinishedJobs(SqliteDb& db) {
  const std::string where = "finished = 0 OR aborts <> '[]'";
  // There may be tens of thousands, of two kilobytes each and more: a list that grows by itself takes three times that.
  const Result<std::int64_t> count = db.QueryInt("SELECT count(*) FROM jobs WHERE " + where);
  if (!count) return Fail(count.error());
  return Jobs(
      db, where, [](Statement&) {}, *count);
}

Result<std::vector<Job>> JobsSince(SqliteDb& db, WallMs finished_since) {
  return Jobs(db, "finished = 0 OR changed >= ?", [&](Statement& to) { to.Bind(finished_since); });
}

// Each part by its index: a ledger of years has more jobs than a command may read.
Result<std::vector<Job>> LastJobs(SqliteDb& db, WallMs finished_since, std::int64_t most) {
  return Jobs(db,
              "seq IN (SELECT seq FROM jobs WHERE (finished = 0 OR aborts <> '[]') AND finished = 0 "
              "UNION SELECT seq FROM (SELECT seq FROM jobs WHERE finished = 1 AND changed >= ?1 "
              "ORDER BY changed DESC LIMIT ?2) "
              "UNION SELECT seq FROM (SELECT seq FROM jobs WHERE finished = 1 AND changed >= ?1 AND state = 'failed' "
              "ORDER BY changed DESC LIMIT ?2))",
              [&](Statement& to) { to.Bind(finished_since).Bind(most); });
}

Result<std::int64_t> CountFinished(SqliteDb& db, WallMs finished_since) {
  std::int64_t count = 0;
  Status read = ForEachRow(
      db, "SELECT count(*) FROM jobs WHERE finished = 1 AND changed >= ?",
      [&](Statement& to) { to.Bind(finished_since); },
      [&](const Statement& row) -> Status {
        count = row.Int(0);
        return {};
      });
  if (!read) return Fail(read.error());
  return count;
}

Result<std::vector<Job>> JobsByPrefix(SqliteDb& db, const std::string& id) {
  const Bind bind = [&](Statement& to) { to.Bind(std::string_view(id)); };
  Result<std::vector<Job>> exact = Jobs(db, "id = ?", bind);
  if (!exact || !exact->empty() || id.empty()) return exact;
  Result<std::vector<Job>> found = Jobs(db, "substr(id, 1, length(?1)) = ?1", bind);
  if (found && found->size() > kMostFound) found->resize(kMostFound);
  return found;
}

Result<std::vector<std::string>> FailedIds(SqliteDb& db) {
  return Ids(db, "SELECT id FROM jobs WHERE state = 'failed' ORDER BY seq", [](Statement&) {});
}

Result<std::vector<std::string>> ClaimedIds(SqliteDb& db, const std::string& drop_path) {
  return Ids(db, "SELECT id FROM jobs WHERE finished = 0 AND drop_path = ? ORDER BY seq",
             [&](Statement& to) { to.Bind(std::string_view(drop_path)); });
}

Result<std::optional<Job>> DeliveredJob(SqliteDb& db, const Job& like) {
  if (like.artifact.sha256.empty()) return std::optional<Job>();
  // The last ones are enough: of the same bytes few name different commits.
  Result<std::vector<Job>> found = Jobs(
      db,
      "seq IN (SELECT seq FROM jobs WHERE state = 'delivered' AND duplicate_of = '' AND sha256 = ? AND "
      "folder = ? AND portal_url = ? AND tenant = ? AND version = ? AND signing_key = ? ORDER BY seq DESC LIMIT 50)",
      [&](Statement& to) {
        const Target& target = *like.target;
        to.Bind(std::string_view(like.artifact.sha256)).Bind(std::string_view(target.folder));
        to.Bind(std::string_view(target.portal_url)).Bind(std::string_view(target.tenant));
        to.Bind(std::string_view(target.version)).Bind(std::string_view(target.signing_key));
      });
  if (!found) return Fail(found.error());
  const auto last = std::find_if(found->rbegin(), found->rend(), [&](const Job& one) { return SameBuild(one, like); });
  return last == found->rend() ? std::optional<Job>() : std::optional<Job>(std::move(*last));
}

Status SaveFolderRow(SqliteDb& db, const FolderRecord& folder) {
  return InTransaction(db, [&] {
    return Change(db,
                  "INSERT INTO folders (name, path, room_id, fs_type, first_seen, state, reason, since, host_id) "
                  "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET path = excluded.path, "
                  "room_id = excluded.room_id, fs_type = excluded.fs_type, first_seen = excluded.first_seen, "
                  "state = excluded.state, reason = excluded.reason, since = excluded.since, "
                  "host_id = excluded.host_id",
                  [&](Statement& to) {
                    to.Bind(std::string_view(folder.name)).Bind(std::string_view(folder.path));
                    to.Bind(std::string_view(folder.room_id)).Bind(std::string_view(folder.fs_type));
                    to.Bind(folder.first_seen).Bind(std::string_view(folder.state));
                    to.Bind(std::string_view(folder.reason)).Bind(folder.since);
                    to.Bind(std::string_view(folder.host_id));
                  });
  });
}

Result<std::vector<FolderRecord>> FolderRows(SqliteDb& db) {
  std::vector<FolderRecord> folders;
  Status read = ForEachRow(
      db, "SELECT name, path, room_id, fs_type, first_seen, state, reason, since, host_id FROM folders ORDER BY name",
      [](Statement&) {},
      [&](const Statement& row) -> Status {
        folders.push_back({row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Int(4), row.Text(5), row.Text(6),
                           row.Int(7), row.Text(8)});
        return {};
      });
  if (!read) return Fail(read.error());
  return folders;
}

Status SaveOutputRow(SqliteDb& db, const OutputRecord& output) {
  return InTransaction(db, [&] {
    return Change(
        db,
        "INSERT INTO outputs (path, fs_type) VALUES (?, ?) ON CONFLICT (path) DO UPDATE SET "
        "fs_type = excluded.fs_type",
        [&](Statement& to) { to.Bind(std::string_view(output.path)).Bind(std::string_view(output.fs_type)); });
  });
}

Status RemoveOutputRow(SqliteDb& db, const std::string& path) {
  return InTransaction(db, [&] {
    return Change(db, "DELETE FROM outputs WHERE path = ?", [&](Statement& to) { to.Bind(std::string_view(path)); });
  });
}

Result<std::vector<OutputRecord>> OutputRows(SqliteDb& db) {
  std::vector<OutputRecord> outputs;
  Status read = ForEachRow(
      db, "SELECT path, fs_type FROM outputs ORDER BY path", [](Statement&) {},
      [&](const Statement& row) -> Status {
        outputs.push_back({row.Text(0), row.Text(1)});
        return {};
      });
  if (!read) return Fail(read.error());
  return outputs;
}

Status SaveKeptRow(SqliteDb& db, const KeptArtifact& kept) {
  return InTransaction(db, [&] {
    return Change(db,
                  "INSERT INTO kept (folder, file_name, sha256, job, stat_key) VALUES (?, ?, ?, ?, ?) "
                  "ON CONFLICT (folder, file_name, sha256) DO UPDATE SET job = excluded.job, "
                  "stat_key = excluded.stat_key",
                  [&](Statement& to) {
                    to.Bind(std::string_view(kept.folder)).Bind(std::string_view(kept.file_name));
                    to.Bind(std::string_view(kept.sha256)).Bind(std::string_view(kept.job));
                    to.Bind(std::string_view(kept.stat_key));
                  });
  });
}

Result<std::vector<KeptArtifact>> KeptRows(SqliteDb& db, const std::string& folder) {
  std::vector<KeptArtifact> kept;
  Status read = ForEachRow(
      db, "SELECT folder, file_name, sha256, job, stat_key FROM kept WHERE folder = ? ORDER BY file_name, sha256",
      [&](Statement& to) { to.Bind(std::string_view(folder)); },
      [&](const Statement& row) -> Status {
        kept.push_back({row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4)});
        return {};
      });
  if (!read) return Fail(read.error());
  return kept;
}

Status SavePauseRow(SqliteDb& db, const Pause& pause) {
  return InTransaction(db, [&] {
    return Change(db, "INSERT INTO pauses (folder, since) VALUES (?, ?) ON CONFLICT (folder) DO NOTHING",
                  [&](Statement& to) { to.Bind(std::string_view(pause.folder)).Bind(pause.since); });
  });
}

Status RemovePauseRow(SqliteDb& db, const std::string& folder) {
  return InTransaction(db, [&] {
    return Change(db, "DELETE FROM pauses WHERE folder = ?", [&](Statement& to) { to.Bind(std::string_view(folder)); });
  });
}

Result<std::vector<Pause>> PauseRows(SqliteDb& db) {
  std::vector<Pause> pauses;
  Status read = ForEachRow(
      db, "SELECT folder, since FROM pauses ORDER BY folder", [](Statement&) {},
      [&](const Statement& row) -> Status {
        pauses.push_back({row.Text(0), row.Int(1)});
        return {};
      });
  if (!read) return Fail(read.error());
  return pauses;
}

Status SaveNoticeRow(SqliteDb& db, const Notice& notice) {
  return InTransaction(db, [&] {
    return Change(db,
                  "INSERT INTO notices (name, text, since) VALUES (?, ?, ?) "
                  "ON CONFLICT (name) DO UPDATE SET text = excluded.text",
                  [&](Statement& to) {
                    to.Bind(std::string_view(notice.name)).Bind(std::string_view(notice.text)).Bind(notice.since);
                  });
  });
}

Status RemoveNoticeRow(SqliteDb& db, const std::string& name) {
  return InTransaction(db, [&] {
    return Change(db, "DELETE FROM notices WHERE name = ?", [&](Statement& to) { to.Bind(std::string_view(name)); });
  });
}

Status RemoveNoticeRows(SqliteDb& db, const std::string& prefix) {
  return InTransaction(db, [&] {
    return Change(db, "DELETE FROM notices WHERE substr(name, 1, length(?1)) = ?1",
                  [&](Statement& to) { to.Bind(std::string_view(prefix)); });
  });
}

Result<std::vector<Notice>> NoticeRows(SqliteDb& db) {
  std::vector<Notice> notices;
  Status read = ForEachRow(
      db, "SELECT name, text, since FROM notices ORDER BY name", [](Statement&) {},
      [&](const Statement& row) -> Status {
        notices.push_back({row.Text(0), row.Text(1), row.Int(2)});
        return {};
      });
  if (!read) return Fail(read.error());
  return notices;
}

Status SaveIgnoredRows(SqliteDb& db, const std::string& folder, const std::vector<std::string>& files) {
  return InTransaction(db, [&]() -> Status {
    Status forgotten =
        Change(db, "DELETE FROM ignored WHERE folder = ?", [&](Statement& to) { to.Bind(std::string_view(folder)); });
    if (!forgotten) return forgotten;
    for (const std::string& file : files) {
      Status saved = Change(db, "INSERT OR IGNORE INTO ignored (folder, file) VALUES (?, ?)",
                            [&](Statement& to) { to.Bind(std::string_view(folder)).Bind(std::string_view(file)); });
      if (!saved) return saved;
    }
    return {};
  });
}

Result<std::vector<std::string>> IgnoredRows(SqliteDb& db, const std::string& folder) {
  std::vector<std::string> files;
  Status read = ForEachRow(
      db, "SELECT file FROM ignored WHERE folder = ? ORDER BY file",
      [&](Statement& to) { to.Bind(std::string_view(folder)); },
      [&](const Statement& row) -> Status {
        files.push_back(row.Text(0));
        return {};
      });
  if (!read) return Fail(read.error());
  return files;
}

Result<std::vector<TimelineEntry>> TimelineRows(SqliteDb& db, const std::string& job_id) {
  std::vector<TimelineEntry> entries;
  Status read = ForEachRow(
      db, "SELECT at, state, note FROM timeline WHERE job = ? ORDER BY seq",
      [&](Statement& to) { to.Bind(std::string_view(job_id)); },
      [&](const Statement& row) -> Status {
        const std::optional<JobState> state = JobStateFromString(row.Text(1));
        if (!state) return Fail(ErrorKind::kCorrupt, "the timeline of " + Printable(job_id) + " names no known state");
        entries.push_back({row.Int(0), *state, row.Text(2)});
        return {};
      });
  if (!read) return Fail(read.error());
  return entries;
}

}  // namespace tegodrop
