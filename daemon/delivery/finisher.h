// The end of a job: its source is put away, and whoever dropped it can read what became of it.
//
//   published           source to processed/ (or deleted, or left), receipt        -> delivered, finished
//                       (a duplicate too: the receipt names the earlier delivery)
//   failed, cancelled   `.failed.json` into the output folder, source and reason
//                       to failed/, receipt                                        -> finished
//                       (a redelivery: nothing of these, the delivery before it stands with its receipt)
// Every step is safe to do again; `finished` is recorded last.
//
// A job whose target says SourceAfter::kKeep was copied into the spool at its claim, because its drop folder is not to
// be changed or cannot be: its copy is dropped, and its receipt stands in the output folder's room.
#pragma once

#include <functional>

#include "daemon/base/log.h"
#include "daemon/base/result.h"
#include "daemon/delivery/deliverer.h"
#include "daemon/delivery/records.h"
#include "daemon/ledger/job_record.h"
#include "daemon/loop/timers.h"
#include "daemon/share/drop_folder.h"

namespace tegodrop {

// The drop folder of a job, open; kLocalDisk where it is missing now.
using FindDrop = std::function<Result<DropFolder*>(const Job& job)>;

// Called before the end of a job that is not delivered is told: an error ends the attempt, and nothing is told. A null
// handle: nobody needs to be asked, and `done` does not run.
using BeforeEnd = std::function<HandlePtr(const Job& job, std::function<void(Status)> done)>;

// What the room needs of the world; all must outlive the Finisher and its handles.
struct FinishWorld {
  TimerMaker& timers;
  Log& log;
  Producer producer;
};

class Finisher {
 public:
  // `before_end`: may be empty.
  Finisher(FinishWorld world, FindDrop find_drop, FindOutput find_output, BeforeEnd before_end = nullptr);

  // `record` must outlive the handle. A job that failed because its output cannot be written is finished without its
  // record there. Errors: kLocalDisk, or what the folders say: again later;
  // or what `before_end` says.
  HandlePtr Start(JobRecord& record, std::function<void(Status)> done);

 private:
  FinishWorld world_;
  FindDrop find_drop_;
  FindOutput find_output_;
  BeforeEnd before_end_;
};

}  // namespace tegodrop
