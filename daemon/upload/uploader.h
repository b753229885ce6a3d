// The upload of one job's artifact: a fresh signed URL, then the single PUT, streamed and hashed, with the last chunk
// held back until everything agrees; or, where the portal wants parts, several PUTs at once, and Complete.
//
// Steps, each recorded before the next:
//   claimed     ask for an upload URL                          -> requested (ticket)
//   requested   open the artifact, start the PUT               -> uploading
//   uploading   all but the last chunk leaves; digest, fstat and size agree with the row; the row says last_chunk_left;
//   the last chunk leaves
//               a 2xx answer                                   -> submitted
//   in parts:   each confirmed part is recorded; when all are and the whole agrees, the row says last_chunk_left
//                                                              -> completing
//   completing  Complete leaves; a 2xx answer without an error -> submitted
// The signed URL of a single PUT lives in memory alone, so every attempt begins with a new one; asking is harmless,
// because nothing is queued before the object is there. The URLs of parts stand in the row, sealed under the token, so
// that what has arrived is not sent again: an attempt goes on with them while they live long enough, else it starts
// over and the old upload is left to be aborted (Job::aborts).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "daemon/base/clock.h"
#include "daemon/base/fingerprints.h"
#include "daemon/base/log.h"
#include "daemon/base/random.h"
#include "daemon/base/result.h"
#include "daemon/base/secret.h"
#include "daemon/disk/file_system.h"
#include "daemon/ledger/job_record.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/task_runner.h"
#include "daemon/loop/timers.h"
#include "daemon/net/transfer.h"
#include "daemon/portal/portal.h"
#include "daemon/upload/rate_limit.h"

namespace tegodrop {

// What the room needs of the world; all must outlive the Uploader and its handles.
struct UploadWorld {
  Portal& portal;
  Transfer& transfer;
  TimerMaker& timers;
  TaskRunner& readers;  // reads and hashes beside the sending
  FileSystem& fs;
  const Clock& clock;
  Random& random;
  Log& log;
  RateLimit* rate = nullptr;  // none: uploads are not slowed down
  // Of what was hashed when it was admitted. None, or none of an artifact: what is sent is hashed once more.
  const Fingerprints* fingerprints = nullptr;
};

struct UploadSettings {
  int concurrent_parts = 4;  // of one artifact
  // Part URLs are sealed in the ledger under it: the portal's token. With another one an upload starts over.
  Secret sealing;
};

// Opens the claimed artifact of the job for reading; as DropFolder::OpenClaimed.
using OpenSource = std::function<HandlePtr(const Job& job, std::function<void(Result<Fd>)> done)>;

// Called when all of the artifact but its end has left: says where it stands on a share that it is about to arrive. An
// error gives the upload back, with nothing at the portal. A null handle: nobody needs to be told, and `done` does not
// run.
using BeforeArrival = std::function<HandlePtr(const Job& job, std::function<void(Status)> done)>;

class Uploader {
 public:
  // `before_arrival`: may be empty.
  Uploader(UploadWorld world, UploadSettings settings, OpenSource open_source, BeforeArrival before_arrival = nullptr);

  // Carries a job in state claimed, requested, uploading or completing (with last_chunk_left == 0; anything else is
  // kBug) to submitted. `record` must outlive the handle. `progress` (may be empty): bytes given to the connection so
  // far, from the loop.
  //
  // Destroying the handle stops the sending, also while a Save is under way, which then goes on by itself: no other
  // Save may be asked of `record` before it has answered. When the row then says uploading with last_chunk_left the
  // outcome is unknown.
  //
  // Errors of `done`, by the reaction they ask for. But for outcome_unknown the object is provably not at the portal,
  // and the row says claimed again, with last_chunk_left 0; after passing trouble of an upload in parts it keeps its
  // state and what has arrived:
  //   outcome_unknown    the whole object had left and no answer says what became of it: the row says confirming
  //   kExpired           the store did not accept the URL: ask for a new one; the row counts refused_urls
  //   kRetry             passing trouble: again later, retry_after as a floor; the row counts upload_tries
  //   kSlowDown, kSignIn the portal's own refusals, nothing was sent
  //   kRejected          the portal or the store will never take it (the portal's words are the message)
  //   kCorrupt           the claimed file is not what was admitted (size, digest, or changed while it was sent)
  //   kLocalDisk         the file or the ledger could not be read or written: again later. Where the ledger would not
  //                      even take the row back to claimed it says uploading or requested, which is as good to start
  //                      from
  //   kTakenOver         as `before_arrival` says
  //   kBug               the row cannot be worked on (it has another owner, or the lifecycle forbids the step)
  // What was learnt after the last chunk had left is never dropped: where the ledger does not take it, it is saved
  // again until it is, and only then `done` runs.
  HandlePtr Start(JobRecord& record, std::function<void(std::uint64_t sent)> progress,
                  std::function<void(Status)> done);

  // Another token: part URLs are sealed under it from now on.
  void UseToken(Secret token) { settings_.sealing = std::move(token); }
  // For uploads that begin from now on.
  void SetConcurrentParts(int parts) { settings_.concurrent_parts = parts; }

 private:
  UploadWorld world_;
  UploadSettings settings_;
  OpenSource open_source_;
  BeforeArrival before_arrival_;
};

}  // namespace tegodrop
