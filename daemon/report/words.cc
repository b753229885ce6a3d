// The words that every rendering has: the headline, what is to be done, since when the daemon runs.
#include <chrono>
#include <map>
#include <utility>

#include "daemon/base/units.h"
#include "daemon/report/local_time.h"
#include "daemon/report/report.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

std::string Number(std::int64_t count, const std::string& one, const std::string& more) {
  return std::to_string(count) + " " + (count == 1 ? one : more);
}

// One line for each kind of failure: a night in which everything failed the same way is one thing to do.
void AddFailures(const Report& report, std::vector<std::string>& things) {
  struct Kind {
    std::int64_t count = 0;
    const ReportedJob* first = nullptr;
  };
  std::map<std::pair<std::string, std::string>, Kind> kinds;
  for (const FolderReport& folder : report.folders) {
    for (const ReportedJob& job : folder.jobs) {
      if (job.outcome != Outcome::kFailed && job.outcome != Outcome::kRefused) continue;
      const std::string kind(job.failure ? ToString(job.failure->kind) : "unknown");
      Kind& known = kinds[{std::string(ToString(job.outcome)), kind}];
      if (known.count++ == 0) known.first = &job;
    }
  }
  for (const auto& [key, kind] : kinds) {
    const auto& failure = kind.first->failure;
    const std::string remedy = failure && !failure->remedy.empty()
                                   ? failure->remedy
                                   : "'tegodrop show " + kind.first->id + "' tells what happened";
    const std::string which = kind.count == 1
                                  ? kind.first->file + " " + (key.first == "refused" ? "was refused" : "failed")
                                  : std::to_string(kind.count) + " " + key.first;
    things.push_back(which + " (" + key.second + "): " + remedy);
  }
}

// Of waits: those that nothing but a person ends, and builds that take too long.
void AddWaits(const Report& report, std::vector<std::string>& things) {
  std::int64_t held = 0;
  std::int64_t late = 0;
  const ReportedJob* first_held = nullptr;
  const ReportedJob* first_late = nullptr;
  std::map<std::string, std::int64_t> by_folder;
  for (const FolderReport& folder : report.folders) {
    for (const ReportedJob& job : folder.jobs) {
      if (job.needs_folder) ++by_folder[job.waiting.for_what];
      if (job.held && held++ == 0) first_held = &job;
      if (job.late && !job.held && late++ == 0) first_late = &job;
    }
  }
  for (const auto& [what, count] : by_folder) {
    things.push_back(Number(count, "artifact waits", "artifacts wait") + " for " + what);
  }
  if (held > 0) {
    things.push_back(
        (held == 1 ? first_held->file + " waits" : std::to_string(held) + " uploads wait") +
        " for a person: the portal does not show whether the upload arrived. Look there; 'tegodrop retry " +
        first_held->id + "' asks it again, with --rebuild it is uploaded anew");
  }
  if (late > 0) {
    things.push_back(
        (late == 1 ? "the build of " + first_late->file + " takes" : std::to_string(late) + " builds take") +
        " longer than alarm_after: look at the portal; 'tegodrop show " + first_late->id + "'");
  }
}

std::string FolderThing(const FolderReport& folder) {
  return "folder " + folder.name + " is " + folder.state +
         (folder.since == 0 ? "" : " since " + LocalStamp(folder.since)) +
         (folder.reason.empty() ? "" : ": " + folder.reason);
}

}  // namespace

std::string Headline(const Counts& counts) {
  if (counts.all() == 0) return "nothing was dropped, delivered or failed";
  std::string words = std::to_string(counts.delivered) + " delivered";
  const auto add = [&](std::int64_t count, const std::string& one, const std::string& more) {
    if (count > 0) words += ", " + Number(count, one, more);
  };
  add(counts.failed, "failed", "failed");
  add(counts.refused, "refused", "refused");
  add(counts.cancelled, "cancelled", "cancelled");
  add(counts.duplicates, "duplicate", "duplicates");
  add(counts.wait, "waits", "wait");
  add(counts.at_work, "at work", "at work");
  return words;
}

std::string Headline(const Report& report) { return Headline(report.counts); }

std::vector<std::string> ThingsToDo(const Report& report) {
  std::vector<std::string> things;
  const std::int64_t unfinished = report.counts.wait + report.counts.at_work;
  if (report.daemon.known == DaemonState::Known::kDoesNotRun && unfinished > 0) {
    things.push_back("no daemon runs, and " + Number(unfinished, "artifact waits", "artifacts wait") +
                     " for one: 'systemctl start tegodrop', or 'tegodrop run'");
  }
  for (const Notice& notice : report.notices) {
    things.push_back(notice.name + ": " + notice.text +
                     (notice.since == 0 ? "" : ", since " + LocalStamp(notice.since)));
  }
  for (const FolderReport& folder : report.folders) {
    if (!folder.state.empty() && folder.state != "ok") things.push_back(FolderThing(folder));
  }
  AddFailures(report, things);
  AddWaits(report, things);
  return things;
}

std::string Verdict(const Report& report) {
  const auto count = static_cast<std::int64_t>(ThingsToDo(report).size());
  return Headline(report) + ": " + (count == 0 ? "nothing to do" : Number(count, "thing", "things") + " to do");
}

std::string DaemonWords(const Report& report) {
  const DaemonState& daemon = report.daemon;
  switch (daemon.known) {
    case DaemonState::Known::kRuns:
      return "the daemon runs" + (daemon.since == 0 ? "" : " since " + LocalStamp(daemon.since)) +
             (daemon.process.empty() ? "" : " (process " + daemon.process + ")");
    case DaemonState::Known::kDoesNotRun:
      return daemon.since == 0 ? "no daemon runs, and none has run yet"
                               : "no daemon runs; the last one began " + LocalStamp(daemon.since);
    case DaemonState::Known::kNot:
      break;
  }
  return "whether a daemon runs could not be seen";
}

std::string BuildWords(const BuildTimes& builds) {
  const auto words = [](std::int64_t ms) { return HumanDuration(milliseconds(ms)); };
  if (builds.count == 1) return "1 build: " + words(builds.longest_ms);
  return std::to_string(builds.count) + " builds: median " + words(builds.median_ms) + ", 9 of 10 within " +
         words(builds.p90_ms) + ", longest " + words(builds.longest_ms);
}

}  // namespace tegodrop
