// From a verdict on a candidate to the job and the claim that it becomes. Pure but for the log.
#pragma once

#include <optional>
#include <string>

#include "daemon/base/log.h"
#include "daemon/intake/admission.h"
#include "daemon/intake/claiming.h"
#include "daemon/intake/intake.h"

namespace tegodrop {

// The file that is claimed.
struct ClaimedFile {
  std::string job;  // the id that it gets
  WallMs first_seen = 0;
  FileStat stat;
  bool copy = false;  // nothing in its folder may be changed
};

// `failure`: set where it is refused.
ClaimPlan MakeClaimPlan(const IntakeSettings& settings, const ClaimedFile& file, Weighed weighed,
                        const Inspection& inspection, std::optional<Failure> failure);

// One line for the job whose row says claimed, or failed.
void LogDecision(Log& log, const Job& job);

}  // namespace tegodrop
