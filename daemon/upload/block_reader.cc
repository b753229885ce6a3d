#include "daemon/upload/block_reader.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

namespace tegodrop {
namespace {

// After a read that memory could not serve: by then the kernel reads ahead faster than anything sends, or it does not.
constexpr int kBlocksAfterMiss = 8;
// What the kernel is told of at once. By itself it reads ahead for one reader of a descriptor, and parts are several.
constexpr std::uint64_t kHint = 4ULL * 1024 * 1024;

Error Differs(std::uint64_t end) {
  return MakeError(
      ErrorKind::kCorrupt,
      "the claimed file is not the one that was admitted: it differs in front of byte " + std::to_string(end));
}

}  // namespace

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

BlockReader::BlockReader(std::shared_ptr<const Fd> file, PartRange range, std::size_t most_blocks, FileSystem& fs,
                         TaskRunner& readers, RateLimit* rate, std::shared_ptr<const Fingerprint> fingerprint,
                         std::function<void(Status)> on_ready)
    : file_(std::move(file)),
      range_(range),
      most_blocks_(most_blocks),
      fs_(fs),
      readers_(readers),
      on_ready_(std::move(on_ready)) {
  if (fingerprint) {
    check_ = std::make_shared<FingerprintCheck>(std::move(fingerprint), range.offset);
  } else {
    digest_ = std::make_shared<Sha256>();
  }
  if (rate != nullptr) share_ = rate->Join([this] { TellReady({}); });
}

void BlockReader::Start() {
  if (!check_) by_workers_ = std::numeric_limits<int>::max();
  ReadAhead();
}

void BlockReader::ReadRest() {
  by_workers_ = std::numeric_limits<int>::max();
  ReadAhead();
}

std::size_t BlockReader::Take(char* to, std::size_t room) {
  if (!filled_.empty()) return TakeFilled(to, room);
  if (stopped_ || work_ || by_workers_ > 0 || read_ == range_.size) return 0;
  std::size_t granted = static_cast<std::size_t>(std::min<std::uint64_t>(room, range_.size - read_));
  if (share_ && granted > 0) granted = share_->Take(granted);
  if (granted == 0) return 0;
  const std::size_t count = TakeCached(to, granted);
  if (share_ && count < granted) share_->GiveBack(granted - count);
  return count;
}

// On the loop: GMAC of what one call sends takes less time than the copy of it.
std::size_t BlockReader::TakeCached(char* to, std::size_t room) {
  const std::size_t count = fs_.ReadCachedAt(file_->get(), to, room, range_.offset + read_);
  if (count == 0) {
    by_workers_ = kBlocksAfterMiss;
    ReadAhead();
    return 0;
  }
  if (!check_->Update(to, count)) {
    // Told from the loop, as what workers find.
    work_ = RunTask<Result<Block>>(
        readers_, [end = range_.offset + read_ + count]() -> Result<Block> { return Fail(Differs(end)); },
        [this](Result<Block> none) { OnBlock(std::move(none)); });
    return 0;
  }
  read_ += count;
  return count;
}

std::size_t BlockReader::TakeFilled(char* to, std::size_t room) {
  Block& front = filled_.front();
  std::size_t count = std::min(room, front.size - front_given_);
  if (share_ && count > 0) count = share_->Take(count);
  std::memcpy(to, front.bytes.get() + front_given_, count);
  front_given_ += count;
  if (front_given_ == front.size) {
    spare_.push_back(std::move(front));
    filled_.pop_front();
    front_given_ = 0;
    ReadAhead();
  }
  return count;
}

void BlockReader::Stop() {
  stopped_ = true;
  on_ready_ = nullptr;
  share_.reset();
  work_.reset();
}

// One read at a time, so that the bytes are hashed in their order.
void BlockReader::ReadAhead() {
  const std::uint64_t left = range_.size - read_;
  if (stopped_ || work_ || left == 0 || by_workers_ == 0) return;
  if (spare_.empty() && made_ == most_blocks_) return;
  Block block;
  if (spare_.empty()) {
    block.bytes = std::make_unique_for_overwrite<char[]>(kBlockSize);
    ++made_;
  } else {
    block = std::move(spare_.back());
    spare_.pop_back();
  }
  if (by_workers_ != std::numeric_limits<int>::max()) --by_workers_;
  block.size = static_cast<std::size_t>(std::min<std::uint64_t>(kBlockSize, left));
  // A std::function must be copyable, hence the shared block.
  auto shared = std::make_shared<Block>(std::move(block));
  std::uint64_t hint = 0;
  if (read_ >= hinted_) {
    hint = std::min(kHint, left);
    hinted_ = read_ + hint;
  }
  work_ = RunTask<Result<Block>>(
      readers_,
      [&fs = fs_, file = file_, check = check_, digest = digest_, shared, offset = range_.offset + read_,
       hint]() -> Result<Block> {
        if (hint > 0) fs.WillRead(file->get(), offset, hint);
        auto status = ReadFully(fs, file->get(), shared->bytes.get(), shared->size, offset);
        if (!status) return Fail(status.error());
        if (check && !check->Update(shared->bytes.get(), shared->size)) {
          return Fail(Differs(offset + shared->size));
        }
        if (digest) digest->Update(shared->bytes.get(), shared->size);
        return std::move(*shared);
      },
      [this](Result<Block> filled) { OnBlock(std::move(filled)); });
}

void BlockReader::OnBlock(Result<Block> block) {
  work_.reset();
  if (!block) {
    stopped_ = true;
    filled_.clear();
    return TellReady(Fail(std::move(block.error())));
  }
  read_ += block->size;
  filled_.push_back(std::move(*block));
  ReadAhead();
  TellReady({});
}

void BlockReader::TellReady(Status status) {
  // A copy: the callee may stop or destroy this object.
  const auto on_ready = on_ready_;
  if (on_ready) on_ready(std::move(status));
}

}  // namespace tegodrop
