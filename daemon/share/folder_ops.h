// What a drop folder does, blocking: for a thread of its own.
//
// What is taken from a share is read once: while it is inspected it is copied into the spool, and it is sent from
// there.
//
// Inspect and OpenClaimed may run on any thread and at any time, beside an Open too: each works on the
// folder as it was open when it began. All other calls belong to one thread.
#pragma once

#include <cerrno>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/base/fingerprints.h"
#include "daemon/base/random.h"
#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"
#include "daemon/share/drop_folder.h"
#include "daemon/share/room.h"

namespace tegodrop {

// An unfinished copy in a claimed folder; no artifact has such a name, because dot files are passed over.
inline constexpr std::string_view kCopyPart = ".copy.part";

struct FolderOpsSettings {
  std::string path;    // the drop folder
  std::string rooms;   // its own room's name
  std::string spool;   // absolute; where copies go; made where it is not
  bool change = true;  // false: `after: keep`, nothing in the folder is changed
  // False: a folder that is opened for the sake of what was claimed into it; without its room it is not that folder.
  bool make_rooms = true;
  bool recursive = false;                // List enters the folders inside
  Fingerprints* fingerprints = nullptr;  // of what is hashed, for whoever reads it again; outlives the folder's work
};

// How deep List goes: a level is a folder inside a folder.
inline constexpr int kDeepest = 16;

// Called before a folder inside the drop folder is listed, with its descriptor and its path below the drop folder; what
// it answers stands in Listing::watch_trouble.
using BeforeListing = std::function<Status(int folder, const std::string& subfolder)>;

// The folder as one Open found it.
struct OpenedFolder {
  Fd fd;
  FileStat stat;
  bool spools = false;  // see DropFolderFacts
};

inline bool Missing(const Error& error) { return error.sys == ENOENT; }

// What was found so far, with what it comes to.
Inspection Give(Inspection out, Inspection::Outcome outcome, std::string reason);

class FolderOps {
 public:
  // All references must outlive it.
  FolderOps(FolderOpsSettings settings, FileSystem& fs, const Clock& clock, Random& random);

  // See DropFolder. Does not arm any watch. After a failure the folder counts as not open.
  Result<DropFolderFacts> Open(const std::string& known_room_id, const std::string& known_fs);
  // The folder as it is open now, null where it is not: its descriptor lives as long as the answer is held.
  // Thread-safe.
  std::shared_ptr<const OpenedFolder> opened() const;
  // Whether calls of the folder as it is open now may take as long as a share lets them.
  bool may_hang() const;

  Result<Listing> List(const BeforeListing& before = nullptr);
  Inspection Inspect(const InspectRequest& request);
  Result<ClaimOutcome> Claim(const ClaimRequest& request);
  Result<bool> HasClaimed(const std::string& job, const std::string& path, bool copy);
  Result<Fd> OpenClaimed(const std::string& job, const std::string& name, bool copy);
  Status PutAway(const PutAwayRequest& request);
  Result<bool> TakeBack(const TakeBackRequest& request);
  Status PutAwayOrphan(const std::string& sidecar, const std::string& reason_json);
  Status WriteReceipt(const std::string& id, const std::string& json);
  Status RemoveReceipts(const std::vector<std::string>& ids, const std::string& job);
  Result<int> Prune(WallMs processed_before, WallMs receipts_before);
  Result<ClaimHolder> RecordClaim(const ClaimRecord& record);
  Result<ClaimHolder> WhoHas(const std::string& job);
  Result<HostsView> SeeHosts(const HostBeat& own, const std::vector<std::string>& gone);
  Result<ClaimView> LookAtClaim(const std::string& job);
  Result<TakenOver> TakeOver(const TakeOverRequest& request);

 private:
  using Folder = std::shared_ptr<const OpenedFolder>;
  // The drop folder or one inside it, as long as the former stays open.
  struct Place {
    Fd own;
    int fd = -1;
  };
  struct Walk;

  Result<Folder> Opened() const;
  // Errors where the path leads to another folder than the one that was opened: it was mounted over, renamed or
  // replaced.
  Status StillThere(const OpenedFolder& folder);
  Result<Place> Enter(const OpenedFolder& folder, const std::string& subfolder);
  // The same, or the drop folder itself where that one is gone.
  Result<Place> EnterWhatIsLeft(const OpenedFolder& folder, const std::string& subfolder);
  Status ListOne(int dir, const std::string& subfolder, Walk& walk);
  Status ListInside(int top, const std::string& subfolder, const BeforeListing& before, Walk& walk);
  Status CheckRooms(int folder);
  // Errors where outputs are put into it, by whatever path: what is delivered there would be taken for a drop.
  Status CheckIsNoOutput(int folder, const std::string& shown);
  Status CheckId(int folder, const std::string& known_room_id);

  Result<std::vector<Inspection::SidecarFile>> ReadSidecars(int folder, const InspectRequest& request);

  // A look at a file of a share: it is copied, and the copy is looked at.
  Inspection InspectCopy(Inspection out, const InspectRequest& request, int source);
  Result<Fd> IncomingFolder();
  void DropIncoming(const std::string& path);
  void DropAllIncoming();
  // The copy that a look made becomes the job's; false where there is none of this very file.
  Result<bool> TakeIncoming(const ClaimRequest& request);
  // The copy of what was claimed on a share, made where it is not. False where the claimed file is not these bytes.
  Result<bool> SpoolClaimed(const std::string& job, const std::string& name, const std::string& sha256);
  Status DropSpooled(const std::string& job);

  // The room's claimed/ of a folder on a share that is still there.
  Result<Fd> SharedClaims();
  Result<ClaimHolder> HolderOf(int claimed, const std::string& job);
  Status RemoveDotFiles(int dir, bool record_too);
  Status Beat(const HostBeat& own, const std::vector<std::string>& gone, HostsView& view);
  Result<ClaimView> SeeClaim(int claimed, const std::string& job);
  Status UndoClaim(int claimed, const TakeOverRequest& request, const ClaimView& claim);
  Status CopyMarks(int claimed, const TakeOverRequest& request);
  Status ClearMarks(int claimed, const std::string& job);
  Result<std::string> PathOf(int claimed, const std::string& job, const std::string& name);

  Result<Fd> Spool(bool make);
  Result<Fd> SpoolFolder(const std::string& job, bool make);
  Status DropSpoolFolder(const std::string& job);
  void TouchTimeless(int dir, const std::string& name);
  Result<std::string> HashToRemember(int file, std::uint64_t size);
  Result<bool> HasMoved(const OpenedFolder& folder, const std::string& job, const std::string& path);
  Result<bool> HasCopied(const std::string& job, const std::string& name);
  Result<bool> MoveOutOfFailed(const TakeBackRequest& request);
  Result<bool> CopyBack(const TakeBackRequest& request);
  Status PutBackSidecars(int folder, int claimed, const std::string& job, const std::string& name);
  Result<ClaimOutcome> CopyToSpool(const OpenedFolder& folder, const ClaimRequest& request);
  Result<ClaimOutcome> MoveToRoom(const OpenedFolder& folder, int from, int to, const ClaimRequest& request);
  // The same on a share, where other hosts may want it too.
  Result<ClaimOutcome> MoveMarked(const OpenedFolder& folder, int from, int to, const ClaimRequest& request);
  Result<bool> SidecarsAsRead(int folder, int to, const ClaimRequest& request);
  Result<bool> AlreadyClaimed(int to, const ClaimRequest& request);
  Status PutBack(int folder, int to, const ClaimRequest& request);
  struct CopyRequest {
    int source = -1;  // open for reading
    FileStat stat;    // the source's, as it must stay
    int dir = -1;
    std::string name;
    std::string part{kCopyPart};  // the temporary name; no two copies at once may have the same
    std::string sha256;           // that it must have; empty: any
    bool private_mode = true;     // readable by us alone, else with the source's mode and group
  };
  static CopyRequest CopyInto(int dir, int source, const FileStat& stat, std::string name, std::string sha256) {
    CopyRequest copy;
    copy.source = source;
    copy.stat = stat;
    copy.dir = dir;
    copy.name = std::move(name);
    copy.sha256 = std::move(sha256);
    return copy;
  }
  // Copies the open file under a temporary name and renames it to its name: a copy under its right name is whole.
  // `source_failed` tells whose an error is: the source's, or the copy's.
  Result<std::string> CopyWhole(const CopyRequest& request, bool* source_failed = nullptr);

  // The folder that the job's artifact stands in; ENOENT only where that one folder is not there.
  Result<Fd> ClaimedFolder(const std::string& job, bool copy);

  Room room(int folder) { return Room(fs_, folder, settings_.rooms); }

  const FolderOpsSettings settings_;
  FileSystem& fs_;
  const Clock& clock_;
  Random& random_;
  struct Incoming {
    std::string copy;  // its name in the folder's incoming spool
    FileStat source;
  };

  mutable std::mutex mutex_;
  Folder opened_;                             // guarded by mutex_
  std::map<std::string, Incoming> incoming_;  // by the source's path; guarded by mutex_
};

}  // namespace tegodrop
