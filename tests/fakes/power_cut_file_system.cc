#include "tests/fakes/power_cut_file_system.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace tegodrop::testing {
namespace {

using Lock = std::lock_guard<std::mutex>;

}  // namespace

PowerCutFileSystem::PowerCutFileSystem(FileSystem& below, std::string aside) : below_(below), aside_(std::move(aside)) {
  std::filesystem::create_directories(aside_);
  aside_fd_ = Fd(open(aside_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  EXPECT_TRUE(aside_fd_.valid()) << aside_;
}

PowerCutFileSystem::~PowerCutFileSystem() { ForgetAll(); }

void PowerCutFileSystem::Die() {
  const Lock lock(mutex_);
  dead_ = true;
}

bool PowerCutFileSystem::dead() const {
  const Lock lock(mutex_);
  return dead_;
}

void PowerCutFileSystem::ForgetAll() {
  const Lock lock(mutex_);
  StartAnew();
}

std::size_t PowerCutFileSystem::pending() const {
  const Lock lock(mutex_);
  std::size_t count = changes_.size();
  for (const auto& [id, file] : files_) count += file.writes.size();
  return count;
}

void PowerCutFileSystem::StartAnew() {
  for (const Change& change : changes_) Drop(change);
  changes_.clear();
  files_.clear();
  folders_.clear();
  dead_ = false;
}

Status PowerCutFileSystem::Alive() const {
  const Lock lock(mutex_);
  if (dead_) return FailPosix("the power is off:", "no call works", EIO);
  return {};
}

PowerCutFileSystem::FileId PowerCutFileSystem::IdOf(int fd) {
  struct stat st {};
  if (fstat(fd, &st) != 0) return {};
  return {st.st_dev, st.st_ino};
}

PowerCutFileSystem::FileId PowerCutFileSystem::IdAt(int dir, const std::string& name) {
  struct stat st {};
  if (fstatat(dir, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return {};
  return {st.st_dev, st.st_ino};
}

// The descriptor keeps the folder's number from being used again while changes refer to it.
PowerCutFileSystem::FolderPtr PowerCutFileSystem::FolderOf(int dir) {
  std::weak_ptr<Folder>& known = folders_[IdOf(dir)];
  FolderPtr folder = known.lock();
  if (!folder) {
    folder = std::make_shared<Folder>();
    folder->fd = Fd(openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    EXPECT_TRUE(folder->fd.valid()) << "too many changes that are never synced?";
    known = folder;
  }
  return folder;
}

PowerCutFileSystem::Change& PowerCutFileSystem::Add(Kind kind, int dir, const std::string& name, FileId id,
                                                    FileId synced_by) {
  Change change;
  change.kind = kind;
  if (kind != Kind::kMode) change.dir = FolderOf(dir);
  change.name = name;
  change.id = id;
  change.synced_by = synced_by;
  changes_.push_back(std::move(change));
  return changes_.back();
}

std::string PowerCutFileSystem::KeepAside(int dir, const std::string& name) {
  std::string kept = std::to_string(++kept_);
  return linkat(dir, name.c_str(), aside_fd_.get(), kept.c_str(), 0) == 0 ? kept : "";
}

void PowerCutFileSystem::Drop(const Change& change) {
  if (!change.aside.empty()) unlinkat(aside_fd_.get(), change.aside.c_str(), 0);
}

void PowerCutFileSystem::Synced(FileId id) {
  std::erase_if(changes_, [&](const Change& change) {
    if (change.synced_by != id) return false;
    Drop(change);
    return true;
  });
  for (Change& change : changes_) change.journaled = true;
}

Result<Fd> PowerCutFileSystem::CreateAt(int dir, const std::string& name, mode_t mode) {
  if (auto alive = Alive(); !alive) return Fail(alive.error());
  const Lock lock(mutex_);
  auto made = below_.CreateAt(dir, name, mode);
  if (made) {
    const FileId id = IdOf(made->get());
    files_.erase(id);
    Add(Kind::kCreate, dir, name, id, IdOf(dir));
  }
  return made;
}

Status PowerCutFileSystem::MakeFolderAt(int dir, const std::string& name, mode_t mode) {
  if (auto alive = Alive(); !alive) return alive;
  const Lock lock(mutex_);
  const bool there = IdAt(dir, name) != FileId();
  auto made = below_.MakeFolderAt(dir, name, mode);
  const FileId id = IdAt(dir, name);
  if (!there && id != FileId()) Add(Kind::kMakeFolder, dir, name, id, IdOf(dir));
  return made;
}

void PowerCutFileSystem::Overwrites(int fd, std::uint64_t offset, std::uint64_t size) {
  struct stat st {};
  if (size == 0 || fstat(fd, &st) != 0) return;
  File& file = files_[{st.st_dev, st.st_ino}];
  if (!file.fd.valid()) file.fd = Fd(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  Write write{offset, size, "", static_cast<std::uint64_t>(st.st_size)};
  if (offset < write.size_before) {
    write.before.resize(std::min<std::uint64_t>(size, write.size_before - offset));
    auto count = below_.ReadAt(fd, write.before.data(), write.before.size(), offset);
    EXPECT_TRUE(count && *count == write.before.size());
  }
  file.writes.push_back(std::move(write));
}

Status PowerCutFileSystem::WriteAt(int fd, const void* from, std::size_t size, std::uint64_t offset) {
  if (auto alive = Alive(); !alive) return alive;
  const Lock lock(mutex_);
  Overwrites(fd, offset, size);
  return below_.WriteAt(fd, from, size, offset);
}

// Bytes that go, or zeros that come: until the sync they may be as before.
Status PowerCutFileSystem::CutTo(int fd, std::uint64_t size) {
  if (auto alive = Alive(); !alive) return alive;
  const Lock lock(mutex_);
  struct stat st {};
  if (fstat(fd, &st) != 0) return below_.CutTo(fd, size);
  const auto there = static_cast<std::uint64_t>(st.st_size);
  Overwrites(fd, std::min(size, there), std::max(size, there) - std::min(size, there));
  return below_.CutTo(fd, size);
}

Status PowerCutFileSystem::Sync(int fd) {
  if (auto alive = Alive(); !alive) return alive;
  const Lock lock(mutex_);
  if (auto stat = below_.Stat(fd); !stat) return Fail(stat.error());
  files_.erase(IdOf(fd));
  Synced(IdOf(fd));
  return {};
}

Status PowerCutFileSystem::SyncFolder(int fd) { return Sync(fd); }

Status PowerCutFileSystem::MoveAt(int from_dir, const std::string& from, int to_dir, const std::string& to) {
  if (auto alive = Alive(); !alive) return alive;
  const Lock lock(mutex_);
  auto moved = below_.MoveAt(from_dir, from, to_dir, to);
  if (moved) {
    Change& change = Add(Kind::kMove, from_dir, from, IdAt(to_dir, to), IdOf(to_dir));
    change.to = FolderOf(to_dir);
    change.to_name = to;
  }
  return moved;
}

Status PowerCutFileSystem::RenameAt(int from_dir, const std::string& from, int to_dir, const std::string& to) {
  if (auto alive = Alive(); !alive) return alive;
  const Lock lock(mutex_);
  const bool same = IdAt(from_dir, from) == IdAt(to_dir, to);
  std::string aside = KeepAside(to_dir, to);
  auto moved = below_.RenameAt(from_dir, from, to_dir, to);
  if (!moved || same) {
    if (!aside.empty()) unlinkat(aside_fd_.get(), aside.c_str(), 0);
    return moved;
  }
  Change& change = Add(Kind::kMove, from_dir, from, IdAt(to_dir, to), IdOf(to_dir));
  change.to = FolderOf(to_dir);
  change.to_name = to;
  change.aside = std::move(aside);
  return moved;
}

Status PowerCutFileSystem::RemoveAt(int dir, const std::string& name) {
  if (auto alive = Alive(); !alive) return alive;
  const Lock lock(mutex_);
  const FileId id = IdAt(dir, name);
  std::string aside = KeepAside(dir, name);
  auto removed = below_.RemoveAt(dir, name);
  if (!removed) {
    if (!aside.empty()) unlinkat(aside_fd_.get(), aside.c_str(), 0);
    return removed;
  }
  Add(Kind::kRemove, dir, name, id, IdOf(dir)).aside = std::move(aside);
  return removed;
}

Status PowerCutFileSystem::RemoveFolderAt(int dir, const std::string& name) {
  if (auto alive = Alive(); !alive) return alive;
  const Lock lock(mutex_);
  const Fd self(openat(dir, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat st {};
  if (!self.valid() || fstat(self.get(), &st) != 0) return below_.RemoveFolderAt(dir, name);
  auto folder = FolderOf(self.get());
  auto removed = below_.RemoveFolderAt(dir, name);
  if (!removed) return removed;
  Change& change = Add(Kind::kRemoveFolder, dir, name, {st.st_dev, st.st_ino}, IdOf(dir));
  change.self = std::move(folder);
  change.mode = st.st_mode & 07777U;
  change.group = st.st_gid;
  return removed;
}

Status PowerCutFileSystem::SetModeAndGroup(int fd, mode_t mode, gid_t group) {
  if (auto alive = Alive(); !alive) return alive;
  const Lock lock(mutex_);
  struct stat st {};
  const bool known = fstat(fd, &st) == 0;
  auto set = below_.SetModeAndGroup(fd, mode, group);
  if (known) {
    const FileId id{st.st_dev, st.st_ino};
    Change& change = Add(Kind::kMode, fd, "", id, id);
    change.fd = Fd(fcntl(fd, F_DUPFD_CLOEXEC, 0));
    change.mode = st.st_mode & 07777U;
    change.group = st.st_gid;
  }
  return set;
}

// Times that a power cut takes back hurt nobody.
Status PowerCutFileSystem::TouchAt(int dir, const std::string& name) {
  if (auto alive = Alive(); !alive) return alive;
  return below_.TouchAt(dir, name);
}

Result<Fd> PowerCutFileSystem::OpenFolder(const std::string& path) {
  if (auto alive = Alive(); !alive) return Fail(alive.error());
  return below_.OpenFolder(path);
}
Result<Fd> PowerCutFileSystem::OpenFolderAt(int dir, const std::string& name) {
  if (auto alive = Alive(); !alive) return Fail(alive.error());
  return below_.OpenFolderAt(dir, name);
}
Result<Fd> PowerCutFileSystem::OpenFileAt(int dir, const std::string& name) {
  if (auto alive = Alive(); !alive) return Fail(alive.error());
  return below_.OpenFileAt(dir, name);
}
Result<Fd> PowerCutFileSystem::OpenToWriteAt(int dir, const std::string& name) {
  if (auto alive = Alive(); !alive) return Fail(alive.error());
  return below_.OpenToWriteAt(dir, name);
}
Result<FileStat> PowerCutFileSystem::Stat(int fd) {
  if (auto alive = Alive(); !alive) return Fail(alive.error());
  return below_.Stat(fd);
}
Result<FileStat> PowerCutFileSystem::StatAt(int dir, const std::string& name) {
  if (auto alive = Alive(); !alive) return Fail(alive.error());
  return below_.StatAt(dir, name);
}
Result<FsType> PowerCutFileSystem::TypeOf(int fd) {
  if (auto alive = Alive(); !alive) return Fail(alive.error());
  return below_.TypeOf(fd);
}
Result<bool> PowerCutFileSystem::MayChange(int dir) {
  if (auto alive = Alive(); !alive) return Fail(alive.error());
  return below_.MayChange(dir);
}
Result<std::uint64_t> PowerCutFileSystem::FreeBytes(int fd) {
  if (auto alive = Alive(); !alive) return Fail(alive.error());
  return below_.FreeBytes(fd);
}
Status PowerCutFileSystem::List(int dir, const std::function<bool(std::string_view, EntryType)>& visit) {
  if (auto alive = Alive(); !alive) return alive;
  return below_.List(dir, visit);
}
Result<std::size_t> PowerCutFileSystem::ReadAt(int fd, void* to, std::size_t size, std::uint64_t offset) {
  if (auto alive = Alive(); !alive) return Fail(alive.error());
  return below_.ReadAt(fd, to, size, offset);
}
Status PowerCutFileSystem::Reserve(int fd, std::uint64_t size) {
  if (auto alive = Alive(); !alive) return alive;
  return below_.Reserve(fd, size);
}
Status PowerCutFileSystem::Close(Fd fd) {
  auto closed = below_.Close(std::move(fd));
  if (auto alive = Alive(); !alive) return alive;
  return closed;
}
Writers PowerCutFileSystem::ProbeWriters(int fd) { return Alive() ? below_.ProbeWriters(fd) : Writers::kUnknown; }

}  // namespace tegodrop::testing
