#include "daemon/cli/health.h"

#include <map>
#include <string>
#include <string_view>

#include "daemon/base/text.h"
#include "daemon/model/folder_wait.h"
#include "daemon/model/operator.h"

namespace tegodrop {
namespace {

// Shorter troubles of the portal come and go by themselves.
constexpr WallMs kPortalTrouble = 15LL * 60 * 1000;
// Likewise of a folder; as long as the webhook waits.
constexpr WallMs kFolderTrouble = 10LL * 1000;
constexpr std::string_view kPortalWait = "the portal";

}  // namespace

std::vector<std::string> HealthProblems(const LedgerSnapshot& snapshot, bool daemon_runs, WallMs now) {
  std::vector<std::string> problems;
  if (!daemon_runs) problems.emplace_back("no daemon runs: what is dropped is not taken");
  for (const Notice& notice : snapshot.notices) problems.push_back(notice.name + ": " + notice.text);
  for (const FolderRecord& folder : snapshot.folders) {
    if (folder.state == "ok" || folder.state == "paused") continue;
    problems.push_back("folder " + folder.name + " is " + folder.state + ": " + folder.reason);
  }
  int failed = 0;
  int silent = 0;
  std::map<std::string, int> by_folder;  // jobs that wait for a folder or a key, by what is said of it
  for (const Job& job : snapshot.jobs) {
    failed += job.state == JobState::kFailed ? 1 : 0;
    if (job.finished) continue;
    if (HeldForAPerson(job)) {
      problems.push_back("job " + job.id + " (" + job.artifact.file_name +
                         ") waits for a person: " + job.waiting.for_what);
    } else if (job.waiting.for_what.starts_with(kPortalWait) && now - job.waiting.since >= kPortalTrouble) {
      ++silent;
    } else if (job.waiting.for_what.starts_with(kKeyWait)) {
      ++by_folder[job.waiting.for_what];
    } else if (WaitsForFolder(job) && now - job.waiting.since >= kFolderTrouble) {
      ++by_folder[job.waiting.for_what];
    }
  }
  for (const auto& [what, jobs] : by_folder) problems.push_back(std::to_string(jobs) + " job(s) wait for " + what);
  if (silent > 0) problems.push_back(std::to_string(silent) + " job(s) have waited for the portal for 15 minutes");
  if (failed > 0) {
    problems.push_back(std::to_string(failed) + " artifact(s) failed in the last 24 hours: 'tegodrop status' says why");
  }
  return problems;
}

}  // namespace tegodrop
