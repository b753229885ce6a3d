#include "daemon/share/folder_ops.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>
#include <vector>

#include "daemon/archive/archive.h"
#include "daemon/base/text.h"
#include "daemon/disk/layout.h"
#include "daemon/disk/whole_file.h"

namespace tegodrop {
namespace {

// Sidecars are a few lines; a larger one is somebody's mistake.
constexpr std::size_t kSidecarLimit = 64 * 1024;

bool CannotChange(const Error& error) { return error.sys == EACCES || error.sys == EPERM || error.sys == EROFS; }

}  // namespace

FolderOps::FolderOps(FolderOpsSettings settings, FileSystem& fs, const Clock& clock, Random& random)
    : settings_(std::move(settings)), fs_(fs), clock_(clock), random_(random) {}

Result<DropFolderFacts> FolderOps::Open(const std::string& known_room_id, const std::string& known_fs) {
  auto folder = fs_.OpenFolder(settings_.path);
  if (!folder) return Fail(folder.error());
  auto stat = fs_.Stat(folder->get());
  if (!stat) return Fail(stat.error());
  DropFolderFacts facts;
  auto type = fs_.TypeOf(folder->get());
  if (!type) return Fail(type.error());
  facts.fs = *type;
  if (!known_fs.empty() && known_fs != facts.fs.name) {
    return Fail(ErrorKind::kCorrupt, settings_.path + " is on " + facts.fs.name + " now and was on " + known_fs +
                                         ": is the right file system mounted?");
  }
  if (settings_.change) {
    Room its_room(fs_, folder->get(), settings_.rooms);
    // A folder that lost its id is not the known one: looked at before Prepare would give it a new one.
    if (!known_room_id.empty()) {
      auto id = ReadWhole(fs_, folder->get(), settings_.rooms + "/" + std::string(kRoomId), 256);
      if (!id && id.error().sys != ENOENT) return Fail(id.error());
      if (!id || Trim(*id) != known_room_id) {
        return Fail(ErrorKind::kCorrupt, settings_.path + " is not the folder that it was (its id in " +
                                             settings_.rooms + "/id is another): is the right file system mounted?");
      }
    }
    auto id = its_room.Prepare(random_, clock_.Wall());
    if (id) {
      facts.room_id = *id;
    } else if (CannotChange(id.error())) {
      facts.writable = false;
    } else {
      return Fail(id.error());
    }
  } else {
    facts.writable = false;
  }
  folder_ = std::move(*folder);
  opened_ = *stat;
  return facts;
}

Status FolderOps::StillThere() {
  auto now = fs_.OpenFolder(settings_.path);
  if (!now) return Fail(now.error());
  auto stat = fs_.Stat(now->get());
  if (!stat) return Fail(stat.error());
  if (stat->dev != opened_.dev || stat->ino != opened_.ino) {
    return Fail(ErrorKind::kCorrupt,
                settings_.path + " leads to another folder than before: renamed, replaced or mounted over");
  }
  return {};
}

Result<Listing> FolderOps::List() {
  const MonoMs begin = clock_.Mono();
  if (auto there = StillThere(); !there) return Fail(there.error());
  Listing listing;
  std::vector<std::pair<std::string, EntryKind>> names;
  auto listed = fs_.List(folder_.get(), [&](std::string_view name, EntryType type) {
    if (type != EntryType::kRegular && type != EntryType::kUnknown) return true;
    if (IsPassedOver(name)) return true;
    if (KindOfName(name)) {
      names.emplace_back(name, EntryKind::kArtifact);
    } else if (SidecarOf(name)) {
      names.emplace_back(name, EntryKind::kSidecar);
    }
    return true;
  });
  if (!listed) return Fail(listed.error());
  for (auto& [name, kind] : names) {
    auto stat = fs_.StatAt(folder_.get(), name);
    if (!stat) {
      if (stat.error().sys == ENOENT) continue;  // taken or removed since
      return Fail(stat.error());
    }
    if (stat->IsRegular()) listing.files.push_back({std::move(name), kind, *stat});
  }
  listing.took = std::chrono::milliseconds(clock_.Mono() - begin);
  return listing;
}

Inspection FolderOps::Inspect(const InspectRequest& request) {
  Inspection out;
  const auto give = [&](Inspection::Outcome outcome, std::string reason) {
    out.outcome = outcome;
    out.reason = std::move(reason);
    return std::move(out);
  };
  using Outcome = Inspection::Outcome;
  auto file = fs_.OpenFileAt(folder_.get(), request.name);
  if (!file) {
    if (file.error().sys == ENOENT) return give(Outcome::kChanged, "the file is gone");
    return give(Outcome::kUnreadable, file.error().message);
  }
  auto before = fs_.Stat(file->get());
  if (!before) return give(Outcome::kUnreadable, before.error().message);
  if (!before->IsRegular()) return give(Outcome::kUnreadable, "it is not a regular file");
  if (!(*before == request.expected)) return give(Outcome::kChanged, "the file has changed");
  const Writers writers = fs_.ProbeWriters(file->get());
  if (writers == Writers::kSome) return give(Outcome::kBeingWritten, "somebody still has the file open for writing");
  out.writers_known = writers == Writers::kNone;
  out.stat = *before;

  // Sidecars first: they are put beside the artifact before it.
  for (const SidecarKind kind : {SidecarKind::kCommit, SidecarKind::kSha256, SidecarKind::kJson}) {
    const std::string name = request.name + std::string(Suffix(kind));
    auto stat = fs_.StatAt(folder_.get(), name);
    if (!stat) continue;
    out.sidecars.push_back({name, kind, ReadWhole(fs_, folder_.get(), name, kSidecarLimit)});
  }

  auto verdict = CheckSource(file->get(), before->size, request.kind, request.full_crc);
  if (!verdict) return give(Outcome::kUnreadable, verdict.error().message);
  auto digest = HashFile(fs_, file->get(), before->size);
  auto after = fs_.Stat(file->get());
  if (!after) return give(Outcome::kUnreadable, after.error().message);
  if (!(*after == *before)) return give(Outcome::kChanged, "the file changed while it was read");
  if (!digest) return give(Outcome::kUnreadable, digest.error().message);
  out.sha256 = *digest;
  switch (verdict->verdict) {
    case ArchiveVerdict::kWhole:
      return give(Outcome::kWhole, "");
    case ArchiveVerdict::kIncomplete:
      return give(Outcome::kIncomplete, verdict->reason);
    case ArchiveVerdict::kNotAnArtifact:
      break;
  }
  return give(Outcome::kNotAnArtifact, verdict->reason);
}

Result<Fd> FolderOps::SpoolFolder(const std::string& job, bool make) {
  auto spool = fs_.OpenFolder(settings_.spool);
  if (!spool || !make) return spool ? fs_.OpenFolderAt(spool->get(), job) : std::move(spool);
  if (auto made = fs_.MakeFolderAt(spool->get(), job, 0700); !made) return Fail(made.error());
  return fs_.OpenFolderAt(spool->get(), job);
}

// Copies under a temporary name and renames: a copy under its right name is whole.
Result<ClaimOutcome> FolderOps::CopyToSpool(const ClaimRequest& request) {
  auto source = fs_.OpenFileAt(folder_.get(), request.name);
  if (!source) {
    if (source.error().sys == ENOENT) return ClaimOutcome::kGone;
    return Fail(source.error());
  }
  auto stat = fs_.Stat(source->get());
  if (!stat) return Fail(stat.error());
  if (!(*stat == request.expected)) return ClaimOutcome::kChanged;
  auto spool = SpoolFolder(request.job, true);
  if (!spool) return Fail(spool.error());
  const std::string temp = ".copy.part";
  (void)fs_.RemoveAt(spool->get(), temp);
  auto copy = fs_.CreateAt(spool->get(), temp, 0600);
  if (!copy) return Fail(copy.error());
  if (auto room_for = fs_.Reserve(copy->get(), stat->size); !room_for) return Fail(room_for.error());
  std::vector<char> block(256 * 1024);
  for (std::uint64_t at = 0; at < stat->size;) {
    auto count = fs_.ReadAt(source->get(), block.data(), block.size(), at);
    if (!count) return Fail(count.error());
    if (*count == 0) return ClaimOutcome::kChanged;
    if (auto written = fs_.WriteAt(copy->get(), block.data(), *count, at); !written) return Fail(written.error());
    at += *count;
  }
  auto after = fs_.Stat(source->get());
  if (!after) return Fail(after.error());
  if (!(*after == *stat)) return ClaimOutcome::kChanged;
  if (auto synced = fs_.Sync(copy->get()); !synced) return Fail(synced.error());
  if (auto closed = fs_.Close(std::move(*copy)); !closed) return Fail(closed.error());
  if (auto moved = fs_.RenameAt(spool->get(), temp, spool->get(), request.name); !moved) return Fail(moved.error());
  if (auto synced = fs_.SyncFolder(spool->get()); !synced) return Fail(synced.error());
  return ClaimOutcome::kClaimed;
}

Result<ClaimOutcome> FolderOps::Claim(const ClaimRequest& request) {
  if (request.copy) return CopyToSpool(request);
  if (auto there = StillThere(); !there) return Fail(there.error());
  auto to = room().ClaimedFolder(request.job, true);
  if (!to) return Fail(to.error());
  auto stat = fs_.StatAt(folder_.get(), request.name);
  const auto leave = [&](ClaimOutcome outcome) -> Result<ClaimOutcome> {
    (void)room().RemoveClaimedFolder(request.job);
    return outcome;
  };
  if (!stat && stat.error().sys == ENOENT) {
    // A share may have done the rename and lost its answer: the target decides.
    if (fs_.StatAt(to->get(), request.name)) return ClaimOutcome::kClaimed;
    return leave(ClaimOutcome::kGone);
  }
  if (!stat) return Fail(stat.error());
  if (!(*stat == request.expected)) return leave(ClaimOutcome::kChanged);
  for (const std::string& sidecar : request.sidecars) {
    auto moved = fs_.MoveAt(folder_.get(), sidecar, to->get(), sidecar);
    if (!moved && moved.error().sys != ENOENT && moved.error().sys != EEXIST) return Fail(moved.error());
  }
  auto moved = fs_.RenameAt(folder_.get(), request.name, to->get(), request.name);
  if (!moved && moved.error().sys != ENOENT) return Fail(moved.error());
  auto now = fs_.StatAt(to->get(), request.name);
  const bool changed = now && !now->SameContentAs(request.expected);
  if (!now || changed) {
    // Another file took the name between the look and the rename: put everything back where nothing has taken its
    // place.
    if (changed) (void)fs_.MoveAt(to->get(), request.name, folder_.get(), request.name);
    for (const std::string& sidecar : request.sidecars) (void)fs_.MoveAt(to->get(), sidecar, folder_.get(), sidecar);
    return leave(changed ? ClaimOutcome::kChanged : ClaimOutcome::kGone);
  }
  for (const int fd : {to->get(), folder_.get()}) {
    if (auto synced = fs_.SyncFolder(fd); !synced) return Fail(synced.error());
  }
  return ClaimOutcome::kClaimed;
}

Result<bool> FolderOps::HasClaimed(const std::string& job, const std::string& name, bool copy) {
  auto file = OpenClaimed(job, name, copy);
  if (file) return true;
  if (file.error().sys == ENOENT) return false;
  return Fail(file.error());
}

Result<Fd> FolderOps::OpenClaimed(const std::string& job, const std::string& name, bool copy) {
  auto dir = copy ? SpoolFolder(job, false) : room().ClaimedFolder(job, false);
  if (!dir) return dir;
  auto file = fs_.OpenFileAt(dir->get(), name);
  if (!file) return file;
  auto stat = fs_.Stat(file->get());
  if (!stat) return Fail(stat.error());
  if (!stat->IsRegular()) return Fail(ErrorKind::kCorrupt, name + " is not a regular file");
  return file;
}

Status FolderOps::PutAway(const PutAwayRequest& request) {
  auto dir = request.copy ? SpoolFolder(request.job, false) : room().ClaimedFolder(request.job, false);
  if (!dir) {
    if (dir.error().sys == ENOENT) return {};  // put away before
    return Fail(dir.error());
  }
  std::vector<std::string> names = request.sidecars;
  names.push_back(request.name);  // last: while it is there the work is not done
  const bool remove = request.copy || request.destination == Destination::kNowhere;
  const std::string_view part = request.destination == Destination::kFailed ? kRoomFailed : kRoomProcessed;
  if (!remove && !request.reason_json.empty()) {
    // Named after the artifact; the job in the name where an earlier failure of the same name has its own there.
    auto failed = room().Part(kRoomFailed);
    if (!failed) return Fail(failed.error());
    auto earlier = ReadWhole(fs_, failed->get(), ReasonName(request.name), 1 << 20);
    const bool taken = earlier && *earlier != request.reason_json;
    const std::string base = taken ? std::string(request.name) + "-" + request.job : request.name;
    if (auto written = room().Write(kRoomFailed, ReasonName(base), request.reason_json); !written) return written;
  }
  for (const std::string& name : names) {
    if (remove) {
      auto gone = fs_.RemoveAt(dir->get(), name);
      if (!gone && gone.error().sys != ENOENT) return gone;
    } else {
      auto moved = room().MoveInto(dir->get(), name, part, request.job);
      if (!moved && moved.error().sys != ENOENT) return Fail(moved.error());
    }
  }
  if (auto synced = fs_.SyncFolder(dir->get()); !synced) return synced;
  if (!request.copy) return room().RemoveClaimedFolder(request.job);
  auto spool = fs_.OpenFolder(settings_.spool);
  if (!spool) return Fail(spool.error());
  return fs_.RemoveFolderAt(spool->get(), request.job);
}

Status FolderOps::PutAwayOrphan(const std::string& sidecar, const std::string& reason_json) {
  auto moved = room().MoveInto(folder_.get(), sidecar, kRoomFailed, NewId(clock_.Wall(), random_));
  if (!moved) return Fail(moved.error());
  return room().Write(kRoomFailed, ReasonName(*moved), reason_json);
}

Status FolderOps::WriteReceipt(const std::string& id, const std::string& json) {
  return room().Write(kRoomReceipts, ReceiptName(id), json);
}

Result<int> FolderOps::Prune(WallMs processed_before, WallMs receipts_before) {
  constexpr std::int64_t kNsPerMs = 1'000'000;
  auto processed = room().Prune(kRoomProcessed, processed_before * kNsPerMs);
  if (!processed) return processed;
  auto receipts = room().Prune(kRoomReceipts, receipts_before * kNsPerMs);
  if (!receipts) return receipts;
  return *processed + *receipts;
}

}  // namespace tegodrop
