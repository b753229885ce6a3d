// The ledger: the durable truth about every job and folder. One interface; SQLite behind it (sqlite_ledger.h).
//
// Every call is asynchronous: `done` runs on the loop, at most once, never inside the call, in the order of the calls.
// A write that was answered with success survives a power cut. Writes are never cancelled: who no longer cares for an
// answer passes a callback that ignores it. Errors: kLocalDisk where the disk would not take it (nothing was changed;
// try again later; a damaged ledger too, so that nobody takes it for damage of an artifact), kRejected where the row
// contradicts the ledger, kBug.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/model/job.h"

namespace tegodrop {

// What the ledger remembers of a drop folder, by its name in the config.
struct FolderRecord {
  std::string name;
  std::string path;
  std::string room_id;  // the random id in the folder's room: the folder is this id on a file system of this type
  std::string fs_type;  // as disk/ names it
  WallMs first_seen = 0;
  // What `status` says of it: "ok", "degraded", "missing", "stalled" or "paused", since when, and why in one sentence.
  std::string state = "ok";
  std::string reason;
  WallMs since = 0;
  std::string host_id;  // under which this ledger's host tells of itself in the folder's room; empty: not yet
};

// What the ledger remembers of an output folder, by its path.
struct OutputRecord {
  std::string path;
  std::string fs_type;  // of what it was on when something was first delivered there, as disk/ names it
};

// An artifact taken from a folder that must not be changed (`after: keep`): the same bytes under the same path are the
// same artifact.
struct KeptArtifact {
  std::string folder;
  std::string file_name;  // its path below the folder
  std::string sha256;
  std::string job;
  // The file's identity when it was last looked at: while it stays the same the file is not even read again.
  std::string stat_key;
};

// A drop folder that a person has paused: nothing of it is uploaded meanwhile.
struct Pause {
  std::string folder;  // by its name in the config; empty: all of them
  WallMs since = 0;
};

// What `status` says of the daemon as a whole: a trouble that is no job's and no folder's.
struct Notice {
  std::string name;  // what it is about, one for each: kClockNotice, kCredentialsNotice
  std::string text;  // one sentence for people, with what to do
  WallMs since = 0;
};

inline constexpr const char* kClockNotice = "clock";
inline constexpr const char* kCredentialsNotice = "credentials";
// With the other host's job behind it: what it claimed on a share and seems to have left.
inline constexpr const char* kClaimNotice = "claim ";

class Ledger {
 public:
  virtual ~Ledger() = default;
  using Done = std::function<void(Status)>;  // may be empty where nobody waits for the answer

  // A new row, and the first line of its timeline. kRejected where the id or the identity (see Save) is taken.
  virtual void Insert(const Job& job, Done done) = 0;
  // Replaces the row and appends `note` (one sentence, may be empty) with the state to its timeline, in one
  // transaction; progress without a note that leaves the state as it is adds no line. kRejected, with `identity_taken`
  // as its message, where another job of the same portal and tenant has the same version, platform, start_time and file
  // name; kRejected too where the row is gone or carries a newer epoch.
  virtual void Save(const Job& job, const std::string& note, Done done) = 0;
  // Forgets a job in state claiming whose artifact was never taken, its timeline, and what was kept of it, so that the
  // artifact is new when it shows up again. kRejected for any other job.
  virtual void Remove(const std::string& job_id, Done done) = 0;
  // All jobs that are not finished, or whose given-up uploads are still to be aborted; oldest first.
  virtual void LoadUnfinished(std::function<void(Result<std::vector<Job>>)> done) = 0;
  // The job with this id, else those whose ids begin with it, oldest first and not more than kMostFound: one is the
  // job that is meant, more are too many, none is none.
  virtual void Find(const std::string& id, std::function<void(Result<std::vector<Job>>)> done) = 0;
  // The ids of all jobs that are not finished and were dropped into the folder at that path.
  virtual void LoadClaims(const std::string& drop_path, std::function<void(Result<std::vector<std::string>>)> done) = 0;
  // The ids of all jobs that have failed, oldest first; also of those whose artifact is still to be put away, so that
  // nobody is told that nothing has failed.
  virtual void LoadFailed(std::function<void(Result<std::vector<std::string>>)> done) = 0;

  // The last job of `job`'s folder, portal, tenant, version and signing key that was delivered with the same bytes,
  // itself no duplicate; nothing where there is none, or where the job's SHA-256 is not known.
  virtual void FindDelivered(const Job& job, std::function<void(Result<std::optional<Job>>)> done) = 0;

  virtual void LoadFolders(std::function<void(Result<std::vector<FolderRecord>>)> done) = 0;
  virtual void SaveFolder(const FolderRecord& folder, Done done) = 0;

  virtual void LoadOutputs(std::function<void(Result<std::vector<OutputRecord>>)> done) = 0;
  virtual void SaveOutput(const OutputRecord& output, Done done) = 0;
  // None of that path is no error.
  virtual void RemoveOutput(const std::string& path, Done done) = 0;

  // All that is remembered of a folder under `after: keep`.
  virtual void LoadKept(const std::string& folder, std::function<void(Result<std::vector<KeptArtifact>>)> done) = 0;
  virtual void SaveKept(const KeptArtifact& kept, Done done) = 0;

  // Apart from the folders' records, which intake writes as it sees them.
  virtual void LoadPauses(std::function<void(Result<std::vector<Pause>>)> done) = 0;
  // One that is there keeps its time.
  virtual void SavePause(const Pause& pause, Done done) = 0;
  // None of that folder is no error.
  virtual void RemovePause(const std::string& folder, Done done) = 0;
  // One of that name gets the new text and keeps its time.
  virtual void SaveNotice(const Notice& notice, Done done) = 0;
  // None of that name is no error.
  virtual void RemoveNotice(const std::string& name, Done done) = 0;
  // All whose names begin so.
  virtual void RemoveNotices(const std::string& prefix, Done done) = 0;
  // What lay in a folder under `existing: ignore` when it was first seen, in words of the intake's own. Saving replaces
  // all that is remembered of the folder.
  virtual void LoadIgnored(const std::string& folder, std::function<void(Result<std::vector<std::string>>)> done) = 0;
  virtual void SaveIgnored(const std::string& folder, std::vector<std::string> files, Done done) = 0;
};

inline constexpr int kMostFound = 5;

// The message of the kRejected error of Save for a repeated identity.
inline constexpr const char* kIdentityTaken = "identity_taken";

}  // namespace tegodrop
