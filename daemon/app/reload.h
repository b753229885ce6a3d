// A config that is read again while the daemon works: what of it can be used at once, and who waits for it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.h"
#include "daemon/base/log.h"
#include "daemon/base/secret.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/task_runner.h"
#include "daemon/provenance/key.h"

namespace tegodrop {

// What reading the config and its credentials again gave.
struct ReadAgain {
  Settings settings;
  Secret token;
  Secret webhook;                   // empty: none
  std::vector<std::string> faults;  // one line each; none: all of it is good
  std::optional<SigningKey> provenance_key = std::nullopt;
};

struct ReloadPlan {
  Settings settings;                 // the new ones, with the keys below as they were
  std::vector<std::string> delayed;  // keys that have changed and need a restart
};

// Pure. Portal, tenant and state_dir hold for the life of the process: jobs carry them in their rows, connections and
// the ledger are open. So do the log's format and who is told of what; the webhook's file itself is read again.
ReloadPlan PlanReload(const Settings& now, Settings read);

struct ReloadAnswer {
  bool loaded = false;
  std::vector<std::string> lines;  // for people: the faults, or what was done and what needs a restart
};

class Reloader {
 public:
  // `files` reads beside the loop. `apply` makes what was read hold; its `done` names the folders that follow later. It
  // may log. All must outlive this.
  using Read = std::function<ReadAgain()>;
  using Apply = std::function<void(ReadAgain read, std::function<void(std::vector<std::string>)> done)>;
  Reloader(TaskRunner& files, Log& log, Settings now, Read read, Apply apply);
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  // `done` may be empty; it runs from the loop, never inside the call, once the config that was there when Reload was
  // called is in use or refused.
  void Reload(std::function<void(const ReloadAnswer&)> done);
  const Settings& settings() const { return now_; }

 private:
  void Begin();
  void Take(ReadAgain read);
  void End(ReloadAnswer answer);

  TaskRunner& files_;
  Log& log_;
  Settings now_;
  const Read read_;
  const Apply apply_;
  bool running_ = false;
  HandlePtr reading_;
  std::vector<std::function<void(const ReloadAnswer&)>> waiting_;  // for the one that runs
  std::vector<std::function<void(const ReloadAnswer&)>> next_;     // came meanwhile: theirs may be a newer file
};

}  // namespace tegodrop
