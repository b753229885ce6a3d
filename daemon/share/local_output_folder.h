// An output folder touched in this process, on workers.
#pragma once

#include <memory>
#include <string>

#include "daemon/disk/file_system.h"
#include "daemon/loop/event_loop.h"
#include "daemon/loop/task_runner.h"
#include "daemon/share/output_folder.h"

namespace tegodrop {

// `rooms`: as OutputOps. Calls run on a thread of its own, so that one output's slow disk holds up no other; Append and
// Finish of staged files and the checks run on `writers`. All references must outlive it.
std::unique_ptr<OutputFolder> MakeLocalOutputFolder(std::string path, std::string rooms, EventLoop& loop,
                                                    TaskRunner& writers, FileSystem& fs);

// The same with its calls on `calls`, which must run them one after the other; it must outlive the folder too.
std::unique_ptr<OutputFolder> MakeOutputFolderOn(std::string path, std::string rooms, TaskRunner& calls,
                                                 TaskRunner& writers, FileSystem& fs);

}  // namespace tegodrop
