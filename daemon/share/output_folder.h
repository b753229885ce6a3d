// An output folder behind one asynchronous interface, in this process for local disks. Nothing appears half: everything
// is staged below the folder's own room on the same file system, synced, and moved to its name without replacing.
//
// All `done` run once, on the loop, never inside the call. Destroying a handle drops `done`; Publish runs to its end
// all the same.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/base/block_crcs.h"
#include "daemon/base/clock.h"
#include "daemon/base/result.h"
#include "daemon/loop/handle.h"
#include "daemon/model/artifact.h"
#include "daemon/model/check.h"

namespace tegodrop {

struct StagedFacts {
  std::uint64_t size = 0;
  std::string sha256;
  std::shared_ptr<const BlockCrcs> crcs = nullptr;  // of its bytes; null: not known
};

// A name in staging and when its content was last changed, by the file system's clock.
struct StagedEntry {
  std::string name;
  WallMs changed = 0;
};

// A file that is being received. Destroying it unfinished leaves its bytes for the next attempt's Resume or Discard.
// One call at a time; after one that failed every later one fails too, because nothing is known any more of what is
// there.
class StagedFile {
 public:
  virtual ~StagedFile() = default;
  // How large the file will be, as soon as that is known: the next Append reserves so much first, so that a full disk
  // shows before the bytes have travelled. kLocalDisk with ENOSPC from that Append where it does not fit.
  virtual void Expect(std::uint64_t size) = 0;
  // Appends the bytes and digests them beside that, which takes longer: `done` when they are written and those of the
  // append before are digested. One at a time. They are shared, so that their memory serves again: nobody may change
  // them before the next append's `done`, nor at all where a handle was destroyed before its `done`; the file is of no
  // more use then.
  virtual HandlePtr Append(std::shared_ptr<const std::string> bytes, std::function<void(Status)> done) = 0;
  // What was appended so far survives a power cut, the file's name too; answers how many bytes the file has then.
  virtual HandlePtr Sync(std::function<void(Result<std::uint64_t>)> done) = 0;
  // Drops all that is in it; what is appended from now on is its beginning.
  virtual HandlePtr Restart(std::function<void(Status)> done) = 0;
  // Syncs and closes. No call after it.
  virtual HandlePtr Finish(std::function<void(Result<StagedFacts>)> done) = 0;
};

struct PublishRequest {
  std::string job;
  std::string staging_name;
  std::string name;      // free when it was chosen
  StagedFacts facts;     // what was staged: a file already under `name` is ours where its content is this
  std::string checksum;  // content of <name>.sha256
  // The provenance, which names the trace by its digest: the name that it appears under (empty: none), and its content.
  std::string provenance_name;
  std::string provenance;
  std::string trace;  // content of <name>.trace.json
  mode_t mode = 0640;
};

enum class PublishOutcome : std::uint8_t {
  kPublished,
  kNameTaken,  // somebody else's file has the name: choose another
  kLost,       // neither staged nor published: download it again
};

// What is remembered of an output folder over restarts.
struct OutputMemory {
  std::string fs_type;  // of what it was on; empty: not known yet
  // It is known now: to be remembered. On the loop.
  std::function<void(const std::string& fs_type)> learned;
};

class OutputFolder {
 public:
  virtual ~OutputFolder() = default;

  // All calls fail with kLocalDisk where the path leads to another file system than the remembered one, or to one
  // without the folder's room, until it is accepted: whatever is there at the next call is the right one then. Says
  // whether there was anything to accept.
  virtual bool Accept() = 0;

  // A new, empty staging file; one of the same name from an attempt that died is dropped. `size`: an estimate that
  // must fit (with a tenth and a reserve on top), so that a full disk shows before the download; 0 where unknown.
  // kLocalDisk with ENOSPC where it does not fit.
  virtual HandlePtr Stage(const std::string& staging_name, std::uint64_t size,
                          std::function<void(Result<std::unique_ptr<StagedFile>>)> done) = 0;
  // A staging file that an earlier attempt left, to go on behind its first `offset` bytes: what is behind them is cut
  // off, and they are digested anew. `size`: what it will have in the end; its rest must fit as with Stage. Null (and
  // no error) where the file is not there or is shorter. What an earlier attempt has still under way on this file, its
  // handles long gone, ends first and never touches it again.
  virtual HandlePtr Resume(const std::string& staging_name, std::uint64_t offset, std::uint64_t size,
                           std::function<void(Result<std::unique_ptr<StagedFile>>)> done) = 0;
  // The checks of a staged file, and what it is: see CheckProtected. Errors are the disk's; a failed check is a Check.
  // `crcs`: of StagedFacts.
  virtual HandlePtr CheckStaged(const std::string& staging_name, ArtifactKind kind,
                                std::shared_ptr<const BlockCrcs> crcs,
                                std::function<void(Result<ProtectedFacts>)> done) = 0;
  // `wanted` where nothing there has that name (compared without case), it or its companions; else "STEM-<job>EXT".
  // `job`: the job's id, with a number behind it for the later of several deliveries of one job.
  virtual HandlePtr ChooseName(const std::string& wanted, const std::string& job,
                               std::function<void(Result<std::string>)> done) = 0;
  // File, checksum, provenance, trace, in this order, each whole and synced. Safe to do again, also with another trace
  // of the same job: the one that was staged when the file was moved is the one that is published, and its provenance.
  // What stood whole once and was taken away since is not made again: kPublished. Until Discard is called with the
  // staging name, the folder's room remembers how far it came.
  virtual HandlePtr Publish(PublishRequest request, std::function<void(Result<PublishOutcome>)> done) = 0;
  // Keeps a staged file that failed its checks for a person, out of the way of deliveries. Nothing where it is gone.
  virtual HandlePtr Quarantine(const std::string& staging_name, const std::string& name,
                               std::function<void(Status)> done) = 0;
  // Removes what an attempt left under its staging name, the memory of its Publish too.
  virtual HandlePtr Discard(const std::string& staging_name, std::function<void(Status)> done) = 0;
  // All that stands in staging, whoever it is of.
  virtual HandlePtr ListStaged(std::function<void(Result<std::vector<StagedEntry>>)> done) = 0;
  // A record for people beside the deliveries (`.failed.json`); one that is there is left alone.
  virtual HandlePtr WriteRecord(const std::string& name, const std::string& json, mode_t mode,
                                std::function<void(Status)> done) = 0;
  // Removes the record of that name again; none is no error.
  virtual HandlePtr RemoveRecord(const std::string& name, std::function<void(Status)> done) = 0;
  // Removes the receipts under these ids as far as they are of this job; none is no error.
  virtual HandlePtr RemoveReceipts(std::vector<std::string> ids, const std::string& job,
                                   std::function<void(Status)> done) = 0;
  // A receipt in the output folder's room, for drop folders that must not be changed.
  // The same content again is no error; with another one there it is left alone: EEXIST (in Error::sys).
  virtual HandlePtr WriteReceipt(const std::string& id, const std::string& json, std::function<void(Status)> done) = 0;
  // Removes receipts older than `age`, by the folder's own clock; answers how many. `now`: of ours.
  virtual HandlePtr PruneReceipts(std::chrono::milliseconds age, WallMs now, std::function<void(Result<int>)> done) = 0;
};

}  // namespace tegodrop
