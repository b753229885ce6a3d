// builds download: the release gates, the transfer and the checks of a delivery, for one build and by hand.
#include <sys/stat.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <utility>
#include <vector>

#include "daemon/base/host_name.h"
#include "daemon/base/json.h"
#include "daemon/base/text.h"
#include "daemon/base/units.h"
#include "daemon/base/version.h"
#include "daemon/cli/portal/actions.h"
#include "daemon/cli/portal/breakable_transfer.h"
#include "daemon/cli/portal/download_room.h"
#include "daemon/cli/portal/listing.h"
#include "daemon/cli/portal/progress_bar.h"
#include "daemon/delivery/deliverer.h"
#include "daemon/delivery/records.h"
#include "daemon/disk/layout.h"
#include "daemon/disk/mount_table.h"
#include "daemon/ledger/sqlite_ledger.h"
#include "daemon/loop/worker_pool.h"
#include "daemon/model/output_name.h"
#include "daemon/share/local_output_folder.h"

namespace tegodrop {
namespace {

constexpr int kMostTries = 6;  // passing trouble of the line, one after the other
// A person stops a download where a daemon seldom dies: little is to be asked for again.
constexpr CheckpointPace kPace{1ULL << 20U, std::chrono::seconds(1)};
constexpr std::size_t kLongestName = 255;
constexpr int kMostRefused = 2;  // by the store, of URLs that were given out for it

bool IsThere(const std::string& path) {
  struct stat attributes {};
  return lstat(path.c_str(), &attributes) == 0;
}

// The ledger's job of that build, where the ledger may be read and has one.
std::optional<Job> JobOf(const Settings& settings, const BuildRow& row) {
  const auto ledger = ReadLedger(settings.state_dir, 0);
  if (!ledger) return std::nullopt;
  for (const Job& job : ledger->jobs) {
    const bool ours = job.target->tenant == settings.portal.tenant && job.target->portal_url == settings.portal.url;
    if (ours && job.ticket.start_time != 0 && Matches(row, IdentityOf(job))) return job;
  }
  return std::nullopt;
}

class ManualDownload {
 public:
  explicit ManualDownload(const PortalDesk& desk)
      : desk_(desk), asked_(desk.options), transfer_(desk.session.transfer()) {}

  ExitCode Run() {
    if (const ExitCode code = CheckTarget(); code != ExitCode::kDone) return code;
    const BuildIdentity build{asked_.version, asked_.platform, asked_.start_time, asked_.name};
    const auto row = FindBuild(desk_.session, build);
    if (!row) return TellRefusal(row.error(), Lookup());
    if (!*row) {
      Complain("the history of " + build.version + " has no such build; see 'tegodrop " + Lookup() + "'");
      return ExitCode::kFailed;
    }
    const Job job = JobFor(**row);
    if (const std::string closed = Gate(**row, job); !closed.empty()) {
      Complain(closed);
      return ExitCode::kFailed;
    }
    return Fetch(job);
  }

 private:
  std::string Lookup() const { return "builds list --version " + asked_.version; }
  std::string Path() const { return (folder_ == "/" ? "" : folder_) + "/" + name_; }

  // Where it goes, free of anything else, before anybody is asked.
  ExitCode CheckTarget() {
    if (!KindOfName(asked_.name)) {
      Complain("--name " + asked_.name + " is no build's file name: it ends in .apk, .aab or .ipa");
      return ExitCode::kUsage;
    }
    std::filesystem::path path = asked_.output;
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored) || asked_.output.ends_with('/')) {
      Job named;
      named.artifact.file_name = asked_.name;
      named.ticket.start_time = asked_.start_time;
      named.target.Edit().output_name = "{stem}-protected-{start_time}{ext}";
      path /= ProtectedName(named);
    }
    folder_ = path.parent_path().string();
    name_ = path.filename().string();
    if (name_.empty() || name_ == "." || name_ == "..") {
      Complain("--output wants a file or a folder");
      return ExitCode::kUsage;
    }
    if ((asked_.trace ? TraceName(name_) : name_).size() > kLongestName) {
      Complain("the name in --output is too long for a file system" +
               std::string(asked_.trace ? " with .trace.json behind it" : ""));
      return ExitCode::kUsage;
    }
    if (const std::string drop = DropFolderOf(folder_); !drop.empty()) {
      Complain("--output lies in the drop folder " + drop + ": it would be taken for a drop; choose another place");
      return ExitCode::kUsage;
    }
    std::vector<std::string> paths{Path()};
    if (asked_.trace) paths.insert(paths.end(), {ChecksumName(Path()), TraceName(Path())});
    for (const std::string& one : paths) {
      if (!IsThere(one)) continue;
      Complain(Printable(one) +
               " is there already, and nothing is overwritten: choose another --output, or move it away");
      return ExitCode::kOutput;
    }
    return ExitCode::kDone;
  }

  // The name of the drop folder that a folder is, or lies in, by whatever path; empty where it is in none.
  std::string DropFolderOf(const std::string& folder) const {
    const auto leads = [](const std::string& path) {
      const auto found = FindMount(path);
      return found ? found->path : path;
    };
    const std::string place = leads(folder) + "/";
    for (const FolderSettings& one : desk_.settings.folders) {
      if (place.starts_with(leads(one.path) + "/") || (folder + "/").starts_with(one.path + "/")) return one.name;
    }
    return "";
  }

  Job JobFor(const BuildRow& row) {
    Job job;
    if (auto known = JobOf(desk_.settings, row)) {
      known_ = true;
      job = std::move(*known);
    } else {
      SystemRandom random;
      job.id = NewId(desk_.session.clock().Wall(), random);
      Target& target = job.target.Edit();
      target.portal_url = desk_.settings.portal.url;
      target.tenant = desk_.settings.portal.tenant;
      target.version = row.version;
      job.artifact.file_name = row.name;
      job.artifact.kind = *KindOfName(row.name);
      job.ticket.start_time = row.start_time;
      job.ticket.signing_key_id = row.signing_key_id;
    }
    if (asked_.allow_unsigned) job.target.Edit().signature = SignatureNeed::kNotRequired;
    job.state = JobState::kBuilt;
    job.epoch = 0;
    job.build = row;
    job.output = {};
    job.download_tries = 0;
    job.bad_downloads = 0;
    job.duplicate_of.clear();
    job.failure.reset();
    job.times.delivered = 0;
    return job;
  }

  // Why it is not downloaded; empty where it may be.
  std::string Gate(const BuildRow& row, const Job& job) const {
    const std::string words = BuildMessage(row);
    const std::string said = words.empty() ? "" : " (" + words + ")";
    switch (JudgeBuild(row, SignatureRequired(job))) {
      case GateVerdict::kPassed:
        return "";
      case GateVerdict::kRunning:
        return "the build is still running" + said + "; try again when 'tegodrop " + Lookup() + "' says done";
      case GateVerdict::kReset:
        return "the build is neither done nor failed" + said + ": perhaps it is queued for signing; try again later";
      case GateVerdict::kFailed:
        return "the build failed" + said;
      case GateVerdict::kNotSigned:
        return "the build is not signed" + said +
               "; sign it ('tegodrop builds sign'), or take it as it is: --allow-unsigned";
      case GateVerdict::kDeleted:
        return "the build was deleted: the portal keeps its row alone";
    }
    return "";
  }

  ExitCode Fetch(const Job& job) {
    EventLoop& loop = desk_.session.loop();
    DownloadRoom room(desk_.fs, loop, folder_, name_);
    if (const Status begun = room.Begin(job); !begun) return TellRefusal(begun.error(), Lookup());
    if (room.kept() > 0) std::fprintf(stderr, "goes on behind the first %s\n", HumanSize(room.kept()).c_str());
    if (const Status fetched = Transfer(room); !fetched) return Failed(room, fetched.error());
    Job whole = room.job();
    whole.output.protected_name = name_;
    whole.times.delivered = desk_.session.clock().Wall();
    if (const Status published = room.Publish(Companions(whole)); !published)
      return Unpublished(room, published.error());
    room.Remove();
    return Tell(whole);
  }

  Status Transfer(DownloadRoom& room) {
    EventLoop& loop = desk_.session.loop();
    WorkerPool writers(loop, 2, "download");
    const auto output =
        MakeLocalOutputFolder(folder_, room.rooms(), {}, loop, writers, desk_.fs, desk_.session.clock());
    const Attestor attestor;  // nothing is published by it
    Deliverer deliverer({desk_.session.portal(),
                         transfer_,
                         loop,
                         desk_.session.clock(),
                         desk_.session.log(),
                         {HostName(), kVersion},
                         attestor,
                         kPace},
                        [&](const Job&) -> Result<OutputFolder*> { return output.get(); });
    std::vector<HandlePtr> signals;
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) signals.push_back(loop.OnSignal(number, [&] { Stop(); }));
    ProgressBar bar(name_, desk_.session.clock());
    SystemRandom random;
    for (int failed = 0;;) {
      const Status fetched = desk_.session.Await<void>(
          [&](auto done) {
            return deliverer.Fetch(
                room, [&](std::uint64_t received, std::uint64_t total) { bar.Show(received, total); }, std::move(done));
          },
          /*tells=*/false);
      if (fetched) return fetched;
      if (stopped_) return Fail(ErrorKind::kCancelled, "stopped");
      const Error& error = fetched.error();
      const bool bad = error.kind == ErrorKind::kCorrupt && room.job().bad_downloads < kMostBadDownloads;
      // Nobody waits at a terminal for a time that a server names, nor asks often for what a store does not have.
      const bool passing = PortalSession::IsPassing(error) && ++failed < (IsRefusal(error) ? kMostRefused : kMostTries);
      if (!bad && !passing) return fetched;
      std::fprintf(stderr, "%s; once more\n", Printable(error.message).c_str());
      desk_.session.Pause(RetryDelay(failed, std::nullopt, random));
      if (stopped_) return Fail(ErrorKind::kCancelled, "stopped");
    }
  }

  // A second time it does not wait for a disk.
  void Stop() {
    const bool again = std::exchange(stopped_, true);
    if (again || !transfer_.Break()) desk_.session.loop().Stop();
  }

  // The store's no, which a fresh URL did not change.
  static bool IsRefusal(const Error& error) {
    return error.http_status >= 400 && error.http_status < 500 && error.http_status != 408 && error.http_status != 429;
  }

  ExitCode Failed(DownloadRoom& room, const Error& error) {
    if (room.kept() == 0) room.Remove();
    const ExitCode code = TellFailure(error);
    if (room.kept() > 0) {
      std::fprintf(stderr, "%s are kept: the same command goes on behind them\n", HumanSize(room.kept()).c_str());
    }
    return code;
  }

  ExitCode TellFailure(const Error& error) {
    if (error.kind == ErrorKind::kCorrupt) {
      Complain(error.message + "; nothing was written: have the build made again, or ask the portal's support");
      return ExitCode::kFailed;
    }
    if (error.kind == ErrorKind::kRetry && IsRefusal(error)) {
      Complain(error.message + "; see 'tegodrop " + Lookup() + "' for whether the build is still there");
      return ExitCode::kFailed;
    }
    return TellRefusal(error, Lookup());
  }

  // Whole and checked, and without its name: the next call asks for none of it again where the store lets it.
  ExitCode Unpublished(DownloadRoom& room, const Error& error) {
    Complain(error.message + (IsThere(Path()) ? "; move what is there away" : "; make room for it") +
             "; then give the same command again");
    if (room.kept() == 0) room.Remove();
    return ExitCode::kOutput;
  }

  ExitCode Tell(const Job& job) {
    if (asked_.json) {
      std::fputs(Document(job).c_str(), stdout);
    } else {
      std::printf("%s: %s, sha256 %s, checks %s\n", Printable(Path()).c_str(), HumanSize(job.output.size).c_str(),
                  job.output.sha256.c_str(), OverallResult(job.output.checks).c_str());
    }
    return ExitCode::kDone;
  }

  std::vector<DownloadRoom::Companion> Companions(Job job) const {
    if (!asked_.trace) return {};
    if (!known_) job.id.clear();  // it was made up for the room
    return {{ChecksumName(name_), ChecksumLine(job)}, {TraceName(name_), TraceJson(job, {HostName(), kVersion})}};
  }

  std::string Document(const Job& job) const {
    Json json(2);
    json.Begin();
    json.Text("schema", "tegodrop-download/1");
    json.Text("path", Path());
    json.Number("size", static_cast<std::int64_t>(job.output.size));
    json.Text("sha256", job.output.sha256);
    json.Known("trace", asked_.trace ? TraceName(Path()) : "");
    WriteChecks(json, job.output.checks);
    json.End();
    return json.Finish();
  }

  const PortalDesk& desk_;
  const PortalOptions& asked_;
  std::string folder_;
  std::string name_;
  BreakableTransfer transfer_;
  bool known_ = false;  // to the ledger
  bool stopped_ = false;
};

}  // namespace

ExitCode DownloadBuild(const PortalDesk& desk) { return ManualDownload(desk).Run(); }

}  // namespace tegodrop
