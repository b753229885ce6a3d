#include "daemon/ledger/ledger_holder.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "daemon/disk/file_system.h"
#include "daemon/ledger/ledger_files.h"

namespace tegodrop {

bool LedgerIsHeld(const std::string& state_dir) {
  const Fd lock(open(LedgerLockPath(state_dir).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  return lock.valid() && flock(lock.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace tegodrop
