// What goes wrong in a night, when, and how often: windows of time in which each request or call meets a trouble with
// some likelihood. Drawn whole from the seed before the night begins, and over before its end.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tests/simulation/dice.h"

namespace tegodrop::simulation {

enum class Trouble : std::uint8_t {
  // Of requests, to the portal or to its store:
  kRefused,       // no connection
  kCutSending,    // the connection dies while the request is sent
  kLost,          // the whole request left, and never arrived
  kLate,          // the whole request left and arrives minutes later; nobody waits for the answer any more
  kAnswerLost,    // it had its effect, and the answer never came
  kStatusBefore,  // a 5xx of a gateway, without any effect
  kStatusAfter,   // a 5xx of a gateway, although it had its effect
  kStall,         // bytes stop moving while it is sent
  kAnswerCut,     // the answer dies in its middle
  kErrorIn200,    // a 200 with an error in its body, without any effect
  kUrlRefused,    // of the store: 403, the URL has expired
  kCorrupt,       // of a download: bytes are not the right ones
  kShort,         // of a download: whole by its length, but not by its content
  kLong,          // of a download: more than there should be
  kAway,          // nothing answers at all
  kSignIn,        // of the portal: 401
  kSlow,          // all answers take half a minute
  // Of a disk:
  kEio,       // a call fails and does nothing
  kEioAfter,  // a call does its work and fails all the same
  kFull,      // nothing more can be written
  kReadOnly,  // nothing can be changed
  kHang,      // calls take a minute
  kGone,      // the folder is not there
  kEmptied,   // another, empty folder stands in its place
  kCount,
};

std::string_view NameOf(Trouble trouble);

// Where it happens.
enum class Place : std::uint8_t { kPortal, kStore, kDrop0, kDrop1, kOutput0, kOutput1, kState, kCount };
inline constexpr std::size_t kFolders = 2;
inline Place DropPlace(std::size_t folder) {
  return static_cast<Place>(static_cast<std::size_t>(Place::kDrop0) + folder);
}
inline Place OutputPlace(std::size_t folder) {
  return static_cast<Place>(static_cast<std::size_t>(Place::kOutput0) + folder);
}

struct TroubleWindow {
  Trouble trouble = Trouble::kRefused;
  Place place = Place::kPortal;
  std::int64_t from = 0;  // ms since the start of the night
  std::int64_t until = 0;
  double likelihood = 1;
};

class Weather {
 public:
  // Fair weather.
  Weather() : dice_(0) {}
  // `hours`: all is over by then. `disks`: also of the disks.
  Weather(Dice dice, std::int64_t hours);

  // Whether `trouble` strikes there now; counted where it does.
  bool Strikes(Trouble trouble, Place place, std::int64_t now);
  // Whether a window of it is open, whatever its likelihood.
  bool Open(Trouble trouble, Place place, std::int64_t now) const;
  // Of the disk at that place, in this night.
  bool EverOnDisk(Place place) const;
  bool Ever(Trouble trouble) const;

  const std::vector<TroubleWindow>& windows() const { return windows_; }
  const std::array<std::uint64_t, static_cast<std::size_t>(Trouble::kCount)>& struck() const { return struck_; }
  std::uint64_t total() const;

 private:
  void Add(Trouble trouble, Place place, std::int64_t from, std::int64_t until, double likelihood);
  void AddNet(std::int64_t end);
  void AddDisk(std::int64_t end);

  Dice dice_;
  std::vector<TroubleWindow> windows_;
  std::array<std::uint64_t, static_cast<std::size_t>(Trouble::kCount)> struck_{};
};

}  // namespace tegodrop::simulation
