// Sidecars that stand alone: after 15 minutes they go to failed/, with the reason beside them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/intake/world.h"
#include "daemon/loop/handle.h"

namespace tegodrop {

// The text of NAME.reason.json for a sidecar without an artifact.
std::string OrphanReasonJson(const std::string& sidecar, WallMs now);

class Orphans {
 public:
  Orphans(IntakeWorld& world, std::string folder) : world_(world), folder_(std::move(folder)) {}

  // All that a listing shows; puts away those that are due.
  void See(const std::vector<ListedFile>& alone);
  bool Knows(const std::string& sidecar) const { return alone_.contains(sidecar); }
  // When the next one is due.
  std::optional<MonoMs> NextDue() const;
  void Stop();

 private:
  struct Alone {
    FileStat stat;
    MonoMs since = 0;
    HandlePtr work;
  };
  void PutAway(const std::string& name, Alone& alone);

  IntakeWorld& world_;
  const std::string folder_;
  std::map<std::string, Alone> alone_;
};

}  // namespace tegodrop
