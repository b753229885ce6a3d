// What an error means for the job it happened to: a wait, or a failure with its remedy. Pure: one part decides, another
// acts.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "daemon/base/error.h"
#include "daemon/base/random.h"
#include "daemon/model/failure.h"
#include "daemon/model/job.h"

namespace tegodrop {

// How often a refused upload URL is replaced before the job fails.
inline constexpr int kMostExpiredUrls = 3;

// Whom a wait concerns besides the job itself.
enum class HoldScope : std::uint8_t {
  kJob,          // nobody
  kUploads,      // the portal has enough builds: no upload is begun
  kCredentials,  // nothing is asked of the portal
  kStage,        // its host is left alone for a while: nothing else of the same stage is begun
};

struct Reaction {
  // Where set, the job fails with it; else it waits.
  std::optional<Failure> failure;
  bool taken_over = false;  // another host has the job now: nothing of it is done or said any more
  std::chrono::milliseconds delay{0};
  std::string waiting_for;  // one phrase for people
  HoldScope hold = HoldScope::kJob;
  bool portal_trouble = false;  // the portal or its store did not answer as it should
  bool disk_trouble = false;    // a folder or the ledger could not be read or written
  bool output_trouble = false;  // of these: most likely the output folder
};

// `job`: its row after the error. An error with outcome_unknown gives a wait of no time: the row says confirming.
Reaction ReactTo(const Job& job, const Error& error, Random& random);

// How long whatever an error held back waits.
std::chrono::milliseconds HeldBackDelay(const Error& error, Random& random);

// The failure of a build by the portal's row, after JudgeBuild said kFailed, kNotSigned or kDeleted.
Failure BuildFailure(const std::string& job, const BuildRow& row, FailureKind kind);

}  // namespace tegodrop
