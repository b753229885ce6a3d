#include "daemon/share/folder_ops.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/disk/layout.h"
#include "daemon/disk/whole_file.h"
#include "daemon/share/claim_mark.h"

namespace tegodrop {
namespace {

// Ours are some lines; what is larger is somebody else's.
constexpr std::size_t kLargestReceipt = 64 * 1024;
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::string_view kUsualRoom = ".tegodrop";
constexpr std::string_view kAcceptIt =
    "If it is the right folder all the same: 'tegodrop check --accept' with the folder's name";

}  // namespace

FolderOps::FolderOps(FolderOpsSettings settings, FileSystem& fs, const Clock& clock, Random& random)
    : settings_(std::move(settings)), fs_(fs), clock_(clock), random_(random) {}

std::shared_ptr<const OpenedFolder> FolderOps::opened() const {
  const std::lock_guard lock(mutex_);
  return opened_;
}

bool FolderOps::may_hang() const {
  const Folder folder = opened();
  return folder && fs_.MayHang(folder->fd.get());
}

Result<FolderOps::Folder> FolderOps::Opened() const {
  Folder folder = opened();
  if (!folder) return Fail(ErrorKind::kLocalDisk, settings_.path + " is missing at the moment");
  return folder;
}

// A folder that lost its id is not the known one: looked at before Prepare would give it a new one.
Status FolderOps::CheckId(int folder, const std::string& known_room_id) {
  auto id = ReadWhole(fs_, folder, settings_.rooms + "/" + std::string(kRoomId), 256);
  if (!id && id.error().sys != ENOENT) return Fail(id.error());
  if (id && Trim(*id) == known_room_id) return {};
  return Fail(ErrorKind::kCorrupt, settings_.path + " is not the folder that it was (its id in " + settings_.rooms +
                                       "/id is " + (id ? "another" : "gone") + "): is the right file system mounted? " +
                                       std::string(kAcceptIt));
}

// Rooms that another user made and we may only read would fail every claim.
Status FolderOps::CheckRooms(int folder) {
  for (const std::string_view part : {kRoomClaimed, kRoomProcessed, kRoomFailed, kRoomReceipts}) {
    auto dir = room(folder).Part(part);
    if (!dir) return Fail(dir.error());
    auto may = fs_.MayChange(dir->get());
    if (!may) return Fail(may.error());
    if (!*may)
      return FailPosix("cannot write into the folder's room", settings_.rooms + "/" + std::string(part), EACCES);
  }
  return {};
}

Status FolderOps::CheckIsNoOutput(int folder, const std::string& shown) {
  // Neither a link nor another mount in the place of a room is entered: it may lead anywhere, and hang.
  const auto none = [](int error) {
    return error == ENOENT || error == ENOTDIR || error == ELOOP || error == EXDEV || error == EACCES || error == EPERM;
  };
  std::vector<std::string> rooms{settings_.rooms};
  if (settings_.rooms != kUsualRoom) rooms.emplace_back(kUsualRoom);
  for (const std::string& name : rooms) {
    auto room = fs_.OpenFolderAt(folder, name);
    if (!room && none(room.error().sys)) continue;
    if (!room) return Fail(room.error());
    const std::string staging(kOutputStaging);
    const auto there = fs_.StatAt(room->get(), staging);
    if (there) {
      const std::string path = shown + "/" + name + "/" + staging;
      return Fail(
          ErrorKind::kCorrupt,
          shown + " is an output folder (there is " + path +
              "): nothing is taken from it, because what is delivered there would be built again. Give the outputs "
              "a folder of their own; where none come any more, remove " +
              path);
    }
    if (!none(there.error().sys)) return Fail(there.error());
  }
  return {};
}

Result<DropFolderFacts> FolderOps::Open(const std::string& known_room_id, const std::string& known_fs) {
  {
    const std::lock_guard lock(mutex_);
    opened_.reset();
  }
  auto folder = fs_.OpenFolder(settings_.path);
  if (!folder) return Fail(folder.error());
  auto stat = fs_.Stat(folder->get());
  if (!stat) return Fail(stat.error());
  auto type = fs_.TypeOf(folder->get());
  if (!type) return Fail(type.error());
  DropFolderFacts facts;
  facts.fs = *type;
  if (!known_fs.empty() && known_fs != facts.fs.name) {
    return Fail(ErrorKind::kCorrupt, settings_.path + " is on " + facts.fs.name + " now and was on " + known_fs +
                                         ": is the right file system mounted? " + std::string(kAcceptIt));
  }
  if (!known_room_id.empty()) {
    if (auto same = CheckId(folder->get(), known_room_id); !same) return Fail(same.error());
    facts.room_id = known_room_id;
  }
  if (settings_.change) {
    auto may = fs_.MayChange(folder->get());
    if (!may) return Fail(may.error());
    facts.writable = *may;
  } else {
    facts.writable = false;
  }
  if (facts.writable && !settings_.make_rooms) {
    auto id = fs_.StatAt(folder->get(), settings_.rooms + "/" + std::string(kRoomId));
    if (!id) {
      return Fail(ErrorKind::kCorrupt, settings_.path + " has no " + settings_.rooms + "/" + std::string(kRoomId) +
                                           ": is the right file system mounted?");
    }
  }
  if (facts.writable) {
    // A room that cannot be used in a folder that can be written is a mistake to be mended, not a reason to copy.
    auto id = room(folder->get()).Prepare(random_, clock_.Wall());
    if (!id) return Fail(id.error());
    facts.room_id = *id;
    if (auto usable = CheckRooms(folder->get()); !usable) return Fail(usable.error());
  }
  facts.spools = !facts.fs.local;
  if (facts.spools) DropAllIncoming();
  auto opened = std::make_shared<OpenedFolder>();
  opened->fd = std::move(*folder);
  opened->stat = *stat;
  opened->spools = facts.spools;
  const std::lock_guard lock(mutex_);
  opened_ = std::move(opened);
  return facts;
}

Status FolderOps::StillThere(const OpenedFolder& folder) {
  auto now = fs_.OpenFolder(settings_.path);
  if (!now) return Fail(now.error());
  auto stat = fs_.Stat(now->get());
  if (!stat) return Fail(stat.error());
  if (stat->dev != folder.stat.dev || stat->ino != folder.stat.ino) {
    return Fail(ErrorKind::kCorrupt, settings_.path +
                                         " leads to another folder than before: renamed, replaced or mounted over? " +
                                         std::string(kAcceptIt));
  }
  return {};
}

Result<Fd> FolderOps::Spool(bool make) {
  auto spool = fs_.OpenFolder(settings_.spool);
  if (spool || !make || spool.error().sys != ENOENT) return spool;
  const std::filesystem::path path(settings_.spool);
  auto parent = fs_.OpenFolder(path.parent_path());
  if (!parent) return parent;
  if (auto made = fs_.MakeFolderAt(parent->get(), path.filename(), 0700); !made) return Fail(made.error());
  if (auto synced = fs_.SyncFolder(parent->get()); !synced) return Fail(synced.error());
  return fs_.OpenFolder(settings_.spool);
}

Result<Fd> FolderOps::SpoolFolder(const std::string& job, bool make) {
  auto spool = Spool(make);
  if (!spool) return spool;
  if (make) {
    if (auto made = fs_.MakeFolderAt(spool->get(), job, 0700); !made) return Fail(made.error());
    if (auto synced = fs_.SyncFolder(spool->get()); !synced) return Fail(synced.error());
  }
  return fs_.OpenFolderAt(spool->get(), job);
}

Result<Fd> FolderOps::ClaimedFolder(const std::string& job, bool copy) {
  if (copy) return SpoolFolder(job, false);
  auto folder = Opened();
  if (!folder) return Fail(folder.error());
  auto claimed = room((*folder)->fd.get()).Part(kRoomClaimed);
  if (!claimed && claimed.error().sys == ENOENT) {
    return Fail(ErrorKind::kLocalDisk, settings_.path + " has lost its room " + settings_.rooms +
                                           ": put it back, with what was claimed into it");
  }
  if (!claimed) return claimed;
  return fs_.OpenFolderAt(claimed->get(), job);
}

Result<bool> FolderOps::HasClaimed(const std::string& job, const std::string& path, bool copy) {
  const std::string name(BaseName(path));
  if (!IsPlainName(job) || !IsPlainName(name)) return Fail(ErrorKind::kBug, "not a name in a folder");
  if (copy) return HasCopied(job, name);
  auto folder = Opened();
  if (!folder) return Fail(folder.error());
  if (auto there = StillThere(**folder); !there) return Fail(there.error());
  auto moved = HasMoved(**folder, job, path);
  if (!moved || !(*folder)->spools) return moved;
  auto claimed = room((*folder)->fd.get()).Part(kRoomClaimed);
  if (!claimed) return Fail(claimed.error());
  // Nor is its copy of any use then, which it may have left in the spool.
  if (!*moved) {
    if (auto dropped = DropSpooled(job); !dropped) return Fail(dropped.error());
  }
  // Whatever a death left half done is whole or undone now.
  if (auto gone = ClaimMark(fs_, claimed->get(), job, path).Clear(); !gone) return Fail(gone.error());
  return moved;
}

Result<bool> FolderOps::HasMoved(const OpenedFolder& folder, const std::string& job, const std::string& path) {
  const std::string name(BaseName(path));
  auto claimed = ClaimedFolder(job, false);
  if (!claimed && Missing(claimed.error())) return false;
  if (!claimed) return Fail(claimed.error());
  // By its stat and not by opening it: what may not be read was claimed all the same.
  auto stat = fs_.StatAt(claimed->get(), name);
  if (!stat && !Missing(stat.error())) return Fail(stat.error());
  auto from = EnterWhatIsLeft(folder, std::string(SubfolderOf(path)));
  if (!from) return Fail(from.error());
  const int dir = from->fd;
  if (!stat) {
    if (auto back = PutBackSidecars(dir, claimed->get(), job, name); !back) return Fail(back.error());
    return false;
  }
  // The death may have come before these.
  for (const int fd : {claimed->get(), dir}) {
    if (auto synced = fs_.SyncFolder(fd); !synced) return Fail(synced.error());
  }
  return true;
}

Result<bool> FolderOps::HasCopied(const std::string& job, const std::string& name) {
  auto spool = SpoolFolder(job, false);
  if (!spool && Missing(spool.error())) return false;
  if (!spool) return Fail(spool.error());
  auto stat = fs_.StatAt(spool->get(), name);
  if (!stat && !Missing(stat.error())) return Fail(stat.error());
  if (!stat) {
    // What a death in the middle of the copy left; gone before its row goes, or nobody would know of it.
    (void)fs_.RemoveAt(spool->get(), std::string(kCopyPart));
    (void)fs_.SyncFolder(spool->get());
    (void)DropSpoolFolder(job);
    return false;
  }
  // The death may have come before these.
  auto all = Spool(false);
  if (!all) return Fail(all.error());
  for (const int fd : {spool->get(), all->get()}) {
    if (auto synced = fs_.SyncFolder(fd); !synced) return Fail(synced.error());
  }
  return true;
}

// A claim moves the sidecars first: after a death in between they go back beside their artifact.
Status FolderOps::PutBackSidecars(int folder, int claimed, const std::string& job, const std::string& name) {
  ClaimRequest undo;
  undo.job = job;
  undo.name = name;
  auto listed = fs_.List(claimed, [&](std::string_view entry, EntryType) {
    if (entry.starts_with(name) && entry.size() > name.size()) undo.sidecars.push_back({std::string(entry), {}});
    return true;
  });
  if (!listed) return listed;
  return PutBack(folder, claimed, undo);
}

Result<Fd> FolderOps::OpenClaimed(const std::string& job, const std::string& name, bool copy) {
  if (!IsPlainName(job) || !IsPlainName(name)) return Fail(ErrorKind::kBug, "not a name in a folder");
  const Folder folder = opened();
  const bool spooled = !copy && folder && folder->spools;
  if (spooled) {
    // What was admitted is compared with what is sent, whatever stands there.
    auto there = SpoolClaimed(job, name, "");
    if (!there && Missing(there.error())) {
      auto holder = WhoHas(job);
      if (holder && *holder == ClaimHolder::kTakenOver) return Fail(ErrorKind::kTakenOver, TakenOverWords(job));
    }
    if (!there) return Fail(there.error());
  }
  auto dir = ClaimedFolder(job, copy || spooled);
  if (!dir) return dir;
  auto file = fs_.OpenFileAt(dir->get(), name);
  if (!file) return file;
  auto stat = fs_.Stat(file->get());
  if (!stat) return Fail(stat.error());
  if (!stat->IsRegular()) return Fail(ErrorKind::kCorrupt, name + " is not a regular file");
  return file;
}

Status FolderOps::WriteReceipt(const std::string& id, const std::string& json) {
  if (!IsPlainName(id)) return Fail(ErrorKind::kBug, "not a name in a folder");
  auto folder = Opened();
  if (!folder) return Fail(folder.error());
  auto its_room = room((*folder)->fd.get());
  if (auto written = its_room.Write(kRoomReceipts, ReceiptName(id), json); !written) return written;
  auto receipts = its_room.Part(kRoomReceipts);
  if (!receipts) return Fail(receipts.error());
  auto there = ReadWhole(fs_, receipts->get(), ReceiptName(id), kLargestReceipt);
  if (there && *there == json) return {};
  // What the disk would not give may be our own.
  if (!there && there.error().sys != 0) return Fail(there.error());
  return FailPosix("another job has the receipt", ReceiptName(id), EEXIST);
}

Result<int> FolderOps::Prune(WallMs processed_before, WallMs receipts_before) {
  auto folder = Opened();
  if (!folder) return Fail(folder.error());
  auto its_room = room((*folder)->fd.get());
  // A share's times may only be compared with its own clock.
  const std::string temp = ".now." + NewId(clock_.Wall(), random_);
  Result<std::int64_t> ahead = 0;
  if ((*folder)->spools) ahead = its_room.AheadNs(kRoomReceipts, temp, clock_.Wall());
  if (!ahead) return Fail(ahead.error());
  const std::int64_t records_before = receipts_before * kNsPerMs + *ahead;
  auto processed = its_room.Prune(kRoomProcessed, processed_before * kNsPerMs + *ahead);
  auto receipts = its_room.Prune(kRoomReceipts, records_before);
  // A host that comes back later than that finds its claim gone, and asks a person.
  auto taken = its_room.Prune(kRoomClaimed, records_before, ClaimTakenName(""));
  int removed = 0;
  for (const Result<int>* part : {&processed, &receipts, &taken}) {
    if (!*part) return *part;
    removed += **part;
  }
  return removed;
}

}  // namespace tegodrop
