// A drop folder behind one asynchronous interface; how its path is touched, in this process or in a helper process of
// its own, is the matter of its FileSystem (daemon/disk/helper).
//
// All `done` run once, on the loop, never inside the call. Destroying a handle drops `done`; Claim and PutAway run to
// their end all the same, so their callers keep the handle until it answers.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"
#include "daemon/loop/handle.h"
#include "daemon/model/artifact.h"
#include "daemon/model/identity.h"
#include "daemon/share/claim_record.h"

namespace tegodrop {

// What the folder is and may be used for.
struct DropFolderFacts {
  std::string room_id;  // from the room's `id`, made where it was not; empty where the folder is never changed
  FsType fs;
  bool writable = true;       // rooms can be made and files moved
  bool spools = false;        // what it takes is read from a copy in the spool: it is on a share
  bool watched = false;       // events arrive; without them only scans find anything
  std::string watch_trouble;  // why not, where they could not be had
};

enum class EntryKind : std::uint8_t { kArtifact, kSidecar };

struct ListedFile {
  std::string name;  // its path below the drop folder
  EntryKind kind = EntryKind::kArtifact;
  FileStat stat;
};

struct Listing {
  std::vector<ListedFile> files;
  std::string trouble;        // a folder inside that could not be entered, and why; empty: none
  std::string watch_trouble;  // one that raises no events, and why
  std::chrono::milliseconds took{0};
};

// How an event nominated a file; a nomination is a hint, never a proof.
enum class Nomination : std::uint8_t {
  kScanned,  // a listing showed it
  kCreated,  // a name appeared: a hard link, or the start of a copy
  kClosed,   // somebody who wrote closed it
  kMovedIn,  // it was renamed in
};

struct Hint {
  std::string name;  // its path below the drop folder; empty: list the whole folder (overflow, or something about the
                     // folder itself changed)
  Nomination nomination = Nomination::kScanned;
  bool overflow = false;  // more events came than the kernel keeps: nobody knows which were lost
};

struct InspectRequest {
  std::string subfolder;  // below the drop folder; empty: in itself
  std::string name;
  ArtifactKind kind = ArtifactKind::kApk;
  FileStat expected;                  // as listed; anything else is a change
  std::vector<std::string> sidecars;  // as listed beside it; those that came since are found by their usual names
  bool full_crc = false;
  bool need_lease = false;  // where the lease cannot be asked, read nothing and say kCannotTell
  bool early = false;       // perhaps still being written: an incomplete one is not hashed
  bool read = true;         // false: only whether somebody writes it, and its sidecars; kWhole means no more than that
};

// What looking into a candidate gave.
struct Inspection {
  enum class Outcome : std::uint8_t {
    kWhole,
    kChanged,        // not the file that was listed any more: start over
    kBeingWritten,   // somebody has it open for writing
    kIncomplete,     // not (yet) a whole ZIP
    kNotAnArtifact,  // a whole ZIP without what its kind must have
    kUnreadable,     // cannot be opened or read
    kNoRoom,         // of a share: it cannot be copied, because our own disk would not take it
    kCannotTell,     // need_lease, and the lease cannot be asked (a foreign owner): nothing was read
  };
  Outcome outcome = Outcome::kUnreadable;
  std::string reason;          // for people; empty with kWhole
  bool writers_known = false;  // the lease could be asked, and nobody writes
  FileStat stat;
  std::string sha256;  // empty where it was not read to its end
  // Of a whole one, as far as its manifest can be read.
  AppIdentity identity;
  std::vector<EmbeddedCommit> commits;
  struct SidecarFile {
    std::string name;
    SidecarKind kind = SidecarKind::kCommit;
    FileStat stat;
    Result<std::string> content;  // as read, at most 64 KiB
  };
  std::vector<SidecarFile> sidecars;
};

// A sidecar as it was when it was read.
struct SidecarRef {
  std::string name;
  FileStat expected;
};

struct ClaimRequest {
  std::string job;
  std::string subfolder;  // as in InspectRequest: where it stands, and goes back to
  std::string name;
  FileStat expected;
  std::string sha256;                // of the content; empty where it is not known
  std::vector<SidecarRef> sidecars;  // all that belong to it: one that came or changed since is a change
  bool copy = false;  // `after: keep` or a folder that cannot be written: into the spool, the folder unchanged
};

enum class ClaimOutcome : std::uint8_t {
  kClaimed,
  kGone,     // somebody else took it or removed it
  kChanged,  // it was written again, or its sidecars are others now; it stands where it stood
};

// Where a job's source goes in the end.
enum class Destination : std::uint8_t {
  kProcessed,
  kFailed,
  kNowhere,  // deleted
};

struct PutAwayRequest {
  std::string job;
  std::string name;
  std::vector<std::string> sidecars;
  Destination destination = Destination::kProcessed;
  std::string reason_json;  // written beside a failed one
  bool copy = false;        // it was copied: the copy is dropped, the folder stays unchanged
};

struct TakeBackRequest {
  std::string job;
  std::string subfolder;  // where a copied source stands
  std::string name;
  std::vector<std::string> sidecars;
  std::uint64_t size = 0;  // of a copied source, which is copied afresh where it is still these bytes
  std::string sha256;
  bool copy = false;
  // Set where the portal may have it: on a share it stands beside the artifact before that stands there again.
  std::optional<ClaimRecord> record;
};

// What stands in a share's room, of all hosts.
struct HostsView {
  std::vector<std::string> claims;  // the jobs that have a folder in claimed/
  std::vector<HostBeat> others;     // as they were last written
};

// What another host has claimed.
struct ClaimView {
  std::string file_name;  // the artifact's; of one whose claim was never ended, as far as its sidecars tell; or empty
  bool whole = false;     // the artifact itself is there
  std::vector<std::string> sidecars;
  std::optional<ClaimRecord> record;
};

// Whose a claim of ours is by now.
enum class ClaimHolder : std::uint8_t {
  kOurs,
  kTakenOver,  // another host's: nothing of it is ours any more
  kGone,       // it was put away; or somebody has moved it
};

struct TakeOverRequest {
  std::string from;              // the other host's job
  std::string to;                // ours, new
  bool even_delivering = false;  // also where its record says that its output may stand already
};

struct TakenOver {
  ClaimView claim;        // not whole: what there was of it stands in the drop folder again
  Inspection inspection;  // of the whole artifact, read to its end
};

class DropFolder {
 public:
  virtual ~DropFolder() = default;

  // Opens the folder, makes its rooms, arms its watch (before any listing, so that nothing falls between) and calls
  // `hint` on every event from then on. `known_room_id` and `known_fs`: from the ledger, empty at the first time;
  // another id, or none where there was one, is an error: the folder is missing and not empty. Errors: kLocalDisk with
  // errno; kCorrupt where it is another folder than the known one.
  virtual HandlePtr Open(const std::string& known_room_id, const std::string& known_fs, std::function<void(Hint)> hint,
                         std::function<void(Result<DropFolderFacts>)> done) = 0;
  // No hint any more, until it is opened again.
  virtual void StopWatching() = 0;
  // Artifacts and sidecars of the folder itself, and where it is so configured of the folders inside it, names filtered
  // before any stat. An error says that the folder is not to be trusted now, never that it is empty.
  virtual HandlePtr List(std::function<void(Result<Listing>)> done) = 0;
  virtual HandlePtr Inspect(InspectRequest request, std::function<void(Inspection)> done) = 0;
  // Moves sidecars and then the artifact into claimed/<job>/, synced. A file with further hard links is copied there,
  // so that nobody writes into it through another name. Safe to do again with the same request.
  virtual HandlePtr Claim(ClaimRequest request, std::function<void(Result<ClaimOutcome>)> done) = 0;
  // Whether the claimed artifact stands in its place (after a death between intent and outcome). False only where that
  // is certain; a folder that is missing or lost its room is an error. For a copy the folder need not be open.
  // `path`: where it was dropped, below the drop folder.
  virtual HandlePtr HasClaimed(const std::string& job, const std::string& path, bool copy,
                               std::function<void(Result<bool>)> done) = 0;
  // The claimed artifact, open for reading.
  virtual HandlePtr OpenClaimed(const std::string& job, const std::string& name, bool copy,
                                std::function<void(Result<Fd>)> done) = 0;
  // Moves the claimed artifact and its companions to where they belong, synced. Where NAME or one of its companions'
  // names is taken there, they all go under "STEM-<job>EXT". Safe to do again.
  virtual HandlePtr PutAway(PutAwayRequest request, std::function<void(Status)> done) = 0;
  // The way back from PutAway to kFailed: what lies in failed/ with this job's reason moves into claimed/<job>/ again,
  // synced, and the reason goes; of a copy, the source in the folder is copied into the spool again. False where it is
  // not to be had any more (taken away, or not the same bytes). Safe to do again; runs to its end as PutAway does.
  virtual HandlePtr TakeBack(TakeBackRequest request, std::function<void(Result<bool>)> done) = 0;
  // Moves a sidecar (its path) that has no artifact to failed/; one that is gone, or whose artifact has come, is left
  // alone.
  virtual HandlePtr PutAwayOrphan(const std::string& sidecar, const std::string& reason_json,
                                  std::function<void(Status)> done) = 0;
  // receipts/<id>.json; one that is there is left alone.
  // The same content again is no error; with another one there it is left alone: EEXIST (in Error::sys).
  virtual HandlePtr WriteReceipt(const std::string& id, const std::string& json, std::function<void(Status)> done) = 0;
  // Removes the receipts under these ids as far as they are of this job; none is no error.
  virtual HandlePtr RemoveReceipts(std::vector<std::string> ids, const std::string& job,
                                   std::function<void(Status)> done) = 0;
  // Removes what processed/ and receipts/ hold from before the given times of our clock, however wrong a share's is,
  // and with the receipts what says of a claim that another host took it over; answers how many files went.
  virtual HandlePtr Prune(WallMs processed_before, WallMs receipts_before, std::function<void(Result<int>)> done) = 0;

  // Several hosts on one share. On a local disk all is ours, SeeHosts sees none, and the others are kBug.
  //
  // Writes how far a claim of ours may come from now on, synced, in place of what stood there; only where it is ours.
  virtual HandlePtr RecordClaim(ClaimRecord record, std::function<void(Result<ClaimHolder>)> done) = 0;
  virtual HandlePtr WhoHas(const std::string& job, std::function<void(Result<ClaimHolder>)> done) = 0;
  // Writes our beat, or removes it where it has no jobs; removes those of the hosts `gone`, by id.
  virtual HandlePtr SeeHosts(HostBeat own, std::vector<std::string> gone,
                             std::function<void(Result<HostsView>)> done) = 0;
  // ENOENT (in Error::sys) where there is none of that job; kCorrupt where its record cannot be read.
  virtual HandlePtr LookAtClaim(const std::string& job, std::function<void(Result<ClaimView>)> done) = 0;
  // Makes another host's claim ours: by a rename, so that of several that want it one gets it. A claim that was never
  // ended is undone. An error leaves it to the other host: ENOENT where it is gone, EBUSY for one that is delivering,
  // else as LookAtClaim and Inspect. Runs to its end as PutAway does.
  virtual HandlePtr TakeOver(TakeOverRequest request, std::function<void(Result<TakenOver>)> done) = 0;
};

}  // namespace tegodrop
