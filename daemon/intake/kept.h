// What was taken from a folder that is not changed: the same bytes under the same path are the same artifact. In memory
// and in the ledger.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/intake/world.h"
#include "daemon/loop/handle.h"

namespace tegodrop {

// The file's identity as far as a stat can tell, without the device number, which a remount changes.
std::string StatKey(const FileStat& stat);

class Kept {
 public:
  Kept(IntakeWorld& world, std::string folder);
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

  // Reads the ledger, then calls `done`; tries again by itself (1 s, then up to 60 s) until it succeeds, and tells
  // `trouble` each time it does not. Jobs that a death left before their entry here count too: they are in the ledger,
  // and where they were still claiming, the copy in the spool tells whether they are taken.
  void Load(std::function<void()> done, std::function<void(const std::string&)> trouble);
  void Stop();

  // Taken before, and not touched since: need not be read.
  bool IsKnown(const std::string& name, const FileStat& stat) const;
  // The same bytes under the same path.
  bool IsKnown(const std::string& name, const std::string& sha256) const;
  // Remembers; a new entry is in the ledger already, or will be by its Claiming.
  void Remember(const KeptArtifact& kept);
  // The same artifact has another stat now.
  void Touched(const std::string& name, const std::string& sha256, const FileStat& stat);

 private:
  void LoadKept();
  void LoadJobs();
  void AskNext();
  void Again(const Error& error, void (Kept::*step)());

  IntakeWorld& world_;
  const std::string folder_;
  std::unordered_map<std::string, std::vector<KeptArtifact>> kept_;
  std::vector<KeptArtifact> to_ask_;  // of jobs in state claiming
  std::function<void()> done_;
  std::function<void(const std::string&)> trouble_;
  HandlePtr work_;
  HandlePtr timer_;
  int tries_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tegodrop
