// The disk that the state folder is on: which of its troubles pass, and what the system says of it.
#pragma once

#include <string>

namespace tegodrop {

// Whether an errno tells of a disk or a system in trouble that ends without a change of the config: full, read-only,
// erring, busy, out of memory. Others tell of a wrong name or missing rights.
bool IsPassingTrouble(int sys);

// Whether the file system that `path` is on is mounted read-only. False where that cannot be told.
bool OnReadOnlyDisk(const std::string& path);

// What keeps a ledger in `state_dir` from recording anything new, as far as the system tells without a write: a full
// disk, a read-only one, one that does not even answer. One sentence with the remedy; empty where nothing is seen,
// which is no promise, and where there is no such folder.
std::string StateDiskTrouble(const std::string& state_dir);

}  // namespace tegodrop
