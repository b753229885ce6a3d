// Everything wired together: folders, rooms, conductor. `main` makes one and runs the loop.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/settings.h"
#include "daemon/app/clock_watch.h"
#include "daemon/app/folders.h"
#include "daemon/app/intakes.h"
#include "daemon/app/operator_desk.h"
#include "daemon/app/share_claims.h"
#include "daemon/base/clock.h"
#include "daemon/base/fingerprints.h"
#include "daemon/base/log.h"
#include "daemon/base/random.h"
#include "daemon/base/secret.h"
#include "daemon/conductor/conductor.h"
#include "daemon/delivery/deliverer.h"
#include "daemon/delivery/finisher.h"
#include "daemon/delivery/leftovers.h"
#include "daemon/delivery/reclaimer.h"
#include "daemon/disk/file_system.h"
#include "daemon/intake/intake.h"
#include "daemon/intake/spool.h"
#include "daemon/ledger/ledger.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/task_runner.h"
#include "daemon/loop/timers.h"
#include "daemon/net/dated_transfer.h"
#include "daemon/net/guarded_transfer.h"
#include "daemon/net/transfer.h"
#include "daemon/portal/portal.h"
#include "daemon/tracking/tracker.h"
#include "daemon/upload/uploader.h"

namespace tegodrop {

// All must outlive the Daemon.
struct DaemonWorld {
  TimerMaker& timers;
  // Puts a function onto the loop: it runs after what is there already, never inside the call.
  std::function<void(std::function<void()>)> post;
  TaskRunner& readers;  // of what uploads send
  FolderMaker& folders;
  FileSystem& fs;
  const Clock& clock;
  Random& random;
  Log& log;
  Ledger& ledger;
  Transfer& transfer;
  Fingerprints* fingerprints = nullptr;  // of what the folders have hashed; null: what is sent is hashed again
};

class Daemon {
 public:
  // `on_change`: as Conductor's.
  Daemon(DaemonWorld world, Settings settings, Secret token,
         std::function<void(const Job&, const Progress&)> on_change);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Reads the ledger, takes over its unfinished jobs, opens the folders. `ready` runs once all of these jobs are with
  // the conductor and each folder is open, in trouble, or has not answered for 2 s; `failed` where the ledger cannot be
  // read; neither inside the call.
  void Start(std::function<void()> ready, std::function<void(const Error&)> failed);
  // Takes nothing new from the folders; jobs go on.
  void StopIntake(std::function<void()> done);
  // Stops all, within 5 s where no file system hangs; then `done`.
  void Stop(std::function<void()> done);

  // Another config, from now on, with its token; only once this has started. Its portal, tenant and state_dir must be
  // those from before. Jobs and transfers go on. `done`: as Intakes::Follow's.
  void Apply(Settings settings, const Secret& token, std::function<void(std::vector<std::string> busy)> done);

  // The key that signs provenance from now on; nullopt: none does.
  void UseProvenanceKey(std::optional<SigningKey> key) { attestor_.Use(std::move(key)); }

  // The ledger is read and its jobs are with the conductor.
  bool started() const { return started_ && held_.empty(); }
  // For the desk that takes a person's commands; valid as long as this, and not once Stop was called.
  OperatorHands Hands();
  // This machine's name, as the traces have it.
  const std::string& host() const { return producer_.host; }
  Overview overview() const { return conductor_->overview(); }
  struct FolderView {
    const FolderSettings* settings;
    const IntakeState* state;
  };
  std::vector<FolderView> folders() const;
  // As Conductor's.
  void ForEachJob(const std::function<void(const Job&)>& visit) const { conductor_->ForEachJob(visit); }
  // As ClockWatch's.
  std::optional<std::chrono::milliseconds> clock_ahead() const { return clock_watch_.ahead(); }
  // Claims that other hosts have left, as OperatorHands names them.
  std::vector<std::string> LeftClaims(const std::string& prefix) const;

 private:
  void UseToken(const Secret& token);
  ConductorSettings SettingsForConductor() const;
  void FolderChanged(const FolderSettings& folder, const Intake& intake);
  void TakeLeftClaims(const std::string& folder);
  void LoadRest(std::vector<FolderRecord> records, std::function<void(const Error&)> failed);
  void TakeOver(const std::vector<FolderRecord>& records, std::vector<OutputRecord> outputs);
  void TakeJobs(std::vector<Job> jobs);
  bool TakesSpool(const Job& job) const;
  void CountSpool(const Job& job);
  void TellReady();
  Rooms MakeRooms();
  // An error as a room's answer: on the loop, never inside the call.
  template <typename Done>
  HandlePtr Later(const Error& error, Done done) {
    return world_.timers.After(std::chrono::milliseconds(0), [error, done = std::move(done)] { done(Fail(error)); });
  }
  void HandOver(const std::string& folder);

  DaemonWorld world_;
  Settings settings_;
  const Producer producer_;
  Attestor attestor_;
  Spool spool_;
  ShareClaims claims_;
  RateLimit rate_;
  GuardedTransfer guarded_;
  ClockWatch clock_watch_;
  DatedTransfer dated_;  // for what is asked of the portal itself
  std::unique_ptr<Portal> portal_;
  std::unique_ptr<Folders> folders_;
  Leftovers leftovers_;  // works on the folders' outputs
  std::unique_ptr<Uploader> uploader_;
  std::unique_ptr<Tracker> tracker_;
  std::unique_ptr<Deliverer> deliverer_;
  std::unique_ptr<Finisher> finisher_;
  std::unique_ptr<Reclaimer> reclaimer_;
  std::unique_ptr<Conductor> conductor_;
  std::unique_ptr<Intakes> intakes_;  // once the ledger is read
  // Jobs of earlier lives whose folder is just being opened: begun before, each would first find it missing.
  std::map<std::string, std::vector<Job>> held_;  // by the folder's name
  HandlePtr held_timer_;
  bool started_ = false;
  bool waited_for_folders_ = false;
  std::function<void()> ready_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tegodrop
