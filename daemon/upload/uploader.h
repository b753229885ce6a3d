// The upload of one job's artifact: a fresh signed URL, then the single PUT, streamed and hashed, with the last chunk
// held back until everything agrees.
//
// Steps, each recorded before the next:
//   claimed     ask for an upload URL                          -> requested (ticket)
//   requested   open the artifact, start the PUT               -> uploading
//   uploading   all but the last chunk leaves; digest, fstat and size agree with the row; the row says last_chunk_left;
//   the last chunk leaves
//               a 2xx answer                                   -> submitted
// A signed URL lives in memory alone, so every attempt begins with a new one; asking is harmless, because nothing is
// queued before the object is there.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"
#include "daemon/ledger/job_record.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/task_runner.h"
#include "daemon/loop/timers.h"
#include "daemon/net/transfer.h"
#include "daemon/portal/portal.h"

namespace tegodrop {

// What the room needs of the world; all must outlive the Uploader and its handles.
struct UploadWorld {
  Portal& portal;
  Transfer& transfer;
  TimerMaker& timers;
  TaskRunner& readers;  // reads and hashes beside the sending
  FileSystem& fs;
  const Clock& clock;
  Log& log;
};

// Opens the claimed artifact of the job for reading; as DropFolder::OpenClaimed.
using OpenSource = std::function<HandlePtr(const Job& job, std::function<void(Result<Fd>)> done)>;

class Uploader {
 public:
  Uploader(UploadWorld world, OpenSource open_source);

  // Carries a job in state claimed, requested or uploading (with last_chunk_left == 0) to submitted. `record` must
  // outlive the handle. Destroying the handle stops the sending; when the row then says last_chunk_left the outcome is
  // unknown. `progress`: bytes sent so far, from the loop. Errors of `done`, by the reaction they ask for (the row has
  // been set to the state that fits, as far as the ledger took it):
  //   outcome_unknown          the last chunk may have arrived: the row says confirming
  //   kExpired                 the URL was refused before the last chunk left (403): ask again from claimed; the row
  //   counts upload_tries kRetry                   passing trouble before the last chunk left: again later; the row
  //   counts upload_tries kSlowDown, kSignIn       the portal's own refusals, nothing was sent kRejected the portal
  //   will never take it (its words are the message), or the answer was multipart, which this version cannot do
  //   kCorrupt                 the claimed file is not what was admitted (size or digest)
  //   kLocalDisk               the file or the ledger could not be read or written: again later
  HandlePtr Start(JobRecord& record, std::function<void(std::uint64_t sent)> progress,
                  std::function<void(Status)> done);

 private:
  UploadWorld world_;
  OpenSource open_source_;
};

}  // namespace tegodrop
