// A staged file's bytes on their way to the disk, blocking: for worker threads. Internal.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/block_crcs.h"
#include "daemon/base/digest.h"
#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"
#include "daemon/share/output_folder.h"
#include "daemon/share/output_ops.h"

namespace tegodrop {

// Shared with the work that is under way, which may outlive whoever asked for it: that of an attempt whose handles are
// gone may still run when the next attempt takes the file over. So every piece of work on the file holds the writer's
// lock, and the next writer of the same file shuts this one off before it touches the file.
//
// Digest takes the same bytes as Append in the same order, one call after the other, but beside it and later: it
// touches nothing but the digest, which is this writer's own, so that it may still run when the file is another's. What
// needs all bytes digested (Restart, Finish) comes when the last Digest has ended.
class StagedWriter {
 public:
  // Of a file that is new and empty.
  StagedWriter(std::shared_ptr<OutputOps> ops, FileSystem& fs, Fd file)
      : ops_(std::move(ops)), fs_(fs), file_(std::move(file)) {}
  // Of a file that an attempt left; Open comes first. `before`: every writer of it that may still have work under way.
  StagedWriter(std::shared_ptr<OutputOps> ops, FileSystem& fs, std::vector<std::shared_ptr<StagedWriter>> before)
      : ops_(std::move(ops)), fs_(fs), before_(std::move(before)) {}

  // Waits for what the earlier writers have under way and shuts them off; cuts the file to its first `offset` bytes and
  // digests them. False where there is nothing to go on with.
  Result<bool> Open(const std::string& staging_name, std::uint64_t offset, std::uint64_t size);

  // See StagedFile. `reserve`: room for so many bytes is to be had first; 0: not asked for.
  Status Append(std::uint64_t reserve, const std::string& bytes);
  void Digest(const std::string& bytes);
  Result<std::uint64_t> Sync();
  Status Restart();
  Result<StagedFacts> Finish();

 private:
  void ShutOff();
  Status SyncNow();
  Status DigestAgain(std::uint64_t size);
  Unexpected Failed(Error error);

  std::shared_ptr<OutputOps> ops_;
  FileSystem& fs_;  // the ops' own, and there as long as they are
  std::mutex mutex_;
  // All below is guarded by it.
  std::vector<std::shared_ptr<StagedWriter>> before_;
  Fd file_;
  std::uint64_t written_ = 0;
  bool name_synced_ = false;
  std::shared_ptr<BlockCrcs> crcs_ = std::make_shared<BlockCrcs>();
  std::optional<Error> failed_;
  std::mutex digest_mutex_;
  Sha256 digest_;  // guarded by it
};

}  // namespace tegodrop
