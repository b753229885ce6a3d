// built -> fetched: the protected output into a staged file of this attempt, checked and synced. Internal.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/delivery/deliverer.h"
#include "daemon/delivery/download_sink.h"
#include "daemon/delivery/errand.h"

namespace tegodrop {

using DeliveryProgress = std::function<void(std::uint64_t received, std::uint64_t total)>;

// Drop the last attempt's file; record this attempt's; ask for a URL; stage; receive; sync; check; record.
class Download final : public Errand {
 public:
  Download(const DeliveryWorld& world, OutputFolder& output, JobRecord& record, DeliveryProgress progress,
           std::function<void(Status)> done);
  ~Download() override;

  // `done` never runs inside the call.
  void Start();

 private:
  void RecordAttempt();
  void AskUrl();
  void Stage(Secret url);
  void Receive(const Secret& url, std::unique_ptr<StagedFile> file);
  void Received(Result<HttpAnswer> answer);
  void Staged(const StagedFacts& facts);
  void Judge(std::vector<Check> checks);
  void RecordFetched(std::vector<Check> checks);

  // The output failed a check: recorded, its bytes kept for a person where all of them came.
  void Condemn(std::vector<Check> checks, bool whole);
  void Quarantine(Error error);
  // The attempt ends without an output: what it staged is removed, the failure counted where it asks for another try.
  void Abandon(Error error);
  void CountFailure(Error error);

  Error RefusedByStore(const HttpAnswer& answer) const;

  const DeliveryWorld& world_;
  OutputFolder& output_;
  DeliveryProgress progress_;
  std::shared_ptr<DownloadSink> sink_;
  bool staging_ = false;  // something may stand under the staging name
  StagedFacts facts_;
};

}  // namespace tegodrop
