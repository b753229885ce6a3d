// When uploads may start: windows of the week on the clocks of one place. Pure.
//
// A window is "HH:MM-HH:MM", with days in front of it where it is not every day's: "mon-fri 22:00-06:00", "sat,sun
// 00:00-24:00". One across midnight belongs to the day on which it begins. 24:00 is the end of a day. Windows that
// overlap or touch are one.
//
// Where clocks change, a window begins and ends by what clocks show, and stays in one piece:
//   - a time in an hour that is left out is the moment of the change. Beginning 02:30, a window opens when clocks jump
//     from 02:00 to 03:00; ending 02:30, it closes then; from 02:10 to 02:50, it does not open that night.
//   - in an hour that comes twice a window is open from the first time that its begin comes to the last time that its
//     end does: 22:00-02:30 closes at the second 02:30, and 02:15-02:45 is open for an hour and a half. An end at the
//     very moment to which clocks go back (22:00-02:00) is that moment the first time it comes: nothing of the hour
//     that comes twice was in the window.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/base/result.h"
#include "daemon/base/time_zone.h"

namespace tegodrop {

class UploadWindow {
 public:
  // Always open.
  UploadWindow() = default;
  // Errors (kRejected) say which text is wrong, how, and what is allowed. No text: always open.
  static Result<UploadWindow> Parse(const std::vector<std::string>& texts, TimeZone zone);
  // Brings one window's text into its one form ("Mon - Fri 22:00-06:00" becomes "mon-fri 22:00-06:00"), or returns what
  // is wrong with it and what is allowed.
  static std::string Check(std::string& text);

  struct Look {
    bool open = true;
    std::optional<WallMs> changes;  // when that changes next; nothing: never
  };
  Look At(WallMs now) const;
  // When it closed last, not after `now`, as far as that is not longer ago than a fortnight; nothing: it did not, or is
  // always open.
  std::optional<WallMs> ClosedBefore(WallMs now) const;
  // There is no moment outside of it, whatever the clock says.
  bool always_open() const { return always_open_; }
  // "the upload window (mon-fri 22:00-06:00, Europe/Berlin)".
  std::string Words() const;
  // "Mon 2026-11-30 22:00 (Europe/Berlin)".
  std::string TimeText(WallMs time) const;
  // "2026-11-30-2200" and "2026-11-30-220059", by the same clocks, for names of files.
  std::string MinuteStamp(WallMs time) const;
  std::string SecondStamp(WallMs time) const;

 private:
  struct Part {
    std::bitset<7> days;  // on which it begins; 0: Monday
    int begin = 0;        // minutes since the day's 00:00
    int end = 0;          // greater than begin; above 24 * 60: on the next day
    std::string text;
  };
  // Returns what is wrong.
  static std::string Read(const std::string& text, Part& part);
  bool CoversAll() const;
  // Half-open, in seconds UTC; merged, by time, from about a fortnight before `now` to one after it.
  std::vector<std::pair<std::int64_t, std::int64_t>> Around(std::int64_t now) const;
  // As strftime writes it, by the clocks of the zone.
  std::string Shown(WallMs time, const char* format) const;

  std::vector<Part> parts_;
  TimeZone zone_;
  bool always_open_ = true;
};

}  // namespace tegodrop
