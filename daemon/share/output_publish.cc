// The three moves of a delivery, and how a death between them is made good; see output_ops.h.
#include <cerrno>
#include <utility>

#include "daemon/disk/layout.h"
#include "daemon/disk/whole_file.h"
#include "daemon/share/output_ops.h"

namespace tegodrop {
namespace {

std::string StagedTrace(const std::string& staging_name) { return staging_name + ".trace"; }
std::string StagedProvenance(const std::string& staging_name) { return staging_name + ".provenance"; }
std::string BegunMark(const std::string& staging_name) { return staging_name + ".publishing"; }

// Of a DSSE envelope as we write it what is signed; of all else everything.
std::string_view BeforeSignatures(std::string_view provenance) {
  return provenance.substr(0, provenance.find("\"signatures\""));
}

Unexpected SomebodyElses(const std::string& name) {
  Error error =
      MakeError(ErrorKind::kLocalDisk, "'" + name + "' in the output folder is somebody else's: move it away");
  error.sys = EEXIST;
  return Fail(std::move(error));
}

}  // namespace

Result<PublishOutcome> OutputOps::Publish(const PublishRequest& request) {
  auto at = OpenPlaces();
  if (!at) return Fail(at.error());
  auto staged = fs_.OpenFileAt(at->staging.get(), request.staging_name);
  if (!staged && staged.error().sys != ENOENT) return Fail(staged.error());
  if (staged) {
    auto outcome = PublishFile(*at, staged->get(), request);
    if (!outcome || *outcome != PublishOutcome::kPublished) return outcome;
  } else {
    auto progress = HowFar(*at, request);
    if (!progress) return Fail(progress.error());
    if (*progress == Progress::kNothing) return PublishOutcome::kLost;
    // Synced in every case: the move may have been the last thing that an earlier call did.
    if (auto synced = fs_.SyncFolder(at->folder.get()); !synced) return Fail(synced.error());
    if (*progress == Progress::kWhole) return PublishOutcome::kPublished;
  }
  if (auto written = PublishChecksum(*at, request); !written) return Fail(written.error());
  if (auto written = PublishProvenance(*at, request); !written) return Fail(written.error());
  if (auto written = PublishTrace(*at, request); !written) return Fail(written.error());
  return PublishOutcome::kPublished;
}

Result<PublishOutcome> OutputOps::PublishFile(const Places& at, int staged, const PublishRequest& request) {
  const int staging = at.staging.get();
  const int folder = at.folder.get();
  auto stat = fs_.Stat(staged);
  if (!stat) return Fail(stat.error());
  // Again here and not only when the name was chosen: another job may have published a variant of it since.
  auto taken = NameTaken(folder, request.name, &*stat);
  if (!taken) return Fail(taken.error());
  if (*taken) return PublishOutcome::kNameTaken;
  if (auto set = fs_.SetModeAndGroup(staged, request.mode, at.group); !set) return Fail(set.error());
  if (auto synced = fs_.Sync(staged); !synced) return Fail(synced.error());
  if (auto done = StageTrace(at, request); !done) return Fail(done.error());
  auto moved = fs_.MoveAt(staging, request.staging_name, folder, request.name);
  if (!moved && moved.error().sys != EEXIST) return Fail(moved.error());
  if (!moved) {
    // A death between link and unlink leaves the same file under both names.
    auto same = SameFile(folder, request.name, *stat);
    if (!same) return Fail(same.error());
    if (!*same) return PublishOutcome::kNameTaken;
    if (auto gone = fs_.RemoveAt(staging, request.staging_name); !gone) return Fail(gone.error());
  }
  if (auto synced = fs_.SyncFolder(folder); !synced) return Fail(synced.error());
  return PublishOutcome::kPublished;
}

Result<OutputOps::Progress> OutputOps::HowFar(const Places& at, const PublishRequest& request) {
  auto trace = Exists(at.staging.get(), StagedTrace(request.staging_name));
  if (!trace) return Fail(trace.error());
  auto begun = Exists(at.staging.get(), BegunMark(request.staging_name));
  if (!begun) return Fail(begun.error());
  if (*begun && !*trace) return Progress::kWhole;
  auto ours = IsOurs(at.folder.get(), request.name, request.facts);
  if (!ours) return Fail(ours.error());
  if (!*ours) return Progress::kNothing;
  if (!*trace) {
    // The room was emptied: the file is ours all the same, and lacks at most its companions.
    if (auto staged = StageTrace(at, request); !staged) return Fail(staged.error());
  }
  return Progress::kFileStands;
}

Result<bool> OutputOps::IsOurs(int dir, const std::string& name, const StagedFacts& facts) {
  auto entry = fs_.StatAt(dir, name);
  if (!entry && entry.error().sys == ENOENT) return false;
  if (!entry) return Fail(entry.error());
  if (!entry->IsRegular() || entry->size != facts.size) return false;
  auto file = fs_.OpenFileAt(dir, name);
  if (!file) return Fail(file.error());
  auto digest = HashFile(fs_, file->get(), facts.size);
  if (!digest) return Fail(digest.error());
  return *digest == facts.sha256;
}

Status OutputOps::StageTrace(const Places& at, const PublishRequest& request) {
  const int staging = at.staging.get();
  const std::string trace = StagedTrace(request.staging_name);
  const std::string provenance = StagedProvenance(request.staging_name);
  const std::string mark = BegunMark(request.staging_name);
  // One from an earlier call may name a name that was taken since.
  if (auto removed = RemoveIfThere(staging, trace); !removed) return removed;
  if (auto removed = RemoveIfThere(staging, provenance); !removed) return removed;
  // Before the trace: where that is staged this is, and the two belong together.
  if (!request.provenance_name.empty()) {
    auto staged =
        WriteWhole(fs_, staging, provenance + ".tmp", staging, provenance, request.provenance, request.mode, at.group);
    if (!staged) return staged;
  }
  auto written = WriteWhole(fs_, staging, trace + ".tmp", staging, trace, request.trace, request.mode, at.group);
  if (!written) return written;
  auto marked = WriteWhole(fs_, staging, mark + ".tmp", staging, mark, "", 0600, {});
  if (!marked && marked.error().sys != EEXIST) return marked;
  return {};
}

Status OutputOps::PublishChecksum(const Places& at, const PublishRequest& request) {
  const int folder = at.folder.get();
  const std::string name = ChecksumName(request.name);
  auto written = WriteWhole(fs_, at.staging.get(), request.staging_name + ".sha256", folder, name, request.checksum,
                            request.mode, at.group);
  if (written || written.error().sys != EEXIST) return written;
  auto there = ReadWhole(fs_, folder, name, request.checksum.size());
  if (!there || *there != request.checksum) return SomebodyElses(name);
  return {};
}

Status OutputOps::PublishProvenance(const Places& at, const PublishRequest& request) {
  if (request.provenance_name.empty()) return {};
  const int staging = at.staging.get();
  const int folder = at.folder.get();
  const std::string staged = StagedProvenance(request.staging_name);
  const std::string& name = request.provenance_name;
  auto moved = fs_.MoveAt(staging, staged, folder, name);
  if (!moved && moved.error().sys == ENOENT) {
    // An earlier call has moved it. Where it is nowhere, it is staged anew with the trace that it belongs to.
    auto there = Exists(folder, name);
    if (!there) return Fail(there.error());
    if (*there) return fs_.SyncFolder(folder);
    if (auto again = StageTrace(at, request); !again) return again;
    moved = fs_.MoveAt(staging, staged, folder, name);
  }
  if (!moved && moved.error().sys != EEXIST) return moved;
  if (!moved) {
    // A death between link and unlink leaves the same file under both names; and where somebody has emptied the room
    // meanwhile, a key may have signed the same statement otherwise.
    constexpr std::size_t kLargest = 4 << 20;
    auto ours = ReadWhole(fs_, staging, staged, kLargest);
    if (!ours) return Fail(ours.error());
    auto there = ReadWhole(fs_, folder, name, kLargest);
    if (!there || BeforeSignatures(*there) != BeforeSignatures(*ours)) return SomebodyElses(name);
    if (auto gone = fs_.RemoveAt(staging, staged); !gone) return gone;
  }
  return fs_.SyncFolder(folder);
}

Status OutputOps::PublishTrace(const Places& at, const PublishRequest& request) {
  const int staging = at.staging.get();
  const int folder = at.folder.get();
  const std::string staged = StagedTrace(request.staging_name);
  const std::string name = TraceName(request.name);
  auto moved = fs_.MoveAt(staging, staged, folder, name);
  if (!moved && moved.error().sys != EEXIST) return moved;
  if (!moved) {
    // Ours where it names this very job and these very bytes; who wrote it (another version, another host) is no
    // matter. So it is also after a death between link and unlink.
    auto there = ReadWhole(fs_, folder, name, 4 << 20);
    const auto names = [&](const std::string& text) { return there->find('"' + text + '"') != std::string::npos; };
    if (!there || !names(request.job) || !names(request.facts.sha256)) return SomebodyElses(name);
    if (auto gone = fs_.RemoveAt(staging, staged); !gone) return gone;
  }
  return fs_.SyncFolder(folder);
}

Status OutputOps::RemoveStaged(int staging, const std::string& staging_name) {
  // The mark first, and durably: a power cut that brought it back without the trace would tell of a whole delivery.
  auto marked = fs_.RemoveAt(staging, BegunMark(staging_name));
  if (marked) marked = fs_.SyncFolder(staging);
  if (!marked && marked.error().sys != ENOENT) return marked;
  for (const std::string_view companion : kStagedCompanions) {
    if (auto removed = RemoveIfThere(staging, staging_name + std::string(companion)); !removed) return removed;
  }
  return {};
}

}  // namespace tegodrop
