// The threads of the daemon, and its folders on them.
#pragma once

#include <memory>
#include <string>

#include "daemon/app/folders.h"
#include "daemon/base/clock.h"
#include "daemon/base/fingerprints.h"
#include "daemon/base/random.h"
#include "daemon/disk/file_system.h"
#include "daemon/loop/event_loop.h"
#include "daemon/loop/task_runner.h"
#include "daemon/loop/worker_pool.h"

namespace tegodrop {

// Threads of their own for each kind of work: a slow disk on one side must not hold up the other.
class DaemonThreads final : public FolderMaker {
 public:
  // All must outlive it. The destructor waits for what runs.
  DaemonThreads(EventLoop& loop, FileSystem& fs, const Clock& clock, Random& random);

  TaskRunner& readers() { return senders_; }
  // Of what its drop folders have hashed.
  Fingerprints& fingerprints() { return fingerprints_; }

  std::unique_ptr<DropFolder> MakeDrop(LocalDropFolderSettings settings) override;
  std::unique_ptr<OutputFolder> MakeOutput(std::string path, std::string rooms, OutputMemory memory) override;

 private:
  EventLoop& loop_;
  FileSystem& fs_;
  const Clock& clock_;
  Random& random_;
  Fingerprints fingerprints_;  // before the threads that fill it
  WorkerPool inspectors_;
  WorkerPool senders_;
  WorkerPool writers_;
};

}  // namespace tegodrop
