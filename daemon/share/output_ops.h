// What an output folder does, blocking: for worker threads.
//
// A delivery appears in three moves, and a death between any two of them must be told apart from a person who took the
// delivery away, because the one is completed and the other is never made again. So the trace (and before it its
// provenance) is staged before the file moves, beside an empty mark that publishing has begun, and what is left in
// staging says how far it came:
//   file staged                          nothing has appeared
//   trace staged, no file                the file stands under its name
//   the mark alone                       the delivery stood whole, whatever has become of it since
//   nothing                              never staged, or somebody emptied the room
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"
#include "daemon/model/check.h"
#include "daemon/share/output_folder.h"

namespace tegodrop {

// Thread-safe as far as `fs` is: between two calls it keeps nothing but what the folder is on.
//
// An output folder whose mount is gone is an empty folder of another file system, or of the same kind without the room;
// what was delivered into that would be hidden by the next mount.
class OutputOps {
 public:
  // `rooms`: the name of the room below the output folder where staging, quarantine and receipts stand. `fs` must
  // outlive it.
  OutputOps(std::string path, std::string rooms, FileSystem& fs)
      : path_(std::move(path)), rooms_(std::move(rooms)), fs_(fs) {}

  // See OutputFolder.
  Result<Fd> Stage(const std::string& staging_name, std::uint64_t size);
  // The file of OutputFolder::Resume, cut; an invalid Fd where there is nothing to go on with.
  Result<Fd> Resume(const std::string& staging_name, std::uint64_t offset, std::uint64_t size);
  Result<ProtectedFacts> CheckStaged(const std::string& staging_name, ArtifactKind kind,
                                     const BlockCrcs* crcs = nullptr);
  Result<std::string> ChooseName(const std::string& wanted, const std::string& job);
  Result<PublishOutcome> Publish(const PublishRequest& request);
  Status Quarantine(const std::string& staging_name, const std::string& name);
  Status Discard(const std::string& staging_name);
  Result<std::vector<StagedEntry>> ListStaged();
  Status WriteRecord(const std::string& name, const std::string& json, mode_t mode);
  Status WriteReceipt(const std::string& id, const std::string& json);
  Status RemoveRecord(const std::string& name);
  Result<int> PruneReceipts(std::chrono::milliseconds age, WallMs now);
  Status RemoveReceipts(const std::vector<std::string>& ids, const std::string& job);
  // The names of staged files survive a power cut.
  Status SyncStaging();
  // What the folder was on the last time, by its file system's name, and then with its room; empty: not known, and the
  // next call learns it.
  void Know(std::string fs_type);
  std::string known() const;
  // The last call found another one there.
  bool is_another() const { return is_another_; }
  // Whether calls of the folder as it was opened last may take as long as a share lets them.
  bool may_hang() const { return may_hang_; }

 private:
  struct Places {
    Fd folder;
    Fd staging;
    gid_t group = 0;  // the output folder's
  };
  enum class Progress : std::uint8_t { kNothing, kFileStands, kWhole };

  // Opened afresh for each call: an output that was unmounted and mounted again is found again. kLocalDisk where it is
  // not the known one.
  Result<Fd> Folder();
  Status IsKnown(int folder);
  Result<Places> OpenPlaces();
  // A part of the room, made where it is not, for the output folder's group.
  Result<Fd> Part(std::string_view part);
  Result<Fd> MakePart(int dir, const std::string& name, gid_t group);

  Result<bool> Exists(int dir, const std::string& name);
  Status RemoveIfThere(int dir, const std::string& name);
  // The file of an attempt, its trace and its mark.
  Status RemoveStaged(int staging, const std::string& staging_name);
  Result<bool> SameFile(int dir, const std::string& name, const FileStat& stat);
  // Whether the folder holds the name or one of its companions already, compared without case; `own` is no obstacle.
  Result<bool> NameTaken(int folder, const std::string& wanted, const FileStat* own);
  // Whether `name` is a regular file of this size and digest.
  Result<bool> IsOurs(int dir, const std::string& name, const StagedFacts& facts);

  // The first of the three moves; kNameTaken where somebody was faster.
  Result<PublishOutcome> PublishFile(const Places& at, int staged, const PublishRequest& request);
  // How far an earlier call came, where the file is not staged any more.
  Result<Progress> HowFar(const Places& at, const PublishRequest& request);
  Status StageTrace(const Places& at, const PublishRequest& request);
  Status PublishChecksum(const Places& at, const PublishRequest& request);
  Status PublishProvenance(const Places& at, const PublishRequest& request);
  Status PublishTrace(const Places& at, const PublishRequest& request);

  const std::string path_;
  const std::string rooms_;
  mutable std::mutex mutex_;
  std::string known_;  // guarded by mutex_
  std::atomic<bool> is_another_ = false;
  std::atomic<bool> may_hang_ = false;
  FileSystem& fs_;
};

}  // namespace tegodrop
