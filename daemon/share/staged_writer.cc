#include "daemon/share/staged_writer.h"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

namespace tegodrop {

Unexpected StagedWriter::Failed(Error error) {
  failed_ = error;
  return Fail(std::move(error));
}

void StagedWriter::ShutOff() {
  const std::lock_guard lock(mutex_);
  if (!failed_) failed_ = MakeError(ErrorKind::kCancelled, "another attempt has taken the staged file over");
  file_ = Fd();
}

Result<bool> StagedWriter::Open(const std::string& staging_name, std::uint64_t offset, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  if (failed_) return Fail(*failed_);
  for (const auto& one : before_) one->ShutOff();
  before_.clear();
  auto file = ops_->Resume(staging_name, offset, size);
  if (!file) return Failed(file.error());
  if (!file->valid()) {
    failed_ = MakeError(ErrorKind::kBug, "nothing was staged");
    return false;
  }
  file_ = std::move(*file);
  if (auto digested = DigestAgain(offset); !digested) return Failed(digested.error());
  written_ = offset;
  return true;
}

Status StagedWriter::DigestAgain(std::uint64_t size) {
  std::vector<char> block(256 * 1024);
  const std::lock_guard digest_lock(digest_mutex_);
  for (std::uint64_t at = 0; at < size;) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), size - at));
    auto count = fs_.ReadAt(file_.get(), block.data(), want, at);
    if (!count) return Fail(count.error());
    if (*count == 0) return FailPosix("cannot read all of", "a staged file", EIO);
    crcs_->Update(block.data(), *count);
    digest_.Update(block.data(), *count);
    at += *count;
  }
  return {};
}

Status StagedWriter::Append(std::uint64_t reserve, const std::string& bytes) {
  const std::lock_guard lock(mutex_);
  if (failed_) return Fail(*failed_);
  if (reserve > written_) {
    if (auto reserved = fs_.Reserve(file_.get(), reserve); !reserved) return Failed(reserved.error());
  }
  if (auto written = fs_.WriteAt(file_.get(), bytes.data(), bytes.size(), written_); !written) {
    return Failed(written.error());
  }
  crcs_->Update(bytes.data(), bytes.size());
  written_ += bytes.size();
  return {};
}

void StagedWriter::Digest(const std::string& bytes) {
  const std::lock_guard lock(digest_mutex_);
  digest_.Update(bytes.data(), bytes.size());
}

// Never a second fsync after one that failed: it may succeed without the data being there.
Status StagedWriter::SyncNow() {
  if (auto synced = fs_.Sync(file_.get()); !synced) return Failed(synced.error());
  return {};
}

Result<std::uint64_t> StagedWriter::Sync() {
  const std::lock_guard lock(mutex_);
  if (failed_) return Fail(*failed_);
  if (auto synced = SyncNow(); !synced) return Fail(synced.error());
  if (!name_synced_) {
    if (auto synced = ops_->SyncStaging(); !synced) return Failed(synced.error());
  }
  name_synced_ = true;
  return written_;
}

Status StagedWriter::Restart() {
  const std::lock_guard lock(mutex_);
  if (failed_) return Fail(*failed_);
  if (auto cut = fs_.CutTo(file_.get(), 0); !cut) return Failed(cut.error());
  written_ = 0;
  crcs_ = std::make_shared<BlockCrcs>();
  const std::lock_guard digest_lock(digest_mutex_);
  digest_ = Sha256();
  return {};
}

Result<StagedFacts> StagedWriter::Finish() {
  const std::lock_guard lock(mutex_);
  if (failed_) return Fail(*failed_);
  if (auto synced = SyncNow(); !synced) return Fail(synced.error());
  if (auto closed = fs_.Close(std::move(file_)); !closed) return Failed(closed.error());
  if (auto synced = ops_->SyncStaging(); !synced) return Failed(synced.error());
  failed_ = MakeError(ErrorKind::kBug, "the staged file is finished");
  const std::lock_guard digest_lock(digest_mutex_);
  return StagedFacts{written_, digest_.FinishHex(), crcs_};
}

}  // namespace tegodrop
