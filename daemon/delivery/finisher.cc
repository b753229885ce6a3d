#include "daemon/delivery/finisher.h"

#include <cerrno>
#include <chrono>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/delivery/errand.h"
#include "daemon/disk/layout.h"
#include "daemon/model/output_name.h"

namespace tegodrop {
namespace {

// Record (of a failure); source put away; receipt; what the attempts left in staging removed; row.
class Finish final : public Errand {
 public:
  Finish(const FinishWorld& world, JobRecord& record, std::function<void(Status)> done)
      : Errand(record, std::move(done)), world_(world) {}

  void Start(const FindDrop& find_drop, const FindOutput& find_output, const BeforeEnd& before_end) {
    if (job().state != JobState::kPublished && !IsEnd(job().state)) {
      return Later(MakeError(ErrorKind::kBug,
                             "a job in state " + std::string(ToString(job().state)) + " has not come to its end"));
    }
    // What was delivered before stands, and so do its receipt and its trace: nothing of the drop has failed.
    if (!delivered() && job().redeliveries > 0) {
      if (auto output = find_output(job())) output_ = *output;
      return Tidy();
    }
    auto drop = find_drop(job());
    if (!drop) return Later(drop.error());
    drop_ = *drop;
    auto output = find_output(job());
    if (output) output_ = *output;
    if (!output && NeedsOutput()) return Later(output.error());
    if (!output) Unrecorded(output.error());
    if (!delivered() && before_end) {
      step_ = before_end(job(), [this](Status may) { may ? Begin() : Done(std::move(may)); });
      if (step_) return;
    }
    Begin();
  }

 private:
  void Begin() { delivered() || output_ == nullptr ? PutAway() : WriteRecord(); }

  bool delivered() const { return job().state == JobState::kPublished || job().state == JobState::kDelivered; }
  bool copied() const { return job().target->after == SourceAfter::kKeep; }
  bool unwritable() const { return job().failure && job().failure->kind == FailureKind::kOutputUnwritable; }
  // One trouble stays one trouble: an output folder that is away holds up only what is written into it.
  bool NeedsOutput() const { return !unwritable() && (copied() || !delivered()); }

  // The row, with a failure to show in every case.
  Job Shown() const {
    Job shown = job();
    if (delivered() || shown.failure) return shown;
    shown.failure.emplace();
    const bool cancelled = shown.state == JobState::kCancelled;
    shown.failure->kind = cancelled ? FailureKind::kCancelled : FailureKind::kUnreadable;
    shown.failure->message = cancelled ? "the job was cancelled" : "the job failed and its reason was not recorded";
    shown.failure->remedy = "drop the artifact again to have it protected";
    return shown;
  }

  void WriteRecord() {
    const Job shown = Shown();
    step_ = output_->WriteRecord(FailedName(SafeName(shown.artifact.file_name), shown.id),
                                 FailedJson(shown, world_.producer), shown.target->output_mode,
                                 [this](const Status& written) {
                                   if (!written && !unwritable()) return Done(Fail(written.error()));
                                   if (!written) Unrecorded(written.error());
                                   PutAway();
                                 });
  }

  void PutAway() {
    PutAwayRequest request;
    request.job = job().id;
    request.name = job().artifact.file_name;
    request.sidecars = job().artifact.sidecar.files;
    request.copy = copied();
    request.destination = !delivered()                                   ? Destination::kFailed
                          : job().target->after == SourceAfter::kArchive ? Destination::kProcessed
                                                                         : Destination::kNowhere;
    if (!delivered() && !copied()) request.reason_json = ReasonJson(Shown());
    step_ = drop_->PutAway(std::move(request), [this](const Status& away) {
      if (!away) return Done(Fail(away.error()));
      job().redeliveries > 0 ? RemoveReceipts() : WriteReceipt();
    });
  }

  // The receipt of the delivery before gives way to that of this one.
  void RemoveReceipts() {
    const auto removed = [this](const Status& gone) {
      if (!gone && !(copied() && unwritable())) return Done(Fail(gone.error()));
      WriteReceipt();
    };
    if (!copied()) {
      step_ = drop_->RemoveReceipts(ReceiptIds(job()), job().id, removed);
    } else if (output_ != nullptr) {
      step_ = output_->RemoveReceipts(ReceiptIds(job()), job().id, removed);
    } else {
      WriteReceipt();
    }
  }

  void WriteReceipt() {
    const std::vector<std::string> ids = ReceiptIds(job());
    WriteReceiptAs(ids.front(), ids.back());
  }

  void WriteReceiptAs(const std::string& id, const std::string& otherwise) {
    const auto written = [this, otherwise](const Status& status) {
      if (!status && status.error().sys == EEXIST && !otherwise.empty()) return WriteReceiptAs(otherwise, "");
      if (!status && !(copied() && unwritable())) return Done(Fail(status.error()));
      if (!status) Unrecorded(status.error());
      Tidy();
    };
    const std::string receipt = ReceiptJson(Shown());
    if (!copied()) {
      step_ = drop_->WriteReceipt(id, receipt, written);
    } else if (output_ != nullptr) {
      step_ = output_->WriteReceipt(id, receipt, written);
    } else {
      Tidy();
    }
  }

  // What is left in staging costs room and harms nothing: no reason to keep a job from its end.
  void Tidy() {
    if (output_ == nullptr || job().output.staging_name.empty()) return RecordFinished();
    step_ = output_->Discard(job().output.staging_name, [this](const Status& gone) {
      if (!gone) world_.log.Warning("delivery.staging_left", gone.error().message, {{"job", job().id}});
      RecordFinished();
    });
  }

  void RecordFinished() {
    std::string note =
        !delivered() && job().redeliveries > 0 ? "its redelivery has ended; what was delivered before stands"
        : !delivered()                         ? "the source is put away with the reason"
        : job().duplicate_of.empty()           ? "delivered; the source is put away"
                                     : "a duplicate of job " + job().duplicate_of + "; the source is put away";
    Save(
        [](Job& job) {
          if (job.state == JobState::kPublished) job.state = JobState::kDelivered;
          job.finished = true;
        },
        std::move(note),
        [this] {
          Tell();
          Done({});
        });
  }

  void Tell() {
    const Job shown = Shown();
    if (!shown.duplicate_of.empty() && delivered()) {
      return world_.log.Info("job.ended_duplicate", shown.artifact.file_name + " was delivered already",
                             {{"job", shown.id},
                              {"folder", shown.target->folder},
                              {"file", shown.artifact.file_name},
                              {"state", ToString(shown.state)},
                              {"sha256", shown.artifact.sha256},
                              {"duplicate_of", shown.duplicate_of},
                              {"trace", TracePath(shown)}});
    }
    if (delivered()) {
      return world_.log.Info("job.delivered", shown.artifact.file_name + " is delivered",
                             {{"job", shown.id},
                              {"folder", shown.target->folder},
                              {"file", shown.artifact.file_name},
                              {"state", ToString(shown.state)},
                              {"sha256", shown.artifact.sha256},
                              {"protected", shown.output.protected_name},
                              {"trace", TracePath(shown)}});
    }
    const LogLevel level = shown.state == JobState::kCancelled ? LogLevel::kWarning : LogLevel::kError;
    world_.log.Write(level, "job.failed", shown.failure->message,
                     {{"job", shown.id},
                      {"folder", shown.target->folder},
                      {"file", shown.artifact.file_name},
                      {"state", ToString(shown.state)},
                      {"sha256", shown.artifact.sha256},
                      {"kind", ToString(shown.failure->kind)},
                      {"remedy", shown.failure->remedy}});
  }

  void Unrecorded(const Error& error) {
    if (delivered()) return;
    world_.log.Warning("job.failed_unrecorded", error.message, {{"job", job().id}, {"folder", job().target->folder}});
  }

  // Never inside the starting call.
  void Later(Error error) {
    step_ = world_.timers.After(std::chrono::milliseconds(0), [this, error = std::move(error)] { Done(Fail(error)); });
  }

  const FinishWorld& world_;
  DropFolder* drop_ = nullptr;
  OutputFolder* output_ = nullptr;  // none where the job can do without
};

}  // namespace

Finisher::Finisher(FinishWorld world, FindDrop find_drop, FindOutput find_output, BeforeEnd before_end)
    : world_(std::move(world)),
      find_drop_(std::move(find_drop)),
      find_output_(std::move(find_output)),
      before_end_(std::move(before_end)) {}

HandlePtr Finisher::Start(JobRecord& record, std::function<void(Status)> done) {
  auto finish = std::make_unique<Finish>(world_, record, std::move(done));
  finish->Start(find_drop_, find_output_, before_end_);
  return finish;
}

}  // namespace tegodrop
