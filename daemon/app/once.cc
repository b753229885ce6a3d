#include "daemon/app/once.h"

#include <algorithm>

namespace tegodrop {
namespace {

OnceDecision End(ExitCode code, std::string reason) {
  // What failed so far counts too.
  return {OnceStep::kEnd, code, std::move(reason)};
}

bool IntakeIsDone(const OnceFacts& facts) {
  return std::all_of(facts.folders.begin(), facts.folders.end(), [&](const OnceFolder& folder) {
    const bool taken = folder.state.open && folder.state.scanned && folder.state.pending.empty();
    // Jobs that end make room for those that wait for it.
    if (folder.state.open && folder.state.crowded && !AllIsStuck(facts.overview)) return false;
    // What is being looked at or claimed is carried on, however much there is.
    return taken || (FolderHadItsTime(folder, facts.started, facts.now) && !folder.state.busy);
  });
}

}  // namespace

bool AllIsStuck(const Overview& overview) {
  return overview.blocked_on_output + overview.blocked_on_disk + overview.held_for_person + overview.paused +
             overview.outside_window >=
         overview.unfinished;
}

bool FolderHadItsTime(const OnceFolder& folder, MonoMs started, MonoMs now) {
  return now - started >= (folder.settle + kOnceGrace).count();
}

OnceDecision DecideOnce(const OnceFacts& facts) {
  const Overview& overview = facts.overview;
  const ExitCode failures = facts.failed + facts.left > 0 ? ExitCode::kFailed : ExitCode::kDone;
  if (overview.credentials_refused) {
    return End(WorstOf({ExitCode::kCredentials, failures}), "the portal refused the credentials");
  }
  if (overview.portal_silent_since && facts.now - *overview.portal_silent_since >= kOncePortalSilence.count()) {
    return End(WorstOf({ExitCode::kUnreachable, failures}), "the portal has not answered for 2 minutes");
  }
  if (!facts.intake_stopped)
    return {IntakeIsDone(facts) ? OnceStep::kStopIntake : OnceStep::kWait, ExitCode::kDone, ""};
  if (overview.unfinished == 0) return End(failures, "");
  if (!AllIsStuck(overview)) return {};
  const bool disks = overview.blocked_on_output + overview.blocked_on_disk > 0;
  const bool long_enough =
      overview.disk_trouble_since && facts.now - *overview.disk_trouble_since >= kOnceDiskTrouble.count();
  if (!disks && overview.outside_window > 0) {
    return End(WorstOf({ExitCode::kLeft, failures}), "what is left waits for " + overview.window_words);
  }
  if (!disks) {
    return End(WorstOf({ExitCode::kLeft, failures}), overview.held_for_person > 0
                                                         ? "what is left waits for a person"
                                                         : "what is left is of paused folders ('tegodrop resume')");
  }
  if (!long_enough) return {};
  if (overview.blocked_on_output > 0) {
    return End(WorstOf({ExitCode::kOutput, failures}), "an output folder does not take the files");
  }
  return End(WorstOf({ExitCode::kLeft, failures}),
             "what is left waits for a folder or a key ('tegodrop status' says for which)");
}

}  // namespace tegodrop
