// What a drop folder does, blocking: for a thread of this process, and later for the helper process of a network
// folder.
//
// Not thread-safe as a whole: Open first; then Inspect and OpenClaimed may run on other threads than the rest.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "daemon/base/clock.h"
#include "daemon/base/random.h"
#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"
#include "daemon/share/drop_folder.h"
#include "daemon/share/room.h"

namespace tegodrop {

struct FolderOpsSettings {
  std::string path;    // the drop folder
  std::string rooms;   // its own room's name
  std::string spool;   // absolute; where copies go
  bool change = true;  // false: `after: keep`, nothing in the folder is changed
};

class FolderOps {
 public:
  // All references must outlive it.
  FolderOps(FolderOpsSettings settings, FileSystem& fs, const Clock& clock, Random& random);

  // See DropFolder. Does not arm any watch.
  Result<DropFolderFacts> Open(const std::string& known_room_id, const std::string& known_fs);
  // The folder's descriptor for a watch; valid after Open until the next Open.
  int fd() const { return folder_.get(); }

  Result<Listing> List();
  Inspection Inspect(const InspectRequest& request);
  Result<ClaimOutcome> Claim(const ClaimRequest& request);
  Result<bool> HasClaimed(const std::string& job, const std::string& name, bool copy);
  Result<Fd> OpenClaimed(const std::string& job, const std::string& name, bool copy);
  Status PutAway(const PutAwayRequest& request);
  Status PutAwayOrphan(const std::string& sidecar, const std::string& reason_json);
  Status WriteReceipt(const std::string& id, const std::string& json);
  Result<int> Prune(WallMs processed_before, WallMs receipts_before);

 private:
  // Errors where the path leads to another folder than the one that was opened: it was mounted over, renamed or
  // replaced.
  Status StillThere();
  Result<Fd> SpoolFolder(const std::string& job, bool make);
  Result<ClaimOutcome> CopyToSpool(const ClaimRequest& request);
  Room room() { return Room(fs_, folder_.get(), settings_.rooms); }

  const FolderOpsSettings settings_;
  FileSystem& fs_;
  const Clock& clock_;
  Random& random_;
  Fd folder_;
  FileStat opened_;
};

}  // namespace tegodrop
