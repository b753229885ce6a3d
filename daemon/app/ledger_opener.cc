#include "daemon/app/ledger_opener.h"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "daemon/app/once.h"
#include "daemon/disk/layout.h"
#include "daemon/ledger/state_disk.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

// How long a second daemon waits for the first one's lock: long enough for a restart that overlaps.
constexpr milliseconds kLockWait = std::chrono::seconds(10);
constexpr milliseconds kLockRetry = milliseconds(200);
// A disk in trouble is tried again soon and spoken of seldom.
constexpr milliseconds kDiskRetry = std::chrono::seconds(3);
constexpr milliseconds kDiskReminder = std::chrono::minutes(15);

}  // namespace

LedgerOpener::LedgerOpener(LedgerOpenerWorld world, std::string state_dir, bool once, Hands hands)
    : world_(std::move(world)), state_dir_(std::move(state_dir)), once_(once), hands_(std::move(hands)) {}

// From the state folder on, and again from there once its disk is out of trouble.
void LedgerOpener::Open() {
  if (Status made = MakeFolders(); !made) {
    if (IsPassingTrouble(made.error().sys)) return WaitForDisk(made.error().message);
    world_.log.Error("daemon.state_dir",
                     made.error().message + "; make it, owned by the daemon's user, or set state_dir");
    return hands_.given_up(ExitCode::kConfig);
  }
  lock_wanted_since_ = world_.clock.Mono();
  Try();
}

Status LedgerOpener::MakeFolders() const {
  for (const std::string& path : {state_dir_, state_dir_ + "/" + std::string(kStateSpool)}) {
    const mode_t mode = path == state_dir_ ? 0750 : 0700;
    if (mkdir(path.c_str(), mode) == 0 || errno == EEXIST) continue;
    return FailPosix("cannot make the state folder", path, errno);
  }
  return {};
}

// Nothing is held meanwhile, not even the ledger's lock: who has no ledger keeps nobody from it.
void LedgerOpener::WaitForDisk(const std::string& trouble) {
  const MonoMs now = world_.clock.Mono();
  if (!trouble_since_) trouble_since_ = now;
  seems_damaged_ = false;
  if (trouble != trouble_ || now - trouble_said_ >= kDiskReminder.count()) {
    trouble_ = trouble;
    trouble_said_ = now;
    world_.log.Error("ledger.waiting",
                     trouble +
                         "; until the ledger can be opened nothing is taken, uploaded or delivered; it goes on by "
                         "itself as soon as the disk of state_dir can be written again",
                     {{"state_dir", state_dir_},
                      {"waiting_s", (now - *trouble_since_) / 1000},
                      {"retry_in_s", std::chrono::duration_cast<std::chrono::seconds>(kDiskRetry).count()}});
  }
  if (once_ && now - *trouble_since_ >= kOnceLedgerTrouble.count()) {
    world_.log.Error("daemon.once", "the disk of state_dir has been in trouble for 2 minutes; run it again later");
    return hands_.given_up(ExitCode::kLeft);
  }
  hands_.waits();
  timer_ = world_.timers.After(kDiskRetry, [this] { Open(); });
}

void LedgerOpener::Try() {
  auto ledger = OpenSqliteLedger(state_dir_, world_.clock, world_.post);
  if (ledger) {
    if (trouble_since_) {
      world_.log.Info("ledger.back", "the disk of state_dir can be written again",
                      {{"waited_s", (world_.clock.Mono() - *trouble_since_) / 1000}});
      trouble_since_.reset();
      trouble_.clear();
    }
    return hands_.opened(std::move(*ledger));
  }
  const LedgerOpenError& error = ledger.error();
  if (error.reason == LedgerOpenFailure::kDiskTrouble) return WaitForDisk(error.message);
  if (error.reason != LedgerOpenFailure::kLocked) {
    world_.log.Error("ledger.unusable", error.message);
    return hands_.given_up(ExitCode::kConfig);
  }
  if (world_.clock.Mono() - lock_wanted_since_ >= kLockWait.count()) {
    world_.log.Error("ledger.locked", error.message + ": stop that one first");
    return hands_.given_up(ExitCode::kLeft);
  }
  if (!said_locked_) world_.log.Warning("ledger.locked", error.message + "; waiting for it up to 10 s");
  said_locked_ = true;
  timer_ = world_.timers.After(kLockRetry, [this] { Try(); });
}

void LedgerOpener::Unread(const Error& error) {
  const std::string message = "the ledger cannot be read: " + error.message;
  // In SQLite's judgement, and it may not have been looked over yet. Not all damage shows in that look: an index may
  // name rows that are not there.
  if (error.sys == EUCLEAN) {
    if (!std::exchange(seems_damaged_, true)) return Open();
    world_.log.Error("ledger.unusable", DamagedLedger(state_dir_, message).message);
    return hands_.given_up(ExitCode::kConfig);
  }
  if (IsPassingTrouble(error.sys)) return WaitForDisk(message);
  world_.log.Error("ledger.unusable", message);
  hands_.given_up(ExitCode::kConfig);
}

}  // namespace tegodrop
