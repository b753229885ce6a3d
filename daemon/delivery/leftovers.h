// Staging files that nobody asks for any more: of jobs that came to their end while the output folder was away, or
// whose removal failed.
//
// Whose they are is told by their names (job, attempt) and the ledger: a file goes only where this ledger knows its job
// and that has finished. What it does not know may be another host's, and is left. A job that is put back to work
// meanwhile stages under a name of its own that this has never seen.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/ledger/ledger.h"
#include "daemon/loop/handle.h"
#include "daemon/share/output_folder.h"

namespace tegodrop {

class Leftovers {
 public:
  // `born`: when this life of the program began; what was changed since is left alone. `ledger` and `log` must outlive
  // it, and so must every folder that it is shown.
  Leftovers(Ledger& ledger, Log& log, WallMs born) : ledger_(ledger), log_(log), born_(born) {}
  ~Leftovers();

  // The folder is about to be used: it is tidied once in this life, beside everything else. Where it could not even be
  // listed, the next use tries again.
  void Tidy(OutputFolder& folder);

 private:
  struct Visit {
    std::deque<std::string> jobs;                        // to be looked up
    std::map<std::string, std::set<std::string>> names;  // staging names by job
    HandlePtr step;
  };
  void Listed(OutputFolder& folder, const std::vector<StagedEntry>& entries);
  void NextJob(OutputFolder& folder);
  void Judge(OutputFolder& folder, const std::string& job, const Result<std::vector<Job>>& found);
  void NextName(OutputFolder& folder, const std::string& job);

  Ledger& ledger_;
  Log& log_;
  const WallMs born_;
  std::map<OutputFolder*, Visit> visits_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace tegodrop
