// The intakes of the config's drop folders, one for each, and how they follow the config when it is read again: an
// unchanged folder is left alone, a changed one is stopped and made anew, what was claimed goes on in any case.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/settings.h"
#include "daemon/app/folders.h"
#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/random.h"
#include "daemon/intake/intake.h"
#include "daemon/intake/spool.h"
#include "daemon/ledger/ledger.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/timers.h"
#include "daemon/model/job.h"

namespace tegodrop {

// All must outlive the Intakes.
struct IntakesWorld {
  Folders& folders;
  Ledger& ledger;
  TimerMaker& timers;
  const Clock& clock;
  Random& random;
  Log& log;
  Spool& spool;
};

// What every new row says of where it comes from.
struct JobOrigin {
  std::string portal_url;
  std::string tenant;
  std::string host;
};

class Intakes {
 public:
  // `admitted`: as Intake's. `changed`: as Intake::OnChange's, with the folder that has changed.
  // `left`: the intake of the folder with that name has ended; a claim that it was still trying to make stands in its
  // row alone.
  Intakes(IntakesWorld world, JobOrigin origin, std::function<void(const Job&)> admitted,
          std::function<void(const FolderSettings& folder, const Intake& intake)> changed,
          std::function<void(const std::string& folder)> left);
  Intakes(const Intakes&) = delete;
  Intakes& operator=(const Intakes&) = delete;

  // The config's folders at the start. `known`: what the ledger remembers of them.
  void Begin(const std::vector<FolderSettings>& folders, const std::vector<FolderRecord>& known);
  void Start();
  // Another config. `done` runs on the loop, never inside the call, once all of it is so, or after kPatience with the
  // names of the folders that still carry something to its end; these follow by themselves. A new call drops the last
  // one's `done`.
  void Follow(std::vector<FolderSettings> folders, std::function<void(std::vector<std::string> busy)> done);
  static constexpr std::chrono::seconds kPatience{5};
  // As Intake::Stop, of all. Nothing follows a config after it.
  void Stop(std::function<void()> done);

  // Null where there is none of that name, or it is just being made anew.
  Intake* Find(const std::string& name) const;
  struct View {
    const FolderSettings* settings;
    Intake* intake;
  };
  // By name.
  std::vector<View> all() const;

 private:
  struct Seat {
    FolderSettings settings;
    std::unique_ptr<Intake> intake;
    bool leaving = false;
    std::function<void()> left;  // what else waits for its end
  };
  void Make(const FolderSettings& folder, const std::vector<FolderRecord>& known);
  void LetGo(const std::string& name);
  void Gone(const std::string& name);
  void Advance();
  bool MayEnter(const FolderSettings& folder) const;
  bool Missing() const;
  void Enter(const std::vector<FolderRecord>& known);
  void Tell();
  std::vector<std::string> Busy() const;

  IntakesWorld world_;
  const JobOrigin origin_;
  const std::function<void(const Job&)> admitted_;
  const std::function<void(const FolderSettings&, const Intake&)> changed_;
  const std::function<void(const std::string&)> left_;
  std::map<std::string, FolderSettings> wanted_;  // by name
  std::map<std::string, Seat> seats_;             // by name
  std::map<std::string, HandlePtr> going_;        // the last turn of one that has stopped
  std::function<void(std::vector<std::string>)> followed_;
  HandlePtr patience_;
  HandlePtr telling_;
  HandlePtr again_;
  bool loading_ = false;
  bool stopping_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tegodrop
