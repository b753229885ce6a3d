// A drop folder's own room, blocking: where claimed, processed and failed artifacts and the receipts stand, with the
// modes that the drop folder's own users need.
#pragma once

#include <string>

#include "daemon/base/random.h"
#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"

namespace tegodrop {

class Room {
 public:
  // `fs` must outlive it; `folder` is the open drop folder and must stay open.
  Room(FileSystem& fs, int folder, std::string name) : fs_(fs), folder_(folder), name_(std::move(name)) {}

  // Makes the room and its parts where they are not, reads its id or gives it a random one. EACCES, EPERM or EROFS (in
  // Error::sys) where the folder may not be changed.
  Result<std::string> Prepare(Random& random, WallMs now);

  // One of the room's parts ("claimed", …), or a folder below it ("claimed/<job>", made where it is not).
  Result<Fd> Part(std::string_view part);
  Result<Fd> ClaimedFolder(const std::string& job, bool make);
  Status RemoveClaimedFolder(const std::string& job);

  // Moves a file into a part under its own name, or "STEM-<job>EXT" where that is taken; answers the name. ENOENT where
  // it is not there.
  Result<std::string> MoveInto(int from_dir, const std::string& name, std::string_view part, const std::string& job);

  // A small whole file in a part; one that is there is left alone.
  Status Write(std::string_view part, const std::string& name, std::string_view content);

  // Removes files of a part that were last changed before `before_ns` (by the file system's own time); answers how
  // many.
  Result<int> Prune(std::string_view part, std::int64_t before_ns);

 private:
  Status MakePart(int dir, const std::string& name);

  FileSystem& fs_;
  int folder_;
  std::string name_;
};

}  // namespace tegodrop
