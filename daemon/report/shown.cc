#include "daemon/report/shown.h"

#include <algorithm>

#include "daemon/base/clock.h"

namespace tegodrop {
namespace {

const Pause* PauseOf(const std::string& folder, const std::vector<Pause>& pauses) {
  const auto found = std::find_if(pauses.begin(), pauses.end(),
                                  [&](const Pause& one) { return one.folder.empty() || one.folder == folder; });
  return found == pauses.end() ? nullptr : &*found;
}

std::string ResumeWith(const Pause& pause) {
  return "'tegodrop resume" + (pause.folder.empty() ? "" : " " + pause.folder) + "'";
}

}  // namespace

Waiting ShownWaiting(const Job& job, const std::vector<Pause>& pauses) {
  if (job.finished) return {};
  const bool before_upload = job.state == JobState::kClaimed || job.state == JobState::kRequested;
  const Pause* pause = before_upload ? PauseOf(job.target->folder, pauses) : nullptr;
  if (pause == nullptr) return WaitingOf(job);
  return {"its folder, which is paused: " + ResumeWith(*pause), pause->since, 0};
}

void ShowPause(FolderRecord& folder, const std::vector<Pause>& pauses) {
  const Pause* pause = PauseOf(folder.name, pauses);
  if (pause == nullptr || folder.state == "missing" || folder.state == "stalled") return;
  folder.state = "paused";
  folder.reason = "no uploads start since " + Rfc3339(pause->since) + "; " + ResumeWith(*pause) + " ends it" +
                  (folder.reason.empty() ? "" : "; " + folder.reason);
  folder.since = pause->since;
}

std::vector<FolderRecord> ShownFolders(const Settings& settings, const std::vector<FolderRecord>& known,
                                       const std::vector<Pause>& pauses) {
  std::vector<FolderRecord> folders;
  for (const FolderSettings& folder : settings.folders) {
    const auto found = std::find_if(known.begin(), known.end(), [&](const FolderRecord& one) {
      return one.name == folder.name && one.path == folder.path;
    });
    if (found != known.end()) {
      folders.push_back(*found);
    } else {
      FolderRecord unknown;
      unknown.name = folder.name;
      unknown.path = folder.path;
      unknown.state = "missing";
      unknown.reason = "no daemon has opened it yet";
      folders.push_back(unknown);
    }
    ShowPause(folders.back(), pauses);
  }
  return folders;
}

}  // namespace tegodrop
