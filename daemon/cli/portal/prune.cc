// builds prune: what we have delivered, and what stands where it was delivered, is deleted at the portal.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/base/json.h"
#include "daemon/base/text.h"
#include "daemon/cli/portal/actions.h"
#include "daemon/cli/portal/listing.h"
#include "daemon/cli/portal/standing.h"
#include "daemon/cli/portal/table.h"
#include "daemon/disk/helper/helper_process.h"
#include "daemon/disk/helper/remote_file_system.h"
#include "daemon/disk/mount_table.h"
#include "daemon/ledger/sqlite_ledger.h"

namespace tegodrop {
namespace {

constexpr std::size_t kWide = 110;

enum class Fate : std::uint8_t { kWould, kDeleted, kGone, kKept, kRefused, kUnknown };

struct Candidate {
  Job job;
  Fate fate = Fate::kWould;
  std::string reason;
};

std::string WordOf(Fate fate) {
  switch (fate) {
    case Fate::kWould:
      return "would_delete";
    case Fate::kDeleted:
      return "deleted";
    case Fate::kGone:
      return "gone";
    case Fate::kKept:
      return "kept";
    case Fate::kRefused:
      return "refused";
    case Fate::kUnknown:
      break;  // no answer came: it may be gone
  }
  return "unknown";
}

std::string Spoken(Fate fate) {
  std::string word = WordOf(fate);
  std::replace(word.begin(), word.end(), '_', ' ');
  return word;
}

volatile std::sig_atomic_t g_stop = 0;

// What the portal has now is what was delivered: neither signed nor built again since.
bool SameOutput(const BuildRow& row, const std::optional<BuildRow>& delivered) {
  return delivered && row.signed_ == delivered->signed_ && row.end_time == delivered->end_time &&
         row.signing_key_id == delivered->signing_key_id;
}

class Pruning {
 public:
  explicit Pruning(const PortalDesk& desk) : desk_(desk) {}

  ExitCode Run() {
    const auto ledger = ReadLedger(desk_.settings.state_dir, 0);
    if (!ledger) {
      Complain(ledger.error().message + "; prune needs the ledger: run it as root, or as the owner or the group of " +
               desk_.settings.state_dir);
      return ledger.error().sys == EACCES || ledger.error().sys == EPERM ? ExitCode::kCredentials : ExitCode::kConfig;
    }
    Choose(ledger->jobs);
    if (!candidates_.empty()) {
      const auto listing = ListEveryBuild(desk_.session, desk_.options.version);
      if (!listing) return TellRefusal(listing.error(), Lookup());
      // What goes after a stop, and what has gone before it, must be told.
      for (const int number : {SIGINT, SIGTERM, SIGHUP}) std::signal(number, [](int) { g_stop = 1; });
      for (Candidate& one : candidates_) Treat(one, *listing);
    }
    desk_.options.json ? Document() : Print();
    return code_;
  }

 private:
  std::string Lookup() const { return "builds list --version " + desk_.options.version; }
  void Counts(ExitCode code) { code_ = WorstOf({code_, code}); }

  // At its end, whole, of this version, and old enough.
  bool IsDelivered(const Job& job) const {
    const WallMs before = desk_.session.clock().Wall() - desk_.options.older_than->count();
    return job.target->version == desk_.options.version && job.state == JobState::kDelivered && job.finished &&
           job.duplicate_of.empty() && job.ticket.start_time != 0 && job.times.delivered <= before;
  }
  // Of this very portal and tenant.
  bool IsOurs(const Job& job) const {
    return job.target->tenant == desk_.settings.portal.tenant && job.target->portal_url == desk_.settings.portal.url;
  }

  void Choose(const std::vector<Job>& jobs) {
    for (const Job& job : jobs) {
      if (!IsDelivered(job)) continue;
      if (IsOurs(job)) {
        candidates_.push_back({job, Fate::kWould, ""});
      } else {
        ++others_;
      }
    }
    if (others_ == 0) return;
    Complain("left alone: " + std::to_string(others_) +
             " as old, delivered at another portal.url or for another portal.tenant");
  }

  static void Keep(Candidate& one, std::string reason) {
    one.fate = Fate::kKept;
    one.reason = std::move(reason);
  }

  // Each is deleted right after it was looked at: hours may lie between the first and the last.
  void Treat(Candidate& one, const BuildListing& listing) {
    if (g_stop != 0) Counts(ExitCode::kLeft);
    if (g_stop != 0) return Keep(one, "not tried");
    if (!AtThePortal(one, listing) || !StandsWhole(one) || !desk_.options.yes) return;
    // Somebody may have asked for it again meanwhile.
    const auto now = ReadStories(desk_.settings.state_dir, one.job.id);
    if (!now || now->size() != 1 || !IsDelivered(now->front().job)) return Keep(one, "its job is at work again");
    if (ended_) return Keep(one, "not tried");
    if (g_stop == 0) return Delete(one);
    Counts(ExitCode::kLeft);
    Keep(one, "not tried");
  }

  bool AtThePortal(Candidate& one, const BuildListing& listing) {
    const BuildIdentity build = IdentityOf(one.job);
    const auto found = std::find_if(listing.builds.begin(), listing.builds.end(),
                                    [&](const ListedBuild& listed) { return Matches(listed.row, build); });
    if (found == listing.builds.end() || found->row.deleted) {
      one.fate = Fate::kGone;
      return false;
    }
    if (found->row.success == true && SameOutput(found->row, one.job.build)) return true;
    if (found->row.success == true) {
      Keep(one, "the portal has another output since, signed by hand perhaps; 'tegodrop redeliver " + one.job.id +
                    "' brings it here");
    } else {
      const std::string words = BuildMessage(found->row);
      Keep(one, "the portal says " + BuildWord(found->row) + (words.empty() ? "" : " (" + words + ")"));
    }
    Counts(ExitCode::kFailed);
    return false;
  }

  bool StandsWhole(Candidate& one) {
    const Standing standing = StandingOf(DiskOf(one.job.target->output_path), one.job);
    if (standing.wrong.empty()) return true;
    // The portal has the last whole one.
    Keep(one, standing.wrong + (standing.unread ? "; look at the folder, and at who may read it"
                                                : "; 'tegodrop redeliver " + one.job.id + "' brings it back"));
    Counts(ExitCode::kFailed);
    return false;
  }

  // A share is touched by a helper process, which may hang in this one's place; one for each folder.
  FileSystem& DiskOf(const std::string& path) {
    const auto mount = FindMount(path);
    if (mount && mount->local) return desk_.fs;
    std::unique_ptr<FileSystem>& remote = shares_[path];
    if (!remote) {
      remote = std::make_unique<RemoteFileSystem>(
          path, [path] { return StartHelperProcess(path); }, desk_.session.clock());
    }
    return *remote;
  }

  void Delete(Candidate& one) {
    const BuildIdentity build = IdentityOf(one.job);
    const Status done = desk_.session.Await<void>(
        [&](auto answer) { return desk_.session.administration().DeleteBuild(build, std::move(answer)); });
    if (done) {
      one.fate = Fate::kDeleted;
      return;
    }
    one.fate = done.error().outcome_unknown ? Fate::kUnknown : Fate::kRefused;
    one.reason = done.error().message;
    Counts(TellRefusal(done.error(), Lookup()));
    // What it does not take from one it does not take from the next.
    ended_ = done.error().kind != ErrorKind::kRejected;
  }

  void Print() const {
    if (candidates_.empty()) {
      std::printf("nothing that was delivered so long ago\n");
      return;
    }
    std::vector<std::vector<std::string>> rows;
    std::size_t would = 0;
    for (const Candidate& one : candidates_) {
      rows.push_back({std::to_string(one.job.ticket.start_time),
                      TimeCell(one.job.times.delivered / 1000, desk_.options.utc), Spoken(one.fate),
                      one.job.artifact.file_name, one.job.id, one.reason});
      would += one.fate == Fate::kWould ? 1 : 0;
    }
    std::fputs(TableText({{"START_TIME"},
                          {"DELIVERED", Wraps::kNever, kWide},
                          {"WHAT"},
                          {"NAME", Wraps::kFirst},
                          {"JOB"},
                          {"REASON", Wraps::kFirst}},
                         rows, OutputWidth())
                   .c_str(),
               stdout);
    if (would > 0) {
      std::printf("%zu would be deleted at the portal: the same command with --yes does it\n", would);
    }
  }

  void Document() const {
    Json json(2);
    json.Begin();
    json.Text("schema", "tegodrop-prune/1");
    json.Text("version", desk_.options.version);
    json.Flag("deletes", desk_.options.yes);
    json.Number("of_other_portals", static_cast<std::int64_t>(others_));
    json.BeginList("builds");
    for (const Candidate& one : candidates_) {
      json.Begin();
      json.Number("start_time", one.job.ticket.start_time);
      json.Text("platform", PlatformOf(one.job.artifact.kind));
      json.Text("file_name", one.job.artifact.file_name);
      json.Text("job", one.job.id);
      json.Time("delivered", one.job.times.delivered);
      json.Text("fate", WordOf(one.fate));
      json.Known("reason", one.reason);
      json.End();
    }
    json.EndList();
    json.End();
    std::fputs(json.Finish().c_str(), stdout);
  }

  const PortalDesk& desk_;
  std::vector<Candidate> candidates_;
  std::map<std::string, std::unique_ptr<FileSystem>> shares_;
  std::size_t others_ = 0;
  bool ended_ = false;
  ExitCode code_ = ExitCode::kDone;
};

}  // namespace

ExitCode PruneBuilds(const PortalDesk& desk) { return Pruning(desk).Run(); }

}  // namespace tegodrop
