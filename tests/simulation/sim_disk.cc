#include "tests/simulation/sim_disk.h"

#include <fcntl.h>
#include <sys/stat.h>

namespace tegodrop::simulation {

// Death first: with its change not done, or done but never answered; then the weather.
template <typename T, typename Work>
T SimDisk::Run(Place place, Call call, const char* name, const Work& work) {
  if (dead_) return FailPosix("the machine is off:", name, EIO);
  if (call != Call::kLook && die_at_ > 0 && --die_at_ == 0) {
    dying_ = true;
    if (dice_.Chance(0.5)) (void)work();
    dying_ = false;
    dead_ = true;
    die_();
    return FailPosix("the process died in", name, EIO);
  }
  const std::int64_t now = loop_.now();
  if (weather_.Strikes(Trouble::kHang, place, now)) hang_(place);
  if (weather_.Strikes(Trouble::kEio, place, now)) return FailPosix("cannot", name, EIO);
  if (call != Call::kLook && weather_.Strikes(Trouble::kReadOnly, place, now)) return FailPosix("cannot", name, EROFS);
  if (call == Call::kGrow && weather_.Strikes(Trouble::kFull, place, now)) return FailPosix("cannot", name, ENOSPC);
  if (call != Call::kLook && weather_.Strikes(Trouble::kEioAfter, place, now)) {
    (void)work();
    return FailPosix("cannot", name, EIO);
  }
  return work();
}

Place SimDisk::PlaceOf(int fd) const {
  const auto found = places_.find(fd);
  return found == places_.end() ? Place::kState : found->second;
}

Place SimDisk::PlaceOf(const std::string& path) const {
  for (const auto& [mount, place] : mounts_) {
    if (path.starts_with(mount)) return place;
  }
  return Place::kState;
}

Result<Fd> SimDisk::Opened(Result<Fd> fd, Place place) {
  if (fd) places_[fd->get()] = place;
  return fd;
}

FileStat SimDisk::Numbered(FileStat stat) {
  auto [found, is_new] = files_.try_emplace(stat.ino);
  Versions& file = found->second;
  if (is_new) {
    file.number = files_.size();
    file.content = file.any = ++changes_;
  }
  stat.dev = 1;
  stat.ino = file.number;
  // After the start of every night, and so never pruned by their age.
  constexpr std::int64_t kBase = SimLoop::kStart * 1'000'000;
  stat.mtime_ns = kBase + file.content;
  stat.ctime_ns = kBase + file.any;
  return stat;
}

void SimDisk::Touched(int fd, bool content) {
  struct stat st {};
  if (fstat(fd, &st) != 0) return;
  const auto found = files_.find(st.st_ino);
  if (found == files_.end()) return;
  found->second.any = ++changes_;
  if (content) found->second.content = changes_;
}

void SimDisk::TouchedAt(int dir, const std::string& name) {
  struct stat st {};
  if (fstatat(dir, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return;
  const auto found = files_.find(st.st_ino);
  if (found != files_.end()) found->second.any = ++changes_;
}

Result<Fd> SimDisk::OpenFolder(const std::string& path) {
  const Place place = PlaceOf(path);
  return Opened(Run<Result<Fd>>(place, Call::kLook, "OpenFolder", [&] { return below_.OpenFolder(path); }), place);
}
Result<Fd> SimDisk::OpenFolderAt(int dir, const std::string& name) {
  const Place place = PlaceOf(dir);
  return Opened(Run<Result<Fd>>(place, Call::kLook, "OpenFolderAt", [&] { return below_.OpenFolderAt(dir, name); }),
                place);
}
Result<Fd> SimDisk::OpenFileAt(int dir, const std::string& name) {
  const Place place = PlaceOf(dir);
  return Opened(Run<Result<Fd>>(place, Call::kLook, "OpenFileAt", [&] { return below_.OpenFileAt(dir, name); }), place);
}
Result<Fd> SimDisk::OpenToWriteAt(int dir, const std::string& name) {
  const Place place = PlaceOf(dir);
  return Opened(Run<Result<Fd>>(place, Call::kLook, "OpenToWriteAt", [&] { return below_.OpenToWriteAt(dir, name); }),
                place);
}
Result<Fd> SimDisk::CreateAt(int dir, const std::string& name, mode_t mode) {
  const Place place = PlaceOf(dir);
  return Opened(Run<Result<Fd>>(place, Call::kGrow, "CreateAt", [&] { return below_.CreateAt(dir, name, mode); }),
                place);
}
Status SimDisk::MakeFolderAt(int dir, const std::string& name, mode_t mode) {
  // Called for folders that are there, too: those need no room.
  struct stat st {};
  const bool there = fstatat(dir, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0;
  return Run<Status>(PlaceOf(dir), there ? Call::kLook : Call::kGrow, "MakeFolderAt",
                     [&] { return below_.MakeFolderAt(dir, name, mode); });
}
Result<FileStat> SimDisk::Stat(int fd) {
  auto stat = Run<Result<FileStat>>(PlaceOf(fd), Call::kLook, "Stat", [&] { return below_.Stat(fd); });
  if (stat) *stat = Numbered(*stat);
  return stat;
}
Result<FileStat> SimDisk::StatAt(int dir, const std::string& name) {
  auto stat = Run<Result<FileStat>>(PlaceOf(dir), Call::kLook, "StatAt", [&] { return below_.StatAt(dir, name); });
  if (stat) *stat = Numbered(*stat);
  return stat;
}
Result<FsType> SimDisk::TypeOf(int fd) {
  auto type = Run<Result<FsType>>(PlaceOf(fd), Call::kLook, "TypeOf", [&] { return below_.TypeOf(fd); });
  // The same on every machine.
  if (type) *type = FsType{0xEF53, "ext4", true};
  return type;
}
Result<bool> SimDisk::MayChange(int dir) {
  return Run<Result<bool>>(PlaceOf(dir), Call::kLook, "MayChange", [&] { return below_.MayChange(dir); });
}
Result<std::uint64_t> SimDisk::FreeBytes(int fd) {
  if (weather_.Open(Trouble::kFull, PlaceOf(fd), loop_.now())) return std::uint64_t{0};
  auto free = Run<Result<std::uint64_t>>(PlaceOf(fd), Call::kLook, "FreeBytes", [&] { return below_.FreeBytes(fd); });
  if (free) *free = std::uint64_t{1} << 40U;
  return free;
}
Status SimDisk::List(int dir, const std::function<bool(std::string_view, EntryType)>& visit) {
  return Run<Status>(PlaceOf(dir), Call::kLook, "List", [&] { return below_.List(dir, visit); });
}
Result<std::size_t> SimDisk::ReadAt(int fd, void* to, std::size_t size, std::uint64_t offset) {
  return Run<Result<std::size_t>>(PlaceOf(fd), Call::kLook, "ReadAt",
                                  [&] { return below_.ReadAt(fd, to, size, offset); });
}
std::size_t SimDisk::ReadCachedAt(int fd, void* to, std::size_t size, std::uint64_t offset) {
  constexpr std::uint64_t kPage = 4096;
  if (offset / kPage % 2 != 0) return 0;
  const std::size_t most = std::min<std::uint64_t>(size, kPage - offset % kPage);
  const auto count = Run<Result<std::size_t>>(PlaceOf(fd), Call::kLook, "ReadCachedAt",
                                              [&] { return below_.ReadAt(fd, to, most, offset); });
  return count ? *count : 0;
}
Status SimDisk::WriteAt(int fd, const void* from, std::size_t size, std::uint64_t offset) {
  return Run<Status>(PlaceOf(fd), Call::kGrow, "WriteAt", [&] {
    Touched(fd, true);
    return below_.WriteAt(fd, from, dying_ ? size / 2 : size, offset);
  });
}
Status SimDisk::CutTo(int fd, std::uint64_t size) {
  return Run<Status>(PlaceOf(fd), Call::kChange, "CutTo", [&] {
    Touched(fd, true);
    return below_.CutTo(fd, size);
  });
}
Status SimDisk::Reserve(int fd, std::uint64_t size) {
  return Run<Status>(PlaceOf(fd), Call::kGrow, "Reserve", [&] { return below_.Reserve(fd, size); });
}
Status SimDisk::Sync(int fd) {
  return Run<Status>(PlaceOf(fd), Call::kChange, "Sync", [&] { return below_.Sync(fd); });
}
Status SimDisk::SyncFolder(int fd) {
  return Run<Status>(PlaceOf(fd), Call::kChange, "SyncFolder", [&] { return below_.SyncFolder(fd); });
}
Status SimDisk::Close(Fd fd) {
  const Place place = PlaceOf(fd.get());
  if (dead_) return below_.Close(std::move(fd));
  const bool fails = weather_.Strikes(Trouble::kEio, place, loop_.now());
  auto closed = below_.Close(std::move(fd));
  return fails ? FailPosix("cannot", "Close", EIO) : closed;
}
Status SimDisk::MoveAt(int from_dir, const std::string& from, int to_dir, const std::string& to) {
  return Run<Status>(PlaceOf(to_dir), Call::kChange, "MoveAt", [&] {
    TouchedAt(from_dir, from);
    return below_.MoveAt(from_dir, from, to_dir, to);
  });
}
Status SimDisk::RenameAt(int from_dir, const std::string& from, int to_dir, const std::string& to) {
  return Run<Status>(PlaceOf(to_dir), Call::kChange, "RenameAt", [&] {
    TouchedAt(from_dir, from);
    return below_.RenameAt(from_dir, from, to_dir, to);
  });
}
Status SimDisk::RemoveAt(int dir, const std::string& name) {
  return Run<Status>(PlaceOf(dir), Call::kChange, "RemoveAt", [&] { return below_.RemoveAt(dir, name); });
}
Status SimDisk::RemoveFolderAt(int dir, const std::string& name) {
  return Run<Status>(PlaceOf(dir), Call::kChange, "RemoveFolderAt", [&] { return below_.RemoveFolderAt(dir, name); });
}
Status SimDisk::TouchAt(int dir, const std::string& name) {
  return Run<Status>(PlaceOf(dir), Call::kChange, "TouchAt", [&] { return below_.TouchAt(dir, name); });
}
Status SimDisk::SetModeAndGroup(int fd, mode_t mode, gid_t group) {
  return Run<Status>(PlaceOf(fd), Call::kChange, "SetModeAndGroup", [&] {
    Touched(fd, false);
    return below_.SetModeAndGroup(fd, mode, group);
  });
}
Writers SimDisk::ProbeWriters(int fd) { return below_.ProbeWriters(fd); }

}  // namespace tegodrop::simulation
