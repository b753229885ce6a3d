#include "daemon/cli/portal/download_room.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>
#include <vector>

#include "daemon/base/digest.h"
#include "daemon/base/json.h"
#include "daemon/base/safe_json.h"
#include "daemon/base/text.h"
#include "daemon/disk/layout.h"
#include "daemon/disk/whole_file.h"
#include "daemon/model/job.h"

namespace tegodrop {
namespace {

constexpr char kRecord[] = "download.json";
constexpr char kNewRecord[] = "download.json.tmp";
constexpr std::size_t kLargestRecord = 64 << 10;
constexpr std::size_t kNameDigits = 16;

std::string RecordJson(const Job& job, const KeptBytes& kept) {
  Json json;
  json.Begin();
  json.Text("schema", "tegodrop-download-record/1");
  json.Text("tenant", job.target->tenant);
  json.Text("version", job.target->version);
  json.Number("start_time", job.ticket.start_time);
  json.Text("file_name", job.artifact.file_name);
  json.Number("epoch", job.epoch);
  json.Known("staging_name", job.output.staging_name);
  json.Known("etag", kept.etag);
  json.Number("total", static_cast<std::int64_t>(kept.total));
  json.Number("synced", static_cast<std::int64_t>(kept.synced));
  json.End();
  return json.Finish();
}

mode_t ModeOfUmask() {
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

}  // namespace

DownloadRoom::DownloadRoom(FileSystem& fs, TimerMaker& timers, std::string folder, std::string name)
    : fs_(fs),
      timers_(timers),
      folder_(std::move(folder)),
      name_(std::move(name)),
      rooms_(".tegodrop-" + Sha256Hex(name_).substr(0, kNameDigits)) {}

Status DownloadRoom::Begin(Job job) {
  job_ = std::move(job);
  auto dir = fs_.OpenFolder(folder_);
  if (!dir) return Fail(dir.error());
  dir_ = std::move(*dir);
  if (Status made = fs_.MakeFolderAt(dir_.get(), rooms_, 0700); !made) return made;
  auto room = fs_.OpenFolderAt(dir_.get(), rooms_);
  if (!room) return Fail(room.error());
  room_ = std::move(*room);
  const auto stat = fs_.Stat(room_.get());
  if (!stat) return Fail(stat.error());
  // In a folder that others may write somebody could have made it first, and exchange what was checked.
  if (stat->uid != geteuid() || (stat->mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Fail(ErrorKind::kLocalDisk, Printable(folder_ + "/" + rooms_) +
                                           " is somebody else's: have it removed, or choose a folder of your own");
  }
  const std::string path = folder_ + "/" + rooms_;
  lock_ = Fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock_.valid()) return Fail(PosixError("cannot open", path, errno));
  // A file system without locks has nobody else to be told apart.
  if (flock(lock_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    return Fail(ErrorKind::kLocalDisk, "another download to " + Printable(name_) + " is under way; wait for its end");
  }
  Recall();
  return {};
}

// Only of the very same build; anything else is no use.
void DownloadRoom::Recall() {
  const auto text = ReadWhole(fs_, room_.get(), kRecord, kLargestRecord);
  if (!text) return;
  const auto record = ParseJson(*text);
  if (!record || !record->IsObject()) return;
  const bool same = TextMember(*record, "tenant") == job_.target->tenant &&
                    TextMember(*record, "version") == job_.target->version &&
                    IntegerMember(*record, "start_time") == job_.ticket.start_time &&
                    TextMember(*record, "file_name") == job_.artifact.file_name;
  const std::string staging = TextMember(*record, "staging_name").value_or("");
  const auto parsed = ParseStagingName(staging);
  if (!parsed || parsed->name != staging) return;
  // Under its own name also where it is of no use: so it is dropped by whoever begins anew.
  job_.output.staging_name = staging;
  job_.epoch = IntegerMember(*record, "epoch").value_or(0);
  if (!same) return;
  job_.output.kept.etag = TextMember(*record, "etag").value_or("");
  job_.output.kept.total = static_cast<std::uint64_t>(IntegerMember(*record, "total").value_or(0));
  job_.output.kept.synced = static_cast<std::uint64_t>(IntegerMember(*record, "synced").value_or(0));
  kept_ = job_.output.kept;
}

// Of one that is whole and checked the row keeps no bytes; but until it has its name the room does.
Status DownloadRoom::Write(const Job& job) {
  KeptBytes kept = job.output.kept;
  if (job.state == JobState::kFetched && !kept_.etag.empty()) kept = {kept_.etag, job.output.size, job.output.size};
  Status written = ReplaceWhole(fs_, room_.get(), kNewRecord, kRecord, RecordJson(job, kept), 0600, std::nullopt);
  if (written) kept_ = kept;
  return written;
}

void DownloadRoom::Save(std::function<void(Job&)> change, std::string /*note*/, std::function<void(Status)> done) {
  Job changed = job_;
  change(changed);
  Status written = Write(changed);
  later_ = timers_.After(std::chrono::milliseconds(0),
                         [this, changed = std::move(changed), written = std::move(written), done = std::move(done)] {
                           if (written) job_ = changed;
                           const auto last = done;  // it may ask for the next Save, and end this callback
                           last(written);
                         });
}

Status DownloadRoom::Publish(const std::vector<Companion>& companions) {
  for (const Companion& one : companions) {
    // What an earlier try left is made anew.
    static_cast<void>(fs_.RemoveAt(room_.get(), one.name));
    if (Status written =
            WriteWhole(fs_, room_.get(), kNewRecord, room_.get(), one.name, one.content, ModeOfUmask(), std::nullopt);
        !written) {
      return written;
    }
  }
  auto staging = fs_.OpenFolderAt(room_.get(), std::string(kOutputStaging));
  if (!staging) return Fail(staging.error());
  auto file = fs_.OpenToWriteAt(staging->get(), job_.output.staging_name);
  if (!file) return Fail(file.error());
  auto stat = fs_.Stat(file->get());
  if (!stat) return Fail(stat.error());
  if (Status mode = fs_.SetModeAndGroup(file->get(), ModeOfUmask(), stat->gid); !mode) return mode;
  if (Status moved = fs_.MoveAt(staging->get(), job_.output.staging_name, dir_.get(), name_); !moved) return moved;
  for (const Companion& one : companions) {
    if (Status moved = fs_.MoveAt(room_.get(), one.name, dir_.get(), one.name); !moved) return moved;
  }
  return fs_.SyncFolder(dir_.get());
}

void DownloadRoom::Remove() {
  if (!room_.valid()) return;
  // What cannot be removed is the next download's to find.
  for (const std::string_view part : {kOutputStaging, kOutputQuarantine}) {
    const auto folder = fs_.OpenFolderAt(room_.get(), std::string(part));
    if (!folder) continue;
    std::vector<std::string> names;
    static_cast<void>(fs_.List(folder->get(), [&](std::string_view name, EntryType) {
      names.emplace_back(name);
      return true;
    }));
    for (const std::string& name : names) static_cast<void>(fs_.RemoveAt(folder->get(), name));
    static_cast<void>(fs_.RemoveFolderAt(room_.get(), std::string(part)));
  }
  for (const std::string& name :
       {std::string(kRecord), std::string(kNewRecord), ChecksumName(name_), TraceName(name_)}) {
    static_cast<void>(fs_.RemoveAt(room_.get(), name));
  }
  static_cast<void>(fs_.RemoveFolderAt(dir_.get(), rooms_));
}

}  // namespace tegodrop
