// Whether this machine's clock can be trusted, by what the portal's answers say of the time.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/conductor/upload_gate.h"
#include "daemon/ledger/ledger.h"

namespace tegodrop {

// What is wrong with a clock that is `ahead` of the portal's (negative: behind), and what to do; nothing within
// kClockTolerance.
std::optional<std::string> ClockTrouble(std::chrono::milliseconds ahead);

// Reports it once, in the log and as the ledger's notice, and takes the notice back when the clocks agree again.
class ClockWatch {
 public:
  // All must outlive it.
  ClockWatch(Ledger& ledger, const Clock& clock, Log& log) : ledger_(ledger), clock_(clock), log_(log) {}

  // By an answer of the portal.
  void Saw(std::chrono::milliseconds ahead);
  // What it saw last; nothing before the first answer.
  std::optional<std::chrono::milliseconds> ahead() const { return ahead_; }

 private:
  void Write(bool wrong, const std::string& text);

  Ledger& ledger_;
  const Clock& clock_;
  Log& log_;
  std::optional<std::chrono::milliseconds> ahead_;
  std::optional<bool> wrong_;  // as the ledger knows it; nothing: not known yet in this life
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tegodrop
