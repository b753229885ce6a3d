#include "tests/simulation/night_run.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "daemon/model/operator.h"

namespace tegodrop::simulation {
namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kDay = 24 * 60 * kMinute;

std::int64_t TimeToRest(const Plan& plan) { return plan.calm + kDay; }

}  // namespace

NightRun::NightRun(std::uint64_t seed, const NightOptions& options)
    : seed_(seed),
      options_(options),
      plan_(DrawPlan(seed, site_.path())),
      dice_(seed ^ 0x5157),
      loop_(dice_.Fork(1)),
      posix_(MakePosixFileSystem()),
      cut_files_(*posix_, site_.path() + "/aside"),
      cut_random_(seed),
      portal_(loop_, dice_.Fork(2), plan_.portal),
      line_(loop_, portal_, plan_.weather, dice_.Fork(3)),
      disk_(cut_files_, loop_, plan_.weather, dice_.Fork(4)),
      judge_(site_.path(), plan_.settings, plan_.drops, portal_, plan_.weather) {}

NightReport NightRun::Run() {
  MakeFolders();
  ScheduleWorld();
  ScheduleTroubles();
  StartLife();
  const std::int64_t until = TimeToRest(plan_);
  for (;;) {
    const bool moved = loop_.Step(until, [this] { CheckWaits(); });
    if (steps_left_ > 0 && --steps_left_ == 0) Kill();
    if (!dead_ && cut_ledger_.dead()) Kill();
    if (dead_) EndLife();
    if (life_ && life_->failed()) {
      life_.reset();
      loop_.InWorld(kMinute, [this] { StartLife(); });
    }
    if (stopping_ && stopped_ && loop_.WorkersIdle() && Ended()) break;
    if (Spins()) break;
    if (!moved) {
      for (const auto& [id, row] : rows_) {
        if (row.finished) continue;
        judge_.Break(5, "not at rest: job " + id + " (" + row.artifact.file_name + ", " +
                            std::string(ToString(row.state)) + ") waits for " + WaitingOf(row).for_what);
      }
      judge_.Break(5, "the night has not come to rest within a day");
      break;
    }
  }
  life_.reset();
  report_.broken = judge_.broken();
  report_.artifacts = placed_;
  report_.builds = static_cast<int>(portal_.builds().size());
  report_.deliveries = judge_.deliveries();
  report_.failures = judge_.failures();
  report_.requests = line_.started();
  report_.faults = plan_.weather.total();
  report_.struck = plan_.weather.struck();
  report_.simulated_ms = loop_.now();
  report_.steps = loop_.steps();
  report_.fingerprint = report_.fingerprint * 31 + loop_.steps() + line_.started();
  return report_;
}

void NightRun::Write(LogLevel level, std::string_view event, std::string_view message,
                     std::initializer_list<LogField> fields) {
  // The dead say nothing.
  if (dead_) return;
  for (const char c : event)
    report_.fingerprint = report_.fingerprint * 1099511628211ULL + static_cast<unsigned char>(c);
  report_.fingerprint += static_cast<std::uint64_t>(loop_.now());
  const std::string line = FormatLogLine(LogFormat::kText, loop_.Wall(), level, event, message, fields);
  judge_.CheckLine(line);
  Tell(line);
}

void NightRun::Tell(const std::string& what) const {
  if (!options_.verbose) return;
  const std::int64_t now = loop_.now();
  std::printf("%3lld:%02lld:%02lld.%03lld %s\n", static_cast<long long>(now / 3'600'000),
              static_cast<long long>(now / kMinute % 60), static_cast<long long>(now / 1000 % 60),
              static_cast<long long>(now % 1000), what.c_str());
}

// -- the process

void NightRun::StartLife() {
  if (life_ || stopping_) return;
  ++lives_;
  Tell("== life " + std::to_string(lives_));
  if (at_start_) ArmNow(*std::exchange(at_start_, std::nullopt));
  life_ = std::make_unique<Life>(LifeWorld{loop_, disk_, line_, *this}, plan_.settings,
                                 seed_ * 1000 + static_cast<std::uint64_t>(lives_),
                                 [this](const Job& job, const Progress&) { OnChange(job); });
  std::string why;
  if (life_->Start(&why)) return;
  if (cut_ledger_.dead()) return Kill();
  Tell("the ledger cannot be opened: " + why);
  if (calm_ && loop_.now() > plan_.calm + 10 * kMinute) judge_.Break(6, "the ledger cannot be opened any more: " + why);
  life_.reset();
  loop_.InWorld(kMinute, [this] { StartLife(); });
}

void NightRun::Kill() {
  if (dead_ || !life_) return;
  Tell("== dies");
  dead_ = true;
  disk_.Die();
  line_.Die();
  cut_ledger_.Die();
}

// The process is gone from its very last effect on; what it still did afterwards reached nothing.
void NightRun::EndLife() {
  const Death death = armed_.value_or(Death{});
  life_.reset();
  ++report_.deaths;
  if (death.power_cut) {
    Tell("== the power is cut");
    ++report_.power_cuts;
    cut_ledger_.Cut(cut_random_);
    cut_files_.Cut(cut_random_);
  }
  cut_ledger_.Live();
  dead_ = false;
  disk_.Revive();
  line_.Revive();
  Disarm();
  std::erase_if(rows_, [](const auto& row) { return !row.second.finished; });
  silent_.clear();
  judge_.AtDeath();
  loop_.InWorld(death.pause, [this] { StartLife(); });
}

void NightRun::Arm(const Death& death) {
  if (calm_) return;
  if (armed_ || at_start_) return loop_.InWorld(kMinute, [this, death] { Arm(death); });
  if (!life_) {
    at_start_ = death;
    return;
  }
  ArmNow(death);
}

void NightRun::ArmNow(const Death& death) {
  armed_ = death;
  switch (death.by) {
    case DeathBy::kStep:
      steps_left_ = death.nth;
      return;
    case DeathBy::kDiskChange:
      return disk_.DieAtChange(death.nth, [this] { Kill(); });
    case DeathBy::kLedgerWrite:
      return cut_ledger_.DieAt(static_cast<int>(death.nth));
    case DeathBy::kPiece:
      return line_.DieAtPiece(death.nth, [this] { Kill(); });
  }
}

void NightRun::Disarm() {
  armed_.reset();
  at_start_.reset();
  steps_left_ = 0;
  disk_.DieAtChange(0, nullptr);
  cut_ledger_.DieAt(0);
  line_.DieAtPiece(0, nullptr);
}

void NightRun::OnChange(const Job& job) {
  if (dead_) return;
  rows_[job.id] = job;
  silent_.erase(job.id);
}

// A claim of an earlier life that never happened: its row goes without a word, and the artifact is found anew.
void NightRun::ForgetUnclaimed() {
  const OperatorHands hands = life_->daemon().Hands();
  std::erase_if(rows_,
                [&](const auto& row) { return row.second.state == JobState::kClaiming && !hands.has(row.first); });
}

// Work without end in no time: the processor of a real machine would burn.
bool NightRun::Spins() {
  constexpr std::uint64_t kMost = 20'000;
  if (loop_.now() != instant_) {
    instant_ = loop_.now();
    instant_steps_ = loop_.steps();
  }
  if (loop_.steps() - instant_steps_ < kMost) return false;
  judge_.Break(5, "the daemon spins: " + std::to_string(kMost) + " steps without any time passing");
  return true;
}

// Before time moves on: whoever is idle says what it waits for.
void NightRun::CheckWaits() {
  if (dead_ || stopping_ || !life_ || !life_->ready() || line_.under_way() > 0 || !loop_.WorkersIdle()) return;
  // What cannot be written cannot be shown either.
  if (loop_.now() < ledger_trouble_until_) return silent_.clear();
  ForgetUnclaimed();
  constexpr std::int64_t kPatience = 3 * kMinute;
  for (const auto& [id, row] : rows_) {
    if (row.finished || !WaitingOf(row).for_what.empty()) continue;
    const std::int64_t since = silent_.emplace(id, loop_.now()).first->second;
    if (loop_.now() - since < kPatience) continue;
    judge_.Break(6, "job " + id + " (" + row.artifact.file_name + ", " + std::string(ToString(row.state)) +
                        ") is idle and does not say what it waits for");
  }
}

bool NightRun::AtRest() {
  if (!life_ || !life_->ready() || life_->failed() || dead_) return false;
  if (placed_ < static_cast<int>(plan_.drops.size()) || !away_.empty()) return false;
  if (life_->daemon().overview().unfinished > 0) return false;
  ForgetUnclaimed();
  for (const auto& [id, row] : rows_) {
    if (!row.finished) return false;
  }
  // What is not taken yet lies in its folder; where it stays there in any case, time tells.
  bool refused_late = false;
  for (const Drop& drop : plan_.drops) {
    const FolderSettings& folder = plan_.settings.folders[drop.folder];
    if (folder.after == After::kKeep) {
      refused_late = refused_late || !drop.whole;
    } else if (access((folder.path + "/" + drop.path()).c_str(), F_OK) == 0) {
      return false;
    }
  }
  return loop_.now() >= plan_.calm + (refused_late ? 90 : 10) * kMinute;
}

void NightRun::WatchForRest() {
  if (stopping_) return;
  if (AtRest()) return StopForGood();
  loop_.InWorld(kMinute, [this] { WatchForRest(); });
}

void NightRun::StopForGood() {
  Tell("== at rest: it is stopped");
  stopping_ = true;
  stopped_ = false;
  life_->Stop([this] { stopped_ = true; });
}

bool NightRun::Ended() {
  life_.reset();
  Result<LedgerSnapshot> snapshot = ReadLedger(plan_.settings.state_dir, 0);
  if (!snapshot) {
    judge_.Break(1, "the ledger cannot be read at the end: " + snapshot.error().message);
    return true;
  }
  bool open = false;
  for (const Job& job : snapshot->jobs) open = open || !job.finished || !job.aborts.empty();
  if (open && loop_.now() < TimeToRest(plan_) - 60 * kMinute) {
    stopping_ = false;
    StartLife();
    loop_.InWorld(20 * kMinute, [this] { WatchForRest(); });
    return false;
  }
  judge_.AtEnd(*snapshot);
  return true;
}

NightReport RunNight(std::uint64_t seed, const NightOptions& options) { return NightRun(seed, options).Run(); }

}  // namespace tegodrop::simulation
