// Which troubles that last are told, and when their end is: each once, however often it is seen, and not what passes in
// a moment. Pure: time is an argument.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "daemon/base/clock.h"

namespace tegodrop {

// How something stands at the moment that may be wrong.
struct TroubleSeen {
  std::string mark;  // what it is about, one for each
  bool wrong = false;
  // So long it must have been wrong before that is told, and right before its end is.
  std::chrono::milliseconds tell_after{0};
  std::chrono::milliseconds over_after{0};
  bool tell_over = true;
};

enum class TroubleStep : std::uint8_t {
  kNothing,
  kTell,    // it is wrong
  kOver,    // it is right again: to be told
  kForget,  // it is right again: nothing to tell
};

class TroubleWatch {
 public:
  // `told`: that it is wrong was told, in this life or an earlier one, and its end was not.
  TroubleStep See(const TroubleSeen& seen, bool told, MonoMs now);

 private:
  std::map<std::string, MonoMs> since_wrong_;  // by mark
  std::map<std::string, MonoMs> since_right_;
};

}  // namespace tegodrop
