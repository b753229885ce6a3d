#include "daemon/model/lifecycle.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tegodrop {
namespace {

using S = JobState;

constexpr std::array kNames{
    std::pair{S::kClaiming, "claiming"},     std::pair{S::kClaimed, "claimed"},
    std::pair{S::kRequested, "requested"},   std::pair{S::kUploading, "uploading"},
    std::pair{S::kCompleting, "completing"}, std::pair{S::kConfirming, "confirming"},
    std::pair{S::kSubmitted, "submitted"},   std::pair{S::kBuilding, "building"},
    std::pair{S::kBuilt, "built"},           std::pair{S::kFetched, "fetched"},
    std::pair{S::kPublished, "published"},   std::pair{S::kDelivered, "delivered"},
    std::pair{S::kFailed, "failed"},         std::pair{S::kCancelled, "cancelled"},
    std::pair{S::kReclaiming, "reclaiming"},
};

// Every state that is not an end may also fail or be cancelled; see MayFollow.
constexpr std::array kForward{
    std::pair{S::kClaiming, S::kClaimed},      std::pair{S::kClaimed, S::kRequested},
    std::pair{S::kClaimed, S::kPublished},  // a duplicate: what was delivered earlier stands
    std::pair{S::kRequested, S::kRequested},   std::pair{S::kRequested, S::kUploading},
    std::pair{S::kRequested, S::kClaimed},    // the URL was not used: nothing is queued before the object is there
    std::pair{S::kUploading, S::kRequested},  // the URL expired or the connection died before the last byte: a new URL
    std::pair{S::kUploading, S::kClaimed},    // what was begun is given up before anything can have arrived
    std::pair{S::kUploading, S::kCompleting},  std::pair{S::kUploading, S::kConfirming},
    std::pair{S::kUploading, S::kSubmitted},   std::pair{S::kCompleting, S::kConfirming},
    std::pair{S::kCompleting, S::kClaimed},  // Complete was refused: nothing was queued, and it starts over
    std::pair{S::kCompleting, S::kSubmitted},  std::pair{S::kConfirming, S::kSubmitted},
    std::pair{S::kConfirming, S::kClaimed},  // not in the history for long enough: sent once more
    std::pair{S::kSubmitted, S::kBuilding},    std::pair{S::kSubmitted, S::kBuilt},
    std::pair{S::kBuilding, S::kBuilt},        std::pair{S::kBuilt, S::kFetched},
    std::pair{S::kBuilt, S::kBuilding},  // reset for signing between the listing and the download
    std::pair{S::kFetched, S::kBuilt},   // the staged file was lost or damaged: downloaded afresh
    std::pair{S::kFetched, S::kPublished},     std::pair{S::kPublished, S::kDelivered},
    std::pair{S::kReclaiming, S::kClaimed},     // the portal has nothing of it
    std::pair{S::kReclaiming, S::kConfirming},  // the portal may have it
    std::pair{S::kReclaiming, S::kBuilt},       // it was delivered once already
};

}  // namespace

std::string_view ToString(JobState state) {
  const auto* found = std::find_if(kNames.begin(), kNames.end(), [&](const auto& row) { return row.first == state; });
  return found == kNames.end() ? "unknown" : found->second;
}

std::optional<JobState> JobStateFromString(std::string_view text) {
  const auto* found = std::find_if(kNames.begin(), kNames.end(), [&](const auto& row) { return row.second == text; });
  if (found == kNames.end()) return std::nullopt;
  return found->first;
}

bool IsEnd(JobState state) { return state == S::kDelivered || state == S::kFailed || state == S::kCancelled; }

bool AwaitsBuild(JobState state) { return state == S::kSubmitted || state == S::kBuilding; }

bool MayFollow(JobState from, JobState to) {
  if (from == to) return true;
  if (IsEnd(from)) return false;
  // Once published the delivery is whole: it cannot fail any more, only be finished.
  if (to == S::kFailed || to == S::kCancelled) return from != S::kPublished;
  return std::find(kForward.begin(), kForward.end(), std::pair{from, to}) != kForward.end();
}

bool MayReopen(JobState from, JobState to) {
  if (from == S::kDelivered) return to == S::kBuilt;
  return (from == S::kFailed || from == S::kCancelled) && to == S::kReclaiming;
}

}  // namespace tegodrop
