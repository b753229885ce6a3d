#include "daemon/intake/claim_plan.h"

#include <utility>

#include "daemon/intake/commit.h"
#include "daemon/intake/kept.h"
#include "daemon/intake/target.h"

namespace tegodrop {

ClaimPlan MakeClaimPlan(const IntakeSettings& settings, const ClaimedFile& file, Weighed weighed,
                        const Inspection& inspection, std::optional<Failure> failure) {
  ClaimPlan plan;
  Job& job = plan.job;
  job.id = file.job;
  job.owner = settings.host;
  job.target = TargetOf(settings.folder, settings.portal_url, settings.tenant);
  if (!weighed.signing_key.empty()) job.target.Edit().signing_key = SigningKeyAsSent(weighed.signing_key);
  // A folder that cannot be written keeps its sources whatever was asked for; the row says so for all later steps.
  if (file.copy) job.target.Edit().after = SourceAfter::kKeep;
  job.artifact = std::move(weighed.artifact);
  job.artifact.size = file.stat.size;
  job.times.detected = file.first_seen;
  plan.failure = std::move(failure);
  // In the row from its first state on: after a death between claim and verdict it is still refused, and not uploaded.
  job.failure = plan.failure;

  plan.request.job = job.id;
  plan.request.subfolder = job.artifact.subfolder;
  plan.request.name = job.artifact.file_name;
  plan.request.expected = file.stat;
  // What is refused is never sent, so that its content is of no interest any more.
  if (!plan.failure) plan.request.sha256 = job.artifact.sha256;
  plan.request.copy = file.copy;
  for (const Inspection::SidecarFile& sidecar : inspection.sidecars) {
    plan.request.sidecars.push_back({sidecar.name, sidecar.stat});
  }
  if (file.copy) {
    plan.kept =
        KeptArtifact{settings.folder.name, job.artifact.path(), job.artifact.sha256, job.id, StatKey(file.stat)};
  }
  return plan;
}

void LogDecision(Log& log, const Job& job) {
  if (!job.failure) {
    log.Info("artifact.admitted", "an artifact was admitted",
             {{"folder", job.target->folder},
              {"file", job.artifact.path()},
              {"job", job.id},
              {"size", job.artifact.size},
              {"sha256", job.artifact.sha256},
              {"commit", job.artifact.commit.sha()}});
    if (!job.artifact.commit.conflict()) return;
    log.Warning(
        "artifact.commit_conflict",
        "what names the commit names different ones, and the first counts: " + CommitsInWords(job.artifact.commit),
        {{"folder", job.target->folder}, {"file", job.artifact.path()}, {"job", job.id}});
    return;
  }
  log.Warning("artifact.refused", job.failure->message + ". " + job.failure->remedy,
              {{"folder", job.target->folder},
               {"file", job.artifact.path()},
               {"job", job.id},
               {"kind", ToString(job.failure->kind)}});
}

}  // namespace tegodrop
