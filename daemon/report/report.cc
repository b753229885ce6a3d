#include "daemon/report/report.h"

#include <algorithm>
#include <map>
#include <utility>

#include "daemon/disk/layout.h"
#include "daemon/model/folder_wait.h"
#include "daemon/model/operator.h"
#include "daemon/model/output_name.h"
#include "daemon/report/phases.h"
#include "daemon/report/shown.h"
#include "daemon/share/claim_record.h"

namespace tegodrop {
namespace {

bool IsDelivered(const Job& job) { return job.state == JobState::kPublished || job.state == JobState::kDelivered; }

// When it came to the end that it stands at.
WallMs EndOf(const JobStory& story) {
  const Job& job = story.job;
  if (IsDelivered(job) && job.times.delivered != 0) return job.times.delivered;
  if (!IsDelivered(job) && !IsEnd(job.state)) return 0;
  WallMs at = 0;
  for (auto entry = story.timeline.rbegin(); entry != story.timeline.rend() && entry->state == job.state; ++entry) {
    at = entry->at;
  }
  return at;
}

// What was never taken in has no entry but the intent to.
bool WasRefused(const JobStory& story) {
  return story.job.state == JobState::kFailed &&
         std::all_of(story.timeline.begin(), story.timeline.end(), [](const TimelineEntry& entry) {
           return entry.state == JobState::kClaiming || entry.state == JobState::kFailed;
         });
}

Outcome OutcomeOf(const JobStory& story, const Waiting& waiting) {
  const Job& job = story.job;
  if (IsDelivered(job)) return job.duplicate_of.empty() ? Outcome::kDelivered : Outcome::kDuplicate;
  if (job.state == JobState::kFailed) return WasRefused(story) ? Outcome::kRefused : Outcome::kFailed;
  if (job.state == JobState::kCancelled) return Outcome::kCancelled;
  return waiting.for_what.empty() ? Outcome::kAtWork : Outcome::kWaits;
}

// The portal's clock may differ from ours: its word counts where it fits between what we saw ourselves. Without it a
// build would seem to last as long as nobody asked.
WallMs BuildEnd(const Job& job) {
  if (!job.build || !job.build->end_time) return job.times.completed;
  const WallMs told = *job.build->end_time * 1000;
  return told > job.times.submitted && told < job.times.completed ? told : job.times.completed;
}

// The other host has the artifact, and tells of it.
bool WasTakenOver(const Job& job) {
  return job.failure && job.failure->kind == FailureKind::kCancelled && job.failure->message == TakenOverWords(job.id);
}

// Failed and cancelled ones.
void AddWhereabouts(const Job& job, ReportedJob& out) {
  if (WasTakenOver(job)) return;
  const Target& target = *job.target;
  const bool kept = target.after == SourceAfter::kKeep;
  const std::string room = target.drop_path + "/" + target.rooms;
  if (job.redeliveries > 0 && !kept) {
    // Its first delivery has put the artifact away.
  } else if (kept) {
    const std::string& below = job.artifact.subfolder;
    out.artifact_in = target.drop_path + (below.empty() ? "" : "/" + below);
  } else if (job.finished) {
    out.artifact_in = room + "/" + std::string(kRoomFailed);
  } else {
    out.artifact_in = room + "/" + std::string(kRoomClaimed) + "/" + job.id;
  }
  const bool unwritten = job.failure && job.failure->kind == FailureKind::kOutputUnwritable;
  if (job.finished && !unwritten && job.redeliveries == 0) {
    out.record = target.output_path + "/" + FailedName(SafeName(job.artifact.file_name), job.id);
  }
}

ReportedJob Reported(const JobStory& story, const ReportInput& input, WallMs ended) {
  const Job& job = story.job;
  ReportedJob out;
  out.waiting = ShownWaiting(job, input.history.pauses);
  out.outcome = OutcomeOf(story, out.waiting);
  out.id = job.id;
  out.file = job.artifact.path();
  out.version = job.target->version;
  out.platform = PlatformOf(job.artifact.kind);
  out.state = job.state;
  out.dropped = job.times.detected != 0 ? job.times.detected : job.times.claimed;
  out.ended = ended;
  out.redeliveries = job.redeliveries;
  out.commit = job.artifact.commit.sha();
  out.commit_conflict = job.artifact.commit.conflict();
  out.duplicate_of = job.duplicate_of;
  if (job.times.submitted != 0 && job.times.completed >= job.times.submitted) {
    out.built = BuildEnd(job);
    out.build_ms = out.built - job.times.submitted;
  }
  if (out.outcome == Outcome::kDelivered) {
    out.protected_name = job.output.protected_name;
    out.trace = job.target->output_path + "/" + TraceName(job.output.protected_name);
    if (job.redeliveries == 0 && out.dropped != 0 && ended >= out.dropped) out.took_ms = ended - out.dropped;
  } else if (out.outcome == Outcome::kDuplicate) {
    out.trace = job.duplicate_trace;
  } else if (IsEnd(job.state)) {
    out.failure = job.failure;
    AddWhereabouts(job, out);
  } else {
    out.held = HeldForAPerson(job);
    out.late = job.alarmed;
    out.needs_folder = WaitsForFolder(job);
  }
  out.phases = PhasesOf(story, input.from, input.to);
  return out;
}

void Count(Outcome outcome, Counts& counts) {
  switch (outcome) {
    case Outcome::kDelivered:
      ++counts.delivered;
      break;
    case Outcome::kDuplicate:
      ++counts.duplicates;
      break;
    case Outcome::kFailed:
      ++counts.failed;
      break;
    case Outcome::kRefused:
      ++counts.refused;
      break;
    case Outcome::kCancelled:
      ++counts.cancelled;
      break;
    case Outcome::kWaits:
      ++counts.wait;
      break;
    case Outcome::kAtWork:
      ++counts.at_work;
      break;
  }
}

using Took = std::pair<std::int64_t, std::string>;  // how long, by which job

BuildTimes Summed(std::string version, std::string platform, std::vector<Took> all) {
  BuildTimes times{std::move(version), std::move(platform), static_cast<std::int64_t>(all.size()), 0, 0, 0, ""};
  if (all.empty()) return times;
  std::sort(all.begin(), all.end());
  // The smallest one that so many percent do not exceed.
  const auto rank = [&](std::size_t percent) { return all[(all.size() * percent + 99) / 100 - 1].first; };
  times.median_ms = rank(50);
  times.p90_ms = rank(90);
  times.longest_ms = all.back().first;
  times.longest_job = all.back().second;
  return times;
}

void SumUp(Report& report) {
  std::map<std::pair<std::string, std::string>, std::vector<Took>> by_kind;
  for (FolderReport& folder : report.folders) {
    std::vector<Took> of_folder;
    for (const ReportedJob& job : folder.jobs) {
      Count(job.outcome, folder.counts);
      Count(job.outcome, report.counts);
      if (!job.build_ms || job.built < report.from) continue;
      of_folder.emplace_back(*job.build_ms, job.id);
      by_kind[{job.version, job.platform}].emplace_back(*job.build_ms, job.id);
    }
    folder.builds = Summed("", "", std::move(of_folder));
  }
  for (auto& [kind, all] : by_kind) report.builds.push_back(Summed(kind.first, kind.second, std::move(all)));
}

}  // namespace

std::string_view ToString(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDelivered:
      return "delivered";
    case Outcome::kDuplicate:
      return "duplicate";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kRefused:
      return "refused";
    case Outcome::kCancelled:
      return "cancelled";
    case Outcome::kWaits:
      return "waits";
    case Outcome::kAtWork:
      break;
  }
  return "at work";
}

Report MakeReport(ReportInput input) {
  Report report;
  report.from = input.from;
  report.to = input.to;
  report.host = input.host;
  report.daemon = input.daemon;
  report.notices = input.history.notices;
  std::map<std::string, std::size_t> places;
  const auto place = [&](const std::string& name) -> FolderReport& {
    const auto [found, fresh] = places.emplace(name, report.folders.size());
    if (fresh) report.folders.emplace_back().name = name;
    return report.folders[found->second];
  };
  for (const FolderRecord& folder : input.folders) {
    FolderReport& known = place(folder.name);
    known.path = folder.path;
    known.state = folder.state;
    known.reason = folder.reason;
    known.since = folder.since;
  }
  for (const JobStory& story : input.history.jobs) {
    const WallMs ended = EndOf(story);
    // The row was touched since, for an upload that was to be aborted say, but nothing came of it.
    if (ended != 0 && ended < input.from && story.job.finished) continue;
    FolderReport& folder = place(story.job.target->folder);
    if (folder.path.empty()) folder.path = story.job.target->drop_path;
    folder.jobs.push_back(Reported(story, input, ended));
  }
  SumUp(report);
  return report;
}

}  // namespace tegodrop
