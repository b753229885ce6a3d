#include "daemon/report/phases.h"

#include <algorithm>
#include <optional>

namespace tegodrop {
namespace {

// Nothing for an end.
std::optional<PhaseKind> KindOf(JobState state) {
  switch (state) {
    case JobState::kClaiming:
    case JobState::kClaimed:
    case JobState::kRequested:
    case JobState::kConfirming:
    case JobState::kReclaiming:
      return PhaseKind::kWaiting;
    case JobState::kUploading:
    case JobState::kCompleting:
      return PhaseKind::kUploading;
    case JobState::kSubmitted:
    case JobState::kBuilding:
      return PhaseKind::kBuilding;
    case JobState::kBuilt:
    case JobState::kFetched:
    case JobState::kPublished:
      return PhaseKind::kDelivering;
    case JobState::kDelivered:
    case JobState::kFailed:
    case JobState::kCancelled:
      break;
  }
  return std::nullopt;
}

class Phases {
 public:
  Phases(WallMs from, WallMs to) : from_(from), to_(to) {}

  // The clock may have been set back in between: then there is nothing to show.
  void Add(PhaseKind kind, WallMs begin, WallMs end) {
    begin = std::max(begin, from_);
    end = std::min(end, to_);
    if (begin >= end) return;
    if (!phases_.empty() && phases_.back().kind == kind && phases_.back().to == begin) {
      phases_.back().to = end;
    } else {
      phases_.push_back({kind, begin, end});
    }
  }
  std::vector<Phase> Take() { return std::move(phases_); }

 private:
  const WallMs from_;
  const WallMs to_;
  std::vector<Phase> phases_;
};

}  // namespace

std::string_view ToString(PhaseKind kind) {
  switch (kind) {
    case PhaseKind::kWaiting:
      return "waiting";
    case PhaseKind::kUploading:
      return "uploading";
    case PhaseKind::kBuilding:
      return "building";
    case PhaseKind::kDelivering:
      break;
  }
  return "delivering";
}

std::vector<Phase> PhasesOf(const JobStory& story, WallMs from, WallMs to) {
  Phases phases(from, to);
  const auto& timeline = story.timeline;
  if (timeline.empty()) return {};
  if (story.job.times.detected != 0) phases.Add(PhaseKind::kWaiting, story.job.times.detected, timeline.front().at);
  for (std::size_t i = 0; i < timeline.size(); ++i) {
    const std::optional<PhaseKind> kind = KindOf(timeline[i].state);
    if (!kind) continue;
    const bool last = i + 1 == timeline.size();
    const WallMs end = last ? to : timeline[i + 1].at;
    // What holds it up now. A build goes on meanwhile, whoever may not be reached.
    const Waiting& waiting = story.job.waiting;
    const bool held_up = last && *kind != PhaseKind::kBuilding && !waiting.for_what.empty();
    const WallMs stops = held_up ? std::clamp(waiting.since, timeline[i].at, std::max(end, timeline[i].at)) : end;
    phases.Add(*kind, timeline[i].at, stops);
    phases.Add(PhaseKind::kWaiting, stops, end);
  }
  return phases.Take();
}

}  // namespace tegodrop
