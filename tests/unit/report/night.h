// A night as the ledger would tell of it, for the tests of the report. Times are UTC and 2026-11-27/28.
#pragma once

#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "daemon/report/report.h"

namespace tegodrop::testing {

// 2026-11-27T00:00:00Z.
inline constexpr WallMs kMidnight = 1'795'737'600'000;
inline WallMs At(int hour, int minute = 0, int second = 0) {
  return kMidnight + ((hour * 60LL + minute) * 60 + second) * 1000;
}

// Zones by their rules, so that no machine's own tables are needed.
inline constexpr const char* kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";
inline constexpr const char* kNewYork = "EST5EDT,M3.2.0,M11.1.0";
inline constexpr const char* kKolkata = "IST-5:30";
inline constexpr const char* kSaoPaulo = "<-03>3";

// The zone of the process, as long as it lives; else it is UTC.
class Zone {
 public:
  explicit Zone(const char* name) {
    setenv("TZ", name, 1);
    tzset();
  }
  ~Zone() {
    setenv("TZ", "UTC", 1);
    tzset();
  }
  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;
};

inline JobStory Claimed(const std::string& id, const std::string& file, WallMs at) {
  JobStory story;
  Job& job = story.job;
  job.id = id;
  job.state = JobState::kClaimed;
  job.artifact.file_name = file;
  job.artifact.commit.candidates.push_back({"sidecar", std::string(40, 'c')});
  Target& target = job.target.Edit();
  target.folder = "production";
  target.drop_path = "/srv/drop";
  target.rooms = ".tegodrop";
  target.output_path = "/srv/out";
  target.version = "production";
  job.times.detected = at;
  job.times.claimed = at + 2000;
  story.timeline = {{at + 1000, JobState::kClaiming, ""}, {at + 2000, JobState::kClaimed, ""}};
  return story;
}

inline void Enter(JobStory& story, JobState state, WallMs at) {
  story.job.state = state;
  story.timeline.push_back({at, state, ""});
}

// Uploading from one minute after the drop on, submitted after two, built `build` later, delivered 10 s after that.
inline JobStory Delivered(const std::string& id, const std::string& file, WallMs at, WallMs build = 240'000) {
  JobStory story = Claimed(id, file, at);
  Job& job = story.job;
  const WallMs submitted = at + 120'000;
  Enter(story, JobState::kUploading, at + 60'000);
  Enter(story, JobState::kSubmitted, submitted);
  Enter(story, JobState::kBuilt, submitted + build);
  Enter(story, JobState::kPublished, submitted + build + 10'000);
  Enter(story, JobState::kDelivered, submitted + build + 11'000);
  job.times.submitted = submitted;
  job.times.completed = submitted + build;
  job.times.delivered = submitted + build + 10'000;
  job.output.protected_name = "protected-" + file;
  job.finished = true;
  return story;
}

inline JobStory Failed(const std::string& id, const std::string& file, WallMs at, FailureKind kind) {
  JobStory story = Claimed(id, file, at);
  Enter(story, JobState::kUploading, at + 60'000);
  Enter(story, JobState::kFailed, at + 90'000);
  story.job.failure = Failure{kind, "it went wrong", "mend it", {}, {}, {}};
  story.job.finished = true;
  return story;
}

inline JobStory Refused(const std::string& id, const std::string& file, WallMs at, FailureKind kind) {
  JobStory story = Claimed(id, file, at);
  story.timeline = {{at + 1000, JobState::kClaiming, ""}, {at + 2000, JobState::kFailed, ""}};
  story.job.state = JobState::kFailed;
  story.job.failure = Failure{kind, "it is no artifact", "drop a whole one", {}, {}, {}};
  story.job.finished = true;
  return story;
}

inline FolderRecord Folder(const std::string& name, const std::string& state = "ok", const std::string& reason = "") {
  FolderRecord folder;
  folder.name = name;
  folder.path = "/srv/drop";
  folder.state = state;
  folder.reason = reason;
  folder.since = state == "ok" ? 0 : At(20);
  return folder;
}

// From 18:00 to 08:00 of the next morning.
inline ReportInput Night(std::vector<JobStory> jobs = {}) {
  ReportInput input;
  input.from = At(18);
  input.to = At(32);
  input.host = "build-1";
  input.daemon = {DaemonState::Known::kRuns, At(7), "812"};
  input.folders = {Folder("production")};
  input.history.jobs = std::move(jobs);
  return input;
}

inline const char* kHostile = "<script>alert(1)</script>&\"'\n\x1b[31m\xff\xe2\x80\xae.apk";

}  // namespace tegodrop::testing
