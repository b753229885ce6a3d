// An output folder on workers; on a share through a helper process (daemon/disk/helper).
#pragma once

#include <memory>
#include <string>

#include "daemon/base/clock.h"
#include "daemon/disk/file_system.h"
#include "daemon/loop/event_loop.h"
#include "daemon/loop/task_runner.h"
#include "daemon/share/output_folder.h"

namespace tegodrop {

// `rooms`: as OutputOps. Calls run on a thread of its own, so that one output's slow disk holds up no other; Append and
// Finish of staged files and the checks run on `writers` where it is on a local disk. `fs`: of local disks. All
// references must outlive it. The destructor gives up what hangs in a helper.
std::unique_ptr<OutputFolder> MakeLocalOutputFolder(const std::string& path, std::string rooms, OutputMemory memory,
                                                    EventLoop& loop, TaskRunner& writers, FileSystem& fs,
                                                    const Clock& clock);

// The same with its calls on `calls`, which must run them one after the other; it must outlive the folder too.
std::unique_ptr<OutputFolder> MakeOutputFolderOn(std::string path, std::string rooms, OutputMemory memory,
                                                 TaskRunner& calls, TaskRunner& writers, FileSystem& fs);

}  // namespace tegodrop
