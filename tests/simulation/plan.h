// A night as its seed draws it: the config, what is dropped when, what a person does, when the process dies.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/settings.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/judge.h"
#include "tests/simulation/portal_model.h"
#include "tests/simulation/weather.h"

namespace tegodrop::simulation {

enum class DeathBy : std::uint8_t { kStep, kDiskChange, kLedgerWrite, kPiece };

struct Death {
  std::int64_t at = 0;  // armed from then on
  DeathBy by = DeathBy::kStep;
  std::int64_t nth = 1;    // of these since then
  bool power_cut = false;  // the machine's, else the process' alone
  std::int64_t pause = 0;  // until the next start, ms
};

enum class Deed : std::uint8_t { kCancelOne, kRetryFailed, kPause, kResume };

struct PersonAct {
  std::int64_t at = 0;
  Deed deed = Deed::kRetryFailed;
};

struct Plan {
  Settings settings;
  PortalModel::Rules portal;
  std::vector<Drop> drops;
  std::vector<std::string> sidecars;  // suffixes of the sidecars of each drop, one after the other: ".sha256 .json"
  std::vector<Death> deaths;
  std::vector<PersonAct> acts;
  bool foreign_output = false;    // somebody's file stands where an output would go
  std::int64_t wall_jump_at = 0;  // 0: never
  std::int64_t wall_jump = 0;
  std::int64_t calm = 0;  // nothing new goes wrong from then on
  Weather weather;
};

// `site`: the folder that all of the night's folders are in.
Plan DrawPlan(std::uint64_t seed, const std::string& site);

}  // namespace tegodrop::simulation
