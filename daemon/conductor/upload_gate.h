// Whether uploads may start now: by the window, and by a clock that it can be told by. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/base/clock.h"
#include "daemon/model/upload_window.h"

namespace tegodrop {

// More than this between this machine's clock and the portal's is too much: records would name wrong times, and a
// window of hours would open at the wrong ones.
inline constexpr std::chrono::milliseconds kClockTolerance = std::chrono::minutes(5);

class UploadGate {
 public:
  void SetWindow(UploadWindow window) { window_ = std::move(window); }
  // By an answer of the portal: by how much this machine's clock is ahead of it, and what our clocks say now. True
  // where the clock was right and is wrong now, or the other way round.
  bool Saw(std::chrono::milliseconds ahead, WallMs wall, MonoMs mono);
  // The portal was asked, and why it did not answer; nothing where it did, with its time or naming none.
  void Asked(std::string trouble);

  struct Answer {
    bool open = true;
    // The portal is to be asked something, whatever it is: its answer tells the time. Not open until it has answered.
    bool ask = false;
    std::string waiting_for;  // where it is not open, one phrase for people
    WallMs not_before = 0;    // when it opens; 0: nobody knows
    // How long this answer is good by a clock that does not jump; nothing: for ever. Where it is not open never longer
    // than a minute, because the wall clock may jump.
    std::optional<std::chrono::milliseconds> good_for;
  };
  Answer At(WallMs wall, MonoMs mono) const;

  // "Mon 2026-11-30 22:00 (Europe/Berlin)".
  std::string TimeText(WallMs time) const { return window_.TimeText(time); }
  // Whether a row's waiting_for is from here.
  static bool Says(std::string_view waiting_for);

 private:
  // Of this machine's clock, by what the portal's answers have shown.
  enum class Trust : std::uint8_t {
    kUnknown,  // nothing yet, or the clock was set since
    kRight,
    kWrong,
  };
  Trust TrustAt(WallMs wall, MonoMs mono) const;

  struct Sight {
    std::chrono::milliseconds ahead{0};
    WallMs wall = 0;
    MonoMs mono = 0;
  };
  UploadWindow window_;
  std::optional<Sight> seen_;
  bool answered_ = false;  // in this life
  std::string trouble_;    // the last question's
};

}  // namespace tegodrop
