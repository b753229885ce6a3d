// Inotify on one folder, on the loop. Raw and not through libuv, which has no IN_CLOSE_WRITE and drops a queue's
// overflow in silence.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"
#include "daemon/loop/event_loop.h"
#include "daemon/share/drop_folder.h"

namespace tegodrop {

class FolderWatch {
 public:
  // Watches the folder behind the open descriptor `folder_fd` (not kept). kLocalDisk with ENOSPC where the user is out
  // of watches: poll then. `hint` is called from the loop; with an empty name when events were lost or the folder
  // itself went.
  static Result<std::unique_ptr<FolderWatch>> Start(EventLoop& loop, int folder_fd, std::function<void(Hint)> hint);

 private:
  FolderWatch(Fd inotify, std::function<void(Hint)> hint) : inotify_(std::move(inotify)), hint_(std::move(hint)) {}
  void Drain();

  Fd inotify_;
  std::function<void(Hint)> hint_;
  HandlePtr readable_;
};

}  // namespace tegodrop
