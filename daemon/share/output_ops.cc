#include "daemon/share/output_ops.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "daemon/archive/archive.h"
#include "daemon/disk/layout.h"
#include "daemon/disk/whole_file.h"
#include "daemon/model/output_name.h"

namespace tegodrop {
namespace {

// A tenth more than the file and 16 MiB for what else is written meanwhile.
std::uint64_t RoomFor(std::uint64_t size) { return size + size / 10 + (16ULL << 20U); }

}  // namespace

Result<Fd> OutputOps::Part(const std::string& part) {
  auto folder = Folder();
  if (!folder) return folder;
  if (auto made = fs_.MakeFolderAt(folder->get(), rooms_, 0750); !made) return Fail(made.error());
  auto room = fs_.OpenFolderAt(folder->get(), rooms_);
  if (!room) return room;
  if (auto made = fs_.MakeFolderAt(room->get(), part, 0750); !made) return Fail(made.error());
  return fs_.OpenFolderAt(room->get(), part);
}

Result<Fd> OutputOps::Stage(const std::string& staging_name, std::uint64_t size) {
  auto staging = Part(std::string(kOutputStaging));
  if (!staging) return staging;
  auto removed = fs_.RemoveAt(staging->get(), staging_name);
  if (!removed && removed.error().sys != ENOENT) return Fail(removed.error());
  auto space = fs_.FreeBytes(staging->get());
  if (!space) return Fail(space.error());
  if (*space < RoomFor(size)) return FailPosix("not enough room for the protected output in", path_, ENOSPC);
  auto file = fs_.CreateAt(staging->get(), staging_name, 0600);
  if (!file) return file;
  if (auto reserved = fs_.Reserve(file->get(), size); !reserved) {
    (void)fs_.RemoveAt(staging->get(), staging_name);
    return Fail(reserved.error());
  }
  return file;
}

Result<std::vector<Check>> OutputOps::CheckStaged(const std::string& staging_name, ArtifactKind kind) {
  auto staging = Part(std::string(kOutputStaging));
  if (!staging) return Fail(staging.error());
  auto file = fs_.OpenFileAt(staging->get(), staging_name);
  if (!file) return Fail(file.error());
  auto stat = fs_.Stat(file->get());
  if (!stat) return Fail(stat.error());
  return CheckProtected(file->get(), stat->size, kind);
}

Result<std::string> OutputOps::ChooseName(const std::string& wanted, const std::string& job) {
  auto folder = Folder();
  if (!folder) return Fail(folder.error());
  // Names of its companions count too: the trace of an older delivery whose file somebody took away still stands for
  // that delivery.
  const std::set<std::string> ours{FoldedName(wanted), FoldedName(ChecksumName(wanted)), FoldedName(TraceName(wanted))};
  bool taken = false;
  auto listed = fs_.List(folder->get(), [&](std::string_view name, EntryType) {
    taken = ours.contains(FoldedName(name));
    return !taken;
  });
  if (!listed) return Fail(listed.error());
  return taken ? NameWithJob(wanted, job) : wanted;
}

Result<std::optional<bool>> OutputOps::IsOurs(int dir, const std::string& name, const StagedFacts& facts) {
  auto file = fs_.OpenFileAt(dir, name);
  if (!file) {
    if (file.error().sys == ENOENT) return std::optional<bool>();
    return Fail(file.error());
  }
  auto stat = fs_.Stat(file->get());
  if (!stat) return Fail(stat.error());
  if (!stat->IsRegular() || stat->size != facts.size) return std::optional<bool>(false);
  auto digest = HashFile(fs_, file->get(), stat->size);
  if (!digest) return Fail(digest.error());
  return std::optional<bool>(*digest == facts.sha256);
}

Status OutputOps::WriteCompanion(int folder, int staging, const std::string& name, const std::string& content,
                                 mode_t mode, gid_t group) {
  auto written = WriteWhole(fs_, staging, name + ".tmp", folder, name, content, mode, group);
  if (written || written.error().sys != EEXIST) return written;
  auto there = ReadWhole(fs_, folder, name, content.size());
  if (there && *there == content) return {};
  return Fail(ErrorKind::kRejected, "'" + name + "' in the output folder is somebody else's: move it away");
}

Result<PublishOutcome> OutputOps::Publish(const PublishRequest& request) {
  auto folder = Folder();
  if (!folder) return Fail(folder.error());
  auto staging = Part(std::string(kOutputStaging));
  if (!staging) return Fail(staging.error());
  auto folder_stat = fs_.Stat(folder->get());
  if (!folder_stat) return Fail(folder_stat.error());
  auto staged = fs_.OpenFileAt(staging->get(), request.staging_name);
  if (!staged && staged.error().sys != ENOENT) return Fail(staged.error());
  if (staged) {
    if (auto set = fs_.SetModeAndGroup(staged->get(), request.mode, folder_stat->gid); !set) return Fail(set.error());
    if (auto synced = fs_.Sync(staged->get()); !synced) return Fail(synced.error());
    auto moved = fs_.MoveAt(staging->get(), request.staging_name, folder->get(), request.name);
    if (!moved && moved.error().sys != EEXIST) return Fail(moved.error());
    if (!moved) {
      // A death between link and unlink leaves the same file under both names.
      auto there = fs_.StatAt(folder->get(), request.name);
      auto here = fs_.Stat(staged->get());
      if (!there || !here || there->ino != here->ino || there->dev != here->dev) return PublishOutcome::kNameTaken;
      if (auto gone = fs_.RemoveAt(staging->get(), request.staging_name); !gone) return Fail(gone.error());
    }
  } else {
    auto ours = IsOurs(folder->get(), request.name, request.facts);
    if (!ours) return Fail(ours.error());
    if (!ours->has_value()) return PublishOutcome::kLost;
    if (!**ours) return PublishOutcome::kNameTaken;
  }
  if (auto synced = fs_.SyncFolder(folder->get()); !synced) return Fail(synced.error());
  for (const auto& [name, content] :
       {std::pair{ChecksumName(request.name), &request.checksum}, std::pair{TraceName(request.name), &request.trace}}) {
    auto written = WriteCompanion(folder->get(), staging->get(), name, *content, request.mode, folder_stat->gid);
    if (!written) return Fail(written.error());
  }
  return PublishOutcome::kPublished;
}

Status OutputOps::Quarantine(const std::string& staging_name, const std::string& name) {
  auto staging = Part(std::string(kOutputStaging));
  if (!staging) return Fail(staging.error());
  auto quarantine = Part(std::string(kOutputQuarantine));
  if (!quarantine) return Fail(quarantine.error());
  auto moved = fs_.RenameAt(staging->get(), staging_name, quarantine->get(), name);
  if (!moved && moved.error().sys != ENOENT) return moved;
  return fs_.SyncFolder(quarantine->get());
}

Status OutputOps::Discard(const std::string& staging_name) {
  auto staging = Part(std::string(kOutputStaging));
  if (!staging) return Fail(staging.error());
  auto removed = fs_.RemoveAt(staging->get(), staging_name);
  if (!removed && removed.error().sys != ENOENT) return removed;
  return {};
}

Status OutputOps::WriteRecord(const std::string& name, const std::string& json, mode_t mode) {
  auto folder = Folder();
  if (!folder) return Fail(folder.error());
  auto staging = Part(std::string(kOutputStaging));
  if (!staging) return Fail(staging.error());
  auto stat = fs_.Stat(folder->get());
  if (!stat) return Fail(stat.error());
  auto written = WriteWhole(fs_, staging->get(), name + ".tmp", folder->get(), name, json, mode, stat->gid);
  if (!written && written.error().sys == EEXIST) return {};
  return written;
}

Status OutputOps::WriteReceipt(const std::string& id, const std::string& json) {
  auto receipts = Part(std::string(kRoomReceipts));
  if (!receipts) return Fail(receipts.error());
  const std::string name = ReceiptName(id);
  auto written = WriteWhole(fs_, receipts->get(), "." + name + ".tmp", receipts->get(), name, json, 0640, {});
  if (!written && written.error().sys == EEXIST) return {};
  return written;
}

}  // namespace tegodrop
