// Which file system a path leads to, as /proc/self/mountinfo tells it: asked without touching anything that may hang.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.h"

namespace tegodrop {

struct Mount {
  std::string point;    // where it is mounted
  std::string type;     // as the kernel writes it: "ext4", "cifs", "fuse.sshfs", …
  std::string options;  // of the mount and of its file system, with commas
};

class MountTable {
 public:
  // The text of a mountinfo file (proc(5)); lines that are none are passed over.
  static MountTable Parse(std::string_view text);

  // What is mounted last over the longest beginning of the absolute `path`; null where nothing is. Symbolic links are
  // not looked at.
  const Mount* Of(std::string_view path) const;

 private:
  std::vector<Mount> mounts_;
};

// Where a path leads in the end, and on what.
struct PathMount {
  std::string path;  // with the symbolic links resolved that stand on local disks
  Mount mount;
  bool local = false;  // every step of the way to it is on a local disk, and so is what it leads to
};

// Walks along an absolute path from one step to the next; a link is read only where it stands on a local disk, so that
// the walk never waits for a share. `read_link`: the target of the link at a path, empty where there is no link.
PathMount FindMount(const MountTable& table, const std::string& path,
                    const std::function<std::string(const std::string&)>& read_link);

// The same of this process's own mounts. kLocalDisk where they cannot be read.
Result<PathMount> FindMount(const std::string& path);

// Whether calls on a file system of this type end by themselves: it is on a disk of this machine, or in its memory.
bool IsLocalType(std::string_view type);

// For how long files of this mount may be shown as they were: what its options say, else what the kernel's client is
// known to do (nfs(5): acregmax 60 s; mount.cifs(8): actimeo 1 s; sshfs: 20 s, measured); zero on local disks.
std::chrono::milliseconds AttributeCacheOf(const Mount& mount);

}  // namespace tegodrop
