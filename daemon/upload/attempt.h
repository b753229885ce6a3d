// One attempt to carry a job's artifact to the portal: the steps of uploader.h, one after the other. Belongs to the
// loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/upload/file_source.h"
#include "daemon/upload/parts_sender.h"
#include "daemon/upload/uploader.h"

namespace tegodrop {

class UploadAttempt final : public Handle {
 public:
  // The ways to the claimed artifact.
  struct Doors {
    const OpenSource& open_source;
    const BeforeArrival& before_arrival;
  };
  UploadAttempt(UploadWorld world, const UploadSettings& settings, Doors doors, JobRecord& record,
                std::function<void(std::uint64_t)> progress, std::function<void(Status)> done);
  ~UploadAttempt() override;

  void Begin();

 private:
  using Change = std::function<void(Job&)>;
  using Then = std::function<void(Status)>;

  // The steps, in their order.
  void AskForUrl();
  void OnGrant(Result<UploadGrant> grant);
  void RecordTicket(UploadGrant grant);
  void KeepTicket(UploadTicket ticket, std::optional<MultipartUpload> multipart);
  void OpenFile();
  void OnOpened(Result<Fd> file);
  void OnStat(Result<FileStat> stat);
  std::shared_ptr<const Fingerprint> KnownFingerprint() const;
  // In one piece (attempt_single.cc).
  void Send(const FileStat& opened);
  void OnAtGate(Status checked);
  void LetLastChunkLeave();
  void OnLastChunkRecorded(Status saved);
  void OnAnswer(Result<HttpAnswer> answer);
  // In parts (attempt_parts.cc).
  void TakeParts(UploadGrant grant);
  void GoOnWithParts();
  void StartOver(const std::string& reason);
  void SendParts(const FileStat& opened);
  void OnPartsSent(Status sent);
  void Complete();
  void OnCompleted(Status completed);
  // Either way.
  void BeforeArrivalThen(const std::function<void()>& next);
  void RecordSubmitted();

  // The ways out.
  // A multipart upload that this job will not use; `then` once that is recorded.
  void LeaveToAbort(OpenUpload upload, std::function<void()> then);
  void AskAgainForIdentity();
  void RecordUnknown(Error error);
  // Back to claimed, or with the parts that arrived kept, nothing having reached the portal; then `done` with the
  // error.
  void GiveBack(Error error);
  void Finish(Status status);
  void StopSending();

  // The ledger refuses a row only where it contradicts what it holds: no later try changes that.
  static Error LedgerError(Error error);
  // `then` runs unless this attempt is gone by then.
  void Save(Change change, std::string note, Then then);
  // The same, again and again while the disk does not take it.
  void SaveFirmly(Change change, std::string note, Then then);

  const UploadWorld world_;
  const UploadSettings& settings_;
  const Doors doors_;
  JobRecord& record_;
  std::function<void(std::uint64_t)> progress_;
  std::function<void(Status)> done_;

  const std::string job_;
  const std::string file_name_;
  const std::uint64_t size_;

  HandlePtr step_;  // the one call under way that is not a Save and not the PUT
  HandlePtr put_;
  std::shared_ptr<FileSource> source_;
  std::shared_ptr<const Fd> file_;
  Secret url_;
  std::unique_ptr<PartsSender> parts_;
  std::vector<Secret> part_urls_;
  WallMs asked_at_ = 0;  // before the URLs were made: they live from then on at least
  int identities_taken_ = 0;
  bool completing_again_ = false;  // an earlier Complete of this upload was refused
  bool saving_last_chunk_ = false;
  bool told_of_saving_ = false;
  // What ended the PUT while the row was being written: dealt with after it.
  std::unique_ptr<Result<HttpAnswer>> early_answer_;
  // Saves cannot be cancelled: their callbacks hold this weakly and touch nothing once it is gone.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace tegodrop
