// One part of an artifact as the body of its PUT. Owned by the request and by the sender that made it; belongs to the
// loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"
#include "daemon/loop/task_runner.h"
#include "daemon/model/part_plan.h"
#include "daemon/net/transfer.h"
#include "daemon/upload/block_reader.h"

namespace tegodrop {

class PartSource final : public BodySource {
 public:
  // One being sent, one being read, one for the jitter: several parts are on their way at once.
  static constexpr std::size_t kMostBlocks = 3;

  // Begins to read at once. `fs` and `readers` must outlive this object, and `fs` the work that it has begun there.
  // `rate` (null: no limit): the line that it shares with other uploads; must outlive this object. `fingerprint`: as
  // BlockReader's.
  PartSource(std::shared_ptr<const Fd> file, PartRange range, FileSystem& fs, TaskRunner& readers,
             RateLimit* rate = nullptr, std::shared_ptr<const Fingerprint> fingerprint = nullptr);

  FlowState Read(char* to, std::size_t room, std::size_t* given) override;
  void OnReady(std::function<void()> resume) override { resume_ = std::move(resume); }
  Error error() const override;

  // Gives nothing more and calls nobody any more.
  void Stop();
  // The file could not be read: error() says why.
  bool failed() const { return error_.has_value(); }
  bool gave_all() const { return given_ == range_.size; }
  std::uint64_t given() const { return given_; }
  // Of the bytes that were given, as 64 lowercase hex digits; once, after gave_all. Empty where they were held against
  // the file's fingerprint instead.
  std::string FinishDigest() {
    const auto digest = blocks_.digest();
    return digest ? digest->FinishHex() : std::string();
  }

 private:
  void OnBlock(Status read);

  const PartRange range_;
  std::function<void()> resume_;
  BlockReader blocks_;
  std::uint64_t given_ = 0;
  bool waiting_ = false;  // the last Read said kWait
  std::optional<Error> error_;
};

}  // namespace tegodrop
