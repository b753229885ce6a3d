// built -> fetched: the protected output into a staged file, checked and synced. Internal.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/delivery/deliverer.h"
#include "daemon/delivery/download_sink.h"
#include "daemon/delivery/errand.h"

namespace tegodrop {

using DeliveryProgress = std::function<void(std::uint64_t received, std::uint64_t total)>;

// Record the attempt; ask for a URL; stage anew, or open what an earlier attempt kept; receive, all or the rest; sync;
// check; record.
//
// The row never claims more than the file has: kept bytes are recorded after their sync, and forgotten before the file
// is emptied.
class Download final : public Errand {
 public:
  Download(const DeliveryWorld& world, OutputFolder& output, JobRecord& record, DeliveryProgress progress,
           std::function<void(Status)> done);
  ~Download() override;

  // `done` never runs inside the call.
  void Start();

 private:
  // The row's kept bytes can be gone on with, as far as the row can tell.
  static bool Resumable(const Job& job);

  // Drops what the last attempt left and records one that begins from nothing, then goes on with `next`.
  void BeginAfresh(std::function<void()> next);
  void RecordAfresh(std::function<void()> next);
  void RecordResumed();
  void AskUrl();
  void Open(Secret url);
  void Stage(Secret url);
  void Receive(const Secret& url, std::unique_ptr<StagedFile> file, KeptBytes kept);
  HttpRequest RequestOf(const Secret& url, const KeptBytes& kept);
  void Received(Result<HttpAnswer> answer);
  // 416: the store has nothing behind what is kept.
  void NothingBehind(const HttpAnswer& answer);
  void FinishFile();
  void Staged(const StagedFacts& facts);
  void Judge(ProtectedFacts facts);
  void RecordFetched(ProtectedFacts facts);

  // Saves while bytes come; an answer that arrives meanwhile waits for it.
  void SaveMeanwhile(std::function<void(Output&)> change, std::string note, std::function<void()> next);
  void RecordSynced(std::uint64_t synced);
  void ForgetKept();

  // The output failed a check: recorded, its bytes kept for a person where it is the last one that is asked for and all
  // of them came.
  void Condemn(ProtectedFacts facts, bool whole);
  void Quarantine(Error error);
  // The transfer broke off: what came is synced and recorded where the rest of it can be asked for.
  void BreakOff(Error error);
  // The attempt ends without an output and what it staged stays as the row says.
  void Leave(Error error);
  // The attempt ends and nothing that was staged is of any use: it is removed and forgotten.
  void Abandon(Error error);
  // Counts the failure where it asks for another try.
  void EndWith(Error error, std::function<void(Output&)> change);

  Error RefusedByStore(const HttpAnswer& answer) const;

  const DeliveryWorld& world_;
  OutputFolder& output_;
  DeliveryProgress progress_;
  std::shared_ptr<DownloadSink> sink_;
  bool staging_ = false;                      // something may stand under the staging name
  bool saving_ = false;                       // while bytes come
  std::optional<Result<HttpAnswer>> answer_;  // came while it was saving
  KeptBytes asked_;                           // what the store was asked for the rest of
  StagedFacts facts_;
};

}  // namespace tegodrop
