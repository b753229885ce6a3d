#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/base/json.h"
#include "daemon/base/text.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/health.h"
#include "daemon/cli/job_view.h"
#include "daemon/cli/screen.h"
#include "daemon/ledger/history.h"
#include "daemon/ledger/sqlite_ledger.h"
#include "daemon/ledger/state_disk.h"
#include "daemon/report/shown.h"

namespace tegodrop {
namespace {

// How far back finished jobs are shown: a night and the day before it.
constexpr WallMs kShown = 24LL * 3600 * 1000;
// So many of them, and so many failed ones: `report` has them all.
constexpr std::int64_t kMost = 500;
constexpr std::chrono::seconds kWatchEvery{2};

std::string Document(const RecentLedger& recent) {
  const LedgerSnapshot& snapshot = recent.ledger;
  Json json(2);
  json.Begin();
  json.Text("schema", "tegodrop-status/1");
  json.BeginList("jobs");
  for (const Job& job : snapshot.jobs) {
    json.Begin();
    WriteJobFields(json, job, snapshot.pauses);
    json.End();
  }
  json.EndList();
  json.Number("left_out", recent.left_out);
  json.BeginList("folders");
  for (const FolderRecord& folder : snapshot.folders) {
    json.Begin();
    json.Text("name", folder.name);
    json.Known("path", folder.path);
    json.Known("state", folder.state);
    json.Known("reason", folder.reason);
    json.End();
  }
  json.EndList();
  json.BeginList("notices");
  for (const Notice& notice : snapshot.notices) {
    json.Begin();
    json.Text("about", notice.name);
    json.Text("message", notice.text);
    json.Time("since", notice.since);
    json.End();
  }
  json.EndList();
  json.End();
  return json.Finish();
}

void PrintText(std::FILE* to, const RecentLedger& recent) {
  const LedgerSnapshot& snapshot = recent.ledger;
  for (const Notice& notice : snapshot.notices) {
    std::fprintf(to, "%s: %s, since %s\n", notice.name.c_str(), Printable(notice.text).c_str(),
                 LocalTimeOfDay(notice.since).c_str());
  }
  if (!snapshot.notices.empty()) std::fprintf(to, "\n");
  for (const FolderRecord& folder : snapshot.folders) {
    std::fprintf(to, "folder %-16s %-9s %s%s%s\n", folder.name.c_str(), folder.state.c_str(),
                 Printable(folder.path).c_str(), folder.reason.empty() ? "" : ": ", Printable(folder.reason).c_str());
  }
  if (!snapshot.folders.empty()) std::fprintf(to, "\n");
  if (recent.left_out > 0) {
    std::fprintf(to, "%lld more came to their end in the last 24 hours: 'tegodrop report'\n",
                 static_cast<long long>(recent.left_out));
  }
  for (const Job& job : snapshot.jobs) PrintJob(to, job, snapshot.pauses);
  if (snapshot.jobs.empty()) std::fprintf(to, "no jobs in the last 24 hours\n");
}

// The daemon cannot record that it waits where it cannot record anything: what it waits for is seen here.
void ShowDiskTrouble(const std::string& trouble, LedgerSnapshot& snapshot) {
  for (FolderRecord& folder : snapshot.folders) {
    folder.reason = trouble + (folder.reason.empty() ? "" : "; " + folder.reason);
    const bool never_opened = folder.first_seen == 0 && folder.room_id.empty();
    if (folder.state == "ok" || never_opened) folder.state = "degraded";
  }
  for (Job& job : snapshot.jobs) {
    if (!job.finished && job.waiting.for_what.empty()) job.waiting = {"the ledger's disk: " + trouble, 0, 0};
  }
}

// What there is to be shown, or how the command ends without it.
tl::expected<RecentLedger, ExitCode> Look(const Settings& settings) {
  RecentLedger recent;
  const std::string disk = StateDiskTrouble(settings.state_dir);
  auto read = ReadRecent(settings.state_dir, SystemClock().Wall() - kShown, kMost);
  if (read) {
    recent = std::move(*read);
  } else if (read.error().sys == ENOENT) {
    std::fprintf(stderr, "tegodrop: there is no ledger in %s yet: nothing has run\n",
                 Printable(settings.state_dir).c_str());
  } else {
    const ExitCode code = LedgerUnreadable(settings, read.error());
    if (!disk.empty()) std::fprintf(stderr, "tegodrop: %s\n", disk.c_str());
    return tl::unexpected(code);
  }
  LedgerSnapshot& snapshot = recent.ledger;
  snapshot.folders = ShownFolders(settings, snapshot.folders, snapshot.pauses);
  if (!disk.empty()) {
    std::fprintf(stderr, "tegodrop: %s\n", disk.c_str());
    ShowDiskTrouble(disk, snapshot);
  }
  return recent;
}

ExitCode TellHealth(const std::vector<std::string>& problems, bool json) {
  if (json) {
    Json document(2);
    document.Begin();
    document.Text("schema", "tegodrop-health/1");
    document.Flag("healthy", problems.empty());
    document.BeginList("problems");
    for (const std::string& problem : problems) document.Item(problem);
    document.EndList();
    document.End();
    std::fputs(document.Finish().c_str(), stdout);
  } else {
    if (problems.empty()) std::printf("ok\n");
    for (const std::string& problem : problems) std::printf("%s\n", Printable(problem).c_str());
  }
  return problems.empty() ? ExitCode::kDone : ExitCode::kFailed;
}

// As it is, again and again, until Ctrl-C.
ExitCode Watch(const Settings& settings) {
  for (;;) {
    const auto recent = Look(settings);
    if (!recent) return recent.error();
    std::string text;
    {
      const Screen screen(text);
      PrintText(screen.file(), *recent);
    }
    ShowScreen(text);
    std::this_thread::sleep_for(kWatchEvery);
  }
}

// What cannot be looked at is a problem too, and is told as one: to a monitor there is 0 and 1.
ExitCode Health(const CommandLine& line) {
  const std::optional<Settings> settings = LoadSettings(line.config, true);
  if (!settings) return TellHealth({"the config cannot be used: 'tegodrop check' says why"}, line.json);
  const auto recent = Look(*settings);
  if (!recent) return TellHealth({"the ledger cannot be read: 'tegodrop status' says why"}, line.json);
  const Result<LedgerUse> use = LookAtLedgerUse(settings->state_dir);
  return TellHealth(HealthProblems(recent->ledger, use && use->open, SystemClock().Wall()), line.json);
}

}  // namespace

ExitCode StatusCommand(const CommandLine& line) {
  if (line.health) return Health(line);
  const std::optional<Settings> settings = LoadSettings(line.config, true);
  if (!settings) return ExitCode::kConfig;
  if (line.watch) return Watch(*settings);
  const auto recent = Look(*settings);
  if (!recent) return recent.error();
  if (line.json) {
    std::fputs(Document(*recent).c_str(), stdout);
  } else {
    PrintText(stdout, *recent);
  }
  return ExitCode::kDone;
}

}  // namespace tegodrop
