// The helper's end: does what it is asked, one call at a time, until the other side goes.
#pragma once

#include "daemon/base/clock.h"
#include "daemon/disk/file_system.h"

namespace tegodrop {

// Blocks; returns once the other side of `socket` has ended, or sends what is no call.
void ServeFiles(Fd socket, FileSystem& fs, const Clock& clock);

}  // namespace tegodrop
