#include "daemon/share/output_ops.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "daemon/archive/archive.h"
#include "daemon/disk/layout.h"
#include "daemon/disk/whole_file.h"
#include "daemon/model/output_name.h"
#include "daemon/share/own_records.h"
#include "daemon/share/room.h"

namespace tegodrop {
namespace {

// A tenth more than the file and 16 MiB for what else is written meanwhile.
std::uint64_t RoomFor(std::uint64_t size) { return size + size / 10 + (16ULL << 20U); }

}  // namespace

Result<Fd> OutputOps::MakePart(int dir, const std::string& name, gid_t group) {
  if (auto there = fs_.OpenFolderAt(dir, name); there || there.error().sys != ENOENT) return there;
  auto above = fs_.Stat(dir);
  if (!above) return Fail(above.error());
  // Where the output folder hands its group on, what is made in here has it from the start, also where a sandbox lets
  // nobody give files to a group.
  const mode_t mode = 0750U | (above->mode & S_ISGID);
  if (auto made = fs_.MakeFolderAt(dir, name, mode); !made) return Fail(made.error());
  auto folder = fs_.OpenFolderAt(dir, name);
  if (!folder) return folder;
  if (auto set = fs_.SetModeAndGroup(folder->get(), mode, group); !set) return Fail(set.error());
  if (auto synced = fs_.SyncFolder(dir); !synced) return Fail(synced.error());
  return folder;
}

Result<Fd> OutputOps::Folder() {
  auto folder = fs_.OpenFolder(path_);
  if (!folder) return folder;
  may_hang_ = fs_.MayHang(folder->get());
  if (auto known = IsKnown(folder->get()); !known) return Fail(known.error());
  return folder;
}

void OutputOps::Know(std::string fs_type) {
  const std::lock_guard lock(mutex_);
  known_ = std::move(fs_type);
}

std::string OutputOps::known() const {
  const std::lock_guard lock(mutex_);
  return known_;
}

Status OutputOps::IsKnown(int folder) {
  const std::string known = this->known();
  if (known.empty()) return {};
  auto type = fs_.TypeOf(folder);
  if (!type) return Fail(type.error());
  const auto another = [&](const std::string& what) {
    is_another_ = true;
    return Fail(ErrorKind::kLocalDisk, path_ + " " + what +
                                           ": is the right file system mounted? If it is the right folder all the "
                                           "same: 'tegodrop check --accept' with the folder's name");
  };
  if (type->name != known) return another("is on " + type->name + " now and was on " + known);
  auto room = fs_.StatAt(folder, rooms_);
  if (!room && room.error().sys == ENOENT) return another("has lost its " + rooms_);
  if (!room) return Fail(room.error());
  is_another_ = false;
  return {};
}

Result<Fd> OutputOps::Part(std::string_view part) {
  auto folder = Folder();
  if (!folder) return folder;
  auto stat = fs_.Stat(folder->get());
  if (!stat) return Fail(stat.error());
  const bool known = !this->known().empty();
  // Who made the room may have died before it was synced: what is remembered must outlive a power cut with the room.
  if (!known && fs_.StatAt(folder->get(), rooms_)) {
    if (auto synced = fs_.SyncFolder(folder->get()); !synced) return Fail(synced.error());
  }
  auto room = MakePart(folder->get(), rooms_, stat->gid);
  if (!room) return room;
  if (!known) {
    auto type = fs_.TypeOf(folder->get());
    if (!type) return Fail(type.error());
    Know(type->name);
  }
  return MakePart(room->get(), std::string(part), stat->gid);
}

Result<OutputOps::Places> OutputOps::OpenPlaces() {
  Places at;
  auto folder = Folder();
  if (!folder) return Fail(folder.error());
  auto stat = fs_.Stat(folder->get());
  if (!stat) return Fail(stat.error());
  auto staging = Part(kOutputStaging);
  if (!staging) return Fail(staging.error());
  at.folder = std::move(*folder);
  at.staging = std::move(*staging);
  at.group = stat->gid;
  return at;
}

Result<bool> OutputOps::Exists(int dir, const std::string& name) {
  auto stat = fs_.StatAt(dir, name);
  if (stat) return true;
  if (stat.error().sys == ENOENT) return false;
  return Fail(stat.error());
}

Status OutputOps::RemoveIfThere(int dir, const std::string& name) {
  auto removed = fs_.RemoveAt(dir, name);
  if (!removed && removed.error().sys != ENOENT) return removed;
  return {};
}

Result<bool> OutputOps::SameFile(int dir, const std::string& name, const FileStat& stat) {
  auto there = fs_.StatAt(dir, name);
  if (there) return there->dev == stat.dev && there->ino == stat.ino;
  if (there.error().sys == ENOENT) return false;
  return Fail(there.error());
}

Result<Fd> OutputOps::Stage(const std::string& staging_name, std::uint64_t size) {
  auto staging = Part(kOutputStaging);
  if (!staging) return staging;
  if (auto removed = RemoveStaged(staging->get(), staging_name); !removed) return Fail(removed.error());
  auto space = fs_.FreeBytes(staging->get());
  if (!space) return Fail(space.error());
  if (*space < RoomFor(size)) return FailPosix("not enough room for the protected output in", path_, ENOSPC);
  return fs_.CreateAt(staging->get(), staging_name, 0600);
}

Result<Fd> OutputOps::Resume(const std::string& staging_name, std::uint64_t offset, std::uint64_t size) {
  auto staging = Part(kOutputStaging);
  if (!staging) return staging;
  auto file = fs_.OpenToWriteAt(staging->get(), staging_name);
  if (!file && file.error().sys == ENOENT) return Fd();
  if (!file) return file;
  auto stat = fs_.Stat(file->get());
  if (!stat) return Fail(stat.error());
  if (!stat->IsRegular() || stat->size < offset) return Fd();
  // First, so that what was reserved behind the offset counts as free.
  if (auto cut = fs_.CutTo(file->get(), offset); !cut) return Fail(cut.error());
  auto space = fs_.FreeBytes(staging->get());
  if (!space) return Fail(space.error());
  if (*space < RoomFor(size - std::min(offset, size))) {
    return FailPosix("not enough room for the rest of the protected output in", path_, ENOSPC);
  }
  return file;
}

Status OutputOps::SyncStaging() {
  auto staging = Part(kOutputStaging);
  if (!staging) return Fail(staging.error());
  return fs_.SyncFolder(staging->get());
}

Result<ProtectedFacts> OutputOps::CheckStaged(const std::string& staging_name, ArtifactKind kind,
                                              const BlockCrcs* crcs) {
  auto staging = Part(kOutputStaging);
  if (!staging) return Fail(staging.error());
  auto file = fs_.OpenFileAt(staging->get(), staging_name);
  if (!file) return Fail(file.error());
  auto stat = fs_.Stat(file->get());
  if (!stat) return Fail(stat.error());
  const PositionedRead read = [this, fd = file->get()](void* to, std::size_t count, std::uint64_t offset) {
    return fs_.ReadAt(fd, to, count, offset);
  };
  return CheckProtected(read, stat->size, kind, crcs);
}

// Names of its companions count too: the trace of an older delivery whose file somebody took away still stands for that
// delivery.
Result<bool> OutputOps::NameTaken(int folder, const std::string& wanted, const FileStat* own) {
  const std::set<std::string> names{FoldedName(wanted), FoldedName(ChecksumName(wanted)), FoldedName(TraceName(wanted)),
                                    FoldedName(StatementName(wanted)), FoldedName(EnvelopeName(wanted))};
  std::vector<std::string> found;
  auto listed = fs_.List(folder, [&](std::string_view name, EntryType) {
    if (names.contains(FoldedName(name))) found.emplace_back(name);
    return true;
  });
  if (!listed) return Fail(listed.error());
  for (const std::string& name : found) {
    if (own == nullptr || name != wanted) return true;
    auto same = SameFile(folder, name, *own);
    if (!same || !*same) return same ? Result<bool>(true) : same;
  }
  return false;
}

Result<std::string> OutputOps::ChooseName(const std::string& wanted, const std::string& job) {
  auto folder = Folder();
  if (!folder) return Fail(folder.error());
  auto taken = NameTaken(folder->get(), wanted, nullptr);
  if (!taken) return Fail(taken.error());
  return *taken ? NameWithJob(wanted, job) : wanted;
}

Status OutputOps::Quarantine(const std::string& staging_name, const std::string& name) {
  auto staging = Part(kOutputStaging);
  if (!staging) return Fail(staging.error());
  auto quarantine = Part(kOutputQuarantine);
  if (!quarantine) return Fail(quarantine.error());
  auto moved = fs_.RenameAt(staging->get(), staging_name, quarantine->get(), name);
  if (!moved && moved.error().sys != ENOENT) return moved;
  return fs_.SyncFolder(quarantine->get());
}

Status OutputOps::Discard(const std::string& staging_name) {
  auto staging = Part(kOutputStaging);
  if (!staging) return Fail(staging.error());
  if (auto removed = RemoveStaged(staging->get(), staging_name); !removed) return removed;
  // The row forgets the name next: nobody would look for what a power cut brings back.
  return fs_.SyncFolder(staging->get());
}

Result<std::vector<StagedEntry>> OutputOps::ListStaged() {
  auto staging = Part(kOutputStaging);
  if (!staging) return Fail(staging.error());
  std::vector<StagedEntry> entries;
  auto listed = fs_.List(staging->get(), [&](std::string_view name, EntryType) {
    entries.push_back({std::string(name), 0});
    return true;
  });
  if (!listed) return Fail(listed.error());
  for (StagedEntry& entry : entries) {
    auto stat = fs_.StatAt(staging->get(), entry.name);
    if (!stat && stat.error().sys != ENOENT) return Fail(stat.error());
    if (stat) entry.changed = stat->mtime_ns / 1'000'000;
  }
  return entries;
}

Status OutputOps::WriteRecord(const std::string& name, const std::string& json, mode_t mode) {
  auto at = OpenPlaces();
  if (!at) return Fail(at.error());
  auto written = WriteWhole(fs_, at->staging.get(), name + ".tmp", at->folder.get(), name, json, mode, at->group);
  if (!written && written.error().sys == EEXIST) return {};
  return written;
}

Status OutputOps::WriteReceipt(const std::string& id, const std::string& json) {
  auto receipts = Part(kRoomReceipts);
  if (!receipts) return Fail(receipts.error());
  auto stat = fs_.Stat(receipts->get());
  if (!stat) return Fail(stat.error());
  const std::string name = ReceiptName(id);
  auto written = WriteWhole(fs_, receipts->get(), "." + name + ".tmp", receipts->get(), name, json, 0640, stat->gid);
  if (written || written.error().sys != EEXIST) return written;
  auto there = ReadWhole(fs_, receipts->get(), name, 64 * 1024);
  if (there && *there == json) return {};
  // What the disk would not give may be our own.
  if (!there && there.error().sys != 0) return Fail(there.error());
  return written;
}

Result<int> OutputOps::PruneReceipts(std::chrono::milliseconds age, WallMs now) {
  auto folder = Folder();
  if (!folder) return Fail(folder.error());
  auto there = fs_.StatAt(folder->get(), JoinPath(rooms_, std::string(kRoomReceipts)));
  if (!there && there.error().sys == ENOENT) return 0;
  if (!there) return Fail(there.error());
  Room room(fs_, folder->get(), rooms_);
  auto ahead = room.AheadNs(kRoomReceipts, ".now.tmp", now);
  // Of somebody who died there.
  if (!ahead && ahead.error().sys == EEXIST) return room.Prune(kRoomReceipts, 0, ".now.tmp");
  if (!ahead) return Fail(ahead.error());
  constexpr std::int64_t kNsPerMs = 1'000'000;
  return room.Prune(kRoomReceipts, (now - age.count()) * kNsPerMs + *ahead);
}

Status OutputOps::RemoveRecord(const std::string& name) {
  if (!IsPlainName(name)) return Fail(ErrorKind::kBug, "not a name in a folder");
  auto folder = Folder();
  if (!folder) return Fail(folder.error());
  if (auto removed = RemoveIfThere(folder->get(), name); !removed) return removed;
  return fs_.SyncFolder(folder->get());
}

Status OutputOps::RemoveReceipts(const std::vector<std::string>& ids, const std::string& job) {
  auto receipts = Part(kRoomReceipts);
  if (!receipts) return Fail(receipts.error());
  return RemoveOwnReceipts(fs_, receipts->get(), ids, job);
}

}  // namespace tegodrop
