#include "daemon/app/lookout.h"

#include <unistd.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/app/once.h"
#include "daemon/app/schedule.h"
#include "daemon/base/version.h"
#include "daemon/ledger/history.h"
#include "daemon/report/shown.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

// How long the end of `run --once` waits for what is to be told.
constexpr milliseconds kSettle = std::chrono::seconds(10);
// Of the outbox.
constexpr std::string_view kReportMark = "report ";

std::set<std::string> NamesOf(const Settings& settings) {
  std::set<std::string> names;
  for (const FolderSettings& folder : settings.folders) names.insert(folder.name);
  return names;
}

// Beside the daemon that is told of: blocks, and is called in another thread.
Result<Report> ReportOf(const Settings& settings, const DaemonState& daemon, const std::string& host, WallMs from,
                        WallMs to) {
  Result<LedgerHistory> history = ReadHistory(settings.state_dir, from);
  if (!history) return Fail(history.error());
  ReportInput input{from, to, host, daemon, {}, std::move(*history)};
  input.folders = ShownFolders(settings, input.history.folders, input.history.pauses);
  return MakeReport(std::move(input));
}

}  // namespace

Lookout::Lookout(LookoutWorld world, const Settings& settings, bool once)
    : world_(world), once_(once), begun_(world.clock.Wall()), events_(settings.notify.on) {
  if (settings.metrics_file) {
    writer_ = std::make_unique<WorkerPool>(world_.loop, 1, "metrics");
    metrics_ = std::make_unique<MetricsFile>(
        MetricsWorld{world_.loop, world_.clock, world_.log, *writer_, world_.fs, world_.ledger}, *settings.metrics_file,
        kVersion, NamesOf(settings), [this] { return LookAround(world_.daemon, world_.clock, world_.line.moved()); });
  }
  if (settings.report_dir) {
    reporter_ = std::make_unique<WorkerPool>(world_.loop, 1, "report");
    morning_ = std::make_unique<MorningReport>(
        MorningWorld{world_.loop, world_.clock, world_.log, *reporter_, world_.fs}, *settings.report_dir,
        world_.daemon.host(), MakeWith(settings),
        [this] { return !world_.daemon.started() || !AllIsStuck(world_.daemon.overview()); },
        [this](const WrittenReport& report) { Reported(report); });
    schedule_ = settings.schedule;
    if (!once_) morning_->Watch(NightsOf(schedule_, world_.log));
  }
}

MorningReport::Make Lookout::MakeWith(const Settings& settings) const {
  const DaemonState daemon{DaemonState::Known::kRuns, begun_, std::to_string(getpid())};
  return [settings, daemon, host = world_.daemon.host()](WallMs from, WallMs to) {
    return ReportOf(settings, daemon, host, from, to);
  };
}

void Lookout::Reported(const WrittenReport& report) {
  if (!messenger_) return;
  // The outbox is not read yet.
  if (!watch_) {
    untold_ = report;
    return;
  }
  const std::string mark = std::string(kReportMark) + report.page;
  if (messenger_->Marked(mark)) return;
  // One of them is enough to know the last page by.
  for (const std::string& other : std::set<std::string>(messenger_->marks())) {
    if (other.starts_with(kReportMark)) messenger_->Forget(other);
  }
  OutboxEvent event;
  event.event = "report";
  event.message =
      "the night's report" + (report.verdict.empty() ? "" : ": " + report.verdict) + "; all of it: " + report.page;
  messenger_->Tell(mark, std::move(event));
}

Lookout::~Lookout() = default;

void Lookout::OnChange(const Job& job) {
  if (metrics_ && job.finished) metrics_->Ended(job);
  if (watch_) watch_->OnChange(job);
}

void Lookout::Notify(const Secret& url, const NetSettings& net) {
  if (url.empty()) return;
  auto transfer = MakeCurlTransfer(world_.loop, net);
  if (!transfer) return world_.log.Error("notify.off", "nobody is told of trouble: " + transfer.error().message);
  to_webhook_ = std::move(*transfer);
  messenger_ = std::make_unique<Messenger>(
      MessengerWorld{world_.loop, world_.clock, world_.random, world_.log, world_.ledger, *to_webhook_}, url,
      world_.daemon.host(), kVersion);
  messenger_->Start([this] {
    watch_ = std::make_unique<EventWatch>(
        world_.loop, world_.clock, events_, [this] { return SceneOf(world_.daemon); }, *messenger_);
    if (untold_) Reported(*std::exchange(untold_, std::nullopt));
  });
}

void Lookout::Follow(const Settings& settings, Secret url) {
  if (metrics_) metrics_->UseFolders(NamesOf(settings));
  if (messenger_ && !url.empty()) messenger_->UseUrl(std::move(url));
  if (!morning_) return;
  morning_->UseMake(MakeWith(settings));
  if (std::exchange(schedule_, settings.schedule) == settings.schedule || once_) return;
  morning_->Watch(NightsOf(schedule_, world_.log));
}

bool Lookout::Settled() {
  if (!settling_since_) {
    settling_since_ = world_.clock.Mono();
    if (morning_) morning_->WriteNow(begun_, NightsOf(schedule_, world_.log));
  }
  if (world_.clock.Mono() - *settling_since_ >= kSettle.count()) return true;
  if (morning_ && morning_->busy()) return false;
  return !messenger_ || messenger_->Settled();
}

void Lookout::Stop() {
  if (metrics_) metrics_->Stop();
  morning_.reset();
  watch_.reset();
  messenger_.reset();
  to_webhook_.reset();
}

void Lookout::Close() {
  reporter_.reset();
  writer_.reset();
  if (metrics_) metrics_->WriteLast();
}

std::optional<MetricsNow> LookAround(const Daemon& daemon, const Clock& clock, MovedBytes moved) {
  if (!daemon.started()) return std::nullopt;
  MetricsNow now;
  const WallMs wall = clock.Wall();
  WallMs oldest = wall;
  for (const Daemon::FolderView& view : daemon.folders()) {
    const bool opened = view.state->open || view.state->state != "ok";
    const std::optional<bool> up = opened ? std::optional(view.state->state == "ok") : std::nullopt;
    now.folders.push_back({view.settings->name, up, static_cast<std::int64_t>(view.state->pending.size())});
    for (const IntakeState::Pending& one : view.state->pending) oldest = std::min(oldest, one.since);
  }
  daemon.ForEachJob([&](const Job& job) {
    ++now.jobs[job.state];
    now.builds_overdue += job.alarmed && AwaitsBuild(job.state) ? 1 : 0;
    if (job.times.detected != 0) oldest = std::min(oldest, job.times.detected);
  });
  now.oldest_pending = milliseconds(wall - oldest);
  const Overview overview = daemon.overview();
  now.held_for_person = overview.held_for_person;
  now.blocked_on_output = overview.blocked_on_output;
  now.blocked_on_drop_folder = overview.blocked_on_disk;
  now.paused = overview.paused;
  now.left_claims = static_cast<std::int64_t>(daemon.LeftClaims("").size());
  if (overview.portal_silent_since) now.portal_silent = milliseconds(clock.Mono() - *overview.portal_silent_since);
  now.portal_full = overview.portal_full;
  now.credentials_refused = overview.credentials_refused;
  now.clock_ahead = daemon.clock_ahead();
  now.sent = moved.sent;
  now.received = moved.received;
  return now;
}

}  // namespace tegodrop
