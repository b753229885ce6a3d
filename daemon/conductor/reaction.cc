#include "daemon/conductor/reaction.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "daemon/base/retry_policy.h"
#include "daemon/base/text.h"
#include "daemon/base/units.h"
#include "daemon/model/folder_wait.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

// Quota and build slots free themselves in minutes, not in seconds; the end of one of our builds ends the wait early.
constexpr milliseconds kSlotWait = std::chrono::seconds(30);
// Nobody watches at night: what was refused may be granted again without our knowing, so it is asked again, seldom.
constexpr milliseconds kCredentialsWait = std::chrono::minutes(15);
constexpr milliseconds kLongestFloor = std::chrono::minutes(15);

bool OnTheWayBack(JobState state) { return state == JobState::kBuilt || state == JobState::kFetched; }

bool Finishing(JobState state) { return state == JobState::kPublished || IsEnd(state); }

Reaction Wait(milliseconds delay, std::string waiting_for) {
  Reaction reaction;
  reaction.delay = delay;
  reaction.waiting_for = std::move(waiting_for);
  return reaction;
}

Reaction Fail(FailureKind kind, std::string message, std::string remedy) {
  Reaction reaction;
  reaction.failure = Failure{kind, std::move(message), std::move(remedy), {}, {}, {}};
  return reaction;
}

int TriesOf(const Job& job) { return OnTheWayBack(job.state) ? job.download_tries : job.upload_tries; }

Reaction OnRejected(const Job& job, const Error& error) {
  if (OnTheWayBack(job.state)) {
    return Fail(FailureKind::kPortalRefused, "the portal refused the download: " + error.message,
                "look at the build in the portal (start_time " + std::to_string(job.ticket.start_time) +
                    "); when it is there, download it by hand or drop the artifact again");
  }
  return Fail(FailureKind::kPortalRefused, "the portal refused the upload: " + error.message,
              "do what the portal says, then 'tegodrop retry " + job.id + "', or drop the artifact again");
}

Reaction OnCorrupt(const Job& job, const Error& error, Random& random) {
  if (!OnTheWayBack(job.state)) {
    return Fail(FailureKind::kChecksum, "the claimed file is not what was admitted: " + error.message,
                "somebody changed it inside the drop folder's own room; drop the artifact again");
  }
  if (job.bad_downloads < kMostBadDownloads) {
    return Wait(RetryDelay(job.download_tries, error.retry_after, random),
                "a fresh download, because " + error.message);
  }
  // What never came whole was never staged whole either.
  const std::string kept = job.output.sha256.empty()
                               ? "nothing of it is kept, because it never came whole"
                               : "the bytes are kept in the output folder's room under quarantine/";
  return Fail(FailureKind::kValidationFailed, error.message,
              kept +
                  "; look at the build in the portal, then drop the artifact again (this job keeps the release gates "
                  "that its folder had when it was dropped)");
}

Reaction OnLocalDisk(const Job& job, const Error& error, Random& random) {
  // No folder's fault.
  if (error.sys == ENOKEY) {
    Reaction reaction = Wait(RetryDelay(3, error.retry_after, random), std::string(kKeyWait) + error.message);
    reaction.disk_trouble = true;  // of ours, and nothing else moves it on
    return reaction;
  }
  // The row does not count these tries: one delay for all, short enough that a repaired disk is noticed soon.
  const std::string whose = OnTheWayBack(job.state) ? std::string(kOutputWait) + " " + job.target->output_path + ": "
                                                    : std::string(kFolderWait) + " ";
  Reaction reaction = Wait(RetryDelay(3, error.retry_after, random) + std::chrono::seconds(1), whose + error.message);
  reaction.disk_trouble = true;
  // A failure's record goes into the output folder first.
  reaction.output_trouble =
      OnTheWayBack(job.state) || job.state == JobState::kFailed || job.state == JobState::kCancelled;
  return reaction;
}

}  // namespace

milliseconds HeldBackDelay(const Error& error, Random& random) {
  constexpr std::uint64_t kSpread = 1000;  // so that not all come at the same instant
  return error.retry_after.value_or(milliseconds(0)) + milliseconds(static_cast<std::int64_t>(random.Below(kSpread)));
}

Reaction ReactTo(const Job& job, const Error& error, Random& random) {
  if (error.outcome_unknown) return Wait(milliseconds(0), "");
  const bool refused =
      error.kind == ErrorKind::kCorrupt || error.kind == ErrorKind::kRejected || error.kind == ErrorKind::kExpired;
  // What has come to its end cannot fail any more, and before the claim there is nothing to judge: only folders are to
  // blame.
  const bool folders_only =
      Finishing(job.state) || job.state == JobState::kClaiming || job.state == JobState::kReclaiming;
  if (refused && folders_only) return OnLocalDisk(job, error, random);
  switch (error.kind) {
    case ErrorKind::kRetry: {
      Reaction reaction =
          Wait(error.held_back ? HeldBackDelay(error, random) : RetryDelay(TriesOf(job), error.retry_after, random),
               "the portal: " + error.message);
      reaction.hold = error.held_back ? HoldScope::kStage : HoldScope::kJob;
      reaction.portal_trouble = !Finishing(job.state);
      return reaction;
    }
    case ErrorKind::kSlowDown: {
      const milliseconds floor = std::min(error.retry_after.value_or(kSlotWait), kLongestFloor);
      const auto jitter = static_cast<std::int64_t>(random.Below(static_cast<std::uint64_t>(floor.count()) / 4 + 1));
      Reaction reaction =
          Wait(floor + milliseconds(jitter), "a free build slot or quota at the portal: " + error.message);
      reaction.hold = HoldScope::kUploads;
      return reaction;
    }
    case ErrorKind::kSignIn: {
      Reaction reaction = Wait(kCredentialsWait, "credentials that the portal accepts: " + error.message +
                                                     "; put a valid token with the Builds permission into place and "
                                                     "send tegodrop SIGHUP, or restart it");
      reaction.hold = HoldScope::kCredentials;
      return reaction;
    }
    case ErrorKind::kRejected:
      return OnRejected(job, error);
    case ErrorKind::kExpired:
      if (job.refused_urls < kMostExpiredUrls) return Wait(milliseconds(0), "a new upload URL");
      return Fail(FailureKind::kUploadExpired,
                  "the upload URL was refused " + std::to_string(job.refused_urls) + " times: " + error.message,
                  "check the line's speed and this machine's clock, then 'tegodrop retry " + job.id +
                      "', or drop the artifact again");
    case ErrorKind::kCorrupt:
      return OnCorrupt(job, error, random);
    case ErrorKind::kLocalDisk:
      return OnLocalDisk(job, error, random);
    case ErrorKind::kCancelled:
      return Wait(milliseconds(0), "");
    case ErrorKind::kTakenOver: {
      Reaction reaction;
      reaction.taken_over = true;
      return reaction;
    }
    case ErrorKind::kBug:
      break;
  }
  return Wait(std::chrono::minutes(1), "a fault inside tegodrop (please report it): " + error.message);
}

Failure BuildFailure(const std::string& job, const BuildRow& row, FailureKind kind) {
  Failure failure;
  failure.kind = kind;
  failure.status_message = row.status_message;
  failure.error_message = row.error_message;
  failure.signing_error_message = row.signing_error_message;
  const auto words = [&]() -> std::string {
    for (const auto& text : {row.error_message, row.signing_error_message, row.status_message}) {
      if (text && !text->empty()) return Printable(*text);
    }
    return "the portal gave no reason";
  };
  if (row.deleted) {
    failure.message = "the build was deleted at the portal";
    failure.remedy = "drop the artifact again if it is still needed";
  } else if (kind == FailureKind::kNotSigned) {
    failure.message = "the build is not signed, and this folder requires a signature: " + words();
    failure.remedy = "check the signing key in the portal and sign the build there, then 'tegodrop retry " + job +
                     "'; or 'tegodrop retry --rebuild " + job + "', or drop the artifact again";
  } else if (kind == FailureKind::kBuildStuck) {
    failure.message = "the build did not end in time; its last stage was: " + words();
    failure.remedy = "look at the build in the portal; 'tegodrop retry " + job +
                     "' awaits it once more, 'tegodrop retry --rebuild " + job +
                     "' uploads anew; or raise polling.deadline";
  } else {
    failure.message = "the build failed: " + words();
    failure.remedy =
        "correct what the portal names, then drop the artifact again; for the same one 'tegodrop retry --rebuild " +
        job + "'";
  }
  return failure;
}

}  // namespace tegodrop
