// What a person's commands mean for a job: a change of its row, or a refusal in words. Pure: the conductor carries it
// out while the daemon runs, the commands themselves write it into the ledger while it does not.
//
//   retry      failed, cancelled -> reclaiming (AfterReclaim says what then); a job that is held for a person asks the
//              history afresh, or is sent anew
//   redeliver  delivered -> built, to be published once more under a name of its own
//   cancel     everything up to the publishing -> cancelled; a build that is queued stays at the portal
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "daemon/base/clock.h"
#include "daemon/model/job.h"

namespace tegodrop {

enum class OperatorVerb : std::uint8_t { kRetry, kRebuild, kRedeliver, kCancel };

struct OperatorPlan {
  // Of the row; nothing where the command is refused.
  std::function<void(Job&)> change;
  std::string note;     // for the timeline
  std::string message;  // for the person: what happens now, or why nothing does
  explicit operator bool() const { return change != nullptr; }
};

// `job`: its row as it is now. The change fits MayFollow or MayReopen.
OperatorPlan PlanFor(OperatorVerb verb, const Job& job, WallMs now);

// Where a job in state reclaiming goes once its artifact stands in its room again: to built where it was delivered
// before, to confirming where the portal may have the object, else to claimed.
void AfterReclaim(Job& job, WallMs now);

// Whether the history is to be asked before it is sent (again).
bool PortalMayHaveIt(const Job& job);

// Whether nothing but a person can move it on: the history showed none of its uploads (conductor/gates.h).
bool HeldForAPerson(const Job& job);

// Whether taking its artifact back is needed at all: not for one that was delivered before.
bool NeedsArtifact(const Job& job);

// Told apart from other deliveries of the same job: its id, with a number from the second redelivery on.
std::string DeliveryTag(const Job& job);

}  // namespace tegodrop
