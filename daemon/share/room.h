// A drop folder's own room, blocking: where claimed, processed and failed artifacts and the receipts stand, with the
// modes that the drop folder's own users need.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/random.h"
#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"

namespace tegodrop {

// One component of a path, and not "." or "..": what may be handed to a call that takes a name below a folder.
bool IsPlainName(std::string_view name);

class Room {
 public:
  // `fs` must outlive it; `folder` is the open drop folder and must stay open.
  Room(FileSystem& fs, int folder, std::string name) : fs_(fs), folder_(folder), name_(std::move(name)) {}

  // Makes the room and its parts where they are not, reads its id or gives it a random one. EACCES, EPERM or EROFS (in
  // Error::sys) where the folder may not be changed.
  Result<std::string> Prepare(Random& random, WallMs now);

  // One of the room's parts ("claimed", …), or a folder below it ("claimed/<job>", made where it is not).
  Result<Fd> Part(std::string_view part);
  // The same, made where it is not.
  Result<Fd> MadePart(std::string_view part);
  Result<Fd> ClaimedFolder(const std::string& job, bool make);
  Status RemoveClaimedFolder(const std::string& job);

  // What goes with a file: sidecars (files beside it whose names begin with its own) and the text of its reason.
  struct Companions {
    std::vector<std::string> sidecars;
    std::string reason_json;  // written as NAME.reason.json; empty: none
  };
  // Moves a file and its sidecars into a part and writes its reason, all under NAME, or all under "STEM-<job>EXT" where
  // one of those names is taken or NAME is too long for its companions. Safe to do again after a death anywhere: what
  // is no longer in `from_dir` is taken for moved.
  Status MoveInto(int from_dir, const std::string& name, const Companions& companions, std::string_view part,
                  const std::string& job);

  // A small whole file in a part; one that is there is left alone.
  Status Write(std::string_view part, const std::string& name, std::string_view content);

  // A small whole file in an open folder of the room, in place of the one that is there.
  Status Replace(int dir, const std::string& name, std::string_view content);

  // How far the clock of whoever keeps the room is ahead of ours, where it is now `now`; what is asked for is a file
  // that is made and removed again in `part`, under `temp_name`.
  Result<std::int64_t> AheadNs(std::string_view part, const std::string& temp_name, WallMs now);

  // Removes files of a part whose names begin with `prefix` and that were last changed before `before_ns` (by the file
  // system's own time); answers how many.
  Result<int> Prune(std::string_view part, std::int64_t before_ns, std::string_view prefix = "");

 private:
  // One of the parts that every room has; made again where somebody has cleaned up empty folders.
  Result<Fd> HavePart(std::string_view part);
  Status MakePart(int dir, const std::string& name);
  void RemoveHalfMadeIds(int room);
  Result<std::string> ChooseName(int from_dir, const std::string& name, const Companions& companions, int to,
                                 const std::string& job);
  Result<bool> IsTaken(int from_dir, const std::string& name, int to, const std::string& target);
  Status MoveOne(int from_dir, const std::string& name, int to, const std::string& target, const std::string& job);

  FileSystem& fs_;
  int folder_;
  std::string name_;
};

}  // namespace tegodrop
