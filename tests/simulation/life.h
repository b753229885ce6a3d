// One life of the simulated process: the program's own wiring over the simulated world, from its start to its death or
// stop. As run.cc does, without signals and sockets.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/app/daemon.h"
#include "daemon/app/folders.h"
#include "daemon/app/operator_desk.h"
#include "daemon/base/log.h"
#include "daemon/ledger/ledger.h"
#include "tests/fakes/seeded_random.h"
#include "tests/simulation/sim_disk.h"
#include "tests/simulation/sim_loop.h"
#include "tests/simulation/sim_transfer.h"

namespace tegodrop::simulation {

struct LifeWorld {
  SimLoop& loop;
  SimDisk& disk;
  SimTransfer& line;
  Log& log;
};

class Life final : private FolderMaker {
 public:
  Life(LifeWorld world, const Settings& settings, std::uint64_t seed,
       std::function<void(const Job&, const Progress&)> on_change);
  ~Life() override;

  // False where the ledger cannot be opened; `why` then says so.
  bool Start(std::string* why);
  // The ledger could be opened and not read.
  bool failed() const { return failed_; }
  bool ready() const { return ready_; }
  // Orderly; `done` runs once it has stopped.
  void Stop(std::function<void()> done);

  Daemon& daemon() { return *daemon_; }
  OperatorDesk* desk() { return desk_.get(); }
  // The workers of the disk at that place stand still.
  void Hang(Place place, MonoMs until);

 private:
  std::unique_ptr<DropFolder> MakeDrop(LocalDropFolderSettings settings) override;
  std::unique_ptr<OutputFolder> MakeOutput(std::string path, std::string rooms, OutputMemory memory) override;
  SimLoop::Runner& RunnerOf(const std::string& path);

  LifeWorld world_;
  const Settings settings_;
  testing::SeededRandom random_;
  std::function<void(const Job&, const Progress&)> on_change_;
  Fingerprints fingerprints_;
  SimLoop::Runner inspectors_;
  SimLoop::Runner senders_;
  SimLoop::Runner writers_;
  SimLoop::Runner ledgers_;
  std::map<std::string, std::unique_ptr<SimLoop::Runner>> folders_;  // by path
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<OperatorDesk> desk_;
  bool failed_ = false;
  bool ready_ = false;
};

}  // namespace tegodrop::simulation
