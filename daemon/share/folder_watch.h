// Inotify on one folder, on the loop. Raw and not through libuv, which has no IN_CLOSE_WRITE and drops a queue's
// overflow in silence.
#pragma once

#include <sys/inotify.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"
#include "daemon/loop/event_loop.h"
#include "daemon/share/drop_folder.h"

namespace tegodrop {

// The inotify descriptor and the folders inside the watched one, which come and go. From any thread.
class WatchedFolders {
 public:
  explicit WatchedFolders(Fd inotify) : inotify_(std::move(inotify)) {}

  int inotify() const { return inotify_.get(); }
  // A listing of them all begins and ends; those that it did not come by are no longer watched.
  void BeginListing();
  void EndListing();
  // Watches one, open as `folder`, or goes on with it under its present path.
  Status Watch(int folder, const std::string& subfolder);
  // Whether any listing began: without one nobody enters them.
  bool listed() const;
  // The path of the one with this watch descriptor; nullopt where it is none of them.
  std::optional<std::string> PathOf(int descriptor) const;
  void Forget(int descriptor);

 private:
  struct Inside {
    std::string path;
    std::uint64_t listing = 0;  // the last one that came by
  };
  const Fd inotify_;
  mutable std::mutex mutex_;
  std::unordered_map<int, Inside> inside_;  // guarded by mutex_
  std::uint64_t listing_ = 0;               // guarded by mutex_
};

class FolderWatch {
 public:
  // Watches the folder behind the open descriptor `folder_fd` (not kept), which was reached by `path`. kLocalDisk with
  // ENOSPC where the user is out of watches: poll then. `hint` is called from the loop; with an empty name when events
  // were lost or something about the folder itself changed. It may destroy the watch.
  static Result<std::unique_ptr<FolderWatch>> Start(EventLoop& loop, int folder_fd, const std::string& path,
                                                    std::function<void(Hint)> hint);

  // For whoever lists the folders inside; a folder that comes, goes or moves there is a reason to list.
  std::shared_ptr<WatchedFolders> folders() const { return folders_; }

 private:
  FolderWatch(std::shared_ptr<WatchedFolders> folders, int own, std::function<void(Hint)> hint)
      : folders_(std::move(folders)), own_(own), hint_(std::move(hint)) {}
  void WatchSurroundings(EventLoop& loop, const std::string& path);
  void Drain();
  std::optional<Hint> HintOf(const inotify_event& event, const char* name);

  const std::shared_ptr<WatchedFolders> folders_;
  const int own_;  // the folder's own watch descriptor
  Fd mounts_;
  int parent_ = -1;          // the watch descriptor of the folder's parent
  std::string parent_name_;  // the folder's name in it
  std::function<void(Hint)> hint_;
  HandlePtr readable_;
  HandlePtr mounted_;
};

}  // namespace tegodrop
