// The file system as an argument: blocking calls for worker threads, each an errno turned into an Error by PosixError.
// PosixFileSystem in the program; tests wrap it to fail on command.
//
// Everything below a folder is reached through the folder's descriptor and one name at a time, so that a link, a mount
// or a rename planted by whoever may write there leads nowhere (openat2 with RESOLVE_BENEATH, NO_SYMLINKS,
// NO_MAGICLINKS, NO_XDEV).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/base/result.h"

namespace tegodrop {

// Closes what a FileSystem opened elsewhere than in this process.
class FdCloser {
 public:
  virtual ~FdCloser() = default;
  // From any thread; never waits.
  virtual void CloseSoon(int fd) = 0;
};

// An open file or folder, closed with its owner. Closing so ignores errors: where they matter use FileSystem::Close.
// Its number means something to the FileSystem alone that opened it.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(int fd, std::shared_ptr<FdCloser> closer) : fd_(fd), closer_(std::move(closer)) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)), closer_(std::move(other.closer_)) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { Drop(); }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  // Whoever takes it closes it.
  int Release() {
    closer_.reset();
    return std::exchange(fd_, -1);
  }

 private:
  void Drop();

  int fd_ = -1;
  std::shared_ptr<FdCloser> closer_;  // none: it is this process's own
};

struct FileStat {
  std::uint64_t dev = 0;
  std::uint64_t ino = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  mode_t mode = 0;  // with the type bits
  uid_t uid = 0;
  gid_t gid = 0;
  std::uint64_t links = 0;

  bool IsRegular() const;
  bool IsFolder() const;
  // Same file with the same content, as far as a stat can tell: device, inode, size, mtime. A rename changes ctime and
  // nothing of these.
  bool SameContentAs(const FileStat& other) const;
  // SameContentAs and the same ctime: nothing at all has happened to it.
  bool operator==(const FileStat& other) const = default;
};

// What kind of file system a folder is on, by statfs.
struct FsType {
  std::uint32_t magic = 0;
  std::string name;    // "ext4", "nfs", …, else "0x…"
  bool local = false;  // changes raise events and the lease probe can be trusted; all others are polled
  // For how long it may show what was, as far as that is known; zero on a local one.
  std::chrono::milliseconds attribute_cache{0};
};

enum class Writers : std::uint8_t {
  kNone,     // nobody has it open for writing
  kSome,     // somebody has
  kUnknown,  // the lease cannot be asked (a foreign owner, or the file system has none)
};

enum class EntryType : std::uint8_t { kRegular, kFolder, kOther, kUnknown };

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // A folder by its absolute path (symbolic links on the way are the administrator's and are followed).
  virtual Result<Fd> OpenFolder(const std::string& path) = 0;
  // `name` below `dir` may have several components; no link and no mount is crossed. Never blocks on a FIFO, nor on a
  // lease (EAGAIN: its holder was asked to give it back; later).
  virtual Result<Fd> OpenFolderAt(int dir, const std::string& name) = 0;
  // For reading; the caller checks with Stat that it is a regular file.
  virtual Result<Fd> OpenFileAt(int dir, const std::string& name) = 0;
  // One that is there, for reading and writing; otherwise as OpenFileAt.
  virtual Result<Fd> OpenToWriteAt(int dir, const std::string& name) = 0;
  // A new file, open for reading and writing; EEXIST where the name is taken. The mode holds whatever the umask.
  virtual Result<Fd> CreateAt(int dir, const std::string& name, mode_t mode) = 0;
  // A new folder, or the one that is there; the mode is set only where it was made. An error where a file or a link has
  // the name.
  virtual Status MakeFolderAt(int dir, const std::string& name, mode_t mode) = 0;

  virtual Result<FileStat> Stat(int fd) = 0;
  // Of the entry itself, never of what a link points to.
  virtual Result<FileStat> StatAt(int dir, const std::string& name) = 0;
  virtual Result<FsType> TypeOf(int fd) = 0;
  // Whether entries may be made in a folder and moved out of it: asked of the kernel, which knows of access lists and
  // read-only mounts.
  virtual Result<bool> MayChange(int dir) = 0;
  // Whether calls with it may take as long as a share lets them: not for threads that serve other folders too.
  virtual bool MayHang(int /*fd*/) const { return false; }
  // Bytes that an ordinary user may still write there.
  virtual Result<std::uint64_t> FreeBytes(int fd) = 0;
  // Each entry but "." and ".." in the kernel's order, until `visit` says false.
  virtual Status List(int dir, const std::function<bool(std::string_view name, EntryType type)>& visit) = 0;

  // At most `size` bytes from `offset`; 0 at the end.
  virtual Result<std::size_t> ReadAt(int fd, void* to, std::size_t size, std::uint64_t offset) = 0;
  // The same of what is in memory, without waiting for a disk or a share: the one call here that a loop may make. 0
  // where that gives nothing, for whatever reason: ReadAt knows. (RWF_NOWAIT; file systems that have no such reading,
  // tmpfs and most shares, give nothing.)
  virtual std::size_t ReadCachedAt(int /*fd*/, void* /*to*/, std::size_t /*size*/, std::uint64_t /*offset*/) {
    return 0;
  }
  // These bytes will be read soon: a disk may begin with it. Answers nothing, and may do nothing.
  virtual void WillRead(int /*fd*/, std::uint64_t /*offset*/, std::uint64_t /*size*/) {}
  // All of it.
  virtual Status WriteAt(int fd, const void* from, std::size_t size, std::uint64_t offset) = 0;
  // Room for `size` bytes, so that a full disk shows before the work; file systems that cannot are no error.
  virtual Status Reserve(int fd, std::uint64_t size) = 0;
  // Nothing is left of the file behind its first `size` bytes, what was reserved there included. Not synced by itself.
  virtual Status CutTo(int fd, std::uint64_t size) = 0;
  // After an error the content counts as lost: a second fsync may succeed without the data being there.
  virtual Status Sync(int fd) = 0;
  // A folder's entries; EINVAL is no error (some shares cannot).
  virtual Status SyncFolder(int fd) = 0;
  virtual Status Close(Fd fd) = 0;

  // Never replaces: EEXIST where the new name is taken. By RENAME_NOREPLACE, else by link and unlink (CIFS has one, NFS
  // the other), else, where somebody else's file may not be linked, by a rename over an empty file made for it.
  virtual Status MoveAt(int from_dir, const std::string& from, int to_dir, const std::string& to) = 0;
  // A plain rename, for a target that nobody else can make (a folder that carries our own job's id).
  virtual Status RenameAt(int from_dir, const std::string& from, int to_dir, const std::string& to) = 0;
  virtual Status RemoveAt(int dir, const std::string& name) = 0;
  virtual Status RemoveFolderAt(int dir, const std::string& name) = 0;
  virtual Status SetModeAndGroup(int fd, mode_t mode, gid_t group) = 0;
  // Its times are now, by the clock of whoever keeps the file. Never of what a link points to.
  virtual Status TouchAt(int dir, const std::string& name) = 0;

  virtual Writers ProbeWriters(int fd) = 0;
};

std::unique_ptr<FileSystem> MakePosixFileSystem();

// The name and trust of a file system by its statfs magic.
FsType FsTypeOf(std::uint32_t magic);
// Whether a file system of that name counts as local.
bool IsLocalFsName(std::string_view name);

}  // namespace tegodrop
