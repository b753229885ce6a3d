// The whole artifact read once beside the sending of its parts: what it hashes to, and what each part does. So that
// parts which left at different times, some of them in an earlier life, are known to make up what was admitted.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/task_runner.h"

namespace tegodrop {

struct WholeDigests {
  std::string sha256;              // of the artifact
  std::vector<std::string> parts;  // of each part, in their order
};

// Destroying it drops `done`; a step that has begun on a worker ends by itself.
class WholeCheck final : public Handle {
 public:
  // How much one step on a worker reads: some milliseconds, so that a stop need not wait for more.
  static constexpr std::uint64_t kStep = 4ULL * 1024 * 1024;

  // Begins at once. `done` runs once, from the loop: kCorrupt where the file ends early, kLocalDisk where it cannot be
  // read. `fs` and `readers` must outlive this object, and `fs` the work that it has begun there.
  WholeCheck(std::shared_ptr<const Fd> file, std::uint64_t size, std::uint64_t chunk_size, FileSystem& fs,
             TaskRunner& readers, std::function<void(Result<WholeDigests>)> done);
  ~WholeCheck() override;

 private:
  struct State;
  void Step();

  FileSystem& fs_;
  TaskRunner& readers_;
  std::function<void(Result<WholeDigests>)> done_;
  // Touched by one step at a time.
  std::shared_ptr<State> state_;
  HandlePtr work_;
};

}  // namespace tegodrop
