#include "daemon/cli/submit/drop.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "daemon/base/clock.h"
#include "daemon/base/digest.h"
#include "daemon/base/text.h"
#include "daemon/cli/submit/sidecars.h"
#include "daemon/disk/layout.h"

namespace tegodrop {
namespace {

constexpr std::size_t kBlock = 1 << 20;

Unexpected Refuse(std::string sentence) { return Fail(ErrorKind::kRejected, std::move(sentence)); }
// Trouble with FILE is no trouble of the folder.
Unexpected OfFile(const Error& error) { return Refuse(error.message); }

}  // namespace

Result<Fd> OpenSource(FileSystem& fs, const std::string& file) {
  // O_NONBLOCK: a FIFO must not hold us up.
  Fd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) return OfFile(PosixError("cannot read", file, errno));
  auto stat = fs.Stat(fd.get());
  if (!stat) return OfFile(stat.error());
  if (!stat->IsRegular()) return Refuse(file + " is not a regular file");
  return fd;
}

Drop::Drop(FileSystem& fs, Desk& desk, Random& random, std::string folder, std::string rooms)
    : fs_(fs), desk_(desk), random_(random), folder_(std::move(folder)), rooms_(std::move(rooms)) {}

Status Drop::Open() {
  desk_.Doing("opening the drop folder " + folder_);
  auto dir = fs_.OpenFolder(folder_);
  if (!dir) return Fail(dir.error());
  auto stat = fs_.Stat(dir->get());
  if (!stat) return Fail(stat.error());
  // Asked of the kernel, which knows of access lists and read-only mounts.
  if (faccessat(dir->get(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
    return FailPosix("cannot write into the drop folder", folder_, errno);
  }
  dir_ = std::move(*dir);
  dir_stat_ = *stat;
  auto room = fs_.StatAt(dir_.get(), rooms_);
  has_room_ = room && room->IsFolder();
  return {};
}

Status Drop::Check(Parcel& parcel) {
  if (const std::string fault = NameFault(parcel.name); !fault.empty()) return Refuse(parcel.file + " " + fault);
  desk_.Doing("reading " + parcel.file);
  auto source = OpenSource(fs_, parcel.file);
  if (!source) return Fail(source.error());
  auto stat = fs_.Stat(source->get());
  if (!stat) return OfFile(stat.error());
  parcel.size = stat->size;
  desk_.Doing("looking into the drop folder " + folder_);
  if (auto free = CheckFree(parcel.name, parcel.name); !free) return free;
  for (const SidecarKind kind : {SidecarKind::kCommit, SidecarKind::kSha256, SidecarKind::kJson}) {
    if (auto free = CheckFree(parcel.name + std::string(Suffix(kind)), parcel.name); !free) return free;
  }
  const std::string receipt = rooms_ + "/" + std::string(kRoomReceipts) + "/" + ReceiptName(parcel.sidecar.submit_id);
  if (!fs_.StatAt(dir_.get(), receipt)) return {};
  return Refuse("the submit_id " + parcel.sidecar.submit_id + " has a receipt already (" + At(receipt) +
                "): give each drop an id of its own, or none");
}

Status Drop::CheckFree(const std::string& name, const std::string& artifact) {
  auto there = fs_.StatAt(dir_.get(), name);
  if (!there && there.error().sys == ENOENT) return {};
  if (!there) return Fail(there.error());
  if (name == artifact) {
    return Refuse(At(name) +
                  " is there already: an earlier drop that no daemon has taken yet. Submit it again once it "
                  "is taken, or under another name");
  }
  return Refuse(At(name) + " is there already: another drop of " + artifact +
                " is under way, or was broken off. Submit it again once that is taken; what was broken off is put away "
                "after 15 minutes, or remove it");
}

Status Drop::Stage(Parcel& parcel) {
  const std::string stem = ".tegodrop-submit-" + NewId(SystemClock().Wall(), random_);
  auto source = OpenSource(fs_, parcel.file);
  if (!source) return Fail(source.error());
  desk_.Doing("copying " + parcel.file + " into " + folder_);
  auto file = CreateStaged(parcel.name, stem + ".part", parcel.name);
  if (!file) return Fail(file.error());
  std::string sha256;
  auto copied = CopyInto(file->get(), parcel, source->get(), sha256);
  if (!copied) return Fail(copied.error());
  auto stat = Seal(std::move(*file));
  if (!stat) return Fail(stat.error());
  if (stat->size != copied->size) {
    return Fail(ErrorKind::kLocalDisk, folder_ + " holds " + std::to_string(stat->size) + " of the " +
                                           std::to_string(copied->size) + " bytes of " + parcel.name +
                                           " that were written");
  }
  staged_.back().stat = *stat;
  parcel.size = copied->size;
  std::string& expected = parcel.sidecar.sha256;
  if (!expected.empty() && expected != sha256) {
    return Refuse(parcel.file + " has the SHA-256 " + sha256 + ", and its sidecar names " + expected);
  }
  expected = sha256;
  const std::string json = SidecarJson(parcel.sidecar);
  if (json.size() > kLargestSidecar) return Refuse("the sidecar of " + parcel.name + " is larger than 64 KiB");
  if (auto done = StageSmall(parcel, stem, Suffix(SidecarKind::kSha256), SumText(sha256, parcel.name)); !done) {
    return done;
  }
  return StageSmall(parcel, stem, Suffix(SidecarKind::kJson), json);
}

Result<Fd> Drop::CreateStaged(const std::string& artifact, const std::string& temp, const std::string& name) {
  // Readable for those whom the folder shows its files: the daemon has another user, and a build agent's umask is not
  // made for it.
  const mode_t mode = 0600 | (dir_stat_.mode & 0044U);
  // Remembered first: a share may make it and lose the answer. Nobody else has a file of that name.
  staged_.push_back({artifact, temp, name, {}});
  auto file = fs_.CreateAt(dir_.get(), temp, mode);
  if (!file) return file;
  // Where it may not be given, or the share has none, the mode must do.
  (void)fs_.SetModeAndGroup(file->get(), mode, dir_stat_.gid);
  return file;
}

Result<FileStat> Drop::CopyInto(int to, const Parcel& parcel, int from, std::string& sha256) {
  auto before = fs_.Stat(from);
  if (!before) return OfFile(before.error());
  if (auto room = fs_.Reserve(to, before->size); !room) return Fail(room.error());
  std::vector<char> block(kBlock);
  Sha256 digest;
  std::uint64_t at = 0;
  for (;;) {
    if (desk_.Stopped()) return Fail(ErrorKind::kCancelled, kStopped);
    auto count = fs_.ReadAt(from, block.data(), block.size(), at);
    if (!count) return OfFile(count.error());
    if (*count == 0) break;
    if (auto written = fs_.WriteAt(to, block.data(), *count, at); !written) return Fail(written.error());
    digest.Update(block.data(), *count);
    at += *count;
    desk_.Doing("copying " + parcel.file + " into " + folder_);
  }
  auto after = fs_.Stat(from);
  if (!after) return OfFile(after.error());
  if (!after->SameContentAs(*before) || after->size != at) {
    return Refuse(parcel.file + " changed while it was copied: submit it once its build is done with it");
  }
  sha256 = digest.FinishHex();
  return after;
}

Status Drop::StageSmall(const Parcel& parcel, const std::string& stem, std::string_view suffix,
                        std::string_view content) {
  auto file = CreateStaged(parcel.name, stem + std::string(suffix) + ".part", parcel.name + std::string(suffix));
  if (!file) return Fail(file.error());
  if (auto written = fs_.WriteAt(file->get(), content.data(), content.size(), 0); !written) return written;
  auto stat = Seal(std::move(*file));
  if (!stat) return Fail(stat.error());
  staged_.back().stat = *stat;
  return {};
}

Result<FileStat> Drop::Seal(Fd file) {
  if (auto synced = fs_.Sync(file.get()); !synced) return Fail(synced.error());
  auto stat = fs_.Stat(file.get());
  if (!stat) return stat;
  // Some shares tell of a failed write only here.
  if (auto closed = fs_.Close(std::move(file)); !closed) return Fail(closed.error());
  return stat;
}

Status Drop::Place(Parcel& parcel) {
  desk_.Doing("renaming " + parcel.name + " into place in " + folder_);
  // The artifact was staged first and is placed last.
  std::vector<Staged> own;
  for (auto it = staged_.rbegin(); it != staged_.rend(); ++it) {
    if (it->artifact == parcel.name) own.push_back(*it);
  }
  std::vector<Staged> placed;
  Status status;
  for (const Staged& one : own) {
    status = MoveIn(one);
    if (!status) break;
    placed.push_back(one);
    std::erase_if(staged_, [&](const Staged& staged) { return staged.temp == one.temp; });
  }
  if (status) status = fs_.SyncFolder(dir_.get());
  if (!status && Retract(parcel.name, placed)) return status;
  parcel.placed = true;
  return {};
}

Status Drop::MoveIn(const Staged& staged) {
  auto moved = fs_.MoveAt(dir_.get(), staged.temp, dir_.get(), staged.name);
  if (moved) return {};
  // A share may have done it and lost the answer (NFS asks twice), or have linked and not unlinked.
  auto there = fs_.StatAt(dir_.get(), staged.name);
  if (there && there->SameContentAs(staged.stat)) {
    (void)fs_.RemoveAt(dir_.get(), staged.temp);
    return {};
  }
  if (moved.error().sys == EEXIST) {
    if (auto free = CheckFree(staged.name, staged.artifact); !free) return free;
  }
  return moved;
}

// Newest first, so that the artifact never stands without its sidecars, and the name is held to the end. What a daemon
// has taken meanwhile is gone from here, and what has its name now is somebody else's.
bool Drop::Retract(const std::string& artifact, const std::vector<Staged>& placed) {
  for (auto it = placed.rbegin(); it != placed.rend(); ++it) {
    auto there = fs_.StatAt(dir_.get(), it->name);
    const bool taken = there ? !there->SameContentAs(it->stat) : there.error().sys == ENOENT;
    if (taken && it->name == artifact) return false;
    if (there && !taken) Remove(it->name);
  }
  (void)fs_.SyncFolder(dir_.get());
  return true;
}

void Drop::Remove(const std::string& name) {
  auto gone = fs_.RemoveAt(dir_.get(), name);
  if (gone || gone.error().sys == ENOENT) return;
  desk_.Err("tegodrop: " + Printable(gone.error().message) + ": it is left behind in " + Printable(folder_) + "\n");
}

void Drop::Undo() {
  if (staged_.empty()) return;
  desk_.Doing("removing what was begun in " + folder_);
  for (const Staged& one : staged_) Remove(one.temp);
  staged_.clear();
  (void)fs_.SyncFolder(dir_.get());
}

}  // namespace tegodrop
