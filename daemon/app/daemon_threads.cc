#include "daemon/app/daemon_threads.h"

#include <utility>

#include "daemon/share/local_output_folder.h"

namespace tegodrop {

DaemonThreads::DaemonThreads(EventLoop& loop, FileSystem& fs, const Clock& clock, Random& random)
    : loop_(loop),
      fs_(fs),
      clock_(clock),
      random_(random),
      inspectors_(loop, 2, "inspect"),
      senders_(loop, 2, "send"),
      writers_(loop, 2, "write") {}

std::unique_ptr<DropFolder> DaemonThreads::MakeDrop(LocalDropFolderSettings settings) {
  settings.ops.fingerprints = &fingerprints_;
  return MakeLocalDropFolder(std::move(settings), loop_, inspectors_, fs_, clock_, random_);
}

std::unique_ptr<OutputFolder> DaemonThreads::MakeOutput(std::string path, std::string rooms, OutputMemory memory) {
  return MakeLocalOutputFolder(path, std::move(rooms), std::move(memory), loop_, writers_, fs_, clock_);
}

}  // namespace tegodrop
