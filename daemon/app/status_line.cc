#include "daemon/app/status_line.h"

#include <map>
#include <utility>

namespace tegodrop {

std::string StatusLine(const std::vector<Daemon::FolderView>& folders, const Overview& overview) {
  std::map<std::string, int> troubled;
  for (const Daemon::FolderView& folder : folders) {
    if (folder.state->state != "ok") ++troubled[folder.state->state];
  }
  std::string line = std::to_string(folders.size()) + (folders.size() == 1 ? " folder" : " folders");
  std::string states;
  for (const auto& [state, count] : troubled) {
    states += (states.empty() ? "" : ", ") + std::to_string(count) + " " + state;
  }
  if (!states.empty()) line += " (" + states + ")";
  for (const auto& [count, what] : {std::pair{overview.uploading, "uploading"},
                                    {overview.building, "building"},
                                    {overview.delivering, "being delivered"},
                                    {overview.queued, "queued"},
                                    {overview.held_for_person, "held for a person"}}) {
    if (count > 0) line += ", " + std::to_string(count) + " " + what;
  }
  if (overview.credentials_refused) line += "; the portal refuses the credentials";
  if (overview.portal_silent_since) line += "; the portal does not answer";
  return line;
}

}  // namespace tegodrop
