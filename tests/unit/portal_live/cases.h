// The cases that every call of the page meets alike.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/error.h"
#include "tests/unit/portal_live/operations.h"

namespace tegodrop::testing {

// What stands at the portal afterwards.
enum class Effect : std::uint8_t { kNone, kDone };

struct Case {
  std::string name;
  // How it is ordered.
  std::string switches = {};  // set once the world is made
  std::string fault = {};     // an action, for the one request
  Account account = Account::kRight;
  bool impatient = false;
  // What must come of it, where it bites; elsewhere the call succeeds.
  std::optional<ErrorKind> kind = {};  // nullopt: success
  std::string words = {};              // in the message
  bool unknown = false;                // outcome_unknown, of a call that is effective
  Effect effect = Effect::kNone;       // where the call fails, and changes anything at all
  std::optional<std::pair<std::chrono::seconds, std::chrono::seconds>> retry_after = {};
  bool sent = true;        // a request reaches the simulator
  bool everywhere = true;  // false: ordered only where it bites
  bool (*bites)(const Operation& operation) = [](const Operation& /*operation*/) { return true; };
};

const std::vector<Case>& AllCases();

}  // namespace tegodrop::testing
