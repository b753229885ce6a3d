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
    return taken || FolderHadItsTime(folder, facts.started, facts.now);
  });
}

}  // namespace

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
  const bool only_output = overview.blocked_on_output == overview.unfinished && overview.output_trouble_since &&
                           facts.now - *overview.output_trouble_since >= kOnceOutputTrouble.count();
  if (only_output) return End(WorstOf({ExitCode::kOutput, failures}), "an output folder does not take the files");
  if (overview.held_for_person == overview.unfinished) {
    return End(WorstOf({ExitCode::kLeft, failures}), "what is left waits for a person");
  }
  return {};
}

}  // namespace tegodrop
