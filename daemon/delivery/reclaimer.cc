#include "daemon/delivery/reclaimer.h"

#include <chrono>
#include <utility>

#include "daemon/delivery/errand.h"
#include "daemon/delivery/records.h"
#include "daemon/disk/layout.h"
#include "daemon/model/operator.h"
#include "daemon/model/output_name.h"

namespace tegodrop {
namespace {

// Artifact; record; receipts; row.
class Reclaim final : public Errand {
 public:
  Reclaim(const ReclaimWorld& world, JobRecord& record, std::function<void(Status)> done)
      : Errand(record, std::move(done)), world_(world) {}

  void Start(const FindDrop& find_drop, const FindOutput& find_output) {
    if (job().state != JobState::kReclaiming) {
      return Later(MakeError(ErrorKind::kBug,
                             "a job in state " + std::string(ToString(job().state)) + " has nothing to be taken back"));
    }
    auto drop = find_drop(job());
    if (!drop) return Later(drop.error());
    drop_ = *drop;
    auto output = find_output(job());
    if (!output) return Later(output.error());
    output_ = *output;
    NeedsArtifact(job()) ? TakeBack() : RemoveRecord();
  }

 private:
  bool copied() const { return job().target->after == SourceAfter::kKeep; }

  void TakeBack() {
    TakeBackRequest request;
    request.job = job().id;
    request.subfolder = job().artifact.subfolder;
    request.name = job().artifact.file_name;
    request.sidecars = job().artifact.sidecar.files;
    request.size = job().artifact.size;
    request.sha256 = job().artifact.sha256;
    request.copy = copied();
    if (PortalMayHaveIt(job())) request.record = ClaimRecordOf(job(), false);
    step_ = drop_->TakeBack(std::move(request), [this](const Result<bool>& back) {
      if (!back) return Done(Fail(back.error()));
      *back ? RemoveRecord() : Lost();
    });
  }

  void RemoveRecord() {
    const std::string name = FailedName(SafeName(job().artifact.file_name), job().id);
    step_ = output_->RemoveRecord(name, [this](const Status& gone) {
      if (!gone) return Done(Fail(gone.error()));
      // The receipt of what was delivered before stands until there is a delivery to replace it.
      NeedsArtifact(job()) ? RemoveReceipts() : GoOn();
    });
  }

  void RemoveReceipts() {
    const auto removed = [this](const Status& gone) {
      if (!gone) return Done(Fail(gone.error()));
      GoOn();
    };
    step_ = copied() ? output_->RemoveReceipts(ReceiptIds(job()), job().id, removed)
                     : drop_->RemoveReceipts(ReceiptIds(job()), job().id, removed);
  }

  void GoOn() {
    Save([now = world_.clock.Wall()](Job& job) { AfterReclaim(job, now); },
         NeedsArtifact(job()) ? "its artifact is back at work" : "its end is undone", [this] { Done({}); });
  }

  void Lost() {
    const std::string place = copied() ? "the drop folder" : "the drop folder's failed/";
    Failure failure;
    failure.kind = FailureKind::kUnreadable;
    failure.message = "its artifact does not stand in " + place + " any more, or is not the same: it cannot be retried";
    failure.remedy = "drop the artifact again";
    Save(
        [failure](Job& job) {
          job.state = JobState::kFailed;
          job.failure = failure;
        },
        failure.message, [this] { Done({}); });
  }

  // Never inside the starting call.
  void Later(Error error) {
    step_ = world_.timers.After(std::chrono::milliseconds(0), [this, error = std::move(error)] { Done(Fail(error)); });
  }

  const ReclaimWorld& world_;
  DropFolder* drop_ = nullptr;
  OutputFolder* output_ = nullptr;
};

}  // namespace

Reclaimer::Reclaimer(ReclaimWorld world, FindDrop find_drop, FindOutput find_output)
    : world_(world), find_drop_(std::move(find_drop)), find_output_(std::move(find_output)) {}

HandlePtr Reclaimer::Start(JobRecord& record, std::function<void(Status)> done) {
  auto reclaim = std::make_unique<Reclaim>(world_, record, std::move(done));
  reclaim->Start(find_drop_, find_output_);
  return reclaim;
}

}  // namespace tegodrop
