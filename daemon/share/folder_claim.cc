// Taking an artifact: by rename into the room, or as a copy into the spool.
#include <cerrno>
#include <utility>

#include "daemon/disk/layout.h"
#include "daemon/model/output_name.h"
#include "daemon/share/claim_mark.h"
#include "daemon/share/folder_ops.h"

namespace tegodrop {
Result<std::string> FolderOps::CopyWhole(const CopyRequest& request, bool* source_failed) {
  const auto of_source = [&](Error error) -> Result<std::string> {
    if (source_failed != nullptr) *source_failed = true;
    return Fail(std::move(error));
  };
  const int dir = request.dir;
  if (auto gone = fs_.RemoveAt(dir, request.part); !gone && !Missing(gone.error())) return Fail(gone.error());
  auto copy = fs_.CreateAt(dir, request.part, 0600);
  if (!copy) return Fail(copy.error());
  const auto work = [&]() -> Result<std::string> {
    if (auto room_for = fs_.Reserve(copy->get(), request.stat.size); !room_for) return Fail(room_for.error());
    std::vector<char> block(256 * 1024);
    RememberedDigest digest(settings_.fingerprints, random_);
    for (std::uint64_t at = 0; at < request.stat.size;) {
      auto count = fs_.ReadAt(request.source, block.data(), block.size(), at);
      if (!count) return of_source(count.error());
      if (*count == 0) return std::string();
      digest.Update(block.data(), *count);
      if (auto written = fs_.WriteAt(copy->get(), block.data(), *count, at); !written) return Fail(written.error());
      at += *count;
    }
    auto after = fs_.Stat(request.source);
    if (!after) return of_source(after.error());
    const std::string is = digest.FinishHex();
    if (!(*after == request.stat) || (!request.sha256.empty() && is != request.sha256)) return std::string();
    if (!request.private_mode) {
      auto set = fs_.SetModeAndGroup(copy->get(), request.stat.mode & 0777U, request.stat.gid);
      if (!set) return Fail(set.error());
    }
    if (auto synced = fs_.Sync(copy->get()); !synced) return Fail(synced.error());
    if (auto closed = fs_.Close(std::move(*copy)); !closed) return Fail(closed.error());
    if (auto moved = fs_.RenameAt(dir, request.part, dir, request.name); !moved) return Fail(moved.error());
    if (auto synced = fs_.SyncFolder(dir); !synced) return Fail(synced.error());
    return is;
  };
  auto whole = work();
  if (!whole || whole->empty()) (void)fs_.RemoveAt(dir, request.part);
  return whole;
}

Status FolderOps::DropSpoolFolder(const std::string& job) {
  auto spool = fs_.OpenFolder(settings_.spool);
  if (!spool) return Fail(spool.error());
  auto gone = fs_.RemoveFolderAt(spool->get(), job);
  if (!gone && !Missing(gone.error())) return gone;
  return fs_.SyncFolder(spool->get());
}

Result<ClaimOutcome> FolderOps::CopyToSpool(const OpenedFolder& folder, const ClaimRequest& request) {
  auto spool = SpoolFolder(request.job, true);
  if (!spool) return Fail(spool.error());
  const auto leave = [&](ClaimOutcome outcome) -> Result<ClaimOutcome> {
    (void)fs_.RemoveAt(spool->get(), request.name);
    (void)DropSpoolFolder(request.job);
    return outcome;
  };
  auto place = Enter(folder, request.subfolder);
  if (!place && Missing(place.error())) return leave(ClaimOutcome::kGone);
  if (!place) return Fail(place.error());
  auto source = fs_.OpenFileAt(place->fd, request.name);
  if (!source && Missing(source.error())) return leave(ClaimOutcome::kGone);
  if (!source) return Fail(source.error());
  auto stat = fs_.Stat(source->get());
  if (!stat) return Fail(stat.error());
  if (!(*stat == request.expected)) return leave(ClaimOutcome::kChanged);
  auto taken = TakeIncoming(request);
  if (!taken) return Fail(taken.error());
  if (*taken) return ClaimOutcome::kClaimed;
  auto same = CopyWhole(CopyInto(spool->get(), source->get(), *stat, request.name, request.sha256));
  if (!same) return Fail(same.error());
  if (same->empty()) return leave(ClaimOutcome::kChanged);
  return ClaimOutcome::kClaimed;
}

// The job's folder holds what an earlier try put there: ours, unless something else had taken the name just then.
Result<bool> FolderOps::AlreadyClaimed(int to, const ClaimRequest& request) {
  auto there = fs_.StatAt(to, request.name);
  if (!there && Missing(there.error())) return false;
  if (!there) return Fail(there.error());
  // A hard link may have become a copy of its own by then.
  const bool own_copy = request.expected.links > 1 && there->links == 1 && there->size == request.expected.size;
  return own_copy || there->SameContentAs(request.expected);
}

// Whether the sidecars are still those that were read, none missing and none added.
Result<bool> FolderOps::SidecarsAsRead(int folder, int to, const ClaimRequest& request) {
  for (const SidecarRef& sidecar : request.sidecars) {
    if (fs_.StatAt(to, sidecar.name)) continue;  // moved by an earlier try
    auto stat = fs_.StatAt(folder, sidecar.name);
    if (!stat && Missing(stat.error())) return false;
    if (!stat) return Fail(stat.error());
    if (!(*stat == sidecar.expected)) return false;
  }
  for (const SidecarKind kind : {SidecarKind::kCommit, SidecarKind::kSha256, SidecarKind::kJson}) {
    const std::string usual = request.name + std::string(Suffix(kind));
    bool known = false;
    for (const SidecarRef& sidecar : request.sidecars) known = known || sidecar.name == usual;
    if (known) continue;
    auto late = fs_.StatAt(folder, usual);
    if (late && late->IsRegular()) return false;
  }
  return true;
}

// Everything in claimed/<job> goes back to where it stood; where something has taken that name, beside it under one
// that tells the job, so that it is found there as an artifact of its own.
Status FolderOps::PutBack(int folder, int to, const ClaimRequest& request) {
  const std::string other = NameWithJob(request.name, request.job);
  std::string back = request.name;
  auto moved = fs_.MoveAt(to, request.name, folder, back);
  if (!moved && moved.error().sys == EEXIST) {
    back = other;
    moved = fs_.MoveAt(to, request.name, folder, back);
  }
  if (!moved && !Missing(moved.error())) return moved;
  for (const SidecarRef& sidecar : request.sidecars) {
    const std::string suffix = sidecar.name.substr(request.name.size());
    auto beside = fs_.MoveAt(to, sidecar.name, folder, back + suffix);
    if (!beside && beside.error().sys == EEXIST) beside = fs_.MoveAt(to, sidecar.name, folder, other + suffix);
    if (!beside && !Missing(beside.error())) return beside;
  }
  (void)fs_.RemoveAt(to, std::string(kCopyPart));
  if (auto synced = fs_.SyncFolder(folder); !synced) return synced;
  // The room is the drop folder's own, wherever inside of it the artifact stood.
  if (auto top = Opened()) (void)room((*top)->fd.get()).RemoveClaimedFolder(request.job);
  return {};
}

Result<ClaimOutcome> FolderOps::MoveToRoom(const OpenedFolder& folder, int from, int to, const ClaimRequest& request) {
  const auto leave = [&](ClaimOutcome outcome) -> Result<ClaimOutcome> {
    if (auto back = PutBack(from, to, request); !back) return Fail(back.error());
    return outcome;
  };
  auto already = AlreadyClaimed(to, request);
  if (!already) return Fail(already.error());
  if (!*already) {
    // What an earlier try took by mistake must not be replaced.
    if (fs_.StatAt(to, request.name)) return leave(ClaimOutcome::kChanged);
    auto stat = fs_.StatAt(from, request.name);
    if (!stat && Missing(stat.error())) return leave(ClaimOutcome::kGone);
    if (!stat) return Fail(stat.error());
    if (!(*stat == request.expected)) return leave(ClaimOutcome::kChanged);
    auto as_read = SidecarsAsRead(from, to, request);
    if (!as_read) return Fail(as_read.error());
    if (!*as_read) return leave(ClaimOutcome::kChanged);
    // Of several hosts that want it the one that gets the first sidecar goes on: so its sidecars stay together.
    for (const SidecarRef& sidecar : request.sidecars) {
      if (fs_.StatAt(to, sidecar.name)) continue;  // moved by an earlier try
      auto moved = fs_.MoveAt(from, sidecar.name, to, sidecar.name);
      if (!moved && !Missing(moved.error()) && moved.error().sys != EEXIST) return Fail(moved.error());
      // A share may have moved it and lost its answer.
      if (!moved && !fs_.StatAt(to, sidecar.name)) return leave(ClaimOutcome::kChanged);
    }
    // Not every file system keeps the order of two moves through a power cut, and an artifact in its place tells that
    // its sidecars are there too.
    if (!request.sidecars.empty()) {
      if (auto synced = fs_.SyncFolder(to); !synced) return Fail(synced.error());
    }
    auto moved = fs_.RenameAt(from, request.name, to, request.name);
    if (!moved && !Missing(moved.error())) return Fail(moved.error());
    // A share may have done the rename and lost its answer: the target decides. And another file may have taken the
    // name between the look and the rename.
    auto now = fs_.StatAt(to, request.name);
    if (!now && !Missing(now.error())) return Fail(now.error());
    if (!now) return leave(ClaimOutcome::kGone);
    if (!now->SameContentAs(request.expected)) return leave(ClaimOutcome::kChanged);
  }
  // A name of its own for what is sent from here.
  if (!folder.spools && request.expected.links > 1 && !request.sha256.empty()) {
    auto file = fs_.OpenFileAt(to, request.name);
    if (!file) return Fail(file.error());
    auto now = fs_.Stat(file->get());
    if (!now) return Fail(now.error());
    if (now->links > 1) {
      CopyRequest copy = CopyInto(to, file->get(), *now, request.name, request.sha256);
      copy.private_mode = false;
      auto same = CopyWhole(copy);
      if (!same) return Fail(same.error());
      if (same->empty()) return leave(ClaimOutcome::kChanged);
    }
  }
  for (const int fd : {to, from}) {
    if (auto synced = fs_.SyncFolder(fd); !synced) return Fail(synced.error());
  }
  // What was never read is refused and never sent.
  if (folder.spools && !request.sha256.empty()) {
    auto taken = TakeIncoming(request);
    if (!taken) return Fail(taken.error());
    auto same = *taken ? taken : SpoolClaimed(request.job, request.name, request.sha256);
    if (!same) return Fail(same.error());
    if (!*same) return leave(ClaimOutcome::kChanged);
  }
  return ClaimOutcome::kClaimed;
}

Result<ClaimOutcome> FolderOps::MoveMarked(const OpenedFolder& folder, int from, int to, const ClaimRequest& request) {
  auto claimed = room(folder.fd.get()).Part(kRoomClaimed);
  if (!claimed) return Fail(claimed.error());
  bool begun = false;
  auto listed = fs_.List(to, [&](std::string_view, EntryType) {
    begun = true;
    return false;
  });
  if (!listed) return Fail(listed.error());
  ClaimMark mark(fs_, claimed->get(), request.job, JoinPath(request.subfolder, request.name));
  if (auto set = mark.Set(begun); !set) {
    if (!begun) (void)room(folder.fd.get()).RemoveClaimedFolder(request.job);
    return Fail(set.error());
  }
  auto moved = MoveToRoom(folder, from, to, request);
  // After an error the next try goes on with it.
  if (!moved) return moved;
  if (auto gone = mark.Clear(); !gone) return Fail(gone.error());
  return moved;
}

Result<ClaimOutcome> FolderOps::Claim(const ClaimRequest& request) {
  bool plain = IsPlainName(request.job) && IsPlainName(request.name);
  for (const SidecarRef& sidecar : request.sidecars) {
    plain = plain && IsPlainName(sidecar.name) && sidecar.name.starts_with(request.name);
  }
  if (!plain) return Fail(ErrorKind::kBug, "not a name in a folder");
  const std::string path = JoinPath(request.subfolder, request.name);
  auto folder = Opened();
  if (!folder) return Fail(folder.error());
  if (auto there = StillThere(**folder); !there) return Fail(there.error());
  if (auto apart = CheckIsNoOutput((*folder)->fd.get(), settings_.path); !apart) return Fail(apart.error());
  if (request.copy) {
    auto copied = CopyToSpool(**folder, request);
    if (copied) DropIncoming(path);
    return copied;
  }
  auto to = room((*folder)->fd.get()).ClaimedFolder(request.job, true);
  if (!to) return Fail(to.error());
  // Where its folder inside the drop folder is gone, it is gone with it, or was taken by an earlier try.
  auto from = EnterWhatIsLeft(**folder, request.subfolder);
  if (!from) return Fail(from.error());
  auto moved = (*folder)->spools ? MoveMarked(**folder, from->fd, to->get(), request)
                                 : MoveToRoom(**folder, from->fd, to->get(), request);
  // Whoever lost drops the copy; who won has taken it.
  if (moved) DropIncoming(path);
  return moved;
}

}  // namespace tegodrop
