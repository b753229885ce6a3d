// The six promises, held against what stands on the disks, at the portal, in the log and in the ledger.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "daemon/ledger/sqlite_ledger.h"
#include "daemon/model/job.h"
#include "tests/simulation/portal_model.h"
#include "tests/simulation/survey.h"
#include "tests/simulation/weather.h"

namespace tegodrop::simulation {

// An artifact that somebody drops.
struct Drop {
  std::size_t folder = 0;
  std::string name;
  std::string subfolder;  // where it is dropped, below the drop folder; empty: in itself
  std::string bytes;
  std::string sha256;
  std::int64_t at = 0;
  bool whole = true;     // else no ZIP: to be refused
  bool dropped = false;  // it lies there, or did
  // Somebody put another file over it while it lay in the folder: nobody can ask for it any more.
  bool replaced = false;

  std::string path() const { return JoinPath(subfolder, name); }
};

class Judge {
 public:
  Judge(std::string site, const Settings& settings, const std::vector<Drop>& drops, PortalModel& portal,
        const Weather& weather)
      : site_(std::move(site)), settings_(settings), drops_(drops), portal_(portal), weather_(weather) {}

  // Somebody's own files in an output folder, by path below the site.
  void AddForeign(const std::string& path, const std::string& bytes);
  void PersonCancelled() { cancelled_ = true; }
  // What is retried and fails again is recorded anew.
  void PersonRetried() { retried_ = true; }

  // After a death, before anything runs again.
  void AtDeath();
  // When all has come to rest and the process has ended; `snapshot` is what its ledger says.
  void AtEnd(const LedgerSnapshot& snapshot);
  void CheckLine(std::string_view log_line);
  void Break(int promise, const std::string& how);

  const std::vector<std::string>& broken() const { return broken_; }
  int deliveries() const { return deliveries_; }
  int failures() const { return failures_; }

 private:
  using Files = std::vector<SeenFile>;
  struct Outcome {
    std::map<std::string, int> traces;  // by the source's digest
    std::map<std::string, std::string> trace_of_job;
  };

  void CheckSecrets(const Files& files);
  void CheckNothingLost(const Files& files, const Outcome& outcome);
  void CheckBuilds();
  Outcome CheckOutputs(const Files& files, bool at_end);
  void CheckTrace(const SeenFile& file, const std::map<std::string, const SeenFile*>& folder, Outcome& outcome);
  void CheckRows(const Files& files, const LedgerSnapshot& snapshot, const Outcome& outcome);
  void CheckFailure(const Files& files, const Job& job);
  bool MayFail(const Job& job) const;
  void CheckNothingLeft(const Files& files);
  int Dropped(const std::string& sha256) const;

  const std::string site_;
  const Settings& settings_;
  const std::vector<Drop>& drops_;
  PortalModel& portal_;
  const Weather& weather_;
  std::map<std::string, std::string> foreign_;  // digest by path
  std::map<std::string, std::string> seen_;     // digest of what stood in an output folder, by path
  bool cancelled_ = false;
  bool retried_ = false;
  std::vector<std::string> broken_;
  int deliveries_ = 0;
  int failures_ = 0;
};

}  // namespace tegodrop::simulation
