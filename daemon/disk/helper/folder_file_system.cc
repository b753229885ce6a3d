#include "daemon/disk/helper/folder_file_system.h"

#include <cerrno>
#include <utility>

namespace tegodrop {

FolderFileSystem::FolderFileSystem(World world, std::string path)
    : world_(std::move(world)), path_(std::move(path)), there_(path_, world_.start, world_.clock) {}

Result<Fd> FolderFileSystem::OpenFolder(const std::string& path) {
  if (path != path_) return world_.here.OpenFolder(path);
  auto found = world_.find_mount(path);
  if (!found) return Fail(found.error());
  if (found->local) return world_.here.OpenFolder(path);
  auto folder = there_.OpenFolder(path);
  if (!folder) return folder;
  // Again: opening it may have been what mounted it.
  auto mounted = world_.find_mount(path);
  const std::lock_guard lock(mutex_);
  mount_ = mounted ? mounted->mount : found->mount;
  return folder;
}

Result<FsType> FolderFileSystem::TypeOf(int fd) {
  auto type = Of(fd).TypeOf(fd);
  if (!type || !MayHang(fd)) return type;
  const std::lock_guard lock(mutex_);
  type->attribute_cache = AttributeCacheOf(mount_);
  // Whatever its number says: nobody here sees its events or may ask it for a lease.
  type->local = false;
  return type;
}

Status FolderFileSystem::Close(Fd fd) {
  FileSystem& its = Of(fd.get());
  return its.Close(std::move(fd));
}

Status FolderFileSystem::MoveAt(int from_dir, const std::string& from, int to_dir, const std::string& to) {
  if (MayHang(from_dir) != MayHang(to_dir)) return FailPosix("cannot move", from, EXDEV);
  return Of(from_dir).MoveAt(from_dir, from, to_dir, to);
}

Status FolderFileSystem::RenameAt(int from_dir, const std::string& from, int to_dir, const std::string& to) {
  if (MayHang(from_dir) != MayHang(to_dir)) return FailPosix("cannot move", from, EXDEV);
  return Of(from_dir).RenameAt(from_dir, from, to_dir, to);
}

}  // namespace tegodrop
