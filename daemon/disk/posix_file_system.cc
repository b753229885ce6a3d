#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <string>
#include <utility>

#include "daemon/disk/file_system.h"
#include "daemon/disk/open_beneath.h"

namespace tegodrop {
namespace {

FileStat FromStat(const struct stat& st) {
  FileStat out;
  out.dev = st.st_dev;
  out.ino = st.st_ino;
  out.size = static_cast<std::uint64_t>(st.st_size);
  out.mtime_ns = static_cast<std::int64_t>(st.st_mtim.tv_sec) * 1'000'000'000 + st.st_mtim.tv_nsec;
  out.ctime_ns = static_cast<std::int64_t>(st.st_ctim.tv_sec) * 1'000'000'000 + st.st_ctim.tv_nsec;
  out.mode = st.st_mode;
  out.uid = st.st_uid;
  out.gid = st.st_gid;
  out.links = st.st_nlink;
  return out;
}

EntryType TypeOfEntry(unsigned char type) {
  switch (type) {
    case DT_REG:
      return EntryType::kRegular;
    case DT_DIR:
      return EntryType::kFolder;
    case DT_UNKNOWN:
      return EntryType::kUnknown;
    default:
      return EntryType::kOther;
  }
}

// The path of an open file or folder, for messages: a full disk must be named by more than "a file".
std::string PathOf(int fd, const std::string& otherwise) {
  std::array<char, PATH_MAX> path{};
  const ssize_t size = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path.data(), path.size());
  if (size <= 0 || path[0] != '/') return otherwise;
  return {path.data(), static_cast<std::size_t>(size)};
}

Unexpected FailOpen(std::string_view what, int fd, const std::string& otherwise, int error) {
  return FailPosix(what, PathOf(fd, otherwise), error);
}

// What is missing or there already is looked for all day long and mostly told to nobody.
Unexpected FailAt(std::string_view what, int dir, const std::string& name, int error) {
  if (error == ENOENT || error == EEXIST) return FailPosix(what, name, error);
  const std::string folder = PathOf(dir, "");
  return FailPosix(what, folder.empty() ? name : folder + "/" + name, error);
}

Result<Fd> OpenIn(int dir, const std::string& name, std::uint64_t flags, mode_t mode) {
  // EAGAIN: something was renamed on the way, which passes; or another program (Samba) holds a lease that we asked it
  // to give back, which may take most of a minute: then the caller tries again later.
  constexpr int kMostTries = 20;
  int fd = -1;
  int tries = 0;
  do {
    fd = OpenBeneath(dir, name, flags, mode);
  } while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < kMostTries)));
  if (fd < 0) return FailAt("cannot open", dir, name, errno);
  return Fd(fd);
}

// 0, or -1 and errno. What is so already is left alone: a service's sandbox (RestrictSUIDSGID=) refuses the
// set-group-ID bit also where a folder has inherited it. One that may not have it goes without: a group of its own is
// no reason to take nothing from a folder.
int SetMode(int fd, mode_t mode) {
  struct stat there {};
  if (fstat(fd, &there) == 0 && (there.st_mode & 07777U) == mode) return 0;
  if (fchmod(fd, mode) == 0) return 0;
  return errno == EPERM && (mode & S_ISGID) != 0 ? fchmod(fd, mode & ~static_cast<mode_t>(S_ISGID)) : -1;
}

Status CheckAt(int code, std::string_view what, int dir, const std::string& name) {
  if (code != 0) return FailAt(what, dir, name, errno);
  return {};
}

bool IsOurs(int dir, const std::string& name) {
  struct stat st {};
  return fstatat(dir, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0 || st.st_uid == geteuid();
}

// A move that never replaces, by a rename that would: the new name is taken by an empty file of ours first. A death
// between the two leaves it.
Status MoveOverOwn(int from_dir, const std::string& from, int to_dir, const std::string& to) {
  auto own = OpenIn(to_dir, to, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!own) return Fail(own.error());
  struct stat taken {};
  const bool known = fstat(own->get(), &taken) == 0;
  if (renameat(from_dir, from.c_str(), to_dir, to.c_str()) == 0) return {};
  const int error = errno;
  // A share may have done it all the same, and answer for a second try: then the name is not ours any more.
  struct stat there {};
  const bool still_ours = known && fstatat(to_dir, to.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
                          there.st_ino == taken.st_ino && there.st_size == 0;
  if (still_ours) unlinkat(to_dir, to.c_str(), 0);
  return FailAt("cannot move", from_dir, from, error);
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<Fd> OpenFolder(const std::string& path) override {
    const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return FailPosix("cannot open folder", path, errno);
    return Fd(fd);
  }

  Result<Fd> OpenFolderAt(int dir, const std::string& name) override {
    return OpenIn(dir, name, O_RDONLY | O_DIRECTORY, 0);
  }

  // O_NONBLOCK: a FIFO in a shared folder must not hold up the worker.
  Result<Fd> OpenFileAt(int dir, const std::string& name) override {
    return OpenIn(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
  }

  Result<Fd> OpenToWriteAt(int dir, const std::string& name) override {
    return OpenIn(dir, name, O_RDWR | O_NONBLOCK | O_NOCTTY, 0);
  }

  Result<Fd> CreateAt(int dir, const std::string& name, mode_t mode) override {
    auto fd = OpenIn(dir, name, O_RDWR | O_CREAT | O_EXCL, mode);
    if (fd && fchmod(fd->get(), mode) != 0) {
      const int error = errno;
      unlinkat(dir, name.c_str(), 0);
      return FailAt("cannot set the mode of", dir, name, error);
    }
    return fd;
  }

  Status MakeFolderAt(int dir, const std::string& name, mode_t mode) override {
    const bool made = mkdirat(dir, name.c_str(), mode & 0777U) == 0;
    if (!made && errno != EEXIST) return FailAt("cannot make folder", dir, name, errno);
    // By descriptor: what stands under the name may be a file, or by now a link to a folder of somebody else.
    auto folder = OpenFolderAt(dir, name);
    if (!folder) return Fail(folder.error());
    if (!made) return {};
    // A separate chmod: mkdir's mode is cut by the umask and drops the set-group-id bit.
    return CheckAt(SetMode(folder->get(), mode), "cannot set the mode of", dir, name);
  }

  Result<FileStat> Stat(int fd) override {
    struct stat st {};
    if (fstat(fd, &st) != 0) return FailOpen("cannot stat", fd, "an open file", errno);
    return FromStat(st);
  }

  Result<FileStat> StatAt(int dir, const std::string& name) override {
    struct stat st {};
    if (fstatat(dir, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return FailAt("cannot stat", dir, name, errno);
    return FromStat(st);
  }

  Result<FsType> TypeOf(int fd) override {
    struct statfs fs {};
    if (fstatfs(fd, &fs) != 0) return FailOpen("cannot ask the file system of", fd, "a folder", errno);
    return FsTypeOf(static_cast<std::uint32_t>(fs.f_type));
  }

  Result<bool> MayChange(int dir) override {
    if (faccessat(dir, ".", W_OK | X_OK, AT_EACCESS) == 0) return true;
    if (errno == EACCES || errno == EPERM || errno == EROFS) return false;
    return FailOpen("cannot ask for the rights on", dir, "a folder", errno);
  }

  Result<std::uint64_t> FreeBytes(int fd) override {
    struct statfs fs {};
    if (fstatfs(fd, &fs) != 0) return FailOpen("cannot ask the free space of", fd, "a folder", errno);
    // Blocks are counted in fragments; f_bsize is only what is best to write at once, and larger on some FUSE shares.
    const auto unit = static_cast<std::uint64_t>(fs.f_frsize != 0 ? fs.f_frsize : fs.f_bsize);
    return static_cast<std::uint64_t>(fs.f_bavail) * unit;
  }

  Status List(int dir, const std::function<bool(std::string_view, EntryType)>& visit) override {
    // A descriptor of its own: the position of `dir` is shared with whoever else lists it.
    const int own = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (own < 0) return FailOpen("cannot list", dir, "a folder", errno);
    DIR* stream = fdopendir(own);
    if (stream == nullptr) {
      const int error = errno;
      close(own);
      return FailOpen("cannot list", dir, "a folder", error);
    }
    int error = 0;
    for (;;) {
      errno = 0;
      const dirent* entry = readdir(stream);
      if (entry == nullptr) {
        error = errno;
        break;
      }
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (!visit(name, TypeOfEntry(entry->d_type))) break;
    }
    closedir(stream);
    if (error != 0) return FailOpen("cannot list", dir, "a folder", error);
    return {};
  }

  std::size_t ReadCachedAt(int fd, void* to, std::size_t size, std::uint64_t offset) override {
    const iovec room{to, size};
    const ssize_t count = preadv2(fd, &room, 1, static_cast<off_t>(offset), RWF_NOWAIT);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
  }

  void WillRead(int fd, std::uint64_t offset, std::uint64_t size) override {
    posix_fadvise(fd, static_cast<off_t>(offset), static_cast<off_t>(size), POSIX_FADV_WILLNEED);
  }

  Result<std::size_t> ReadAt(int fd, void* to, std::size_t size, std::uint64_t offset) override {
    for (;;) {
      const ssize_t count = pread(fd, to, size, static_cast<off_t>(offset));
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) return FailOpen("cannot read", fd, "an open file", errno);
    }
  }

  Status WriteAt(int fd, const void* from, std::size_t size, std::uint64_t offset) override {
    const char* data = static_cast<const char*>(from);
    while (size > 0) {
      const ssize_t count = pwrite(fd, data, size, static_cast<off_t>(offset));
      if (count < 0) {
        if (errno == EINTR) continue;
        return FailOpen("cannot write", fd, "an open file", errno);
      }
      data += count;
      size -= static_cast<std::size_t>(count);
      offset += static_cast<std::uint64_t>(count);
    }
    return {};
  }

  Status Reserve(int fd, std::uint64_t size) override {
    if (size == 0) return {};
    // Not posix_fallocate: where the file system cannot, that one writes every block.
    if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size)) == 0) return {};
    if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL) return {};
    return FailOpen("cannot reserve room for", fd, "a file", errno);
  }

  Status CutTo(int fd, std::uint64_t size) override {
    int code = -1;
    do {
      code = ftruncate(fd, static_cast<off_t>(size));
    } while (code != 0 && errno == EINTR);
    if (code == 0) return {};
    return FailOpen("cannot cut", fd, "an open file", errno);
  }

  Status Sync(int fd) override {
    if (fsync(fd) == 0) return {};
    return FailOpen("cannot sync", fd, "an open file", errno);
  }

  Status SyncFolder(int fd) override {
    if (fsync(fd) == 0 || errno == EINVAL) return {};
    return FailOpen("cannot sync", fd, "a folder", errno);
  }

  Status Close(Fd fd) override {
    // On Linux the descriptor is gone whatever close says; EINTR is no loss.
    const std::string path = PathOf(fd.get(), "a file");
    if (close(fd.Release()) == 0 || errno == EINTR) return {};
    return FailPosix("cannot close", path, errno);
  }

  Status MoveAt(int from_dir, const std::string& from, int to_dir, const std::string& to) override {
    if (renameat2(from_dir, from.c_str(), to_dir, to.c_str(), RENAME_NOREPLACE) == 0) return {};
    if (errno != EINVAL && errno != ENOSYS) return FailAt("cannot move", from_dir, from, errno);
    if (linkat(from_dir, from.c_str(), to_dir, to.c_str(), 0) == 0) {
      return CheckAt(unlinkat(from_dir, from.c_str(), 0), "cannot remove", from_dir, from);
    }
    const int error = errno;
    // Nobody may link a file of somebody else that he cannot write (fs.protected_hardlinks), as those of build agents
    // are. Only of these: what is our own appears whole under its name, and never as the empty file that keeps it free.
    if (error != EPERM || IsOurs(from_dir, from)) return FailAt("cannot move", from_dir, from, error);
    return MoveOverOwn(from_dir, from, to_dir, to);
  }

  Status RenameAt(int from_dir, const std::string& from, int to_dir, const std::string& to) override {
    return CheckAt(renameat(from_dir, from.c_str(), to_dir, to.c_str()), "cannot move", from_dir, from);
  }

  Status RemoveAt(int dir, const std::string& name) override {
    return CheckAt(unlinkat(dir, name.c_str(), 0), "cannot remove", dir, name);
  }

  Status RemoveFolderAt(int dir, const std::string& name) override {
    return CheckAt(unlinkat(dir, name.c_str(), AT_REMOVEDIR), "cannot remove folder", dir, name);
  }

  Status TouchAt(int dir, const std::string& name) override {
    return CheckAt(utimensat(dir, name.c_str(), nullptr, AT_SYMLINK_NOFOLLOW), "cannot set the times of", dir, name);
  }

  Status SetModeAndGroup(int fd, mode_t mode, gid_t group) override {
    // The group first: chown clears set-id bits. A group that we may not give, or that a share does not know (sshfs
    // says EBADMSG, seen), is no reason to fail a delivery; the mode still holds.
    struct stat there {};
    const bool known = fstat(fd, &there) == 0;
    if ((!known || there.st_gid != group) && fchown(fd, static_cast<uid_t>(-1), group) != 0 && errno != EPERM &&
        errno != EINVAL && errno != EBADMSG && errno != EOPNOTSUPP && errno != ENOSYS) {
      return FailOpen("cannot set the group of", fd, "a file", errno);
    }
    if (SetMode(fd, mode) == 0) return {};
    return FailOpen("cannot set the mode of", fd, "a file", errno);
  }

  Writers ProbeWriters(int fd) override {
    // A read lease is refused with EAGAIN while anybody has the file open for writing (fcntl(2)); ours is given back at
    // once. Who opens it for writing within that moment makes the kernel send us a signal: SIGIO would end the process
    // (seen), SIGURG is ignored by default.
    if (fcntl(fd, F_SETSIG, SIGURG) != 0) return Writers::kUnknown;
    if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
      fcntl(fd, F_SETLEASE, F_UNLCK);
      return Writers::kNone;
    }
    return errno == EAGAIN ? Writers::kSome : Writers::kUnknown;
  }
};

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    Drop();
    fd_ = std::exchange(other.fd_, -1);
    closer_ = std::move(other.closer_);
  }
  return *this;
}

void Fd::Drop() {
  if (fd_ < 0) return;
  if (closer_) {
    closer_->CloseSoon(fd_);
  } else {
    close(fd_);
  }
}

bool FileStat::IsRegular() const { return S_ISREG(mode); }
bool FileStat::IsFolder() const { return S_ISDIR(mode); }

bool FileStat::SameContentAs(const FileStat& other) const {
  return dev == other.dev && ino == other.ino && size == other.size && mtime_ns == other.mtime_ns;
}

std::unique_ptr<FileSystem> MakePosixFileSystem() { return std::make_unique<PosixFileSystem>(); }

}  // namespace tegodrop
