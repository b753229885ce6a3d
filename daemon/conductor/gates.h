// What a look through the history means for one awaited job. Pure.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "config/settings.h"
#include "daemon/base/clock.h"
#include "daemon/model/job.h"

namespace tegodrop {

// How long a build that is neither running nor done and names no error is watched: it was perhaps queued for signing by
// hand.
inline constexpr std::chrono::milliseconds kResetGrace = std::chrono::minutes(30);
// Looks through the whole history that must miss an upload before it counts as not arrived; more where more fit into
// polling.confirm_after.
inline constexpr int kLeastConfirmingLooks = 3;
// How often one artifact may be sent whole when the history never showed it, before a person has to decide.
inline constexpr int kMostUnconfirmedSends = 2;

struct GateStep {
  // The row's change; nothing where there is none to write.
  std::function<void(Job&)> change;
  std::string note;
  bool alarm = false;  // the build takes too long: to be reported once
  bool again = false;  // the same row has more to say after this change
};

// `row`: the build as the history shows it now, or nothing where a complete look did not show it (an incomplete look
// that did not find it says nothing: do not ask). The job is in state confirming, submitted or building.
GateStep StepFor(const Job& job, const std::optional<BuildRow>& row, const PollingSettings& polling, WallMs now);

}  // namespace tegodrop
