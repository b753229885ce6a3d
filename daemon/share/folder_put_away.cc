// Where claimed artifacts go in the end.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "daemon/base/random.h"
#include "daemon/disk/layout.h"
#include "daemon/share/folder_ops.h"

namespace tegodrop {
namespace {

Status RemoveAll(FileSystem& fs, int dir, std::string_view but = "") {
  std::vector<std::string> names;
  auto listed = fs.List(dir, [&](std::string_view name, EntryType) {
    if (name != but) names.emplace_back(name);
    return true;
  });
  if (!listed) return listed;
  for (const std::string& name : names) {
    auto gone = fs.RemoveAt(dir, name);
    if (!gone && gone.error().sys != ENOENT) return gone;
  }
  return fs.SyncFolder(dir);
}

}  // namespace

Status FolderOps::PutAway(const PutAwayRequest& request) {
  if (!IsPlainName(request.job) || !IsPlainName(request.name)) return Fail(ErrorKind::kBug, "not a name in a folder");
  auto dir = ClaimedFolder(request.job, request.copy);
  if (!dir) {
    // Put away before.
    if (dir.error().sys == ENOENT) return request.copy ? Status() : DropSpooled(request.job);
    return Fail(dir.error());
  }
  if (request.copy) {
    if (auto gone = RemoveAll(fs_, dir->get()); !gone) return gone;
    return DropSpoolFolder(request.job);
  }
  auto folder = Opened();
  if (!folder) return Fail(folder.error());
  auto its_room = room((*folder)->fd.get());
  if (request.destination == Destination::kNowhere) {
    // The artifact first and its record last: one without its record would be taken for one that was never sent.
    auto artifact = fs_.RemoveAt(dir->get(), request.name);
    if (!artifact && !Missing(artifact.error())) return artifact;
    if (auto synced = fs_.SyncFolder(dir->get()); !synced) return synced;
    if (auto gone = RemoveAll(fs_, dir->get(), kClaimRecord); !gone) return gone;
    if (auto gone = RemoveAll(fs_, dir->get()); !gone) return gone;
    if (auto gone = its_room.RemoveClaimedFolder(request.job); !gone) return gone;
    return DropSpooled(request.job);
  }
  const bool failed = request.destination == Destination::kFailed;
  if (auto gone = RemoveDotFiles(dir->get(), false); !gone) return gone;
  // All that stands there goes along, so that nothing is lost and the job's folder can go.
  Room::Companions companions{request.sidecars, failed ? request.reason_json : std::string()};
  auto listed = fs_.List(dir->get(), [&](std::string_view name, EntryType) {
    const auto& known = companions.sidecars;
    if (name == kClaimRecord) return true;
    if (name != request.name && std::find(known.begin(), known.end(), name) == known.end()) {
      companions.sidecars.emplace_back(name);
    }
    return true;
  });
  if (!listed) return listed;
  if ((*folder)->spools && !failed) {
    TouchTimeless(dir->get(), request.name);
    for (const std::string& sidecar : companions.sidecars) TouchTimeless(dir->get(), sidecar);
  }
  auto moved =
      its_room.MoveInto(dir->get(), request.name, companions, failed ? kRoomFailed : kRoomProcessed, request.job);
  if (!moved) return moved;
  // After the artifact: one without its record would be taken for one that was never sent.
  if (auto gone = RemoveDotFiles(dir->get(), true); !gone) return gone;
  if (auto gone = its_room.RemoveClaimedFolder(request.job); !gone) return gone;
  return DropSpooled(request.job);
}

// A share without a time of moves (sshfs shows a file's mtime for it) would let what was built long ago be pruned as
// soon as it is put away.
void FolderOps::TouchTimeless(int dir, const std::string& name) {
  auto stat = fs_.StatAt(dir, name);
  if (stat && stat->ctime_ns == stat->mtime_ns) (void)fs_.TouchAt(dir, name);
}

// Our own, half made or not; no artifact and no sidecar has such a name.
Status FolderOps::RemoveDotFiles(int dir, bool record_too) {
  std::vector<std::string> names;
  auto listed = fs_.List(dir, [&](std::string_view name, EntryType) {
    if (name.starts_with('.') && (record_too || name != kClaimRecord)) names.emplace_back(name);
    return true;
  });
  if (!listed) return listed;
  for (const std::string& name : names) {
    auto gone = fs_.RemoveAt(dir, name);
    if (!gone && !Missing(gone.error())) return gone;
  }
  return {};
}

// The copy that was sent from, of what was claimed on a share.
Status FolderOps::DropSpooled(const std::string& job) {
  auto spooled = SpoolFolder(job, false);
  if (!spooled && spooled.error().sys == ENOENT) return {};
  if (!spooled) return Fail(spooled.error());
  if (auto gone = RemoveAll(fs_, spooled->get()); !gone) return gone;
  return DropSpoolFolder(job);
}

Status FolderOps::PutAwayOrphan(const std::string& sidecar, const std::string& reason_json) {
  const auto kind = SidecarOf(sidecar);
  const std::string name(BaseName(sidecar));
  if (!IsPlainName(name) || !kind) return Fail(ErrorKind::kBug, "not a sidecar's name");
  auto folder = Opened();
  if (!folder) return Fail(folder.error());
  if (auto there = StillThere(**folder); !there) return Fail(there.error());
  auto place = Enter(**folder, std::string(SubfolderOf(sidecar)));
  if (!place && place.error().sys == ENOENT) return {};
  if (!place) return Fail(place.error());
  const std::string artifact = name.substr(0, name.size() - Suffix(*kind).size());
  // Only where that is certain: on a share an artifact may just not be seen.
  auto its_artifact = fs_.StatAt(place->fd, artifact);
  if (!its_artifact && !Missing(its_artifact.error())) return Fail(its_artifact.error());
  if (its_artifact || !fs_.StatAt(place->fd, name)) return {};
  return room((*folder)->fd.get())
      .MoveInto(place->fd, name, {{}, reason_json}, kRoomFailed, NewId(clock_.Wall(), random_));
}

}  // namespace tegodrop
