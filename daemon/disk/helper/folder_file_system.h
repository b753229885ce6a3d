// The file system as one drop or output folder sees it: what its path leads to decides at each OpenFolder whether this
// process touches it itself, because it is a local disk, or leaves that to a helper process. All other paths, as that
// of the spool, are this process's own.
#pragma once

#include <functional>
#include <string>

#include "daemon/base/clock.h"
#include "daemon/disk/file_system.h"
#include "daemon/disk/helper/remote_file_system.h"
#include "daemon/disk/mount_table.h"

namespace tegodrop {

class FolderFileSystem final : public FileSystem {
 public:
  struct World {
    FileSystem& here;   // what is touched in this process
    StartHelper start;  // for what is not
    const Clock& clock;
    std::function<Result<PathMount>(const std::string&)> find_mount;
  };
  // `path`: the folder's. What World refers to must outlive it.
  FolderFileSystem(World world, std::string path);

  // Calls under way in the helper end at once, later ones do not begin. From any thread.
  void Stop() { there_.Stop(); }

  Result<Fd> OpenFolder(const std::string& path) override;
  Result<Fd> OpenFolderAt(int dir, const std::string& name) override { return Of(dir).OpenFolderAt(dir, name); }
  Result<Fd> OpenFileAt(int dir, const std::string& name) override { return Of(dir).OpenFileAt(dir, name); }
  Result<Fd> OpenToWriteAt(int dir, const std::string& name) override { return Of(dir).OpenToWriteAt(dir, name); }
  Result<Fd> CreateAt(int dir, const std::string& name, mode_t mode) override {
    return Of(dir).CreateAt(dir, name, mode);
  }
  Status MakeFolderAt(int dir, const std::string& name, mode_t mode) override {
    return Of(dir).MakeFolderAt(dir, name, mode);
  }
  Result<FileStat> Stat(int fd) override { return Of(fd).Stat(fd); }
  Result<FileStat> StatAt(int dir, const std::string& name) override { return Of(dir).StatAt(dir, name); }
  Result<FsType> TypeOf(int fd) override;
  Result<bool> MayChange(int dir) override { return Of(dir).MayChange(dir); }
  bool MayHang(int fd) const override { return RemoteFileSystem::Owns(fd); }
  Result<std::uint64_t> FreeBytes(int fd) override { return Of(fd).FreeBytes(fd); }
  Status List(int dir, const std::function<bool(std::string_view name, EntryType type)>& visit) override {
    return Of(dir).List(dir, visit);
  }
  Result<std::size_t> ReadAt(int fd, void* to, std::size_t size, std::uint64_t offset) override {
    return Of(fd).ReadAt(fd, to, size, offset);
  }
  std::size_t ReadCachedAt(int fd, void* to, std::size_t size, std::uint64_t offset) override {
    return Of(fd).ReadCachedAt(fd, to, size, offset);
  }
  void WillRead(int fd, std::uint64_t offset, std::uint64_t size) override { Of(fd).WillRead(fd, offset, size); }
  Status WriteAt(int fd, const void* from, std::size_t size, std::uint64_t offset) override {
    return Of(fd).WriteAt(fd, from, size, offset);
  }
  Status Reserve(int fd, std::uint64_t size) override { return Of(fd).Reserve(fd, size); }
  Status CutTo(int fd, std::uint64_t size) override { return Of(fd).CutTo(fd, size); }
  Status Sync(int fd) override { return Of(fd).Sync(fd); }
  Status SyncFolder(int fd) override { return Of(fd).SyncFolder(fd); }
  Status Close(Fd fd) override;
  Status MoveAt(int from_dir, const std::string& from, int to_dir, const std::string& to) override;
  Status RenameAt(int from_dir, const std::string& from, int to_dir, const std::string& to) override;
  Status RemoveAt(int dir, const std::string& name) override { return Of(dir).RemoveAt(dir, name); }
  Status RemoveFolderAt(int dir, const std::string& name) override { return Of(dir).RemoveFolderAt(dir, name); }
  Status SetModeAndGroup(int fd, mode_t mode, gid_t group) override { return Of(fd).SetModeAndGroup(fd, mode, group); }
  Status TouchAt(int dir, const std::string& name) override { return Of(dir).TouchAt(dir, name); }
  Writers ProbeWriters(int fd) override { return Of(fd).ProbeWriters(fd); }

 private:
  FileSystem& Of(int fd) { return RemoteFileSystem::Owns(fd) ? static_cast<FileSystem&>(there_) : world_.here; }

  const World world_;
  const std::string path_;
  RemoteFileSystem there_;
  std::mutex mutex_;
  Mount mount_;  // of what was opened last in the helper; guarded by mutex_
};

}  // namespace tegodrop
