// What the way in needs of the world.
#pragma once

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/random.h"
#include "daemon/intake/spool.h"
#include "daemon/ledger/ledger.h"
#include "daemon/loop/timers.h"
#include "daemon/share/drop_folder.h"

namespace tegodrop {

// All must outlive the Intake.
struct IntakeWorld {
  DropFolder& folder;
  Ledger& ledger;
  TimerMaker& timers;
  const Clock& clock;
  Random& random;
  Log& log;
  Spool* spool = nullptr;  // of all folders together; none: no limit
};

}  // namespace tegodrop
