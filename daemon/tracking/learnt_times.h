// How long the builds of one configuration version take, by platform, learnt from rows of the portal's history. Pure.
//
// The history itself is the memory: nothing of this is kept over a restart, the first look teaches again. And nothing
// that the portal may make as long as it likes is kept: numbers only, of the platforms that there are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "daemon/model/build.h"
#include "daemon/tracking/taken_time.h"

namespace tegodrop {

// Fewer finished builds than this say nothing.
inline constexpr std::size_t kFewestTimes = 3;
// The newest so many of a platform count: enough for a good fit, few enough to follow a portal that became faster.
inline constexpr std::size_t kMostTimes = 100;
// No deadline that a config may name is longer: what claims to have taken more seconds is no build's time.
inline constexpr std::int64_t kLongestTime = 30 * 86'400;

class LearntTimes {
 public:
  // Learns of a row, if it is one of a build that ended by itself and its times can be true; of one that is known
  // already nothing new.
  void Add(const BuildRow& row);
  // Learns all that `other` knows.
  void Merge(const LearntTimes& other);
  // How long builds of `platform` take; nothing where too few are known.
  std::optional<TakenTime> Of(const std::string& platform) const;
  // How many are known of it.
  std::size_t Count(const std::string& platform) const;

 private:
  using Times = std::map<std::pair<std::int64_t, std::size_t>, std::int64_t>;  // seconds, by start_time and name's hash
  static void Put(Times& times, const Times::value_type& one);

  std::map<std::string, Times> platforms_;
};

}  // namespace tegodrop
