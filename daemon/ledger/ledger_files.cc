#include "daemon/ledger/ledger_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <utility>

#include "daemon/base/text.h"

namespace tegodrop {

bool IsShared(std::uint32_t magic) {
  const FsType type = FsTypeOf(magic);
  return !type.local && type.name.rfind("0x", 0) != 0;
}

Result<Fd> TakeLock(const std::string& path) {
  Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!fd.valid()) return FailPosix("cannot open", path, errno);
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Fd();
    return FailPosix("cannot lock", path, errno);
  }
  // Only a hint for people: on a full disk it is left out.
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(fd.get(), 0) == 0) {
    [[maybe_unused]] const ssize_t written = pwrite(fd.get(), pid.data(), pid.size(), 0);
  }
  return fd;
}

std::string LockHolder(const std::string& path) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  char text[24];
  const ssize_t size = fd.valid() ? read(fd.get(), text, sizeof text) : 0;
  return size <= 0 ? "" : Printable(Trim({text, static_cast<std::size_t>(size)}));
}

Status MakeReadableFile(const std::string& path, gid_t group) {
  const Fd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!fd.valid()) {
    if (errno == EEXIST) return {};
    return FailPosix("cannot make", path, errno);
  }
  // Who does not belong to the folder's group cannot give the file to it: then the group does not read, no more.
  [[maybe_unused]] const int ignored = fchown(fd.get(), static_cast<uid_t>(-1), group);
  if (fchmod(fd.get(), 0640) != 0) return FailPosix("cannot set the mode of", path, errno);
  return {};
}

Status SyncFolderOf(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  const Fd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return FailPosix("cannot open", folder, errno);
  if (fsync(fd.get()) != 0 && errno != EINVAL) return FailPosix("cannot sync", folder, errno);
  return {};
}

Status SyncFile(const std::string& path) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.valid()) return FailPosix("cannot open", path, errno);
  if (fsync(fd.get()) != 0) return FailPosix("cannot sync", path, errno);
  return {};
}

std::vector<std::string> CopiesBeside(const std::string& state_dir) {
  constexpr std::string_view kStart = "ledger.sqlite.before-";
  std::vector<std::string> copies;
  std::error_code error;
  for (auto it = std::filesystem::directory_iterator(state_dir, error);
       !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    std::string name = it->path().filename().string();
    if (name.rfind(kStart, 0) == 0 && !EndsWithNoCase(name, ".part")) copies.push_back(std::move(name));
  }
  std::sort(copies.begin(), copies.end());
  return copies;
}

}  // namespace tegodrop
