#include "daemon/upload/file_source.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tegodrop {
namespace {

// Fills `to` from `offset`; the file must have so many bytes.
Status ReadFully(FileSystem& fs, int fd, char* to, std::size_t size, std::uint64_t offset) {
  std::size_t have = 0;
  while (have < size) {
    auto count = fs.ReadAt(fd, to + have, size - have, offset + have);
    if (!count) return Fail(count.error());
    if (*count == 0) return Fail(ErrorKind::kCorrupt, "the claimed file became shorter while it was uploaded");
    have += *count;
  }
  return {};
}

// The last look: what was read is what was admitted, and the file is untouched since it was opened.
Status Check(FileSystem& fs, const FileToSend& what, Sha256& digest) {
  const std::string sha256 = digest.FinishHex();
  if (sha256 != what.sha256) {
    return Fail(ErrorKind::kCorrupt, "the claimed file is not the one that was admitted: its SHA-256 is " + sha256 +
                                         " and should be " + what.sha256);
  }
  auto now = fs.Stat(what.file->get());
  if (!now) return Fail(now.error());
  // What was read is right, so nothing is sent that should not be; but whoever touches a claimed file is not done with
  // it. A mode or a link more is no change.
  if (!now->SameContentAs(what.opened)) {
    return Fail(ErrorKind::kRetry,
                "the claimed file was touched while it was uploaded: it is sent again from its start");
  }
  return {};
}

}  // namespace

FileSource::FileSource(FileToSend what, FileSystem& fs, TaskRunner& readers, std::function<void(Status)> at_gate)
    : what_(std::move(what)), fs_(fs), readers_(readers), at_gate_(std::move(at_gate)) {
  ReadAhead();
}

std::uint64_t FileSource::limit() const {
  const std::uint64_t size = what_.opened.size;
  return gate_open_ ? size : size - std::min<std::uint64_t>(size, kLastChunk);
}

FlowState FileSource::Read(char* to, std::size_t room, std::size_t* given) {
  *given = 0;
  if (error_) return FlowState::kFail;
  const std::uint64_t free = stopped_ ? 0 : limit() - given_;
  if (free == 0 || filled_.empty()) {
    waiting_ = true;
    asked_all_ = asked_all_ || free == 0;
    CheckAtGate();
    return FlowState::kWait;
  }
  Block& front = filled_.front();
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>({room, front.size - front_given_, free}));
  std::memcpy(to, front.bytes.get() + front_given_, count);
  front_given_ += count;
  given_ += count;
  *given = count;
  if (front_given_ == front.size) {
    spare_.push_back(std::move(front));
    filled_.pop_front();
    front_given_ = 0;
    ReadAhead();
  }
  return FlowState::kGo;
}

Error FileSource::error() const {
  return error_.value_or(MakeError(ErrorKind::kBug, "the file's source has no error to report"));
}

void FileSource::OpenGate() {
  gate_open_ = true;
  Resume();
}

void FileSource::Stop() {
  stopped_ = true;
  at_gate_ = nullptr;
  resume_ = nullptr;
  work_.reset();
}

// One read at a time, so that the bytes are hashed in their order.
void FileSource::ReadAhead() {
  const std::uint64_t left = what_.opened.size - read_;
  if (stopped_ || error_ || work_ || left == 0) return;
  if (spare_.empty() && made_ == kMostBlocks) return;
  Block block;
  if (spare_.empty()) {
    block.bytes = std::make_unique_for_overwrite<char[]>(kBlockSize);
    ++made_;
  } else {
    block = std::move(spare_.back());
    spare_.pop_back();
  }
  block.size = static_cast<std::size_t>(std::min<std::uint64_t>(kBlockSize, left));
  // A std::function must be copyable, hence the shared block.
  auto shared = std::make_shared<Block>(std::move(block));
  work_ = RunTask<Result<Block>>(
      readers_,
      [&fs = fs_, file = what_.file, digest = digest_, shared, offset = read_]() -> Result<Block> {
        auto status = ReadFully(fs, file->get(), shared->bytes.get(), shared->size, offset);
        if (!status) return Fail(status.error());
        digest->Update(shared->bytes.get(), shared->size);
        return std::move(*shared);
      },
      [this](Result<Block> filled) { OnBlock(std::move(filled)); });
}

void FileSource::OnBlock(Result<Block> block) {
  work_.reset();
  if (!block) return GiveUp(std::move(block.error()));
  read_ += block->size;
  filled_.push_back(std::move(*block));
  ReadAhead();
  CheckAtGate();
  if (given_ < limit()) Resume();
}

// Only when the transfer wants the last chunk, not as soon as it was read: the later the row says that the chunk
// leaves, the seldomer a death leaves an unknown outcome.
void FileSource::CheckAtGate() {
  if (stopped_ || checking_ || !asked_all_ || work_ || read_ != what_.opened.size) return;
  checking_ = true;
  work_ = RunTask<Status>(
      readers_, [&fs = fs_, what = what_, digest = digest_] { return Check(fs, what, *digest); },
      [this](Status checked) {
        work_.reset();
        if (!checked) return GiveUp(std::move(checked.error()));
        // Moved out first: it may destroy this object.
        const auto at_gate = std::exchange(at_gate_, nullptr);
        if (at_gate) at_gate({});
      });
}

void FileSource::GiveUp(Error error) {
  error_ = error;
  filled_.clear();
  const auto at_gate = std::exchange(at_gate_, nullptr);
  if (at_gate) at_gate(Fail(std::move(error)));
}

void FileSource::Resume() {
  if (!waiting_) return;
  waiting_ = false;
  const auto resume = resume_;
  if (resume) resume();
}

}  // namespace tegodrop
