#include "daemon/model/operator.h"

#include <algorithm>
#include <utility>

namespace tegodrop {
namespace {

OperatorPlan Refuse(const Job& job, const std::string& why) {
  OperatorPlan plan;
  plan.message = "job " + job.id + " " + why;
  return plan;
}

OperatorPlan Plan(std::function<void(Job&)> change, std::string note, std::string message) {
  OperatorPlan plan;
  plan.change = std::move(change);
  plan.note = std::move(note);
  plan.message = std::move(message);
  return plan;
}

// Failures from before the upload whose cause is the dropped file itself: the same file would fail the same way.
bool IsOfTheFile(FailureKind kind) {
  switch (kind) {
    case FailureKind::kIncomplete:
    case FailureKind::kNotAnArtifact:
    case FailureKind::kChecksum:
    case FailureKind::kBadName:
    case FailureKind::kTooLarge:
    case FailureKind::kUnreadable:
    case FailureKind::kBadSidecar:
    case FailureKind::kCommitMissing:
      return true;
    default:
      return false;
  }
}

// A build's identity has one-second resolution: a second one of the same second would be taken for the first one.
constexpr WallMs kNextIdentity = 2000;
bool TooSoon(const Job& job, WallMs now) {
  const WallMs last = std::max(job.times.submitted, job.confirming_since);
  return PortalMayHaveIt(job) && now >= last && now - last < kNextIdentity;
}

// What happened so far no longer counts; the staging name stays, so that what is left under it is removed.
void StartAfresh(Job& job) {
  job.finished = false;
  job.failure.reset();
  job.waiting = {};
  job.upload_tries = job.refused_urls = 0;
  job.download_tries = job.bad_downloads = 0;
  job.confirming_since = 0;
  job.confirming_looks = 0;
  job.reset_since = 0;
  job.alarmed = false;
  job.build.reset();
  job.times.submitted = job.times.completed = job.times.delivered = 0;
  std::string staging_name = std::move(job.output.staging_name);
  job.output = {};
  job.output.staging_name = std::move(staging_name);
}

// The portal is asked for a new URL, and what came of the old one is nobody's business any more; nor is it whether the
// same bytes were delivered before: a person wants this build.
void ForgetPortal(Job& job) {
  ForgetUpload(job);
  job.target.Edit().skip_same_bytes = false;
  job.ticket = {};
  job.sends = 0;
}

void PublishAgain(Job& job) {
  ++job.redeliveries;
  job.finished = false;
  job.failure.reset();
  job.waiting = {};
  job.download_tries = job.bad_downloads = 0;
  job.times.delivered = 0;
  std::string staging_name = std::move(job.output.staging_name);
  job.output = {};
  job.output.staging_name = std::move(staging_name);
}

OperatorPlan Held(const Job& job, bool rebuild, WallMs now) {
  if (rebuild) {
    return Plan(
        [](Job& changed) {
          StartAfresh(changed);
          ForgetPortal(changed);
          changed.state = JobState::kClaimed;
        },
        "retry --rebuild: it is uploaded anew", "it is uploaded anew");
  }
  return Plan(
      [now](Job& changed) {
        changed.waiting = {};
        changed.confirming_since = now;
        changed.confirming_looks = 0;
      },
      "retry: the history is asked afresh",
      "the portal's history is asked afresh; if the build is not there, 'tegodrop retry --rebuild " + job.id +
          "' uploads it anew");
}

OperatorPlan Unended(const Job& job, const std::string& what) {
  const Waiting waiting = WaitingOf(job);
  return Refuse(job, "is " + std::string(ToString(job.state)) +
                         (waiting.for_what.empty() ? "" : " (waits for " + waiting.for_what + ")") + ": " + what);
}

// It was delivered once and its artifact is put away: only the download is missing.
OperatorPlan RetryRedelivery(const Job& job, bool rebuild) {
  if (rebuild) {
    return Refuse(job,
                  "was delivered once already, and a rebuild would deliver the same drop twice: drop the artifact "
                  "again, or fetch the same build with 'tegodrop redeliver " +
                      job.id + "'");
  }
  return Plan(
      [](Job& changed) {
        PublishAgain(changed);
        changed.state = JobState::kReclaiming;
      },
      "the build is fetched again", "the build is fetched and published again");
}

OperatorPlan Retry(const Job& job, bool rebuild, WallMs now) {
  if (HeldForAPerson(job)) return Held(job, rebuild, now);
  if (!job.duplicate_of.empty()) {
    return Refuse(job, "was skipped as a duplicate of job " + job.duplicate_of + ": nothing to retry");
  }
  if (job.state == JobState::kDelivered || job.state == JobState::kPublished) {
    return Refuse(job, "is " + std::string(ToString(job.state)) + ": nothing to retry; 'tegodrop redeliver " + job.id +
                           "' fetches it again");
  }
  if (!IsEnd(job.state)) return Unended(job, "it is at work, there is nothing to retry");
  if (!job.finished) return Refuse(job, "is just being put away: try again once the daemon has done so");
  if (job.redeliveries > 0) return RetryRedelivery(job, rebuild);
  // Where nothing in the folder is changed, the same bytes under the same name are the same artifact.
  const bool same_bytes =
      job.target->after == SourceAfter::kKeep && job.failure &&
      (job.failure->kind == FailureKind::kBadSidecar || job.failure->kind == FailureKind::kCommitMissing);
  if (job.failure && IsOfTheFile(job.failure->kind)) {
    return Refuse(job, "failed for what was dropped (" + std::string(ToString(job.failure->kind)) +
                           "), and the same file would fail again: correct it and drop it " +
                           (same_bytes ? "under another name" : "again"));
  }
  if (rebuild && TooSoon(job, now)) return Refuse(job, "was uploaded only just now: try again in a moment");
  const bool failed_build =
      job.failure && (job.failure->kind == FailureKind::kBuildFailed || job.failure->kind == FailureKind::kNotSigned);
  const bool ask = !rebuild && PortalMayHaveIt(job);
  return Plan(
      [rebuild](Job& changed) {
        StartAfresh(changed);
        if (rebuild) ForgetPortal(changed);
        changed.state = JobState::kReclaiming;
      },
      rebuild ? "retry --rebuild" : "retry",
      !ask ? "back to work: it is uploaded anew"
           : "back to work: the portal's history is asked first" +
                 std::string(!failed_build ? ""
                                           : ", and a build that is still failed there fails again; 'tegodrop retry "
                                             "--rebuild " +
                                                 job.id + "' uploads it anew"));
}

OperatorPlan Redeliver(const Job& job) {
  if (!job.duplicate_of.empty()) {
    return Refuse(job, "was skipped as a duplicate and has no build of its own: 'tegodrop redeliver " +
                           job.duplicate_of + "' fetches that of the earlier drop");
  }
  const bool again = (job.state == JobState::kFailed || job.state == JobState::kCancelled) && job.redeliveries > 0;
  if (job.state != JobState::kDelivered && !again) {
    if (IsEnd(job.state)) {
      const std::string never = "is " + std::string(ToString(job.state)) + " and was never delivered: ";
      if (job.failure && IsOfTheFile(job.failure->kind))
        return Refuse(job, never + "correct the file and drop it again");
      return Refuse(job, never + "'tegodrop retry " + job.id + "' puts it back to work");
    }
    return Unended(job, "only what is delivered can be delivered again");
  }
  if (!job.finished) return Refuse(job, "is just being put away: try again once the daemon has done so");
  if (again) return RetryRedelivery(job, false);
  return Plan(
      [](Job& changed) {
        PublishAgain(changed);
        changed.state = JobState::kBuilt;
      },
      "redeliver: the build is fetched again", "the build is fetched and published again under a new name");
}

OperatorPlan Cancel(const Job& job) {
  if (IsEnd(job.state)) {
    return Refuse(job, "is " + std::string(ToString(job.state)) + " already: there is nothing to cancel");
  }
  if (job.state == JobState::kClaiming) return Refuse(job, "is just being claimed: try again in a moment");
  const bool publishing = job.state == JobState::kFetched && !job.output.protected_name.empty();
  if (publishing || job.state == JobState::kPublished) {
    return Refuse(job, "is just being delivered: it cannot be given up any more");
  }
  const bool queued = AwaitsBuild(job.state) || job.state == JobState::kConfirming || job.last_chunk_left != 0 ||
                      job.state == JobState::kBuilt || job.state == JobState::kFetched;
  const std::string left = queued ? "; a build that is queued goes on at the portal and is no longer awaited" : "";
  const std::string id = job.id;
  const bool before = job.redeliveries > 0;
  return Plan(
      [id, left, before](Job& changed) {
        const WallMs last_chunk_left = changed.last_chunk_left;
        ForgetUpload(changed);
        // Remembered, so that a retry asks the history before it sends anything.
        changed.last_chunk_left = last_chunk_left;
        changed.state = JobState::kCancelled;
        changed.waiting = {};
        changed.failure =
            Failure{FailureKind::kCancelled,
                    before ? "its redelivery was cancelled by an administrator ('tegodrop cancel'); what was delivered "
                             "before stands"
                           : "cancelled by an administrator ('tegodrop cancel')" + left,
                    (before ? "'tegodrop redeliver " : "'tegodrop retry ") + id + "' puts it back to work",
                    {},
                    {},
                    {}};
      },
      "cancelled by an administrator",
      before ? "its redelivery is given up" : "it is given up, and its artifact goes to failed/" + left);
}

}  // namespace

bool PortalMayHaveIt(const Job& job) {
  return job.ticket.start_time != 0 && (job.sends > 0 || job.last_chunk_left != 0);
}

OperatorPlan PlanFor(OperatorVerb verb, const Job& job, WallMs now) {
  switch (verb) {
    case OperatorVerb::kRetry:
      return Retry(job, false, now);
    case OperatorVerb::kRebuild:
      return Retry(job, true, now);
    case OperatorVerb::kRedeliver:
      return Redeliver(job);
    case OperatorVerb::kCancel:
      break;
  }
  return Cancel(job);
}

bool HeldForAPerson(const Job& job) {
  return job.state == JobState::kConfirming && !job.waiting.for_what.empty() && job.waiting.not_before == 0;
}

bool NeedsArtifact(const Job& job) { return job.redeliveries == 0; }

void AfterReclaim(Job& job, WallMs now) {
  job.waiting = {};
  if (!NeedsArtifact(job)) {
    job.state = JobState::kBuilt;
  } else if (PortalMayHaveIt(job)) {
    job.state = JobState::kConfirming;
    job.multipart.reset();
    job.confirming_since = now;
    job.confirming_looks = 0;
    job.sends = 1;
  } else {
    job.state = JobState::kClaimed;
    ForgetUpload(job);
    job.sends = 0;
  }
}

std::string DeliveryTag(const Job& job) {
  return job.redeliveries < 2 ? job.id : job.id + "-" + std::to_string(job.redeliveries);
}

}  // namespace tegodrop
