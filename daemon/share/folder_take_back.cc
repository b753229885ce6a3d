// What a failed or cancelled job left comes back to be worked on again.
#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "daemon/disk/layout.h"
#include "daemon/disk/whole_file.h"
#include "daemon/model/output_name.h"
#include "daemon/share/folder_ops.h"
#include "daemon/share/own_records.h"

namespace tegodrop {
namespace {

Result<bool> Exists(FileSystem& fs, int dir, const std::string& name) {
  auto stat = fs.StatAt(dir, name);
  if (stat) return true;
  if (Missing(stat.error())) return false;
  return Fail(stat.error());
}

// The name under which the job's artifact lies in failed/: its reason says whose it is, or a name of its own does.
Result<std::optional<std::string>> NameInFailed(FileSystem& fs, int failed, const TakeBackRequest& request) {
  const std::string other = NameWithJob(request.name, request.job);
  for (const std::string& name : {request.name, other}) {
    auto named = NamesJob(fs, failed, ReasonName(name), request.job);
    if (!named) return Fail(named.error());
    if (*named) return name;
  }
  auto there = Exists(fs, failed, other);
  if (!there) return Fail(there.error());
  return *there ? std::optional(other) : std::nullopt;
}

// Moves, and makes good a death between link and unlink; what is not there is moved already.
Status MoveBack(FileSystem& fs, int from, const std::string& name, int to, const std::string& target) {
  auto moved = fs.MoveAt(from, name, to, target);
  if (moved || Missing(moved.error())) return {};
  if (moved.error().sys != EEXIST) return moved;
  auto here = fs.StatAt(from, name);
  auto there = fs.StatAt(to, target);
  if (here && there && here->dev == there->dev && here->ino == there->ino) return fs.RemoveAt(from, name);
  return {};  // of another kind: what stands in our own place stays
}

}  // namespace

Result<bool> FolderOps::TakeBack(const TakeBackRequest& request) {
  if (!IsPlainName(request.job) || !IsPlainName(request.name)) return Fail(ErrorKind::kBug, "not a name in a folder");
  return request.copy ? CopyBack(request) : MoveOutOfFailed(request);
}

Result<bool> FolderOps::MoveOutOfFailed(const TakeBackRequest& request) {
  auto folder = Opened();
  if (!folder) return Fail(folder.error());
  if (auto there = StillThere(**folder); !there) return Fail(there.error());
  auto its_room = room((*folder)->fd.get());
  auto failed = its_room.Part(kRoomFailed);
  if (!failed) return Fail(failed.error());
  auto lies = NameInFailed(fs_, failed->get(), request);
  if (!lies) return Fail(lies.error());
  auto claimed = its_room.ClaimedFolder(request.job, false);
  if (!claimed && !Missing(claimed.error())) return Fail(claimed.error());
  Result<bool> back = false;
  if (claimed) back = Exists(fs_, claimed->get(), request.name);
  if (!back || !*lies) return back;
  auto there = Exists(fs_, failed->get(), **lies);
  if (!there) return there;
  // A reason whose file somebody took away.
  if (!*there && !*back) return false;
  claimed = its_room.ClaimedFolder(request.job, true);
  if (!claimed) return Fail(claimed.error());
  if ((*folder)->spools && request.record) {
    auto recorded = its_room.Replace(claimed->get(), std::string(kClaimRecord), WriteClaimRecord(*request.record));
    if (!recorded) return Fail(recorded.error());
  }
  for (const std::string& sidecar : request.sidecars) {
    if (!IsPlainName(sidecar) || !sidecar.starts_with(request.name)) continue;
    const std::string beside = **lies + sidecar.substr(request.name.size());
    for (const std::string& name : {beside, NameWithJob(beside, request.job)}) {
      if (auto moved = MoveBack(fs_, failed->get(), name, claimed->get(), sidecar); !moved) return Fail(moved.error());
    }
  }
  if (auto moved = MoveBack(fs_, failed->get(), **lies, claimed->get(), request.name); !moved) {
    return Fail(moved.error());
  }
  auto parent = its_room.Part(kRoomClaimed);
  if (!parent) return Fail(parent.error());
  for (const int dir : {claimed->get(), parent->get(), failed->get()}) {
    if (auto synced = fs_.SyncFolder(dir); !synced) return Fail(synced.error());
  }
  // Last: it tells a second run the name.
  auto gone = fs_.RemoveAt(failed->get(), ReasonName(**lies));
  if (!gone && !Missing(gone.error())) return Fail(gone.error());
  if (auto synced = fs_.SyncFolder(failed->get()); !synced) return Fail(synced.error());
  return true;
}

// The copy was dropped when the job ended; the source in the folder is unchanged, or it is another artifact now.
Result<bool> FolderOps::CopyBack(const TakeBackRequest& request) {
  auto copied = HasCopied(request.job, request.name);
  if (!copied || *copied) return copied;
  auto folder = Opened();
  if (!folder) return Fail(folder.error());
  if (auto there = StillThere(**folder); !there) return Fail(there.error());
  auto place = Enter(**folder, request.subfolder);
  if (!place && Missing(place.error())) return false;
  if (!place) return Fail(place.error());
  auto source = fs_.OpenFileAt(place->fd, request.name);
  if (!source && Missing(source.error())) return false;
  if (!source) return Fail(source.error());
  auto stat = fs_.Stat(source->get());
  if (!stat) return Fail(stat.error());
  if (!stat->IsRegular() || stat->size != request.size || request.sha256.empty()) return false;
  auto spool = SpoolFolder(request.job, true);
  if (!spool) return Fail(spool.error());
  auto same = CopyWhole(CopyInto(spool->get(), source->get(), *stat, request.name, request.sha256));
  if (!same) return Fail(same.error());
  if (same->empty()) (void)DropSpoolFolder(request.job);
  return !same->empty();
}

Status FolderOps::RemoveReceipts(const std::vector<std::string>& ids, const std::string& job) {
  auto folder = Opened();
  if (!folder) return Fail(folder.error());
  auto receipts = room((*folder)->fd.get()).Part(kRoomReceipts);
  if (!receipts) return Fail(receipts.error());
  return RemoveOwnReceipts(fs_, receipts->get(), ids, job);
}

}  // namespace tegodrop
