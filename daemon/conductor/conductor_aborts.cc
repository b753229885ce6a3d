// Multipart uploads that were given up: each is aborted at the portal, beside whatever else happens to its job, until
// the portal says that it is done or that there is no such upload.
#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/base/retry_policy.h"
#include "daemon/conductor/conductor.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

// A refusal does not pass in seconds, and neither does what has failed for so many times.
constexpr milliseconds kRefusedWait = std::chrono::minutes(15);
constexpr int kSlowAfter = 10;
// After so many failures, or where the next try is not soon, `run --once` no longer waits: the ledger remembers it for
// the next run.
constexpr int kPatience = 3;
constexpr milliseconds kSoon = std::chrono::minutes(1);

}  // namespace

bool Conductor::AbortIsWorthWaiting(const ActiveJob& job) const {
  return !job.job().aborts.empty() && job.ours && job.abort_failures < kPatience;
}

MonoMs Conductor::AbortWhatIsLeft(ActiveJob& job, MonoMs now) {
  if (job.job().aborts.empty() || job.abort || !job.ours) return INT64_MAX;
  const MonoMs due = std::max(job.abort_due, credentials_held_until_);
  if (due > now) return due;
  const std::string id = job.job().id;
  // After a failure another one: what the portal refuses holds up nothing else.
  const std::vector<OpenUpload>& aborts = job.job().aborts;
  const OpenUpload upload = aborts[static_cast<std::size_t>(job.abort_failures) % aborts.size()];
  job.abort = rooms_.abort(upload, [this, id, upload](Status status) { AbortDone(id, upload, std::move(status)); });
  return INT64_MAX;
}

void Conductor::AbortDone(const std::string& id, const OpenUpload& upload, Status status) {
  ActiveJob* job = Find(id);
  if (job == nullptr) return;
  // A 404 that is no JSON may be a gateway's; one that stays is the portal's word, however it writes its errors.
  const bool not_found = !status && status.error().http_status == 404;
  const bool gone =
      status || (not_found && (status.error().kind == ErrorKind::kRejected || job->abort_failures >= kSlowAfter));
  if (!gone) {
    const Error& error = status.error();
    if (error.held_back) {
      job->abort_due = world_.clock.Mono() + HeldBackDelay(error, world_.random).count();
      job->abort.reset();
      return TurnSoon();
    }
    if (job->abort_failures++ == 0) {
      world_.log.Warning("upload.abort_failed", "a given-up upload could not be aborted yet: " + error.message,
                         {{"job", id}, {"file", job->job().artifact.file_name}});
    }
    const bool passes =
        (error.kind == ErrorKind::kRetry || error.kind == ErrorKind::kSlowDown) && job->abort_failures < kSlowAfter;
    const milliseconds delay =
        passes ? RetryDelay(job->abort_failures, error.retry_after, world_.random) : kRefusedWait;
    if (delay > kSoon) job->abort_failures = std::max(job->abort_failures, kPatience);
    job->abort_due = world_.clock.Mono() + delay.count();
    job->abort.reset();
    return TurnSoon();
  }
  // The handle stays until the row knows, so that it is not aborted again meanwhile.
  // It is no step of the job's: what that waits for stays as it is.
  const Waiting waiting = job->saving() ? Waiting{} : job->job().waiting;
  job->Save(
      [upload, waiting](Job& changed) {
        changed.waiting = waiting;
        std::erase_if(changed.aborts, [&](const OpenUpload& one) { return one.upload_id == upload.upload_id; });
      },
      "a given-up upload was aborted at the portal",
      [this, id](Status saved) {
        ActiveJob* active = Find(id);
        if (active == nullptr) return;
        active->abort.reset();
        active->abort_failures = saved ? 0 : active->abort_failures + 1;
        if (!saved) active->abort_due = world_.clock.Mono() + kLedgerRetry.count();
        EraseIfDone(id);
        if (stopping_) return FinishStop();
        TurnSoon();
      });
}

void Conductor::EraseIfDone(const std::string& id) {
  const ActiveJob* job = Find(id);
  if (job->job().finished && job->job().aborts.empty() && !job->work) jobs_.erase(id);
}

}  // namespace tegodrop
