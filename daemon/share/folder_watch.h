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
  // Watches the folder behind the open descriptor `folder_fd` (not kept), which was reached by `path`. kLocalDisk with
  // ENOSPC where the user is out of watches: poll then. `hint` is called from the loop; with an empty name when events
  // were lost or something about the folder itself changed. It may destroy the watch.
  static Result<std::unique_ptr<FolderWatch>> Start(EventLoop& loop, int folder_fd, const std::string& path,
                                                    std::function<void(Hint)> hint);

 private:
  FolderWatch(Fd inotify, std::function<void(Hint)> hint) : inotify_(std::move(inotify)), hint_(std::move(hint)) {}
  void WatchSurroundings(EventLoop& loop, const std::string& path);
  void Drain();

  Fd inotify_;
  Fd mounts_;
  int parent_ = -1;          // the watch descriptor of the folder's parent
  std::string parent_name_;  // the folder's name in it
  std::function<void(Hint)> hint_;
  HandlePtr readable_;
  HandlePtr mounted_;
};

}  // namespace tegodrop
