// What a folder has to itself: its way to its files, and the thread that goes it. Bases of the folder classes, so that
// they are there before the folder that uses them and go after it. Internal.
#pragma once

#include <string>

#include "daemon/base/clock.h"
#include "daemon/disk/file_system.h"
#include "daemon/disk/helper/folder_file_system.h"
#include "daemon/disk/helper/helper_process.h"
#include "daemon/disk/mount_table.h"
#include "daemon/loop/event_loop.h"
#include "daemon/loop/worker_pool.h"

namespace tegodrop {

struct OwnFiles {
  // Both references must outlive it.
  OwnFiles(const std::string& path, FileSystem& here, const Clock& clock)
      : fs(FolderFileSystem::World{here, [path] { return StartHelperProcess(path); }, clock,
                                   [](const std::string& one) { return FindMount(one); }},
           path) {}
  FolderFileSystem fs;
};

struct OwnThread {
  OwnThread(EventLoop& loop, const std::string& name) : thread(loop, 1, name) {}
  WorkerPool thread;
};

}  // namespace tegodrop
