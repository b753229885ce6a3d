// The course of a night (night.h). Internal.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "daemon/base/log.h"
#include "tests/fakes/power_cut_disk.h"
#include "tests/fakes/power_cut_file_system.h"
#include "tests/simulation/judge.h"
#include "tests/simulation/life.h"
#include "tests/simulation/night.h"
#include "tests/simulation/plan.h"

namespace tegodrop::simulation {

// A folder for one night, in memory where the machine has that.
class Site {
 public:
  Site();
  ~Site();
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class NightRun final : private Log {
 public:
  NightRun(std::uint64_t seed, const NightOptions& options);
  NightReport Run();

 private:
  // -- the log
  void Write(LogLevel level, std::string_view event, std::string_view message,
             std::initializer_list<LogField> fields) override;
  void Tell(const std::string& what) const;  // with --verbose

  // -- the process
  void StartLife();
  void Kill();
  void EndLife();
  void Arm(const Death& death);
  void ArmNow(const Death& death);
  void Disarm();
  void StopForGood();
  // The night is over, or goes on.
  bool Ended();
  void OnChange(const Job& job);
  void ForgetUnclaimed();
  void CheckWaits();
  bool Spins();
  bool AtRest();

  // -- the world
  void MakeFolders();
  void ScheduleWorld();
  void ScheduleTroubles();
  void PlaceDrop(std::size_t index);
  void PlaceFile(const std::string& folder, const std::string& name, const std::string& bytes);
  void TakeAway(Place place, bool empty_instead, std::int64_t until);
  void BringBack(const std::string& name);
  void Act(Deed deed);
  void VisitHeld();
  void Calm();
  void WatchForRest();
  std::string PathOf(Place place) const;

  const std::uint64_t seed_;
  const NightOptions options_;
  Site site_;
  Plan plan_;
  Dice dice_;
  SimLoop loop_;
  std::unique_ptr<FileSystem> posix_;
  testing::PowerCutFileSystem cut_files_;
  testing::PowerCutDisk cut_ledger_;
  testing::SeededRandom cut_random_;
  PortalModel portal_;
  SimTransfer line_;
  SimDisk disk_;
  Judge judge_;
  NightReport report_;

  std::unique_ptr<Life> life_;
  int lives_ = 0;
  bool dead_ = false;
  std::optional<Death> armed_;
  std::optional<Death> at_start_;  // armed with the next start
  std::int64_t steps_left_ = 0;    // until a death by steps; 0: none
  bool calm_ = false;
  bool stopping_ = false;
  bool stopped_ = false;
  int placed_ = 0;
  std::map<std::string, Job> rows_;             // as last reported, by id
  std::map<std::string, std::int64_t> silent_;  // since when a row says nothing, by id
  std::map<std::string, std::int64_t> away_;    // folders that are away: until when, by name
  std::int64_t ledger_trouble_until_ = 0;
  std::int64_t instant_ = 0;         // the last moment that was seen
  std::uint64_t instant_steps_ = 0;  // and the steps until then
};

}  // namespace tegodrop::simulation
