// What this host tells the others on a share of the jobs it has claimed there, and asks them of these.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "daemon/base/log.h"
#include "daemon/base/result.h"
#include "daemon/delivery/finisher.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/timers.h"
#include "daemon/model/job.h"

namespace tegodrop {

class ShareClaims {
 public:
  // `configured`: the drop folders of the config, by path. `timers` and `log` must outlive it.
  ShareClaims(FindDrop find_drop, std::set<std::string> configured, TimerMaker& timers, Log& log);
  ShareClaims(const ShareClaims&) = delete;
  ShareClaims& operator=(const ShareClaims&) = delete;

  // The drop folder at `path` was on a share when it was last opened.
  void SawShare(const std::string& path) { shares_.insert(path); }
  // The drop folders of the config are these now, by path.
  void SetConfigured(std::set<std::string> paths) { configured_ = std::move(paths); }
  // Several hosts may see what was claimed there.
  bool OnShare(const Job& job) const { return shares_.contains(job.target->drop_path); }

  // Before what a job does next can be seen from outside: writes into its claim how far it may have come, and sees that
  // it is still ours. kTakenOver: another host has it, and it is no business of ours any more. nullptr, and no call of
  // `done`: nobody else sees the claim.
  HandlePtr Tell(const Job& job, bool delivering, std::function<void(Status)> done);
  // Before the end of a job is told, which may be another host's to tell. As Tell.
  HandlePtr Ask(const Job& job, std::function<void(Status)> done);
  // Removes what this host keeps of a job that another one has now: the copy in the spool.
  void Forget(const Job& job);

 private:
  bool MayBeShared(const Job& job) const;
  HandlePtr Later(const Error& error, std::function<void(Status)> done);

  const FindDrop find_drop_;
  std::set<std::string> configured_;
  TimerMaker& timers_;
  Log& log_;
  std::set<std::string> shares_;
  std::map<std::string, HandlePtr> forgetting_;  // by job
};

}  // namespace tegodrop
