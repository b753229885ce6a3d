#include "daemon/app/metrics/metrics_file.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

// How soon a daemon that is still starting is looked at again.
constexpr milliseconds kStarting{100};

}  // namespace

MetricsFile::MetricsFile(MetricsWorld world, std::string path, std::string version, std::set<std::string> folders,
                         std::function<std::optional<MetricsNow>()> look)
    : world_(world),
      path_(std::move(path)),
      version_(std::move(version)),
      folders_(std::move(folders)),
      look_(std::move(look)) {
  Load();
  Due(milliseconds(0));
}

MetricsFile::~MetricsFile() = default;

// The ledger answers in the order in which it was asked: what ends before its answer is in it, what ends later is not.
void MetricsFile::Load() {
  loading_ = true;
  world_.outcomes.LoadOutcomes([this,
                                alive = std::weak_ptr<bool>(alive_)](const Result<std::vector<OutcomeCount>>& all) {
    if (alive.expired()) return;
    loading_ = false;
    if (!all) {
      if (std::exchange(said_uncounted_, true)) return;
      world_.log.Warning("metrics.not_counted",
                         "the ledger's counts cannot be read, and are left out of the metrics: " + all.error().message);
      return;
    }
    loaded_ = true;
    for (const OutcomeCount& one : *all) Count(one.folder, one.result, one.count, one.last);
  });
}

void MetricsFile::Count(const std::string& folder, const std::string& result, std::int64_t by, WallMs last) {
  MetricsEnds& ends = ends_[folder];
  if (result == "failed") ends.failed += by;
  if (result == "cancelled") ends.cancelled += by;
  if (result == "delivered") ends.delivered += by;
  if (result == "duplicate") ends.duplicate += by;
  if (result == "delivered" || result == "duplicate") ends.last_success = std::max(ends.last_success, last);
}

void MetricsFile::Ended(const Job& job) {
  if (loaded_) Count(job.target->folder, std::string(OutcomeOf(job)), 1, world_.clock.Wall());
  Due(kMetricsSoon);
}

void MetricsFile::UseFolders(std::set<std::string> folders) {
  folders_ = std::move(folders);
  Due(kMetricsSoon);
}

// Not later than that.
void MetricsFile::Due(milliseconds delay) {
  const MonoMs at = world_.clock.Mono() + delay.count();
  if (timer_ && due_ <= at) return;
  due_ = at;
  timer_ = world_.timers.After(delay, [this] {
    timer_.reset();
    Write();
  });
}

void MetricsFile::Write() {
  // A folder that hangs is not asked twice.
  if (writing_) {
    again_ = true;
    return;
  }
  std::optional<MetricsNow> now = look_();
  if (!now || loading_) return Due(kStarting);
  writing_ = RunTask<Status>(
      world_.writer,
      [&fs = world_.fs, path = path_, content = FormatMetrics(Content(std::move(now)))] {
        return WriteMetrics(fs, path, content);
      },
      [this](const Status& written) {
        const HandlePtr done = std::move(writing_);
        Written(written);
        if (!loaded_ && !loading_) Load();
        Due(std::exchange(again_, false) ? kMetricsSoon : kMetricsEvery);
      });
}

void MetricsFile::Written(const Status& written) {
  const std::string trouble = written ? "" : written.error().message;
  if (trouble == trouble_) return;
  if (trouble.empty()) {
    world_.log.Info("metrics.back", "the metrics file is written again", {{"path", path_}});
  } else {
    world_.log.Warning("metrics.not_written",
                       trouble +
                           "; the metrics stand still until the folder of metrics_file can be written by the "
                           "daemon's user, and the work goes on",
                       {{"path", path_}});
  }
  trouble_ = trouble;
}

void MetricsFile::Stop() {
  timer_.reset();
  writing_.reset();
}

void MetricsFile::WriteLast() {
  if (Status written = WriteMetrics(world_.fs, path_, FormatMetrics(Content(std::nullopt))); !written) Written(written);
}

Metrics MetricsFile::Content(std::optional<MetricsNow> now) const {
  Metrics metrics;
  metrics.version = version_;
  metrics.now = std::move(now);
  if (!loaded_) return metrics;
  metrics.ends.emplace();
  for (const std::string& folder : folders_) {
    const auto found = ends_.find(folder);
    (*metrics.ends)[folder] = found == ends_.end() ? MetricsEnds{} : found->second;
  }
  return metrics;
}

Status WriteMetrics(FileSystem& fs, const std::string& path, const std::string& content) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = path.substr(0, std::max<std::size_t>(slash, 1));
  const std::string name = path.substr(slash + 1);
  // The collector reads what ends in .prom.
  const std::string temp = "." + name + ".tmp";
  auto dir = fs.OpenFolder(folder);
  if (!dir) return Fail(dir.error());
  // Of a death in the middle.
  if (auto removed = fs.RemoveAt(dir->get(), temp); !removed && removed.error().sys != ENOENT) return removed;
  auto file = fs.CreateAt(dir->get(), temp, 0644);
  if (!file) return Fail(file.error());
  Status status = fs.WriteAt(file->get(), content.data(), content.size(), 0);
  if (status) status = fs.Close(std::move(*file));
  if (status) status = fs.RenameAt(dir->get(), temp, dir->get(), name);
  if (!status) (void)fs.RemoveAt(dir->get(), temp);
  return status;
}

}  // namespace tegodrop
