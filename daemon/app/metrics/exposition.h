// What the metrics say, and the text format of Prometheus that says it. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/model/lifecycle.h"

namespace tegodrop {

// How things stand while the daemon works.
struct MetricsNow {
  struct Folder {
    std::string name;
    // Its state is ok, as `status` shows it; nothing while it has not been opened yet.
    std::optional<bool> up;
    std::int64_t files_waiting = 0;  // that lie in it and are not taken yet
  };
  std::vector<Folder> folders;
  std::map<JobState, std::int64_t> jobs;  // not at their end, by state
  // Of these: what nothing but a person moves on, what waits for a folder, what waits for `resume`.
  std::int64_t held_for_person = 0;
  std::int64_t blocked_on_output = 0;
  std::int64_t blocked_on_drop_folder = 0;
  std::int64_t paused = 0;
  std::int64_t builds_overdue = 0;              // over polling.alarm_after
  std::int64_t left_claims = 0;                 // of other hosts on a share
  std::chrono::milliseconds oldest_pending{0};  // since what is longest on its way was seen first; 0: nothing is
  std::chrono::milliseconds portal_silent{0};   // since its first error after its last answer; 0: it answers
  bool portal_full = false;                     // uploads wait because the portal refused one (429)
  bool credentials_refused = false;
  std::optional<std::chrono::milliseconds> clock_ahead;  // of the portal's; nothing before its first answer
  std::uint64_t sent = 0;                                // bytes of bodies since the start
  std::uint64_t received = 0;
};

// How many came to each end, over all lives.
struct MetricsEnds {
  std::int64_t delivered = 0;
  std::int64_t duplicate = 0;
  std::int64_t failed = 0;
  std::int64_t cancelled = 0;
  WallMs last_success = 0;  // delivered or duplicate; 0: none yet
};

struct Metrics {
  std::string version;
  // By the config's folders, and by these alone. Nothing: not known yet, and then not said, because a counter must not
  // go back.
  std::optional<std::map<std::string, MetricsEnds>> ends;
  // Nothing: the daemon does not work, and what does not outlive it is not said.
  std::optional<MetricsNow> now;
};

// The whole file, each metric with its HELP and TYPE.
std::string FormatMetrics(const Metrics& metrics);

}  // namespace tegodrop
