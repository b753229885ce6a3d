// Says in claimed/ which host is taking what, so that of several on one share none takes an artifact whose sidecars
// another one has moved already. Blocking, internal.
//
// Each sets its own mark first and looks for others then, so that of two that come at once at most one goes on. A mark
// goes when its claim is over, whatever came of it; after a death whoever asks after the job takes it away.
#pragma once

#include <string>

#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"

namespace tegodrop {

class ClaimMark {
 public:
  // `claimed`: the room's part, open; `path`: the artifact's, below the drop folder. `fs` must outlive it.
  ClaimMark(FileSystem& fs, int claimed, const std::string& job, const std::string& path);

  // Sets it. EBUSY (in Error::sys) where another host is taking the same artifact: then it does not stand. `begun`: an
  // earlier try of this claim has moved something, and so has the right to go on.
  Status Set(bool begun);
  // One that is not there is no error.
  Status Clear();

 private:
  Status LookForOthers();

  FileSystem& fs_;
  const int claimed_;
  const std::string prefix_;
  const std::string name_;
};

}  // namespace tegodrop
