#include "daemon/disk/open_beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "daemon/disk/file_system.h"

namespace tegodrop {
namespace {

int Refuse(int error) {
  errno = error;
  return -1;
}

// Whether both are on one mount; not answered (with errno) where one of them cannot be looked at.
Result<bool> OnOneMount(int one, int other) {
  struct statx stats[2] = {};
  const int fds[2] = {one, other};
  for (int i = 0; i < 2; ++i) {
    // Only what is known already: the far side of a share has no say in which mount it is.
    if (statx(fds[i], "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &stats[i]) != 0) {
      return FailPosix("cannot look at", "an open file", errno);
    }
  }
  if ((stats[0].stx_mask & stats[1].stx_mask & STATX_MNT_ID) != 0) return stats[0].stx_mnt_id == stats[1].stx_mnt_id;
  // A kernel before 5.8.
  return stats[0].stx_dev_major == stats[1].stx_dev_major && stats[0].stx_dev_minor == stats[1].stx_dev_minor;
}

}  // namespace

int WalkBeneath(int dir, const std::string& name, std::uint64_t flags, mode_t mode) {
  if (name.empty()) return Refuse(ENOENT);
  if (name.front() == '/') return Refuse(EXDEV);
  Fd held;
  int at = dir;
  for (std::size_t begin = 0;;) {
    const std::size_t end = name.find('/', begin);
    const std::string part = name.substr(begin, end - begin);
    const bool last = end == std::string::npos;
    if (part == "..") return Refuse(EXDEV);
    // A link is opened as no folder, or is refused as the last component. O_PATH waits for nobody.
    const int how = last ? static_cast<int>(flags) : O_PATH | O_DIRECTORY;
    Fd next(openat(at, part.empty() ? "." : part.c_str(), how | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!next.valid()) return -1;
    const auto same = OnOneMount(dir, next.get());
    if (!same) return Refuse(same.error().sys);
    if (!*same) return Refuse(EXDEV);
    if (last) return next.Release();
    held = std::move(next);
    at = held.get();
    begin = end + 1;
  }
}

int OpenBeneath(int dir, const std::string& name, std::uint64_t flags, mode_t mode) {
  static std::atomic<bool> has_openat2{true};
  open_how how{};
  how.flags = flags | O_CLOEXEC | O_NOFOLLOW;
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  if (has_openat2) {
    const long fd = syscall(SYS_openat2, dir, name.c_str(), &how, sizeof how);
    if (fd >= 0 || errno != ENOSYS) return static_cast<int>(fd);
    has_openat2 = false;
  }
  return WalkBeneath(dir, name, flags, mode);
}

}  // namespace tegodrop
