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
#include <optional>
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
  // What was changed since this was made, at the start of the program, is left alone. All must outlive it, and so must
  // every folder that it is shown.
  Leftovers(Ledger& ledger, Log& log, const Clock& clock)
      : ledger_(ledger), log_(log), clock_(clock), born_(clock.Wall()) {}
  ~Leftovers();

  // The folder is about to be used: its staging is tidied once in this life, and its receipts once a day, beside
  // everything else. Where it could not even be listed, the next use tries again.
  void Tidy(OutputFolder& folder);

 private:
  struct Visit {
    std::deque<std::string> jobs;                        // to be looked up
    std::map<std::string, std::set<std::string>> names;  // staging names by job
    HandlePtr step;
    HandlePtr pruning;
    std::optional<MonoMs> pruned_at;
  };
  void Prune(OutputFolder& folder);
  void Listed(OutputFolder& folder, const std::vector<StagedEntry>& entries);
  void NextJob(OutputFolder& folder);
  void Judge(OutputFolder& folder, const std::string& job, const Result<std::vector<Job>>& found);
  void NextName(OutputFolder& folder, const std::string& job);

  Ledger& ledger_;
  Log& log_;
  const Clock& clock_;
  const WallMs born_;
  std::map<OutputFolder*, Visit> visits_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace tegodrop
