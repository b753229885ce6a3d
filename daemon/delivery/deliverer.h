// The way back: download, verify, publish, trace.
//
// Steps, each recorded before the next:
//   built      a fresh signed URL; the output streams into a staging file, hashed as it
//              arrives; synced and recorded now and then, so that an attempt after this one
//              asks for the rest; checked; synced                                 -> fetched
//   fetched    a free name is chosen and recorded; file, checksum, provenance and trace
//              are published in this order                                        -> published
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/result.h"
#include "daemon/delivery/attestor.h"
#include "daemon/delivery/records.h"
#include "daemon/ledger/job_record.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/timers.h"
#include "daemon/net/transfer.h"
#include "daemon/portal/portal.h"
#include "daemon/share/output_folder.h"

namespace tegodrop {

// The output folder of a job; kLocalDisk where it is not to be had now. The folder must outlive the handle it is used
// through.
using FindOutput = std::function<Result<OutputFolder*>(const Job& job)>;

// Called when the output is staged and checked: says where it stands on a share that it is about to be published. An
// error ends the attempt, with nothing published by it. A null handle: nobody needs to be told, and `done` does not
// run.
using BeforePublication = std::function<HandlePtr(const Job& job, std::function<void(Status)> done)>;

// How often a download is synced and recorded: whenever so much has come since the last time, but not more often. A
// death costs no more than that; each time costs the disk a sync.
struct CheckpointPace {
  std::uint64_t bytes = 64ULL << 20U;
  std::chrono::milliseconds every = std::chrono::seconds(5);
};

// What the room needs of the world; all must outlive the Deliverer and its handles.
struct DeliveryWorld {
  Portal& portal;
  Transfer& transfer;
  TimerMaker& timers;
  const Clock& clock;
  Log& log;
  Producer producer;  // who writes the traces
  const Attestor& attestor;
  CheckpointPace pace = {};
};

class Deliverer {
 public:
  // `before_publication`: may be empty.
  Deliverer(DeliveryWorld world, FindOutput find_output, BeforePublication before_publication = nullptr);

  // Carries a job in state built or fetched to published. `record` must outlive the handle. Destroying the handle stops
  // a download; a Publish that has begun is awaited by nobody but safe to do again. `progress`: bytes received so far
  // and in all (0: not known), from the loop; may be empty.
  //
  // Errors of `done`, by reaction:
  //   kRetry      passing trouble of portal or store, a refused signed URL too; the row counts download_tries, and what
  //               came is kept where the rest of it can be asked for
  //   kSlowDown   the portal has enough for now; not counted
  //   kSignIn     the portal refuses the credentials
  //   kRejected   the portal refuses the download for good
  //   kCorrupt    the output failed its checks: the row holds them (job().output.checks) and counts download_tries and
  //               bad_downloads. The bytes of the last one (kMostBadDownloads) are in quarantine, but for one that is
  //               too large; the earlier ones are dropped
  //   kLocalDisk  the output folder or the ledger would not take it: again later (sys is ENOSPC for a full disk)
  //   kTakenOver  as `before_publication` says
  HandlePtr Start(JobRecord& record, std::function<void(std::uint64_t received, std::uint64_t total)> progress,
                  std::function<void(Status)> done);

  // The same for a job in state built, and only to fetched: for one who publishes by himself.
  HandlePtr Fetch(JobRecord& record, std::function<void(std::uint64_t received, std::uint64_t total)> progress,
                  std::function<void(Status)> done);

 private:
  DeliveryWorld world_;
  FindOutput find_output_;
  BeforePublication before_publication_;
};

}  // namespace tegodrop
