// The ledger's tables as blocking calls on one connection: what the ledger's thread and the readers run.
//
// Statements are prepared anew for each call: some microseconds, beside the sync of a commit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/base/result.h"
#include "daemon/ledger/ledger.h"
#include "daemon/ledger/sqlite_db.h"
#include "daemon/ledger/sqlite_ledger.h"
#include "daemon/model/job.h"

namespace tegodrop {

// Writes, each in a transaction of its own: an error means that nothing was changed. `now` is what the row and the
// timeline say of the time. Contract and errors as Ledger's.
Status InsertJob(SqliteDb& db, const Job& job, WallMs now);
Status SaveJob(SqliteDb& db, const Job& job, const std::string& note, WallMs now);
Status RemoveJob(SqliteDb& db, const std::string& job_id);
Status SaveFolderRow(SqliteDb& db, const FolderRecord& folder);
Status SaveOutputRow(SqliteDb& db, const OutputRecord& output);
Status RemoveOutputRow(SqliteDb& db, const std::string& path);
Status SaveKeptRow(SqliteDb& db, const KeptArtifact& kept);
Status SavePauseRow(SqliteDb& db, const Pause& pause);
Status RemovePauseRow(SqliteDb& db, const std::string& folder);
Status SaveIgnoredRows(SqliteDb& db, const std::string& folder, const std::vector<std::string>& files);

// Oldest first, by the order in which they came.
Result<std::vector<Job>> UnfinishedJobs(SqliteDb& db);
// Unfinished jobs, and finished ones whose last change is not before `finished_since`.
Result<std::vector<Job>> JobsSince(SqliteDb& db, WallMs finished_since);
// Unfinished jobs, and of those that came to their end since then the last `most`, and the last `most` that failed.
Result<std::vector<Job>> LastJobs(SqliteDb& db, WallMs finished_since, std::int64_t most);
// How many came to their end since then.
Result<std::int64_t> CountFinished(SqliteDb& db, WallMs finished_since);
Result<std::vector<Job>> JobsByPrefix(SqliteDb& db, const std::string& id);
Result<std::vector<std::string>> FailedIds(SqliteDb& db);
Result<std::vector<std::string>> ClaimedIds(SqliteDb& db, const std::string& drop_path);
Result<std::vector<Pause>> PauseRows(SqliteDb& db);
Status SaveNoticeRow(SqliteDb& db, const Notice& notice);
Status RemoveNoticeRow(SqliteDb& db, const std::string& name);
Status RemoveNoticeRows(SqliteDb& db, const std::string& prefix);
Result<std::vector<Notice>> NoticeRows(SqliteDb& db);
Result<std::optional<Job>> DeliveredJob(SqliteDb& db, const Job& like);
Result<std::vector<std::string>> IgnoredRows(SqliteDb& db, const std::string& folder);
// By name.
Result<std::vector<FolderRecord>> FolderRows(SqliteDb& db);
Result<std::vector<OutputRecord>> OutputRows(SqliteDb& db);
Result<std::vector<KeptArtifact>> KeptRows(SqliteDb& db, const std::string& folder);
Result<std::vector<TimelineEntry>> TimelineRows(SqliteDb& db, const std::string& job_id);

}  // namespace tegodrop
