#include "daemon/app/morning/morning_report.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "daemon/app/morning/report_folder.h"

namespace tegodrop {
namespace {

// What the first report tells of that has no night before it.
constexpr std::chrono::milliseconds kFirstNight = std::chrono::hours(24);

}  // namespace

MorningReport::MorningReport(MorningWorld world, std::string folder, std::string host, Make make,
                             std::function<bool()> at_work, std::function<void(const WrittenReport&)> written)
    : world_(world),
      folder_(std::move(folder)),
      host_(std::move(host)),
      make_(std::move(make)),
      at_work_(std::move(at_work)),
      written_(std::move(written)),
      begun_(world_.clock.Wall()) {}

void MorningReport::Watch(UploadWindow nights) {
  nights_ = std::move(nights);
  timer_ = world_.timers.After(std::chrono::milliseconds(0), [this] { Look(); });
}

void MorningReport::Look() {
  const WallMs now = world_.clock.Wall();
  const WallMs change = nights_.At(now).changes.value_or(INT64_MAX);
  const auto until_change = std::chrono::milliseconds(std::max<WallMs>(0, change - now));
  timer_ = world_.timers.After(std::min(kLookForMorning, until_change), [this] { Look(); });
  // The clock was ahead.
  if (told_until_ > now) told_until_ = 0;
  begun_ = std::min(begun_, now);
  const std::optional<WallMs> night = nights_.ClosedBefore(now);
  if (busy() || !night || *night <= told_until_ || now - *night >= kTellNightFor.count()) return;
  if (at_work_() && now - *night < kNightEndsWithin.count()) return;
  Task task{NameOf(nights_.MinuteStamp(*night)), "", *night - kFirstNight.count(), now, *night, begun_ <= *night};
  if (const std::optional<WallMs> before = nights_.ClosedBefore(*night - 1)) {
    task.from = *before;
    task.before = NameOf(nights_.MinuteStamp(*before));
  }
  Write(std::move(task));
}

void MorningReport::WriteNow(WallMs from, const UploadWindow& nights) {
  const WallMs now = world_.clock.Wall();
  Write({NameOf(nights.SecondStamp(now)), "", from, now, now, true});
}

std::string MorningReport::NameOf(const std::string& stamp) const {
  return "tegodrop-" + InFileName(host_) + "-" + stamp;
}

void MorningReport::Write(Task task) {
  writing_ = RunTask<Outcome>(
      world_.writer, [&fs = world_.fs, folder = folder_, make = make_, task] { return Put(fs, folder, make, task); },
      [this, task](const Outcome& outcome) {
        const HandlePtr done = std::move(writing_);
        Done(outcome, task);
      });
}

MorningReport::Outcome MorningReport::Put(FileSystem& fs, const std::string& folder, const Make& make,
                                          const Task& task) {
  const auto not_put = [](const Error& error) {
    const bool told = error.kind == ErrorKind::kRejected;
    return Outcome{error.message + (told ? "" : "; make report_dir writable for the daemon's user"), false, false, {}};
  };
  const Result<std::optional<WallMs>> there = ReportTime(fs, folder, task.name);
  if (!there) return not_put(there.error());
  if (*there) return {{}, true, false, {}};
  WallMs from = task.from;
  if (!task.before.empty()) {
    const Result<std::optional<WallMs>> before = ReportTime(fs, folder, task.before);
    if (!before) return not_put(before.error());
    // What came to its end before that was written is told of there.
    if (*before && **before < task.to) from = std::max(from, **before);
  }
  const Result<Report> report = make(from, task.to);
  if (!report) return {report.error().message, false, false, {}};
  // A night that was over before this life began, and brought nothing, is nobody's: there was no daemon, or none yet.
  const bool ours = task.ours || std::any_of(report->folders.begin(), report->folders.end(), [&](const auto& one) {
                      return std::any_of(one.jobs.begin(), one.jobs.end(),
                                         [&](const ReportedJob& job) { return job.dropped <= task.night; });
                    });
  if (!ours) return {};
  if (const Status put = PutReport(fs, folder, task.name, *report); !put) return not_put(put.error());
  return {{}, true, true, Verdict(*report)};
}

void MorningReport::Done(const Outcome& outcome, const Task& task) {
  if (!outcome.trouble.empty()) {
    if (std::exchange(trouble_, outcome.trouble) == outcome.trouble) return;
    return world_.log.Warning(
        "report.not_written",
        "the night's report was not written: " + outcome.trouble + "; 'tegodrop report' tells the same at any time",
        {{"path", folder_}, {"name", task.name}});
  }
  trouble_.clear();
  told_until_ = task.night;
  if (!outcome.there) return;
  const WrittenReport report{folder_ + "/" + task.name + ".html", outcome.verdict};
  if (outcome.written)
    world_.log.Info("report.written", "the night's report: " + report.verdict, {{"path", report.page}});
  written_(report);
}

}  // namespace tegodrop
