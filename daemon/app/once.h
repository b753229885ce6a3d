// When `run --once` is done, and with which exit code. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "daemon/app/exit_code.h"
#include "daemon/base/clock.h"
#include "daemon/conductor/conductor.h"
#include "daemon/intake/intake.h"

namespace tegodrop {

// One drop folder at the moment.
struct OnceFolder {
  std::string name;
  std::chrono::milliseconds settle{0};  // how long its files must be quiet
  IntakeState state;
};

struct OnceFacts {
  MonoMs now = 0;
  MonoMs started = 0;
  bool intake_stopped = false;
  std::vector<OnceFolder> folders;
  Overview overview;
  int failed = 0;  // jobs that failed since the start
  int left = 0;    // files that were left in their folders, folders that could not be opened
};

enum class OnceStep : std::uint8_t {
  kWait,
  kStopIntake,  // all that is here was taken, or had its time: name what is left
  kEnd,         // with `code`
};

struct OnceDecision {
  OnceStep step = OnceStep::kWait;
  ExitCode code = ExitCode::kDone;
  std::string reason;  // for people, where the end is not a good one
};

// How long what is not whole may take after its folder's settle time.
inline constexpr std::chrono::milliseconds kOnceGrace = std::chrono::seconds(10);
// How long the portal may be silent.
inline constexpr std::chrono::milliseconds kOncePortalSilence = std::chrono::minutes(2);
// How long a folder may be in trouble while nothing else is left to do.
inline constexpr std::chrono::milliseconds kOnceDiskTrouble = std::chrono::seconds(30);

// How long the disk of the ledger may be in trouble before anything can begin.
inline constexpr std::chrono::milliseconds kOnceLedgerTrouble = std::chrono::minutes(2);

OnceDecision DecideOnce(const OnceFacts& facts);

// Nothing but a person, a folder's return or the window moves any job on.
bool AllIsStuck(const Overview& overview);

// Whether the folder's own time is over: what is still pending there is left.
bool FolderHadItsTime(const OnceFolder& folder, MonoMs started, MonoMs now);

}  // namespace tegodrop
