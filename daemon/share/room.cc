#include "daemon/share/room.h"

#include <sys/stat.h>

#include <cerrno>
#include <vector>

#include "daemon/base/text.h"
#include "daemon/disk/layout.h"
#include "daemon/disk/whole_file.h"
#include "daemon/model/output_name.h"

namespace tegodrop {

// Rooms have the drop folder's group and 2770 as far as the drop folder itself grants its group writing, else 0750.
Status Room::MakePart(int dir, const std::string& name) {
  const auto parent = fs_.Stat(folder_);
  if (!parent) return Fail(parent.error());
  const bool group_writes = (parent->mode & S_IWGRP) != 0;
  if (auto there = fs_.StatAt(dir, name); there) {
    if (there->IsFolder()) return {};
    return Fail(ErrorKind::kLocalDisk, "'" + name + "' in the drop folder must be a folder; move it away");
  }
  const mode_t mode = group_writes ? 02770 : 0750;
  if (auto made = fs_.MakeFolderAt(dir, name, mode); !made) return made;
  auto folder = fs_.OpenFolderAt(dir, name);
  if (!folder) return Fail(folder.error());
  return fs_.SetModeAndGroup(folder->get(), mode, parent->gid);
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
    auto written = WriteWhole(fs_, room->get(), ".id." + NewId(now, random), room->get(), id_name, fresh, 0644, {});
    // Another host may have been first: its id is the folder's.
    if (!written && written.error().sys != EEXIST) return Fail(written.error());
    if (auto synced = fs_.SyncFolder(folder_); !synced) return Fail(synced.error());
    id = ReadWhole(fs_, room->get(), id_name, 256);
  }
  if (!id) return Fail(id.error());
  const std::string_view text = Trim(*id);
  if (text.empty() || !IsUtf8(text))
    return Fail(ErrorKind::kCorrupt, "the folder's id file is damaged: remove " + name_ + "/id");
  return std::string(text);
}

Result<Fd> Room::Part(std::string_view part) { return fs_.OpenFolderAt(folder_, name_ + "/" + std::string(part)); }

Result<Fd> Room::ClaimedFolder(const std::string& job, bool make) {
  auto claimed = Part(kRoomClaimed);
  if (!claimed) return claimed;
  if (make) {
    if (auto made = MakePart(claimed->get(), job); !made) return Fail(made.error());
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

Result<std::string> Room::MoveInto(int from_dir, const std::string& name, std::string_view part,
                                   const std::string& job) {
  auto to = Part(part);
  if (!to) return Fail(to.error());
  std::string target = name;
  Status moved = fs_.MoveAt(from_dir, name, to->get(), target);
  if (!moved && moved.error().sys == EEXIST) {
    target = std::string(Stem(name)) + "-" + job + std::string(ExtensionOf(name));
    moved = fs_.MoveAt(from_dir, name, to->get(), target);
  }
  if (!moved) return Fail(moved.error());
  if (auto synced = fs_.SyncFolder(to->get()); !synced) return Fail(synced.error());
  return target;
}

Status Room::Write(std::string_view part, const std::string& name, std::string_view content) {
  auto dir = Part(part);
  if (!dir) return Fail(dir.error());
  auto stat = fs_.Stat(dir->get());
  if (!stat) return Fail(stat.error());
  const mode_t mode = (stat->mode & S_IWGRP) != 0 ? 0660 : 0640;
  auto written = WriteWhole(fs_, dir->get(), "." + name + ".tmp", dir->get(), name, content, mode, stat->gid);
  if (!written && written.error().sys == EEXIST) return {};
  return written;
}

Result<int> Room::Prune(std::string_view part, std::int64_t before_ns) {
  auto dir = Part(part);
  if (!dir) return Fail(dir.error());
  std::vector<std::string> names;
  auto listed = fs_.List(dir->get(), [&](std::string_view name, EntryType) {
    names.emplace_back(name);
    return true;
  });
  if (!listed) return Fail(listed.error());
  int removed = 0;
  for (const std::string& name : names) {
    auto stat = fs_.StatAt(dir->get(), name);
    // ctime: a move into the part sets it, while mtime is as old as the build server made it.
    if (!stat || !stat->IsRegular() || stat->ctime_ns >= before_ns) continue;
    if (auto gone = fs_.RemoveAt(dir->get(), name); !gone) return Fail(gone.error());
    ++removed;
  }
  return removed;
}

}  // namespace tegodrop
