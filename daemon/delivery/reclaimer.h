// Back to work: what the end of a job left behind is undone, because a person wants it tried again.
//
//   reclaiming   its artifact out of failed/ (or copied into the spool again); its `.failed.json`, its receipt and its
//                reason go                                            -> confirming, claimed or built (AfterReclaim)
// Every step is safe to do again. An artifact that is not to be had any more fails the job anew.
#pragma once

#include <functional>

#include "daemon/base/clock.h"
#include "daemon/delivery/deliverer.h"
#include "daemon/delivery/finisher.h"
#include "daemon/ledger/job_record.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/timers.h"

namespace tegodrop {

// All must outlive the Reclaimer and its handles.
struct ReclaimWorld {
  TimerMaker& timers;
  const Clock& clock;
};

class Reclaimer {
 public:
  Reclaimer(ReclaimWorld world, FindDrop find_drop, FindOutput find_output);

  // Carries a job in state reclaiming on. `record` must outlive the handle; destroying that leaves a state from which
  // the same call goes on. Errors of `done`: kLocalDisk (also for a folder that is away), again later.
  HandlePtr Start(JobRecord& record, std::function<void(Status)> done);

 private:
  ReclaimWorld world_;
  FindDrop find_drop_;
  FindOutput find_output_;
};

}  // namespace tegodrop
