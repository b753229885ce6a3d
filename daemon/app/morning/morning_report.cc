#include "daemon/app/morning/morning_report.h"

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
  timer_ = world_.timers.After(kLookForMorning, [this] { Look(); });
  const WallMs now = world_.clock.Wall();
  const std::optional<WallMs> night = nights_.ClosedBefore(now);
  if (busy() || !night || *night <= told_until_ || now - *night >= kTellNightFor.count()) return;
  if (at_work_() && now - *night < kNightEndsWithin.count()) return;
  const std::optional<WallMs> before = nights_.ClosedBefore(*night - 1);
  Write(before.value_or(*night - kFirstNight.count()), *night, nights_.TimeStamp(*night));
}

void MorningReport::WriteNow(WallMs from, const UploadWindow& nights) {
  const WallMs now = world_.clock.Wall();
  Write(from, now, nights.TimeStamp(now));
}

// A night that was over before this life began, and brought nothing, is nobody's: there was no daemon, or none yet.
void MorningReport::Write(WallMs from, WallMs night, const std::string& stamp) {
  const std::string name = "tegodrop-" + InFileName(host_) + "-" + stamp;
  writing_ = RunTask<Outcome>(
      world_.writer,
      [&fs = world_.fs, folder = folder_, name, make = make_, from, to = world_.clock.Wall(),
       even_empty = begun_ <= night] { return Put(fs, folder, name, make, from, to, even_empty); },
      [this, night, name](const Outcome& outcome) {
        const HandlePtr done = std::move(writing_);
        Done(outcome, night, name);
      });
}

MorningReport::Outcome MorningReport::Put(FileSystem& fs, const std::string& folder, const std::string& name,
                                          const Make& make, WallMs from, WallMs to, bool even_empty) {
  const Result<bool> there = HasReport(fs, folder, name);
  if (!there) return {Fail(there.error())};
  if (*there) return {};
  const Result<Report> report = make(from, to);
  if (!report) return {Fail(report.error())};
  if (report->counts.all() == 0 && !even_empty) return {};
  return {PutReport(fs, folder, name, *report), true, Verdict(*report)};
}

void MorningReport::Done(const Outcome& outcome, WallMs night, const std::string& name) {
  if (!outcome.status) {
    const std::string& trouble = outcome.status.error().message;
    if (std::exchange(trouble_, trouble) == trouble) return;
    return world_.log.Warning("report.not_written",
                              "the night's report was not written: " + trouble +
                                  "; make report_dir writable for the daemon's user; 'tegodrop report' tells the same",
                              {{"path", folder_}, {"name", name}});
  }
  trouble_.clear();
  told_until_ = night;
  if (!outcome.written) return;
  const WrittenReport report{folder_ + "/" + name + ".html", outcome.verdict};
  world_.log.Info("report.written", "the night's report: " + report.verdict, {{"path", report.page}});
  written_(report);
}

}  // namespace tegodrop
