// The file for node_exporter's textfile collector: kept fresh beside the daemon's work, and never in its way.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "daemon/app/metrics/exposition.h"
#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/disk/file_system.h"
#include "daemon/ledger/outcomes.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/task_runner.h"
#include "daemon/loop/timers.h"

namespace tegodrop {

// All must outlive the MetricsFile.
struct MetricsWorld {
  TimerMaker& timers;
  const Clock& clock;
  Log& log;
  TaskRunner& writer;  // its own: a folder that hangs must hold up nothing else
  FileSystem& fs;
  Outcomes& outcomes;
};

// Written at the start, every 15 s, and within a second of a job's end.
inline constexpr std::chrono::milliseconds kMetricsEvery = std::chrono::seconds(15);
inline constexpr std::chrono::milliseconds kMetricsSoon = std::chrono::milliseconds(800);

class MetricsFile {
 public:
  // `path`: absolute. `look`: how things stand; nothing while the daemon is still starting, and then it is asked again.
  MetricsFile(MetricsWorld world, std::string path, std::string version, std::set<std::string> folders,
              std::function<std::optional<MetricsNow>()> look);
  ~MetricsFile();
  MetricsFile(const MetricsFile&) = delete;
  MetricsFile& operator=(const MetricsFile&) = delete;

  // The ledger has taken the job's end.
  void Ended(const Job& job);
  // The config's folders are these from now on.
  void UseFolders(std::set<std::string> folders);
  // Writes nothing more by itself.
  void Stop();
  // The last words, that the daemon works no longer, written by the calling thread. After Stop, once the writer is
  // gone.
  void WriteLast();

 private:
  void Load();
  void Due(std::chrono::milliseconds delay);
  void Write();
  void Written(const Status& written);
  Metrics Content(std::optional<MetricsNow> now) const;
  void Count(const std::string& folder, const std::string& result, std::int64_t by, WallMs last);

  const MetricsWorld world_;
  const std::string path_;
  const std::string version_;
  std::set<std::string> folders_;
  const std::function<std::optional<MetricsNow>()> look_;
  bool loaded_ = false;
  bool loading_ = false;
  bool said_uncounted_ = false;
  std::map<std::string, MetricsEnds> ends_;  // by folder, also of those that have left the config
  HandlePtr timer_;
  MonoMs due_ = 0;
  HandlePtr writing_;
  bool again_ = false;   // another end came while the file was being written
  std::string trouble_;  // what was said of it last; empty: it can be written
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Puts `content` under `path` with mode 0644, whole or not at all: by a rename inside of its folder. Not synced: what a
// power cut takes is written anew. Blocks.
Status WriteMetrics(FileSystem& fs, const std::string& path, const std::string& content);

}  // namespace tegodrop
