#include "daemon/ledger/state_disk.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <cstdint>

#include "daemon/base/error.h"
#include "daemon/base/text.h"
#include "daemon/base/units.h"

namespace tegodrop {
namespace {

// Less than a few commits and their index need: sooner or later a write finds no room.
constexpr std::uint64_t kLeastRoom = 128ULL << 10U;

constexpr const char* kUntilThen =
    ", and nothing new is begun until the ledger can be written; it goes on by itself then";

}  // namespace

bool IsPassingTrouble(int sys) {
  switch (sys) {
    case ENOSPC:
    case EDQUOT:
    case EROFS:
    case EIO:
    case EUCLEAN:  // a file system that found itself damaged
    case ENXIO:
    case ENODEV:
    case ETIMEDOUT:
    case EBUSY:
    case EAGAIN:
    case ENOMEM:
    case ENFILE:
    case EMFILE:
      return true;
    default:
      return false;
  }
}

bool OnReadOnlyDisk(const std::string& path) {
  struct statvfs disk {};
  return statvfs(path.c_str(), &disk) == 0 && (disk.f_flag & ST_RDONLY) != 0;
}

std::string StateDiskTrouble(const std::string& state_dir) {
  const std::string shown = "the disk of state_dir " + Printable(state_dir);
  struct statvfs disk {};
  if (statvfs(state_dir.c_str(), &disk) != 0) {
    if (!IsPassingTrouble(errno)) return "";
    return PosixError("cannot ask the disk of state_dir", state_dir, errno).message + ": look at the disk" + kUntilThen;
  }
  if ((disk.f_flag & ST_RDONLY) != 0) {
    return shown + " is mounted read-only: see in the system's log why, repair and remount it" + kUntilThen;
  }
  const std::uint64_t room = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  if (disk.f_blocks != 0 && room < kLeastRoom) {
    return shown + " is full (" + HumanSize(room) + " left): make room there" + kUntilThen;
  }
  if (disk.f_files != 0 && disk.f_favail == 0) {
    return shown + " takes no more files (all its inodes are in use): remove some there" + kUntilThen;
  }
  return "";
}

}  // namespace tegodrop
