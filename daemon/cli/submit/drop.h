// Puts artifacts into a drop folder so that whoever watches it sees each one whole or not at all. Blocking.
//
//   Check   everything that can be refused, before anything is written
//   Stage   artifact copied, hashed and synced under a name that the folder passes over; its sidecars likewise
//   Place   NAME.json, NAME.sha256, then NAME: each renamed in, nothing ever replaced; the folder synced
//   Undo    removes what was put there and not handed over
//
// The copy comes before the sidecars, so that no sidecar stands alone for as long as a slow copy takes (a daemon puts
// lonely ones away). From its name's first sidecar on a drop holds the name: another submit of it is refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/random.h"
#include "daemon/base/result.h"
#include "daemon/cli/submit/desk.h"
#include "daemon/disk/file_system.h"
#include "daemon/intake/sidecar.h"

namespace tegodrop {

// Of a kCancelled error.
inline constexpr char kStopped[] = "stopped; nothing was dropped";

struct Parcel {
  std::string file;         // as it was named to us
  std::string name;         // under which it is dropped
  SidecarContent sidecar;   // its submit_id is set; its sha256 is once it is staged
  std::string commit_from;  // of MergedSidecar
  std::uint64_t size = 0;
  bool placed = false;
};

class Drop {
 public:
  // `folder` is an absolute path; `rooms` the name of its room.
  Drop(FileSystem& fs, Desk& desk, Random& random, std::string folder, std::string rooms);

  // kLocalDisk where the folder is not there or cannot be written, kRejected where the parcel must not be dropped; each
  // with a message for people.
  Status Open();
  Status Check(Parcel& parcel);
  // kCancelled where somebody wants an end of it.
  Status Stage(Parcel& parcel);
  Status Place(Parcel& parcel);
  // Call it in every case; nothing is left to do where all was placed.
  void Undo();

  // Whether a daemon has ever opened the folder.
  bool has_room() const { return has_room_; }
  int fd() const { return dir_.get(); }
  const std::string& folder() const { return folder_; }

 private:
  struct Staged {
    std::string artifact;  // the name that it was dropped under
    std::string temp;
    std::string name;
    FileStat stat;
  };

  std::string At(std::string_view name) const { return folder_ + "/" + std::string(name); }
  Status CheckFree(const std::string& name, const std::string& artifact);
  Result<FileStat> CopyInto(int to, const Parcel& parcel, int from, std::string& sha256);
  Status StageSmall(const Parcel& parcel, const std::string& stem, std::string_view suffix, std::string_view content);
  Result<Fd> CreateStaged(const std::string& artifact, const std::string& temp, const std::string& name);
  Result<FileStat> Seal(Fd file);
  Status MoveIn(const Staged& staged);
  void Remove(const std::string& name);
  // False where a daemon has taken the artifact already: then it is dropped, whatever the folder said afterwards.
  bool Retract(const std::string& artifact, const std::vector<Staged>& placed);

  FileSystem& fs_;
  Desk& desk_;
  Random& random_;
  const std::string folder_;
  const std::string rooms_;
  Fd dir_;
  FileStat dir_stat_;
  bool has_room_ = false;
  std::vector<Staged> staged_;
};

// FILE as somebody names it, for reading: links are followed, for its content is copied. kRejected where it is no
// regular file or cannot be read.
Result<Fd> OpenSource(FileSystem& fs, const std::string& file);

}  // namespace tegodrop
