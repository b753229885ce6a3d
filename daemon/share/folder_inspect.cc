// Looking into one candidate.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "daemon/archive/archive.h"
#include "daemon/disk/whole_file.h"
#include "daemon/share/folder_ops.h"

namespace tegodrop {
namespace {

// Sidecars are a few lines; a larger one is somebody's mistake.
constexpr std::size_t kSidecarLimit = 64 * 1024;

}  // namespace

Inspection Give(Inspection out, Inspection::Outcome outcome, std::string reason) {
  out.outcome = outcome;
  out.reason = std::move(reason);
  return out;
}

Result<std::vector<Inspection::SidecarFile>> FolderOps::ReadSidecars(int folder, const InspectRequest& request) {
  std::vector<std::string> names = request.sidecars;
  for (const SidecarKind kind : {SidecarKind::kCommit, SidecarKind::kSha256, SidecarKind::kJson}) {
    std::string usual = request.name + std::string(Suffix(kind));
    if (std::find(names.begin(), names.end(), usual) == names.end()) names.push_back(std::move(usual));
  }
  std::vector<Inspection::SidecarFile> sidecars;
  for (const std::string& name : names) {
    const auto kind = SidecarOf(name);
    if (!kind) continue;
    auto stat = fs_.StatAt(folder, name);
    // Nor is there one where the artifact's name leaves no room for its ending.
    if (!stat && (stat.error().sys == ENOENT || stat.error().sys == ENAMETOOLONG)) continue;
    if (!stat) return Fail(stat.error());
    if (!stat->IsRegular()) continue;  // passed over, as in a listing
    auto content = ReadWhole(fs_, folder, name, kSidecarLimit);
    // A disk in trouble says nothing about the sidecar; one that we may not read stays so.
    const int sys = content ? 0 : content.error().sys;
    if (sys != 0 && sys != EACCES && sys != EPERM) return Fail(content.error());
    sidecars.push_back({name, *kind, *stat, std::move(content)});
  }
  std::stable_sort(sidecars.begin(), sidecars.end(), [](const auto& a, const auto& b) { return a.kind < b.kind; });
  return sidecars;
}

Result<std::string> FolderOps::HashToRemember(int file, std::uint64_t size) {
  RememberedDigest digest(settings_.fingerprints, random_);
  auto read = ReadEach(fs_, file, size, [&](const char* data, std::size_t count) { digest.Update(data, count); });
  if (!read) return Fail(std::move(read.error()));
  return digest.FinishHex();
}

Inspection FolderOps::Inspect(const InspectRequest& request) {
  using Outcome = Inspection::Outcome;
  Inspection out;
  auto folder = Opened();
  if (!folder) return Give(out, Outcome::kUnreadable, folder.error().message);
  auto place = Enter(**folder, request.subfolder);
  if (!place) {
    const int error = place.error().sys;
    const bool gone = error == ENOENT || error == ENOTDIR || error == ELOOP || error == EXDEV;
    return Give(out, gone ? Outcome::kChanged : Outcome::kUnreadable, place.error().message);
  }
  const int dir = place->fd;
  auto file = fs_.OpenFileAt(dir, request.name);
  if (!file) {
    const int error = file.error().sys;
    if (error == ENOENT || error == ELOOP) return Give(out, Outcome::kChanged, "the file is gone");
    // A lease of Samba's, or a share that locks what is open.
    if (error == EAGAIN || error == EBUSY || error == ETXTBSY) {
      return Give(out, Outcome::kBeingWritten, "somebody still holds the file");
    }
    // Its sidecars may be readable all the same: they are put away with it, and say where its receipt is awaited.
    if (auto sidecars = ReadSidecars(dir, request)) out.sidecars = std::move(*sidecars);
    return Give(std::move(out), Outcome::kUnreadable, file.error().message);
  }
  auto before = fs_.Stat(file->get());
  if (!before) return Give(out, Outcome::kUnreadable, before.error().message);
  if (!(*before == request.expected)) return Give(out, Outcome::kChanged, "the file has changed");
  if (!before->IsRegular()) return Give(out, Outcome::kUnreadable, "it is not a regular file");
  out.stat = *before;
  const Writers writers = fs_.ProbeWriters(file->get());
  if (writers == Writers::kSome) {
    return Give(out, Outcome::kBeingWritten, "somebody still has the file open for writing");
  }
  out.writers_known = writers == Writers::kNone;
  if (request.need_lease && !out.writers_known) {
    return Give(out, Outcome::kCannotTell, "whether somebody writes the file cannot be asked: it has another owner");
  }

  // Sidecars first: they are put beside the artifact before it.
  auto sidecars = ReadSidecars(dir, request);
  if (!sidecars) return Give(out, Outcome::kUnreadable, sidecars.error().message);
  out.sidecars = std::move(*sidecars);
  if (!request.read) return Give(std::move(out), Outcome::kWhole, "");
  if ((*folder)->spools) return InspectCopy(std::move(out), request, file->get());

  auto verdict = CheckSource(file->get(), before->size, request.kind, request.full_crc);
  if (!verdict) return Give(std::move(out), Outcome::kUnreadable, verdict.error().message);
  const bool incomplete = verdict->verdict == ArchiveVerdict::kIncomplete;
  Result<std::string> digest = std::string();
  if (!(incomplete && request.early)) digest = HashToRemember(file->get(), before->size);
  auto after = fs_.Stat(file->get());
  if (!after) return Give(std::move(out), Outcome::kUnreadable, after.error().message);
  if (!(*after == *before)) return Give(std::move(out), Outcome::kChanged, "the file changed while it was read");
  if (!digest) return Give(std::move(out), Outcome::kUnreadable, digest.error().message);
  out.sha256 = *digest;
  if (incomplete) return Give(std::move(out), Outcome::kIncomplete, verdict->reason);
  if (verdict->verdict != ArchiveVerdict::kWhole) return Give(std::move(out), Outcome::kNotAnArtifact, verdict->reason);
  out.identity = std::move(verdict->identity);
  out.commits = std::move(verdict->commits);
  return Give(std::move(out), Outcome::kWhole, "");
}

}  // namespace tegodrop
