// A drop folder whose calls run on a thread of its own, and its reading on shared workers where it is on a local disk.
// On a share it reads on its own thread too, through a helper process (daemon/disk/helper).
#pragma once

#include <memory>

#include "daemon/base/clock.h"
#include "daemon/base/random.h"
#include "daemon/disk/file_system.h"
#include "daemon/loop/event_loop.h"
#include "daemon/loop/task_runner.h"
#include "daemon/share/drop_folder.h"
#include "daemon/share/folder_ops.h"

namespace tegodrop {

struct LocalDropFolderSettings {
  FolderOpsSettings ops;
  bool events = true;  // false: never arm a watch (`watch: poll`)
  // Watch whatever the file system is (`watch: events`); else only where events can be trusted to tell of every writer.
  bool events_everywhere = false;
};

// `readers` inspects and hashes on local disks; all references must outlive it. `fs`: of local disks; with
// events_everywhere of everything, because whoever asks for that vouches for the file system. The destructor gives up
// what hangs in a helper.
std::unique_ptr<DropFolder> MakeLocalDropFolder(LocalDropFolderSettings settings, EventLoop& loop, TaskRunner& readers,
                                                FileSystem& fs, const Clock& clock, Random& random);

// The same with its calls on `calls`, which must run them one after the other, and without a watch whatever the
// settings say; `calls` must outlive the folder too.
std::unique_ptr<DropFolder> MakeDropFolderOn(LocalDropFolderSettings settings, TaskRunner& calls, TaskRunner& readers,
                                             FileSystem& fs, const Clock& clock, Random& random);

}  // namespace tegodrop
