#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <utility>

#include "daemon/disk/file_system.h"

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

Result<Fd> OpenBeneath(int dir, const std::string& name, std::uint64_t flags, mode_t mode) {
  open_how how{};
  how.flags = flags | O_CLOEXEC | O_NOFOLLOW;
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  // EAGAIN: something was renamed on the way, which passes; or another program (Samba) holds a lease that we asked it
  // to give back, which may take most of a minute: then the caller tries again later.
  constexpr int kMostTries = 20;
  long fd = -1;
  int tries = 0;
  do {
    fd = syscall(SYS_openat2, dir, name.c_str(), &how, sizeof how);
  } while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < kMostTries)));
  if (fd < 0) return FailPosix("cannot open", name, errno);
  return Fd(static_cast<int>(fd));
}

Status Check(int code, std::string_view what, std::string_view path) {
  if (code != 0) return FailPosix(what, path, errno);
  return {};
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<Fd> OpenFolder(const std::string& path) override {
    const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return FailPosix("cannot open folder", path, errno);
    return Fd(fd);
  }

  Result<Fd> OpenFolderAt(int dir, const std::string& name) override {
    return OpenBeneath(dir, name, O_RDONLY | O_DIRECTORY, 0);
  }

  // O_NONBLOCK: a FIFO in a shared folder must not hold up the worker.
  Result<Fd> OpenFileAt(int dir, const std::string& name) override {
    return OpenBeneath(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
  }

  Result<Fd> CreateAt(int dir, const std::string& name, mode_t mode) override {
    auto fd = OpenBeneath(dir, name, O_RDWR | O_CREAT | O_EXCL, mode);
    if (fd && fchmod(fd->get(), mode) != 0) {
      const int error = errno;
      unlinkat(dir, name.c_str(), 0);
      return FailPosix("cannot set the mode of", name, error);
    }
    return fd;
  }

  Status MakeFolderAt(int dir, const std::string& name, mode_t mode) override {
    const bool made = mkdirat(dir, name.c_str(), mode & 0777U) == 0;
    if (!made && errno != EEXIST) return FailPosix("cannot make folder", name, errno);
    // By descriptor: what stands under the name may be a file, or by now a link to a folder of somebody else.
    auto folder = OpenFolderAt(dir, name);
    if (!folder) return Fail(folder.error());
    if (!made) return {};
    // A separate chmod: mkdir's mode is cut by the umask and drops the set-group-id bit.
    return Check(fchmod(folder->get(), mode), "cannot set the mode of", name);
  }

  Result<FileStat> Stat(int fd) override {
    struct stat st {};
    if (fstat(fd, &st) != 0) return FailPosix("cannot stat", "an open file", errno);
    return FromStat(st);
  }

  Result<FileStat> StatAt(int dir, const std::string& name) override {
    struct stat st {};
    if (fstatat(dir, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return FailPosix("cannot stat", name, errno);
    return FromStat(st);
  }

  Result<FsType> TypeOf(int fd) override {
    struct statfs fs {};
    if (fstatfs(fd, &fs) != 0) return FailPosix("cannot ask the file system of", "a folder", errno);
    return FsTypeOf(static_cast<std::uint32_t>(fs.f_type));
  }

  Result<std::uint64_t> FreeBytes(int fd) override {
    struct statfs fs {};
    if (fstatfs(fd, &fs) != 0) return FailPosix("cannot ask the free space of", "a folder", errno);
    // Blocks are counted in fragments; f_bsize is only what is best to write at once, and larger on some FUSE shares.
    const auto unit = static_cast<std::uint64_t>(fs.f_frsize != 0 ? fs.f_frsize : fs.f_bsize);
    return static_cast<std::uint64_t>(fs.f_bavail) * unit;
  }

  Status List(int dir, const std::function<bool(std::string_view, EntryType)>& visit) override {
    // A descriptor of its own: the position of `dir` is shared with whoever else lists it.
    const int own = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (own < 0) return FailPosix("cannot list", "a folder", errno);
    DIR* stream = fdopendir(own);
    if (stream == nullptr) {
      const int error = errno;
      close(own);
      return FailPosix("cannot list", "a folder", error);
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
    if (error != 0) return FailPosix("cannot list", "a folder", error);
    return {};
  }

  Result<std::size_t> ReadAt(int fd, void* to, std::size_t size, std::uint64_t offset) override {
    for (;;) {
      const ssize_t count = pread(fd, to, size, static_cast<off_t>(offset));
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) return FailPosix("cannot read", "an open file", errno);
    }
  }

  Status WriteAt(int fd, const void* from, std::size_t size, std::uint64_t offset) override {
    const char* data = static_cast<const char*>(from);
    while (size > 0) {
      const ssize_t count = pwrite(fd, data, size, static_cast<off_t>(offset));
      if (count < 0) {
        if (errno == EINTR) continue;
        return FailPosix("cannot write", "an open file", errno);
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
    return FailPosix("cannot reserve room for", "a file", errno);
  }

  Status Sync(int fd) override { return Check(fsync(fd), "cannot sync", "an open file"); }

  Status SyncFolder(int fd) override {
    if (fsync(fd) == 0 || errno == EINVAL) return {};
    return FailPosix("cannot sync", "a folder", errno);
  }

  Status Close(Fd fd) override {
    // On Linux the descriptor is gone whatever close says; EINTR is no loss.
    if (close(fd.Release()) == 0 || errno == EINTR) return {};
    return FailPosix("cannot close", "a file", errno);
  }

  Status MoveAt(int from_dir, const std::string& from, int to_dir, const std::string& to) override {
    if (renameat2(from_dir, from.c_str(), to_dir, to.c_str(), RENAME_NOREPLACE) == 0) return {};
    if (errno != EINVAL && errno != ENOSYS) return FailPosix("cannot move", from, errno);
    if (linkat(from_dir, from.c_str(), to_dir, to.c_str(), 0) != 0) return FailPosix("cannot move", from, errno);
    return Check(unlinkat(from_dir, from.c_str(), 0), "cannot remove", from);
  }

  Status RenameAt(int from_dir, const std::string& from, int to_dir, const std::string& to) override {
    return Check(renameat(from_dir, from.c_str(), to_dir, to.c_str()), "cannot move", from);
  }

  Status RemoveAt(int dir, const std::string& name) override {
    return Check(unlinkat(dir, name.c_str(), 0), "cannot remove", name);
  }

  Status RemoveFolderAt(int dir, const std::string& name) override {
    return Check(unlinkat(dir, name.c_str(), AT_REMOVEDIR), "cannot remove folder", name);
  }

  Status SetModeAndGroup(int fd, mode_t mode, gid_t group) override {
    // The group first: chown clears set-id bits. A group that we may not give is no reason to fail a delivery; the mode
    // still holds.
    if (fchown(fd, static_cast<uid_t>(-1), group) != 0 && errno != EPERM) {
      return FailPosix("cannot set the group of", "a file", errno);
    }
    return Check(fchmod(fd, mode), "cannot set the mode of", "a file");
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
    if (fd_ >= 0) close(fd_);
    fd_ = other.Release();
  }
  return *this;
}

Fd::~Fd() {
  if (fd_ >= 0) close(fd_);
}

bool FileStat::IsRegular() const { return S_ISREG(mode); }
bool FileStat::IsFolder() const { return S_ISDIR(mode); }

bool FileStat::SameContentAs(const FileStat& other) const {
  return dev == other.dev && ino == other.ino && size == other.size && mtime_ns == other.mtime_ns;
}

std::unique_ptr<FileSystem> MakePosixFileSystem() { return std::make_unique<PosixFileSystem>(); }

}  // namespace tegodrop
