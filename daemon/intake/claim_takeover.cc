// A person wants what another host has left: look once more, then take it, and go on where that host may have come.
#include <cerrno>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/disk/layout.h"
#include "daemon/intake/admission.h"
#include "daemon/intake/claim_plan.h"
#include "daemon/intake/claim_watch.h"

namespace tegodrop {
namespace {

constexpr std::chrono::milliseconds kRecordAgain = std::chrono::seconds(5);

std::string InClaimed(const std::string& job) { return "claimed/" + job; }

// The history is asked whether the other host's upload arrived.
void GoOnFrom(const ClaimRecord& record, WallMs now, Job& job) {
  Target& target = job.target.Edit();
  target.portal_url = record.portal_url;
  target.tenant = record.tenant;
  target.version = record.version;
  job.ticket.start_time = record.start_time;
  job.ticket.file_path = record.file_path;
  job.ticket.signing_key_id = record.signing_key_id;
  job.state = JobState::kConfirming;
  job.confirming_since = now;
  job.sends = 1;
}

}  // namespace

void ClaimWatch::TakeOver(const std::string& job, bool afresh, std::function<void(Result<std::string>)> done) {
  const auto refuse = [&](ErrorKind kind, const std::string& why) {
    // Never inside the call.
    refusal_ =
        world_.timers.After(std::chrono::milliseconds(0), [done, error = MakeError(kind, why)] { done(Fail(error)); });
  };
  if (retired_) return refuse(ErrorKind::kRetry, kStopping);
  if (order_) return refuse(ErrorKind::kRetry, "another claim is just being taken over: try again in a moment");
  if (!open_) return refuse(ErrorKind::kLocalDisk, "the drop folder cannot be reached");
  order_ = Order{job, afresh, std::move(done), ""};
  // Its host may have been heard of since the last look.
  if (!look_) Look();
}

void ClaimWatch::EndOrder(Result<std::string> answer) {
  const auto done = std::move(order_->done);
  order_.reset();
  if (done) done(std::move(answer));
}

void ClaimWatch::ServeOrder() {
  const auto claim = claims_.find(order_->job);
  if (claim == claims_.end()) return Refuse(InClaimed(order_->job) + " is gone: it needs nobody any more");
  if (!IsLeft(claim->second)) {
    return Refuse("its host was heard of at " + LocalTimeOfDay(claim->second.heard_at) + ": it goes on with it");
  }
  work_ = world_.folder.LookAtClaim(order_->job, [this](const Result<ClaimView>& view) {
    const HandlePtr done = std::move(work_);
    if (view) return CheckRecord(*view);
    const Error& error = view.error();
    if (error.kind != ErrorKind::kCorrupt) return EndOrder(Fail(error));
    Refuse(error.message +
           "; see in the portal whether it was built. If not: remove that file and give the command again");
  });
}

void ClaimWatch::CheckRecord(const ClaimView& view) {
  if (view.whole && view.record && view.record->delivering && !order_->afresh) {
    return Refuse(Printable(view.file_name) + " was built, and its host was delivering it into " +
                  Printable(view.record->output_path) + ": look there for a trace of job " +
                  Printable(view.record->job) + ". If it stands there, move " + InClaimed(order_->job) + "/" +
                  Printable(view.file_name) +
                  " to processed/ and give this command again; if not, 'tegodrop retry --rebuild " + order_->job +
                  "' has it built anew");
  }
  TakeOverRequest request;
  request.from = order_->job;
  request.to = NewId(world_.clock.Wall(), world_.random);
  request.even_delivering = order_->afresh;
  work_ = world_.folder.TakeOver(request, [this, to = request.to](const Result<TakenOver>& taken) {
    const HandlePtr done = std::move(work_);
    if (taken) return Taken(to, *taken);
    if (taken.error().sys != EBUSY) return EndOrder(Fail(taken.error()));
    Refuse("its host was heard of just now: it goes on with it");
  });
}

void ClaimWatch::Taken(const std::string& id, const TakenOver& taken) {
  const std::string from = order_->job;
  const std::string file = Printable(taken.claim.file_name);
  Hide(from);
  claims_.erase(from);
  if (!taken.claim.whole) {
    world_.log.Warning("claim.undone", "what another host had begun to claim was put back",
                       {{"folder", settings_.folder.name}, {"file", taken.claim.file_name}, {"from_job", from}});
    return EndOrder(std::string(taken.claim.record
                                    ? "its artifact is put away, and now what was left of the claim is too"
                                    : "its claim had not come to its end and is undone: what there is "
                                      "of it is taken from the drop folder"));
  }
  const std::optional<ClaimRecord>& record = taken.claim.record;
  const std::string path = JoinPath(record ? record->subfolder : "", taken.claim.file_name);
  Weighed weighed = Weigh(settings_.folder, path, KindOfName(path).value_or(ArtifactKind::kApk), taken.inspection);
  std::optional<Failure> failure = weighed.failure;
  if (taken.inspection.outcome == Inspection::Outcome::kIncomplete) {
    failure = IncompleteFailure(taken.inspection.reason);
  }
  const std::uint64_t size = taken.inspection.stat.size;
  if (!failure && world_.spool != nullptr && size > world_.spool->limit()) {
    failure = TooLargeForSpool(size, world_.spool->limit());
  }
  Job job = MakeClaimPlan(settings_, {id, world_.clock.Wall(), taken.inspection.stat, false}, std::move(weighed),
                          taken.inspection, std::move(failure))
                .job;
  job.times.claimed = world_.clock.Wall();
  job.state = job.failure ? JobState::kFailed : JobState::kClaimed;
  std::string then = job.failure ? "it is refused: " + job.failure->message : "it is uploaded";
  if (!job.failure && record && !order_->afresh) {
    GoOnFrom(*record, world_.clock.Wall(), job);
    then = "the portal's history is asked first whether it was built already";
  }
  if (!job.failure && world_.spool != nullptr) world_.spool->Hold(job.id, size);
  world_.log.Warning(
      "claim.taken_over", "what another host had claimed is ours now: " + then,
      {{"folder", settings_.folder.name}, {"file", taken.claim.file_name}, {"from_job", from}, {"job", id}});
  order_->answer = "taken over as job " + id + ": " + then;
  Record(job, "taken over from job " + from + " of another host; " + then, true);
}

// Again and again while the disk does not take it: it is ours, and nobody else looks after it.
void ClaimWatch::Record(const Job& job, const std::string& note, bool answers) {
  world_.ledger.Insert(job, [this, alive = std::weak_ptr<bool>(alive_), job, note, answers](const Status& inserted) {
    if (alive.expired()) return;
    if (inserted) {
      world_.ledger.Save(job, note, [](const Status&) {});
      LogDecision(world_.log, job);
      if (answers) EndOrder(std::string(order_->answer));
      return admitted_(job);
    }
    const bool again = inserted.error().kind == ErrorKind::kLocalDisk;
    const std::string trouble =
        "the ledger would not take what was taken over: " + inserted.error().message +
        (again ? "; it is asked again every 5 seconds" : "; the claim is shown again in an hour, as job " + job.id);
    world_.log.Error("ledger.error", trouble, {{"job", job.id}});
    if (answers) EndOrder(Fail(inserted.error().kind, trouble));
    if (!again && world_.spool != nullptr) world_.spool->Free(job.id);
    if (!again) return;
    records_[job.id] = world_.timers.After(kRecordAgain, [this, job, note] {
      const HandlePtr fired = std::move(records_[job.id]);
      records_.erase(job.id);
      Record(job, note, false);
    });
  });
}

}  // namespace tegodrop
