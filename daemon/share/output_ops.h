// What an output folder does, blocking: for a thread of this process, and later for the helper process of a network
// folder.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"
#include "daemon/model/check.h"
#include "daemon/share/output_folder.h"

namespace tegodrop {

class OutputOps {
 public:
  // `rooms`: the name of the room below the output folder where staging, quarantine and receipts stand. `fs` must
  // outlive it.
  OutputOps(std::string path, std::string rooms, FileSystem& fs)
      : path_(std::move(path)), rooms_(std::move(rooms)), fs_(fs) {}

  // See OutputFolder.
  Result<Fd> Stage(const std::string& staging_name, std::uint64_t size);
  Result<std::vector<Check>> CheckStaged(const std::string& staging_name, ArtifactKind kind);
  Result<std::string> ChooseName(const std::string& wanted, const std::string& job);
  Result<PublishOutcome> Publish(const PublishRequest& request);
  Status Quarantine(const std::string& staging_name, const std::string& name);
  Status Discard(const std::string& staging_name);
  Status WriteRecord(const std::string& name, const std::string& json, mode_t mode);
  Status WriteReceipt(const std::string& id, const std::string& json);

 private:
  // The output folder itself, opened afresh for each call: an output that was unmounted and mounted again is found
  // again.
  Result<Fd> Folder() { return fs_.OpenFolder(path_); }
  Result<Fd> Part(const std::string& part);
  // Whether the file under `name` has this size and digest; nullopt where there is none.
  Result<std::optional<bool>> IsOurs(int dir, const std::string& name, const StagedFacts& facts);
  // A companion of the output: one with this very content is left alone, another one is an error.
  Status WriteCompanion(int folder, int staging, const std::string& name, const std::string& content, mode_t mode,
                        gid_t group);

  const std::string path_;
  const std::string rooms_;
  FileSystem& fs_;
};

}  // namespace tegodrop
