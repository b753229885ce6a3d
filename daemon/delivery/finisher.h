// The end of a job: its source is put away, and whoever dropped it can read what became of it.
//
//   published            source to processed/ (or deleted, or left), receipt                                   ->
//   delivered, finished failed, cancelled    `.failed.json` into the output folder, source and reason to failed/,
//   receipt         -> finished
// Every step is safe to do again; `finished` is recorded last.
#pragma once

#include <functional>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/result.h"
#include "daemon/delivery/deliverer.h"
#include "daemon/delivery/records.h"
#include "daemon/ledger/job_record.h"
#include "daemon/share/drop_folder.h"

namespace tegodrop {

// The drop folder of a job, open; kLocalDisk where it is missing now.
using FindDrop = std::function<Result<DropFolder*>(const Job& job)>;

class Finisher {
 public:
  // `clock` and `log` must outlive it.
  Finisher(const Clock& clock, Log& log, Producer producer, FindDrop find_drop, FindOutput find_output);

  // `record` must outlive the handle. Errors: kLocalDisk: again later.
  HandlePtr Start(JobRecord& record, std::function<void(Status)> done);

 private:
  const Clock& clock_;
  Log& log_;
  Producer producer_;
  FindDrop find_drop_;
  FindOutput find_output_;
};

}  // namespace tegodrop
