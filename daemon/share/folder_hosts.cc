// Several hosts on one share: what each says of itself, and what one that is gone has left.
#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "daemon/base/digest.h"
#include "daemon/base/text.h"
#include "daemon/disk/layout.h"
#include "daemon/disk/whole_file.h"
#include "daemon/share/claim_mark.h"
#include "daemon/share/folder_ops.h"

namespace tegodrop {
namespace {

// Some lines, and one for each job.
constexpr std::size_t kLargestClaimRecord = 64 * 1024;
constexpr std::size_t kLargestBeat = 8 * 1024 * 1024;

Unexpected IsGone(const std::string& job) { return FailPosix("there is no claim", "claimed/" + job, ENOENT); }

Result<std::vector<std::string>> NamesIn(FileSystem& fs, int dir) {
  std::vector<std::string> names;
  auto listed = fs.List(dir, [&](std::string_view name, EntryType) {
    names.emplace_back(name);
    return true;
  });
  if (!listed) return Fail(listed.error());
  std::sort(names.begin(), names.end());
  return names;
}

bool IsMarkOf(std::string_view name, std::string_view job) {
  return name.starts_with('.') && name.ends_with("." + std::string(job)) && name != ClaimTakenName(job);
}

}  // namespace

Result<Fd> FolderOps::SharedClaims() {
  auto folder = Opened();
  if (!folder) return Fail(folder.error());
  if (!(*folder)->spools) return Fail(ErrorKind::kBug, settings_.path + " is on no share");
  if (auto there = StillThere(**folder); !there) return Fail(there.error());
  return room((*folder)->fd.get()).Part(kRoomClaimed);
}

Result<ClaimHolder> FolderOps::HolderOf(int claimed, const std::string& job) {
  auto dir = fs_.StatAt(claimed, job);
  if (dir) return ClaimHolder::kOurs;
  if (!Missing(dir.error())) return Fail(dir.error());
  auto taken = fs_.StatAt(claimed, ClaimTakenName(job));
  if (taken) return ClaimHolder::kTakenOver;
  if (!Missing(taken.error())) return Fail(taken.error());
  return ClaimHolder::kGone;
}

Result<ClaimHolder> FolderOps::WhoHas(const std::string& job) {
  if (!IsPlainName(job)) return Fail(ErrorKind::kBug, "not a name in a folder");
  auto folder = Opened();
  if (!folder) return Fail(folder.error());
  if (!(*folder)->spools) return ClaimHolder::kOurs;
  auto claimed = SharedClaims();
  if (!claimed) return Fail(claimed.error());
  return HolderOf(claimed->get(), job);
}

Result<ClaimHolder> FolderOps::RecordClaim(const ClaimRecord& record) {
  if (!IsPlainName(record.job)) return Fail(ErrorKind::kBug, "not a name in a folder");
  auto folder = Opened();
  if (!folder) return Fail(folder.error());
  if (!(*folder)->spools) return ClaimHolder::kOurs;
  auto claimed = SharedClaims();
  if (!claimed) return Fail(claimed.error());
  auto dir = fs_.OpenFolderAt(claimed->get(), record.job);
  if (!dir && Missing(dir.error())) return HolderOf(claimed->get(), record.job);
  if (!dir) return Fail(dir.error());
  const std::string name(kClaimRecord);
  const std::string text = WriteClaimRecord(record);
  auto there = ReadWhole(fs_, dir->get(), name, kLargestClaimRecord);
  if (!there || *there != text) {
    if (auto written = room((*folder)->fd.get()).Replace(dir->get(), name, text); !written)
      return Fail(written.error());
  }
  // Whoever takes it over renames the folder first and reads the record then: one that was written before the rename is
  // read, and after it this does not stand here any more.
  return HolderOf(claimed->get(), record.job);
}

Status FolderOps::Beat(const HostBeat& own, const std::vector<std::string>& gone, HostsView& view) {
  auto folder = Opened();
  if (!folder) return Fail(folder.error());
  auto its_room = room((*folder)->fd.get());
  auto hosts = own.jobs.empty() ? its_room.Part(kRoomHosts) : its_room.MadePart(kRoomHosts);
  if (!hosts && own.jobs.empty() && Missing(hosts.error())) return {};
  if (!hosts) return Fail(hosts.error());
  const std::string own_name = HostBeatName(own.id);
  std::vector<std::string> removed = gone;
  if (own.jobs.empty()) {
    removed.push_back(own.id);
  } else if (auto written = its_room.Replace(hosts->get(), own_name, WriteHostBeat(own)); !written) {
    return written;
  }
  for (const std::string& id : removed) {
    auto away = fs_.RemoveAt(hosts->get(), HostBeatName(id));
    if (!away && !Missing(away.error())) return away;
  }
  auto names = NamesIn(fs_, hosts->get());
  if (!names) return Fail(names.error());
  const std::string ending = HostBeatName("");
  for (const std::string& name : *names) {
    if (name == own_name || name.starts_with('.') || !name.ends_with(ending)) continue;
    auto text = ReadWhole(fs_, hosts->get(), name, kLargestBeat);
    if (!text && !Missing(text.error()) && text.error().kind != ErrorKind::kCorrupt) return Fail(text.error());
    if (!text) continue;
    // What is no beat is none: it tells nothing, and what it should have told is missed after a while.
    if (auto beat = ReadHostBeat(name.substr(0, name.size() - ending.size()), *text)) {
      view.others.push_back(std::move(*beat));
    }
  }
  return {};
}

Result<HostsView> FolderOps::SeeHosts(const HostBeat& own, const std::vector<std::string>& gone) {
  HostsView view;
  auto folder = Opened();
  if (!folder) return Fail(folder.error());
  if (!(*folder)->spools) return view;
  auto claimed = SharedClaims();
  if (!claimed) return Fail(claimed.error());
  if (auto beaten = Beat(own, gone, view); !beaten) return Fail(beaten.error());
  auto listed = fs_.List(claimed->get(), [&](std::string_view name, EntryType type) {
    const bool folder_like = type == EntryType::kFolder || type == EntryType::kUnknown;
    if (folder_like && !name.starts_with('.')) view.claims.emplace_back(name);
    return true;
  });
  if (!listed) return Fail(listed.error());
  return view;
}

Result<ClaimView> FolderOps::SeeClaim(int claimed, const std::string& job) {
  auto dir = fs_.OpenFolderAt(claimed, job);
  if (!dir && Missing(dir.error())) return IsGone(job);
  if (!dir) return Fail(dir.error());
  auto names = NamesIn(fs_, dir->get());
  if (!names) return Fail(names.error());
  ClaimView view;
  std::string artifact;
  for (const std::string& name : *names) {
    if (IsPassedOver(name)) continue;
    if (KindOfName(name)) {
      artifact = name;
      continue;
    }
    if (const auto kind = SidecarOf(name)) {
      view.file_name = name.substr(0, name.size() - Suffix(*kind).size());
      view.sidecars.push_back(name);
    }
  }
  view.whole = !artifact.empty();
  if (view.whole) view.file_name = artifact;
  auto text = ReadWhole(fs_, dir->get(), std::string(kClaimRecord), kLargestClaimRecord);
  if (!text && Missing(text.error())) return view;
  if (!text) return Fail(text.error());
  auto record = ReadClaimRecord(*text);
  if (!record) {
    return Fail(ErrorKind::kCorrupt, "claimed/" + job + "/" + std::string(kClaimRecord) +
                                         " cannot be understood: " + record.error().message);
  }
  view.record = std::move(*record);
  return view;
}

Result<ClaimView> FolderOps::LookAtClaim(const std::string& job) {
  if (!IsPlainName(job)) return Fail(ErrorKind::kBug, "not a name in a folder");
  auto claimed = SharedClaims();
  if (!claimed) return Fail(claimed.error());
  return SeeClaim(claimed->get(), job);
}

// Where a claim that was never ended took its sidecars from: its mark tells, of what stands in the drop folder.
Result<std::string> FolderOps::PathOf(int claimed, const std::string& job, const std::string& name) {
  auto names = NamesIn(fs_, claimed);
  if (!names) return Fail(names.error());
  const auto mark = std::find_if(names->begin(), names->end(), [&](const auto& one) { return IsMarkOf(one, job); });
  if (mark == names->end() || mark->starts_with(ClaimMarkPrefix(Sha256Hex(name)))) return name;
  auto listing = List();
  if (!listing) return Fail(listing.error());
  for (const ListedFile& file : listing->files) {
    const bool same = BaseName(file.name) == name && mark->starts_with(ClaimMarkPrefix(Sha256Hex(file.name)));
    if (same) return file.name;
  }
  return name;
}

Status FolderOps::ClearMarks(int claimed, const std::string& job) {
  auto names = NamesIn(fs_, claimed);
  if (!names) return Fail(names.error());
  for (const std::string& name : *names) {
    if (!IsMarkOf(name, job)) continue;
    auto gone = fs_.RemoveAt(claimed, name);
    if (!gone && !Missing(gone.error())) return gone;
  }
  return {};
}

// Sidecars alone go back beside their artifact; what is left of one that was put away follows it.
Status FolderOps::UndoClaim(int claimed, const TakeOverRequest& request, const ClaimView& claim) {
  auto folder = Opened();
  if (!folder) return Fail(folder.error());
  auto dir = fs_.OpenFolderAt(claimed, request.to);
  if (!dir) return Fail(dir.error());
  auto path = PathOf(claimed, request.to, claim.file_name);
  if (!path) return Fail(path.error());
  auto place = EnterWhatIsLeft(**folder, std::string(SubfolderOf(*path)));
  if (!place) return Fail(place.error());
  if (claim.file_name.empty()) {
    if (auto gone = RemoveDotFiles(dir->get(), true); !gone) return gone;
    return room((*folder)->fd.get()).RemoveClaimedFolder(request.to);
  }
  if (claim.record) {
    PutAwayRequest rest;
    rest.job = request.to;
    rest.name = claim.file_name;
    return PutAway(rest);
  }
  if (auto gone = RemoveDotFiles(dir->get(), false); !gone) return gone;
  return PutBackSidecars(place->fd, dir->get(), request.to, claim.file_name);
}

// The marks of the claim that is taken over stand for the new one too, before it does.
Status FolderOps::CopyMarks(int claimed, const TakeOverRequest& request) {
  auto names = NamesIn(fs_, claimed);
  if (!names) return Fail(names.error());
  for (const std::string& name : *names) {
    if (!IsMarkOf(name, request.from)) continue;
    const std::string other = name.substr(0, name.size() - request.from.size()) + request.to;
    auto made = fs_.CreateAt(claimed, other, 0660);
    if (!made && made.error().sys != EEXIST) return Fail(made.error());
  }
  return {};
}

Result<TakenOver> FolderOps::TakeOver(const TakeOverRequest& request) {
  if (!IsPlainName(request.from) || !IsPlainName(request.to)) return Fail(ErrorKind::kBug, "not a name in a folder");
  auto claimed = SharedClaims();
  if (!claimed) return Fail(claimed.error());
  auto claim = SeeClaim(claimed->get(), request.from);
  if (!claim) return Fail(claim.error());
  TakenOver taken;
  if (claim->whole) {
    InspectRequest look;
    look.subfolder = settings_.rooms + "/" + std::string(kRoomClaimed) + "/" + request.from;
    look.name = claim->file_name;
    look.kind = KindOfName(claim->file_name).value_or(ArtifactKind::kApk);
    look.full_crc = true;
    look.sidecars = claim->sidecars;
    auto dir = fs_.OpenFolderAt(claimed->get(), request.from);
    if (!dir) return Fail(dir.error());
    auto stat = fs_.StatAt(dir->get(), look.name);
    if (!stat) return Fail(stat.error());
    look.expected = *stat;
    taken.inspection = Inspect(look);
    // The copy is made again for the job that it becomes.
    DropIncoming(JoinPath(look.subfolder, look.name));
    using Outcome = Inspection::Outcome;
    const Outcome outcome = taken.inspection.outcome;
    if (outcome != Outcome::kWhole && outcome != Outcome::kIncomplete && outcome != Outcome::kNotAnArtifact) {
      return Fail(ErrorKind::kLocalDisk, claim->file_name + " cannot be read: " + taken.inspection.reason);
    }
  }
  // Reading took its time.
  claim = SeeClaim(claimed->get(), request.from);
  if (!claim) return Fail(claim.error());
  const auto delivering = [&]() -> std::optional<Error> {
    // Without its artifact there is nothing that could be sent again.
    if (!claim->whole || !claim->record || !claim->record->delivering || request.even_delivering) return std::nullopt;
    return PosixError("its host was delivering", claim->file_name, EBUSY);
  };
  if (auto error = delivering()) return Fail(*error);
  // Before the rename, so that its host never finds its claim gone and nobody who has it.
  const std::string taken_name = ClaimTakenName(request.from);
  auto told = fs_.CreateAt(claimed->get(), taken_name, 0660);
  if (!told && told.error().sys != EEXIST) return Fail(told.error());
  if (auto marked = CopyMarks(claimed->get(), request); !marked) return Fail(marked.error());
  auto moved = fs_.RenameAt(claimed->get(), request.from, claimed->get(), request.to);
  if (!moved && Missing(moved.error())) return IsGone(request.from);
  if (!moved) return Fail(moved.error());
  const auto give_back = [&](Error error) -> Result<TakenOver> {
    if (fs_.RenameAt(claimed->get(), request.to, claimed->get(), request.from)) {
      (void)fs_.RemoveAt(claimed->get(), taken_name);
      (void)ClearMarks(claimed->get(), request.to);
    }
    return Fail(std::move(error));
  };
  // Only now: its host may have written up to the rename.
  claim = SeeClaim(claimed->get(), request.to);
  if (!claim) return give_back(claim.error());
  if (auto error = delivering()) return give_back(*error);
  if (auto synced = fs_.SyncFolder(claimed->get()); !synced) return give_back(synced.error());
  taken.claim = *claim;
  if (!claim->whole) {
    if (auto undone = UndoClaim(claimed->get(), request, *claim); !undone) return give_back(undone.error());
  }
  // Those that stay count for nothing: there is no claim of theirs any more.
  (void)ClearMarks(claimed->get(), request.from);
  (void)ClearMarks(claimed->get(), request.to);
  return taken;
}

}  // namespace tegodrop
