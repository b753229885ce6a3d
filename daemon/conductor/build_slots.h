// How many builds of ours may be at the portal at once, and when it is asked for more. Pure.
//
// A build slot is in use from the moment when its upload begins until its build has ended. Without a configured number
// there is no limit until the portal refuses an upload (429); then the limit is what was running at that moment, and
// the end of each of our builds lets one more upload go. Beyond a learned limit one upload at a time is tried, seldom:
// after ten minutes in which nothing was refused (a bigger plan, or somebody else's builds have ended), and where none
// of ours was running, so that no end of a build will ever tell, after 30 s, then twice that, up to 15 min.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "daemon/base/clock.h"

namespace tegodrop {

inline constexpr std::chrono::milliseconds kTryMoreBuilds = std::chrono::minutes(10);
inline constexpr std::chrono::milliseconds kLongestSlotWait = std::chrono::minutes(15);

class BuildSlots {
 public:
  // `most`: limits.concurrent_builds; nullopt: auto.
  explicit BuildSlots(std::optional<int> most) : most_(most) {}

  // Another number in the config; what was learned of the portal stays.
  void SetMost(std::optional<int> most) { most_ = most; }
  // How many more uploads may begin while `in_use` slots are.
  int Room(int in_use, MonoMs now) const;
  // When there is room without a build's end; nullopt: not by time.
  std::optional<MonoMs> NextTry(int in_use) const;
  // Whether `in_use` fills the configured number, so that the portal's limit does not matter.
  bool ReachedConfigured(int in_use) const { return most_ && in_use >= *most_; }

  // An upload begins while `in_use` other slots are in use.
  void Begun(const std::string& job, int in_use);
  // The portal gave it an upload URL.
  void Accepted(const std::string& job, MonoMs now);
  // The portal refused it one, while `running` other uploads and builds of ours were under way; `wait`: what it asked
  // for, or the first wait where it said nothing.
  void Refused(const std::string& job, int running, std::chrono::milliseconds wait, MonoMs now);
  // Its upload is over, however: without an answer it tried nothing.
  void Ended(const std::string& job, MonoMs now);

 private:
  std::optional<int> most_;
  std::optional<int> learned_;
  std::string trying_;  // the one upload that was begun beyond what was learned
  MonoMs next_try_ = 0;
  int refused_alone_ = 0;  // refusals in a row while none of ours was running
};

}  // namespace tegodrop
