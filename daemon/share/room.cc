#include "daemon/share/room.h"

#include <sys/stat.h>

#include <cerrno>
#include <vector>

#include "daemon/base/digest.h"
#include "daemon/base/text.h"
#include "daemon/disk/layout.h"
#include "daemon/disk/whole_file.h"
#include "daemon/model/output_name.h"

namespace tegodrop {
namespace {

constexpr std::string_view kHalfMadeId = ".id.";

// Never too long, and always the same for the same file.
std::string TempNameOf(const std::string& name) { return "." + Sha256Hex(name).substr(0, 16) + ".tmp"; }

mode_t ModeInside(const FileStat& folder) { return (folder.mode & S_IWGRP) != 0 ? 0660 : 0640; }

}  // namespace

bool IsPlainName(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

// Rooms have the drop folder's group and 2770 as far as the drop folder itself grants its group writing, else 0750.
Status Room::MakePart(int dir, const std::string& name) {
  const auto parent = fs_.Stat(folder_);
  if (!parent) return Fail(parent.error());
  const mode_t mode = (parent->mode & S_IWGRP) != 0 ? 02770 : 0750;
  const auto there = fs_.StatAt(dir, name);
  if (there && !there->IsFolder()) {
    return Fail(ErrorKind::kLocalDisk, "'" + name + "' in the drop folder must be a folder; move it away");
  }
  // Whoever widened the modes of a room has a reason; one that is narrower was left so by a death in between, and is
  // mended where it is ours.
  if (there && (there->mode & mode) == mode) return {};
  if (!there) {
    if (auto made = fs_.MakeFolderAt(dir, name, mode); !made) return made;
  }
  auto folder = fs_.OpenFolderAt(dir, name);
  if (!folder) return Fail(folder.error());
  auto set = fs_.SetModeAndGroup(folder->get(), mode, parent->gid);
  if (!set && there && set.error().sys == EPERM) return {};
  return set;
}

// Where an id stands, one that is half made is what a death has left, or another host's that comes too late.
void Room::RemoveHalfMadeIds(int room) {
  std::vector<std::string> found;
  auto listed = fs_.List(room, [&](std::string_view name, EntryType) {
    if (name.starts_with(kHalfMadeId)) found.emplace_back(name);
    return true;
  });
  // What cannot be removed does no harm: the next start finds it again.
  if (!listed) return;
  for (const std::string& name : found) (void)fs_.RemoveAt(room, name);
}

Result<std::string> Room::Prepare(Random& random, WallMs now) {
  if (auto made = MakePart(folder_, name_); !made) return Fail(made.error());
  auto room = fs_.OpenFolderAt(folder_, name_);
  if (!room) return Fail(room.error());
  for (const std::string_view part : {kRoomClaimed, kRoomProcessed, kRoomFailed, kRoomReceipts}) {
    if (auto made = MakePart(room->get(), std::string(part)); !made) return Fail(made.error());
  }
  const std::string id_name(kRoomId);
  auto id = ReadWhole(fs_, room->get(), id_name, 256);
  if (!id && id.error().sys == ENOENT) {
    const std::string fresh = NewId(now, random) + "\n";
    auto written = WriteWhole(fs_, room->get(), std::string(kHalfMadeId) + NewId(now, random), room->get(), id_name,
                              fresh, 0644, {});
    // Another host may have been first, and have cleaned up after us: its id is the folder's.
    if (!written && written.error().sys != EEXIST && written.error().sys != ENOENT) return Fail(written.error());
    id = ReadWhole(fs_, room->get(), id_name, 256);
  }
  if (!id) return Fail(id.error());
  RemoveHalfMadeIds(room->get());
  const std::string_view text = Trim(*id);
  if (text.empty() || !IsUtf8(text))
    return Fail(ErrorKind::kCorrupt, "the folder's id file is damaged: remove " + name_ + "/id");
  // Also where all of it was there: whoever made it may have died before this.
  for (const int dir : {room->get(), folder_}) {
    if (auto synced = fs_.SyncFolder(dir); !synced) return Fail(synced.error());
  }
  return std::string(text);
}

Result<Fd> Room::Part(std::string_view part) { return fs_.OpenFolderAt(folder_, name_ + "/" + std::string(part)); }

Result<Fd> Room::MadePart(std::string_view part) {
  auto room = fs_.OpenFolderAt(folder_, name_);
  if (!room) return room;
  if (auto made = MakePart(room->get(), std::string(part)); !made) return Fail(made.error());
  if (auto synced = fs_.SyncFolder(room->get()); !synced) return Fail(synced.error());
  return fs_.OpenFolderAt(room->get(), std::string(part));
}

Result<Fd> Room::HavePart(std::string_view part) {
  auto there = Part(part);
  return there || there.error().sys != ENOENT ? std::move(there) : MadePart(part);
}

Result<Fd> Room::ClaimedFolder(const std::string& job, bool make) {
  auto claimed = make ? HavePart(kRoomClaimed) : Part(kRoomClaimed);
  if (!claimed) return claimed;
  if (make) {
    if (auto made = MakePart(claimed->get(), job); !made) return Fail(made.error());
    // Before anything is moved into it: what is moved into a folder whose own name is lost is lost with it.
    if (auto synced = fs_.SyncFolder(claimed->get()); !synced) return Fail(synced.error());
  }
  return fs_.OpenFolderAt(claimed->get(), job);
}

Status Room::RemoveClaimedFolder(const std::string& job) {
  auto claimed = Part(kRoomClaimed);
  if (!claimed) return Fail(claimed.error());
  auto removed = fs_.RemoveFolderAt(claimed->get(), job);
  if (!removed && removed.error().sys != ENOENT) return removed;
  return fs_.SyncFolder(claimed->get());
}

// Taken by another file than ours; a move by link and unlink that died in between leaves ours under both names.
Result<bool> Room::IsTaken(int from_dir, const std::string& name, int to, const std::string& target) {
  auto there = fs_.StatAt(to, target);
  if (!there && there.error().sys == ENOENT) return false;
  if (!there) return Fail(there.error());
  auto here = fs_.StatAt(from_dir, name);
  if (!here && here.error().sys == ENOENT) return true;
  if (!here) return Fail(here.error());
  return here->dev != there->dev || here->ino != there->ino;
}

Result<std::string> Room::ChooseName(int from_dir, const std::string& name, const Companions& companions, int to,
                                     const std::string& job) {
  std::string other = NameWithJob(name, job);
  if (auto here = fs_.StatAt(from_dir, name); !here) {
    if (here.error().sys != ENOENT) return Fail(here.error());
    // Moved before, under the one name or the other.
    auto there = fs_.StatAt(to, other);
    if (there) return other;
    if (there.error().sys != ENOENT) return Fail(there.error());
    return name;
  }
  constexpr std::size_t kLongestName = 255;
  if (ReasonName(name).size() > kLongestName) return other;
  std::vector<std::string> wanted = companions.sidecars;
  wanted.push_back(name);
  for (const std::string& one : wanted) {
    auto taken = IsTaken(from_dir, one, to, one);
    if (!taken) return Fail(taken.error());
    if (*taken) return other;
  }
  if (companions.reason_json.empty()) return name;
  auto reason = ReadWhole(fs_, to, ReasonName(name), 1 << 20);
  if (reason) return *reason == companions.reason_json ? name : other;
  if (reason.error().sys == ENOENT) return name;
  if (reason.error().kind == ErrorKind::kCorrupt) return other;  // a folder, or too large to be ours
  return Fail(reason.error());
}

Status Room::MoveOne(int from_dir, const std::string& name, int to, const std::string& target, const std::string& job) {
  auto moved = fs_.MoveAt(from_dir, name, to, target);
  if (!moved && moved.error().sys == EEXIST) {
    auto taken = IsTaken(from_dir, name, to, target);
    if (!taken) return Fail(taken.error());
    moved = *taken ? fs_.MoveAt(from_dir, name, to, NameWithJob(target, job)) : fs_.RemoveAt(from_dir, name);
  }
  if (!moved && moved.error().sys == ENOENT) return {};
  return moved;
}

// The reason first: whoever sees the file can read it. Then the file itself, whose place tells a second run the name.
Status Room::MoveInto(int from_dir, const std::string& name, const Companions& companions, std::string_view part,
                      const std::string& job) {
  auto to = HavePart(part);
  if (!to) return Fail(to.error());
  auto target = ChooseName(from_dir, name, companions, to->get(), job);
  if (!target) return Fail(target.error());
  if (!companions.reason_json.empty()) {
    if (auto written = Write(part, ReasonName(*target), companions.reason_json); !written) return written;
  }
  if (auto moved = MoveOne(from_dir, name, to->get(), *target, job); !moved) return moved;
  for (const std::string& sidecar : companions.sidecars) {
    if (!IsPlainName(sidecar)) continue;
    const std::string beside = sidecar.starts_with(name) ? *target + sidecar.substr(name.size()) : sidecar;
    if (auto moved = MoveOne(from_dir, sidecar, to->get(), beside, job); !moved) return moved;
  }
  if (auto synced = fs_.SyncFolder(to->get()); !synced) return synced;
  return fs_.SyncFolder(from_dir);
}

Status Room::Write(std::string_view part, const std::string& name, std::string_view content) {
  auto dir = HavePart(part);
  if (!dir) return Fail(dir.error());
  auto stat = fs_.Stat(dir->get());
  if (!stat) return Fail(stat.error());
  const std::string temp = TempNameOf(name);
  auto written = WriteWhole(fs_, dir->get(), temp, dir->get(), name, content, ModeInside(*stat), stat->gid);
  if (!written && written.error().sys == EEXIST) return {};
  return written;
}

Status Room::Replace(int dir, const std::string& name, std::string_view content) {
  auto stat = fs_.Stat(dir);
  if (!stat) return Fail(stat.error());
  return ReplaceWhole(fs_, dir, TempNameOf(name), name, content, ModeInside(*stat), stat->gid);
}

Result<std::int64_t> Room::AheadNs(std::string_view part, const std::string& temp_name, WallMs now) {
  auto dir = Part(part);
  if (!dir) return Fail(dir.error());
  auto file = fs_.CreateAt(dir->get(), temp_name, 0600);
  if (!file) return Fail(file.error());
  auto stat = fs_.Stat(file->get());
  (void)fs_.RemoveAt(dir->get(), temp_name);
  if (!stat) return Fail(stat.error());
  constexpr std::int64_t kNsPerMs = 1'000'000;
  return stat->mtime_ns - now * kNsPerMs;
}

Result<int> Room::Prune(std::string_view part, std::int64_t before_ns, std::string_view prefix) {
  auto dir = Part(part);
  if (!dir) return Fail(dir.error());
  std::vector<std::string> names;
  auto listed = fs_.List(dir->get(), [&](std::string_view name, EntryType) {
    if (name.starts_with(prefix)) names.emplace_back(name);
    return true;
  });
  if (!listed) return Fail(listed.error());
  int removed = 0;
  Status first_trouble;
  for (const std::string& name : names) {
    auto stat = fs_.StatAt(dir->get(), name);
    // ctime: a move into the part sets it, while mtime is as old as the build server made it.
    if (!stat || !stat->IsRegular() || stat->ctime_ns >= before_ns) continue;
    auto gone = fs_.RemoveAt(dir->get(), name);
    if (gone) ++removed;
    // One that cannot be removed does not keep the others.
    if (!gone && gone.error().sys != ENOENT && first_trouble) first_trouble = std::move(gone);
  }
  if (!first_trouble) return Fail(first_trouble.error());
  return removed;
}

}  // namespace tegodrop
