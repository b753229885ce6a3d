// What a folder has to itself: its way to its files, and the thread that goes it. Bases of the folder classes, so that
// they are there before the folder that uses them and go after it. Internal.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "daemon/base/clock.h"
#include "daemon/disk/file_system.h"
#include "daemon/disk/helper/folder_file_system.h"
#include "daemon/disk/helper/helper_process.h"
#include "daemon/disk/mount_table.h"
#include "daemon/loop/event_loop.h"
#include "daemon/loop/worker_pool.h"

namespace tegodrop {

struct OwnFiles {
  // Both references must outlive it, and whatever shares `fs`.
  OwnFiles(const std::string& path, FileSystem& here, const Clock& clock)
      : fs(std::make_shared<FolderFileSystem>(
            FolderFileSystem::World{here, [path] { return StartHelperProcess(path); }, clock,
                                    [](const std::string& one) { return FindMount(one); }},
            path)) {}
  std::shared_ptr<FolderFileSystem> fs;
};

// Somebody else's, who keeps it for long enough.
inline std::shared_ptr<FileSystem> Unowned(FileSystem& fs) { return {std::shared_ptr<FileSystem>(), &fs}; }

// What works on shared workers may outlive its folder, and so does what it works through.
template <typename T>
class WithFiles {
 public:
  // A T made of `args`; whoever holds it holds `fs` too.
  template <typename... Args>
  static std::shared_ptr<T> Make(std::shared_ptr<FileSystem> fs, Args&&... args) {
    auto both = std::make_shared<WithFiles>(std::move(fs), std::forward<Args>(args)...);
    return {both, &both->it_};
  }
  template <typename... Args>
  explicit WithFiles(std::shared_ptr<FileSystem> fs, Args&&... args)
      : fs_(std::move(fs)), it_(std::forward<Args>(args)...) {}

 private:
  std::shared_ptr<FileSystem> fs_;
  T it_;
};

struct OwnThread {
  OwnThread(EventLoop& loop, const std::string& name) : thread(loop, 1, name) {}
  WorkerPool thread;
};

}  // namespace tegodrop
