// What is taken from a share: read once, into the spool, and sent from there.
#include <cerrno>
#include <utility>
#include <vector>

#include "daemon/archive/archive.h"
#include "daemon/base/digest.h"
#include "daemon/disk/layout.h"
#include "daemon/share/folder_ops.h"

namespace tegodrop {
// One for each drop folder: what another folder has under way must not be taken for left over.
Result<Fd> FolderOps::IncomingFolder() {
  auto spool = Spool(true);
  if (!spool) return spool;
  constexpr std::size_t kEnough = 16;
  const std::string name = std::string(kSpoolIncoming) + Sha256Hex(settings_.path).substr(0, kEnough);
  if (auto made = fs_.MakeFolderAt(spool->get(), name, 0700); !made) return Fail(made.error());
  return fs_.OpenFolderAt(spool->get(), name);
}

void FolderOps::DropIncoming(const std::string& path) {
  Incoming dropped;
  {
    const std::lock_guard lock(mutex_);
    const auto found = incoming_.find(path);
    if (found == incoming_.end()) return;
    dropped = std::move(found->second);
    incoming_.erase(found);
  }
  // What cannot be removed now goes when the folder is opened the next time.
  if (auto dir = IncomingFolder()) (void)fs_.RemoveAt(dir->get(), dropped.copy);
}

// Of this life too: the folder was away, and what was seen before proves nothing now.
void FolderOps::DropAllIncoming() {
  {
    const std::lock_guard lock(mutex_);
    incoming_.clear();
  }
  auto dir = IncomingFolder();
  if (!dir) return;
  std::vector<std::string> names;
  (void)fs_.List(dir->get(), [&](std::string_view name, EntryType) {
    names.emplace_back(name);
    return true;
  });
  for (const std::string& name : names) (void)fs_.RemoveAt(dir->get(), name);
}

Inspection FolderOps::InspectCopy(Inspection out, const InspectRequest& request, int source) {
  using Outcome = Inspection::Outcome;
  const std::string path = JoinPath(request.subfolder, request.name);
  DropIncoming(path);
  auto dir = IncomingFolder();
  if (!dir) return Give(std::move(out), Outcome::kNoRoom, dir.error().message);
  const std::string copy = NewId(clock_.Wall(), random_);
  // Several looks may be under way at once.
  CopyRequest asked = CopyInto(dir->get(), source, out.stat, copy, "");
  asked.part += "." + copy;
  bool source_failed = false;
  auto digest = CopyWhole(asked, &source_failed);
  if (!digest) {
    return Give(std::move(out), source_failed ? Outcome::kUnreadable : Outcome::kNoRoom, digest.error().message);
  }
  if (digest->empty()) return Give(std::move(out), Outcome::kChanged, "the file changed while it was read");
  const auto drop = [&] { (void)fs_.RemoveAt(dir->get(), copy); };
  auto file = fs_.OpenFileAt(dir->get(), copy);
  auto verdict = file ? CheckSource(file->get(), out.stat.size, request.kind, request.full_crc)
                      : Result<SourceVerdict>(Fail(file.error()));
  if (!verdict) {
    drop();
    return Give(std::move(out), Outcome::kNoRoom, verdict.error().message);
  }
  out.sha256 = *digest;
  if (verdict->verdict != ArchiveVerdict::kWhole) {
    drop();
    const bool incomplete = verdict->verdict == ArchiveVerdict::kIncomplete;
    return Give(std::move(out), incomplete ? Outcome::kIncomplete : Outcome::kNotAnArtifact, verdict->reason);
  }
  out.identity = std::move(verdict->identity);
  out.commits = std::move(verdict->commits);
  const std::lock_guard lock(mutex_);
  incoming_[path] = {copy, out.stat};
  return Give(std::move(out), Outcome::kWhole, "");
}

Result<bool> FolderOps::TakeIncoming(const ClaimRequest& request) {
  const std::string path = JoinPath(request.subfolder, request.name);
  Incoming copy;
  {
    const std::lock_guard lock(mutex_);
    const auto found = incoming_.find(path);
    if (found == incoming_.end() || !found->second.source.SameContentAs(request.expected)) return false;
    copy = found->second;
  }
  auto dir = IncomingFolder();
  if (!dir) return Fail(dir.error());
  auto spool = SpoolFolder(request.job, true);
  if (!spool) return Fail(spool.error());
  auto moved = fs_.RenameAt(dir->get(), copy.copy, spool->get(), request.name);
  if (!moved && Missing(moved.error())) return false;
  if (!moved) return Fail(moved.error());
  if (auto synced = fs_.SyncFolder(spool->get()); !synced) return Fail(synced.error());
  const std::lock_guard lock(mutex_);
  incoming_.erase(path);
  return true;
}

Result<bool> FolderOps::SpoolClaimed(const std::string& job, const std::string& name, const std::string& sha256) {
  auto there = HasCopied(job, name);
  if (!there || *there) return there;
  auto claimed = ClaimedFolder(job, false);
  if (!claimed) return Fail(claimed.error());
  auto source = fs_.OpenFileAt(claimed->get(), name);
  if (!source) return Fail(source.error());
  auto stat = fs_.Stat(source->get());
  if (!stat) return Fail(stat.error());
  if (!stat->IsRegular()) return Fail(ErrorKind::kCorrupt, name + " is not a regular file");
  auto spool = SpoolFolder(job, true);
  if (!spool) return Fail(spool.error());
  auto copied = CopyWhole(CopyInto(spool->get(), source->get(), *stat, name, sha256));
  if (!copied) return Fail(copied.error());
  if (copied->empty()) (void)DropSpoolFolder(job);
  return !copied->empty();
}

}  // namespace tegodrop
