// Where a download's bytes go: from the network into a staged file, with bounded memory between. Internal.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/delivery/deliverer.h"
#include "daemon/model/job.h"
#include "daemon/net/transfer.h"
#include "daemon/share/output_folder.h"

namespace tegodrop {

// Small writes of the network are gathered into appends of at least 64 KiB, one piece of work on the file at a time;
// while one is under way up to 224 KiB more are taken, then the network waits. Three such buffers are the most there
// is: what comes is gathered in one, the second is written, and the third is what the file still digests.
//
// Where the store can be asked for the same bytes again (a strong ETag and a length), what came is synced now and then.
class DownloadSink final : public BodySink {
 public:
  struct Plan {
    std::uint64_t limit = 0;  // a body that makes the file larger fails as kCorrupt
    KeptBytes kept;           // what the file holds and was asked to be gone on with; none: it is new
    CheckpointPace pace;
    // So many bytes are synced; from the loop. More may have come by then.
    std::function<void(std::uint64_t synced)> on_synced;
    // The store sends the whole output instead of the rest: the kept bytes are not to be gone on with any more. Nothing
    // is done to the file until Restart is called.
    std::function<void()> on_whole;
  };

  DownloadSink(std::unique_ptr<StagedFile> file, const Clock& clock, Plan plan);

  Status Begin(int status, const std::vector<std::pair<std::string, std::string>>& headers) override;
  FlowState Write(const char* data, std::size_t size) override;
  void OnReady(std::function<void()> resume) override { resume_ = std::move(resume); }
  Error error() const override;

  // Nothing relies on the kept bytes any more: the file is emptied and takes what comes.
  void Restart();
  // The transfer is over: appends the rest, syncs and closes. `done` never runs inside the call. Call it once.
  void Finish(std::function<void(Result<StagedFacts>)> done);
  // The transfer broke off: appends what has come and syncs it. `done` never runs inside the call. Call it once.
  void Sync(std::function<void(Result<std::uint64_t>)> done);
  // Nothing of what is under way answers any more, and the file is let go.
  void Stop();

  bool failed() const { return error_.has_value(); }
  // The answer does not fit the bytes that were kept: they are not to be trusted.
  bool distrusted() const { return distrusted_; }
  // Of the whole output: what the answer named.
  std::optional<std::uint64_t> total() const { return total_; }
  // Of the whole output: the kept bytes count.
  std::uint64_t received() const { return received_; }
  // Which byte of the output the answer's first one is.
  std::uint64_t first() const { return first_; }
  // By what the bytes that came can be gone on with; an empty ETag where they cannot.
  KeptBytes Keepable(std::uint64_t synced) const;

 private:
  Status BeginRest(const std::vector<std::pair<std::string, std::string>>& headers);
  Status Distrust(const std::string& why);
  void Next();
  void Append();
  void Appended(const Status& status);
  bool CheckpointDue() const;
  void SyncFile();
  void Synced(const Result<std::uint64_t>& synced);
  void FinishFile();
  void Wake();

  std::unique_ptr<StagedFile> file_;
  const Clock& clock_;
  Plan plan_;
  std::optional<std::uint64_t> total_;
  std::string etag_;  // strong, or empty
  std::uint64_t first_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t appended_ = 0;
  std::uint64_t synced_ = 0;
  MonoMs synced_at_ = 0;
  // What came and is not yet on its way to the file; what was last appended, and may still be read to be digested; and
  // the memory of what was before, which serves again.
  std::shared_ptr<std::string> buffer_;
  std::shared_ptr<std::string> digested_;
  std::shared_ptr<std::string> spare_;
  bool waiting_ = false;  // the network was told to wait
  bool held_ = false;     // until Restart
  bool distrusted_ = false;
  std::optional<Error> error_;
  std::function<void()> resume_;
  std::function<void(Result<StagedFacts>)> finish_;  // set once the transfer is over
  std::function<void(Result<std::uint64_t>)> sync_;  // set once it has broken off
  HandlePtr work_;                                   // on the file, under way
};

}  // namespace tegodrop
