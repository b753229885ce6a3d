#include "daemon/app/share_claims.h"

#include <chrono>
#include <utility>

#include "daemon/model/operator.h"
#include "daemon/share/claim_record.h"

namespace tegodrop {

ShareClaims::ShareClaims(FindDrop find_drop, std::set<std::string> configured, TimerMaker& timers, Log& log)
    : find_drop_(std::move(find_drop)), configured_(std::move(configured)), timers_(timers), log_(log) {}

HandlePtr ShareClaims::Tell(const Job& job, bool delivering, std::function<void(Status)> done) {
  if (!MayBeShared(job)) return nullptr;
  auto folder = find_drop_(job);
  if (!folder) return Later(folder.error(), std::move(done));
  return (*folder)->RecordClaim(
      ClaimRecordOf(job, delivering), [job, done = std::move(done)](const Result<ClaimHolder>& holder) {
        if (!holder) return done(Fail(holder.error()));
        if (*holder == ClaimHolder::kOurs) return done({});
        if (*holder == ClaimHolder::kTakenOver) return done(Fail(ErrorKind::kTakenOver, TakenOverWords(job.id)));
        done(Fail(ErrorKind::kLocalDisk, "claimed/" + job.id + " is gone from the room of " + job.target->drop_path +
                                             ": put it back, or 'tegodrop cancel " + job.id + "'"));
      });
}

HandlePtr ShareClaims::Ask(const Job& job, std::function<void(Status)> done) {
  if (!MayBeShared(job)) return nullptr;
  auto folder = find_drop_(job);
  if (!folder) return Later(folder.error(), std::move(done));
  return (*folder)->WhoHas(job.id, [id = job.id, done = std::move(done)](const Result<ClaimHolder>& holder) {
    if (!holder) return done(Fail(holder.error()));
    if (*holder == ClaimHolder::kTakenOver) return done(Fail(ErrorKind::kTakenOver, TakenOverWords(id)));
    done({});
  });
}

void ShareClaims::Forget(const Job& job) {
  auto folder = find_drop_(job);
  if (!folder) return;
  PutAwayRequest request;
  request.copy = true;
  request.job = job.id;
  request.name = job.artifact.file_name;
  forgetting_[job.id] = (*folder)->PutAway(std::move(request), [this, id = job.id](const Status& gone) {
    const HandlePtr done = std::move(forgetting_[id]);
    forgetting_.erase(id);
    if (!gone) log_.Warning("spool.left", gone.error().message, {{"job", id}});
  });
}

// Of a folder that has left the config nobody knows what it is on before it is open.
bool ShareClaims::MayBeShared(const Job& job) const {
  if (job.target->after == SourceAfter::kKeep || !NeedsArtifact(job)) return false;
  return OnShare(job) || !configured_.contains(job.target->drop_path);
}

HandlePtr ShareClaims::Later(const Error& error, std::function<void(Status)> done) {
  return timers_.After(std::chrono::milliseconds(0), [error, done = std::move(done)] { done(Fail(error)); });
}

}  // namespace tegodrop
