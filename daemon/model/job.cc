#include "daemon/model/job.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tegodrop {
namespace {

constexpr std::array kFailureNames{
    std::pair{FailureKind::kIncomplete, "incomplete"},
    std::pair{FailureKind::kNotAnArtifact, "not_an_artifact"},
    std::pair{FailureKind::kChecksum, "checksum"},
    std::pair{FailureKind::kBadName, "bad_name"},
    std::pair{FailureKind::kTooLarge, "too_large"},
    std::pair{FailureKind::kUnreadable, "unreadable"},
    std::pair{FailureKind::kBadSidecar, "bad_sidecar"},
    std::pair{FailureKind::kCommitMissing, "commit_missing"},
    std::pair{FailureKind::kPortalRefused, "portal_refused"},
    std::pair{FailureKind::kBuildFailed, "build_failed"},
    std::pair{FailureKind::kNotSigned, "not_signed"},
    std::pair{FailureKind::kBuildStuck, "build_stuck"},
    std::pair{FailureKind::kUploadExpired, "upload_expired"},
    std::pair{FailureKind::kValidationFailed, "validation_failed"},
    std::pair{FailureKind::kOutputUnwritable, "output_unwritable"},
    std::pair{FailureKind::kCancelled, "cancelled"},
};

}  // namespace

std::string_view ToString(FailureKind kind) {
  const auto* found =
      std::find_if(kFailureNames.begin(), kFailureNames.end(), [&](const auto& row) { return row.first == kind; });
  return found == kFailureNames.end() ? "unknown" : found->second;
}

std::optional<FailureKind> FailureKindFromString(std::string_view text) {
  const auto* found =
      std::find_if(kFailureNames.begin(), kFailureNames.end(), [&](const auto& row) { return row.second == text; });
  if (found == kFailureNames.end()) return std::nullopt;
  return found->first;
}

std::string OverallResult(const std::vector<Check>& checks) {
  const auto any = [&](std::string_view result) {
    return std::any_of(checks.begin(), checks.end(), [&](const Check& check) { return check.result == result; });
  };
  if (any("fail")) return "fail";
  if (any("warn")) return "warn";
  return any("pass") ? "pass" : "skipped";
}

const std::vector<std::string_view>& CheckIds() {
  static const std::vector<std::string_view> kIds = {"length",  "differs",       "zip_structure", "zip_entries",
                                                     "kind",    "signing_block", "signature",     "provisioning",
                                                     "package", "version",       "signer"};
  return kIds;
}

Waiting WaitingOf(const Job& job) {
  if (!job.waiting.for_what.empty()) return job.waiting;
  switch (job.state) {
    case JobState::kClaimed:
      return {"an upload slot", job.times.claimed, 0};
    case JobState::kUploading:
      if (job.last_chunk_left == 0) return {};
      return {"the store's answer to the whole upload", job.last_chunk_left, 0};
    case JobState::kCompleting:
      if (job.last_chunk_left == 0) return {};
      return {"the portal to put the parts of the upload together", job.last_chunk_left, 0};
    case JobState::kConfirming:
      return {"the build history to show whether the upload arrived", job.confirming_since, 0};
    case JobState::kSubmitted:
      return {"the build to show in the portal's history", job.times.submitted, 0};
    case JobState::kBuilding: {
      const std::string stage = job.build && job.build->status_message ? *job.build->status_message : "";
      return {stage.empty() ? "the build" : "the build: " + stage, job.times.submitted, 0};
    }
    case JobState::kBuilt:
      return {"its download", job.times.completed, 0};
    default:
      return {};
  }
}

// What names no commit contradicts none.
static bool SameCommit(const CommitFacts& a, const CommitFacts& b) {
  return a.candidates.empty() || b.candidates.empty() || a.sha() == b.sha();
}

bool SameBuild(const Job& a, const Job& b) {
  return !a.artifact.sha256.empty() && a.artifact.sha256 == b.artifact.sha256 && a.target->folder == b.target->folder &&
         a.target->portal_url == b.target->portal_url && a.target->tenant == b.target->tenant &&
         a.target->version == b.target->version && a.target->signing_key == b.target->signing_key &&
         a.target->expected_signers == b.target->expected_signers && SameCommit(a.artifact.commit, b.artifact.commit);
}

void ForgetUpload(Job& job) {
  if (job.multipart && job.last_chunk_left == 0) {
    job.aborts.push_back({job.ticket.file_path, job.multipart->upload_id});
  }
  job.multipart.reset();
  job.last_chunk_left = 0;
}

BuildIdentity IdentityOf(const Job& job) {
  return {job.target->version, std::string(PlatformOf(job.artifact.kind)), job.ticket.start_time,
          job.artifact.file_name};
}

bool IsBuildOf(const BuildRow& row, const Job& job) {
  return row.start_time == job.ticket.start_time && row.name == job.artifact.file_name &&
         row.platform == PlatformOf(job.artifact.kind) && row.version == job.target->version;
}

bool SignatureRequired(const Job& job) {
  if (job.target->signature != SignatureNeed::kAuto) return job.target->signature == SignatureNeed::kRequired;
  return job.ticket.signing_key_id.has_value() && !job.ticket.signing_key_id->empty();
}

}  // namespace tegodrop
