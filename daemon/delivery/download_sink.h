// Where a download's bytes go: from the network into a staged file, with bounded memory between. Internal.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/net/transfer.h"
#include "daemon/share/output_folder.h"

namespace tegodrop {

// Small writes of the network are gathered into appends of at least 64 KiB, one at a time; while one is under way half
// a mebibyte more is taken, then the network waits.
class DownloadSink final : public BodySink {
 public:
  // A body over `limit` bytes fails as kCorrupt.
  DownloadSink(std::unique_ptr<StagedFile> file, std::uint64_t limit) : file_(std::move(file)), limit_(limit) {}

  Status Begin(int status, const std::vector<std::pair<std::string, std::string>>& headers) override;
  FlowState Write(const char* data, std::size_t size) override;
  void OnReady(std::function<void()> resume) override { resume_ = std::move(resume); }
  Error error() const override;

  // The transfer is over: appends the rest, syncs and closes. `done` never runs inside the call. Call it once.
  void Finish(std::function<void(Result<StagedFacts>)> done);
  // Nothing of what is under way answers any more, and the file is let go.
  void Stop();

  bool failed() const { return error_.has_value(); }
  // The answer's Content-Length.
  std::optional<std::uint64_t> total() const { return total_; }
  std::uint64_t received() const { return received_; }

 private:
  void Append();
  void Appended(const Status& status);
  void FinishFile();

  std::unique_ptr<StagedFile> file_;
  const std::uint64_t limit_;
  std::optional<std::uint64_t> total_;
  std::uint64_t received_ = 0;
  std::string buffer_;
  bool waiting_ = false;  // the network was told to wait
  std::optional<Error> error_;
  std::function<void()> resume_;
  std::function<void(Result<StagedFacts>)> finished_;  // set once the transfer is over
  HandlePtr append_;                                   // under way
};

}  // namespace tegodrop
