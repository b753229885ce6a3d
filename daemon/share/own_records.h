// Records (reasons, receipts) that name the job they are of: which are whose. Blocking.
#pragma once

#include <string>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"

namespace tegodrop {

// Whether the record `name` says that it is of this job; false where there is none, or somebody else's file.
Result<bool> NamesJob(FileSystem& fs, int dir, const std::string& name, const std::string& job);

// Removes the receipts under these ids that are of this job, synced.
Status RemoveOwnReceipts(FileSystem& fs, int receipts, const std::vector<std::string>& ids, const std::string& job);

}  // namespace tegodrop
