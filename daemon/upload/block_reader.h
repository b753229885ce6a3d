// A range of an open file in its order, held against its fingerprint or hashed where it has none. What is in memory and
// has a fingerprint is read by the loop itself, straight to where it is sent from; all else is read ahead in blocks on
// workers, and there hashed. Belongs to the loop; the source that gives its bytes to a request owns it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "daemon/base/digest.h"
#include "daemon/base/fingerprint.h"
#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/task_runner.h"
#include "daemon/model/part_plan.h"
#include "daemon/upload/rate_limit.h"

namespace tegodrop {

// Fills `to` from `offset`, on a worker. kCorrupt where the file ends before `size` bytes.
Status ReadFully(FileSystem& fs, int fd, char* to, std::size_t size, std::uint64_t offset);

class BlockReader {
 public:
  // 256 KiB: larger blocks gain nothing (measured).
  static constexpr std::size_t kBlockSize = 256 * 1024;

  // `on_ready` runs from the loop, never inside a call of this object, whenever a block was read or the line is free
  // for it again, or with the error that ended the reading; it may destroy this object. Workers share the descriptor:
  // it closes with the last of them. `fs` and `readers` must outlive this object, and `fs` the work that it has begun
  // there; `rate` (null: no limit) too. `most_blocks`: memory that it may hold. With `fingerprint` (of the whole file;
  // null: the range is hashed) bytes that are not the file's as it was are kCorrupt; the range begins and ends with
  // blocks of it, or at the file's end.
  BlockReader(std::shared_ptr<const Fd> file, PartRange range, std::size_t most_blocks, FileSystem& fs,
              TaskRunner& readers, RateLimit* rate, std::shared_ptr<const Fingerprint> fingerprint,
              std::function<void(Status)> on_ready);

  // Begins to read ahead what Take alone would not: all without a fingerprint.
  void Start();
  // Reads ahead the rest of the range, as far as `most_blocks` goes, although nobody takes it yet: all_read() may
  // become true by it.
  void ReadRest();
  // Copies at most `room` bytes to `to`; 0 where none is ready at the moment, or the line has no room for them.
  std::size_t Take(char* to, std::size_t room);
  // Every byte of the range was read, and is the file's as it was, or hashed.
  bool all_read() const { return !work_ && read_ == range_.size; }
  // The digest of the range; once, after all_read. Null where it was held against its fingerprint.
  std::shared_ptr<Sha256> digest() const { return digest_; }
  // Reads nothing more and calls nobody any more.
  void Stop();

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };

  std::size_t TakeCached(char* to, std::size_t room);
  std::size_t TakeFilled(char* to, std::size_t room);
  void ReadAhead();
  void OnBlock(Result<Block> block);
  void TellReady(Status status);

  const std::shared_ptr<const Fd> file_;
  const PartRange range_;
  const std::size_t most_blocks_;
  FileSystem& fs_;
  TaskRunner& readers_;
  std::function<void(Status)> on_ready_;

  // Touched by one piece of work at a time: the next is submitted only when the last has answered.
  std::shared_ptr<FingerprintCheck> check_;  // either this
  std::shared_ptr<Sha256> digest_;           // or this
  HandlePtr work_;
  std::unique_ptr<RateLimit::Share> share_;  // of the line
  std::deque<Block> filled_;
  std::vector<Block> spare_;
  std::size_t made_ = 0;         // blocks that exist
  std::size_t front_given_ = 0;  // bytes of filled_.front() that were given
  std::uint64_t read_ = 0;
  std::uint64_t hinted_ = 0;  // bytes that the kernel was told of
  int by_workers_ = 0;        // blocks to come that were not in memory
  bool stopped_ = false;
};

}  // namespace tegodrop
