// `existing: ignore`: what lay in a folder when it was first seen is left alone for as long as it is the same file. In
// memory and in the ledger.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "daemon/intake/world.h"
#include "daemon/loop/handle.h"

namespace tegodrop {

class Ignored {
 public:
  // `wanted`: the folder is configured so. `first`: no daemon has listed it before.
  Ignored(IntakeWorld& world, std::string folder, bool wanted, bool first);
  Ignored(const Ignored&) = delete;
  Ignored& operator=(const Ignored&) = delete;

  // Reads the ledger where there is anything to know, then calls `done`, perhaps at once; tries again by itself (1 s,
  // then up to 60 s) until it succeeds, and tells `trouble` each time it does not.
  void Load(std::function<void()> done, std::function<void(const std::string&)> trouble);
  void Stop();

  // The next listing is the folder's first: Take it. No listing is, once one was taken.
  bool wants_first() const { return wants_first_; }
  // All that the first listing shows. `local`: its inodes stay what they are; else names count instead. `saved` runs
  // once the ledger has it (tried again until then): only then the folder may be recorded as seen.
  void Take(const std::vector<ListedFile>& files, bool local, std::function<void()> saved);
  // The ledger does not have it yet.
  bool saving() const { return saved_ != nullptr; }

  bool Knows(const ListedFile& file) const;
  std::size_t size() const { return files_.size(); }

 private:
  void Save();
  void Again(const std::string& trouble, void (*step)(Ignored&));

  IntakeWorld& world_;
  const std::string folder_;
  const bool wanted_;
  bool wants_first_;
  std::unordered_set<std::string> files_;
  std::function<void()> loaded_;
  std::function<void()> saved_;
  std::function<void(const std::string&)> trouble_;
  HandlePtr timer_;
  int tries_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tegodrop
