#include "daemon/app/intakes.h"

#include <algorithm>
#include <utility>

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

// Before the ledger is asked again for what it could not tell.
constexpr milliseconds kLedgerAgain = std::chrono::seconds(1);

}  // namespace

Intakes::Intakes(IntakesWorld world, JobOrigin origin, std::function<void(const Job&)> admitted,
                 std::function<void(const FolderSettings&, const Intake&)> changed,
                 std::function<void(const std::string&)> left)
    : world_(world),
      origin_(std::move(origin)),
      admitted_(std::move(admitted)),
      changed_(std::move(changed)),
      left_(std::move(left)) {}

void Intakes::Begin(const std::vector<FolderSettings>& folders, const std::vector<FolderRecord>& known) {
  for (const FolderSettings& folder : folders) {
    wanted_[folder.name] = folder;
    Make(folder, known);
  }
}

void Intakes::Start() {
  for (auto& [name, seat] : seats_) seat.intake->Start();
}

void Intakes::Make(const FolderSettings& folder, const std::vector<FolderRecord>& known) {
  const auto found = std::find_if(known.begin(), known.end(), [&](const FolderRecord& one) {
    return one.name == folder.name && one.path == folder.path;
  });
  FolderRecord record = found == known.end() ? FolderRecord{} : *found;
  record.name = folder.name;
  record.path = folder.path;
  Seat& seat = seats_[folder.name];
  seat.settings = folder;
  seat.intake = std::make_unique<Intake>(IntakeWorld{world_.folders.Configured(folder), world_.ledger, world_.timers,
                                                     world_.clock, world_.random, world_.log, &world_.spool},
                                         IntakeSettings{folder, origin_.portal_url, origin_.tenant, origin_.host},
                                         std::move(record), admitted_);
  seat.intake->OnChange([this, &seat] { changed_(seat.settings, *seat.intake); });
}

void Intakes::Follow(std::vector<FolderSettings> folders, std::function<void(std::vector<std::string>)> done) {
  wanted_.clear();
  for (FolderSettings& folder : folders) wanted_[folder.name] = std::move(folder);
  followed_ = std::move(done);
  patience_ = world_.timers.After(kPatience, [this] { Tell(); });
  std::vector<std::string> changed;
  for (const auto& [name, seat] : seats_) {
    const auto wanted = wanted_.find(name);
    if (!seat.leaving && (wanted == wanted_.end() || !(wanted->second == seat.settings))) changed.push_back(name);
  }
  for (const std::string& name : changed) LetGo(name);
  Advance();
}

void Intakes::LetGo(const std::string& name) {
  Seat& seat = seats_.at(name);
  seat.leaving = true;
  // Not inside its own callback, which destroys it.
  seat.intake->Stop(
      [this, name] { going_[name] = world_.timers.After(milliseconds(0), [this, name] { Gone(name); }); });
}

void Intakes::Gone(const std::string& name) {
  const HandlePtr turn = std::move(going_[name]);
  going_.erase(name);
  Seat seat = std::move(seats_.at(name));
  seats_.erase(name);
  world_.folders.Leave(seat.settings, seat.intake->record(), seat.intake->is_open());
  seat.intake.reset();
  left_(name);
  if (seat.left) seat.left();
  Advance();
}

// One folder of a path at a time.
bool Intakes::MayEnter(const FolderSettings& folder) const {
  return std::none_of(seats_.begin(), seats_.end(), [&](const auto& seat) {
    return seat.first == folder.name || (seat.second.leaving && seat.second.settings.path == folder.path);
  });
}

bool Intakes::Missing() const {
  return std::any_of(wanted_.begin(), wanted_.end(), [this](const auto& one) { return MayEnter(one.second); });
}

void Intakes::Advance() {
  if (stopping_ || loading_) return;
  if (!Missing()) {
    if (Busy().empty()) Tell();
    return;
  }
  loading_ = true;
  world_.ledger.LoadFolders([this, alive = std::weak_ptr<bool>(alive_)](Result<std::vector<FolderRecord>> known) {
    if (alive.expired()) return;
    loading_ = false;
    if (stopping_) return;
    if (known) return Enter(*known);
    world_.log.Warning("folder.ledger", "a folder of the new config is not opened yet: " + known.error().message);
    again_ = world_.timers.After(kLedgerAgain, [this] { Advance(); });
  });
}

void Intakes::Enter(const std::vector<FolderRecord>& known) {
  for (const auto& [name, folder] : wanted_) {
    if (!MayEnter(folder)) continue;
    Make(folder, known);
    seats_.at(name).intake->Start();
  }
  Advance();
}

std::vector<std::string> Intakes::Busy() const {
  std::vector<std::string> busy;
  for (const auto& [name, seat] : seats_) {
    if (seat.leaving) busy.push_back(name);
  }
  for (const auto& [name, folder] : wanted_) {
    if (!seats_.contains(name)) busy.push_back(name);
  }
  return busy;
}

void Intakes::Tell() {
  patience_.reset();
  if (!followed_) return;
  telling_ =
      world_.timers.After(milliseconds(0), [done = std::exchange(followed_, nullptr), busy = Busy()] { done(busy); });
}

void Intakes::Stop(std::function<void()> done) {
  stopping_ = true;
  followed_ = nullptr;
  patience_.reset();
  const auto left = std::make_shared<std::size_t>(seats_.size() + 1);
  const auto one_less = [left, done = std::move(done)] {
    if (--*left == 0) done();
  };
  for (auto& [name, seat] : seats_) {
    if (seat.leaving) {
      seat.left = one_less;
    } else {
      seat.intake->Stop(one_less);
    }
  }
  telling_ = world_.timers.After(milliseconds(0), one_less);
}

Intake* Intakes::Find(const std::string& name) const {
  const auto found = seats_.find(name);
  return found == seats_.end() || found->second.leaving ? nullptr : found->second.intake.get();
}

std::vector<Intakes::View> Intakes::all() const {
  std::vector<View> views;
  for (const auto& [name, seat] : seats_) {
    if (!seat.leaving) views.push_back({&seat.settings, seat.intake.get()});
  }
  return views;
}

}  // namespace tegodrop
