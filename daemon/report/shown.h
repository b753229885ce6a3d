// What jobs and folders are shown as: by their rows, and by what the config and a pause say besides. Pure.
#pragma once

#include <string>
#include <vector>

#include "config/settings.h"
#include "daemon/ledger/ledger.h"
#include "daemon/model/job.h"

namespace tegodrop {

// What the job waits for at the moment, the pause of its folder included; nothing where it is finished.
Waiting ShownWaiting(const Job& job, const std::vector<Pause>& pauses);

// A folder that is paused says so, unless worse is to be said of it.
void ShowPause(FolderRecord& folder, const std::vector<Pause>& pauses);

// The folders of the config in its order, also those that the ledger does not know yet; not those that left it.
std::vector<FolderRecord> ShownFolders(const Settings& settings, const std::vector<FolderRecord>& known,
                                       const std::vector<Pause>& pauses);

}  // namespace tegodrop
