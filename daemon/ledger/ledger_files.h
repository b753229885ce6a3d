// The ledger's files in the state folder: their names, their lock, their rights.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"

namespace tegodrop {

inline std::string LedgerPath(const std::string& state_dir) { return state_dir + "/ledger.sqlite"; }
inline std::string LedgerLockPath(const std::string& state_dir) { return state_dir + "/ledger.lock"; }
// See looked_mark.h; the second name is its own while it is being written.
inline constexpr const char* kLookedMark = "ledger.looked";
inline constexpr const char* kLookedMarkPart = "ledger.looked.part";
// What SQLite keeps beside it while it is open.
inline std::string WalPath(const std::string& ledger) { return ledger + "-wal"; }
inline std::string ShmPath(const std::string& ledger) { return ledger + "-shm"; }

// A write-ahead log's own header; rows come behind it. A power cut in the moment when a log is begun leaves no more
// than that, and without its index SQLite cannot read such a log: it waits ten seconds and calls it held by somebody.
inline constexpr std::int64_t kWalHeader = 32;

// Whether a file system of this statfs magic is known to be shared between hosts, where SQLite's locks and its shared
// memory do not hold. Unknown ones are not.
bool IsShared(std::uint32_t magic);

// The lock of one daemon for one ledger, held as long as the descriptor lives; not inherited by programs that are
// started. An invalid Fd where somebody else holds it. Never waits. The holder's process id stands in the
// file, for messages alone.
Result<Fd> TakeLock(const std::string& path);
// What the holder wrote; empty where it cannot be read.
std::string LockHolder(const std::string& path);

// An empty file of mode 0640 whatever the umask, with the folder's group; no error where it is there already.
Status MakeReadableFile(const std::string& path, gid_t group);

// Syncs the folder's entries.
Status SyncFolderOf(const std::string& path);
Status SyncFile(const std::string& path);

// The copies that migrations left beside the ledger, by name.
std::vector<std::string> CopiesBeside(const std::string& state_dir);

}  // namespace tegodrop
