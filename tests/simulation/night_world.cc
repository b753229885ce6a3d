// What happens around the process in a night: drops, troubles, people.
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "daemon/base/digest.h"
#include "tests/fakes/zip_maker.h"
#include "tests/simulation/night_run.h"

namespace tegodrop::simulation {
namespace {

constexpr std::int64_t kMinute = 60'000;

std::string MakeTemporary(const std::string& base) {
  std::string name = base + "/tegodrop-sim-XXXXXX";
  return mkdtemp(name.data()) == nullptr ? "" : name;
}

}  // namespace

Site::Site() {
  path_ = MakeTemporary("/dev/shm");
  const char* other = std::getenv("TEST_TMPDIR");
  if (path_.empty()) path_ = MakeTemporary(other == nullptr ? "/tmp" : other);
  if (path_.empty()) std::abort();
  // Before anything else of the night: the file system's shadow wants it there.
  mkdir((path_ + "/aside").c_str(), 0700);
}

Site::~Site() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

std::string NightRun::PathOf(Place place) const {
  switch (place) {
    case Place::kDrop0:
    case Place::kDrop1:
      return site_.path() + "/" + DropName(place == Place::kDrop0 ? 0 : 1);
    case Place::kOutput0:
    case Place::kOutput1:
      return site_.path() + "/" + OutputName(place == Place::kOutput0 ? 0 : 1);
    default:
      return site_.path() + "/state";
  }
}

void NightRun::MakeFolders() {
  for (const Place place : {Place::kDrop0, Place::kDrop1, Place::kOutput0, Place::kOutput1, Place::kState}) {
    mkdir(PathOf(place).c_str(), 0755);
    disk_.Mount(PathOf(place), place);
  }
  mkdir((site_.path() + "/incoming").c_str(), 0755);
  // As run.cc makes it before the ledger is opened.
  mkdir((site_.path() + "/state/spool").c_str(), 0700);
  disk_.OnHang([this](Place place) {
    if (life_) life_->Hang(place, loop_.Mono() + kMinute);
  });
}

void NightRun::ScheduleWorld() {
  for (std::size_t i = 0; i < plan_.drops.size(); ++i) {
    const Drop& drop = plan_.drops[i];
    Tell("will drop " + drop.path() + " (" + std::to_string(drop.bytes.size()) + " bytes, " + drop.sha256.substr(0, 8) +
         ") into " + DropName(drop.folder) + " at " + std::to_string(drop.at / kMinute) + " min");
    loop_.InWorld(drop.at, [this, i] { PlaceDrop(i); });
  }
  for (const Death& death : plan_.deaths) loop_.InWorld(death.at, [this, death] { Arm(death); });
  for (const PersonAct& act : plan_.acts) loop_.InWorld(act.at, [this, act] { Act(act.deed); });
  if (plan_.wall_jump != 0) loop_.InWorld(plan_.wall_jump_at, [this] { loop_.JumpWall(plan_.wall_jump); });
  if (plan_.foreign_output) {
    // Where an output might want to go: the name of one that nobody has made yet.
    for (std::size_t i = 0; i < kFolders; ++i) {
      const std::string name = "app-0-protected-" + std::to_string(SimLoop::kStart / 1000 + 5) + ".apk";
      PlaceFile(site_.path() + "/" + OutputName(i), name, "somebody's own");
      judge_.AddForeign(OutputName(i) + "/" + name, "somebody's own");
    }
  }
  loop_.InWorld(plan_.calm, [this] { Calm(); });
}

void NightRun::ScheduleTroubles() {
  for (const TroubleWindow& window : plan_.weather.windows()) {
    Tell("will be: " + std::string(NameOf(window.trouble)) + " at place " +
         std::to_string(static_cast<int>(window.place)) + " from " + std::to_string(window.from / kMinute) + " to " +
         std::to_string(window.until / kMinute) + " min, likelihood " + std::to_string(window.likelihood));
    if (window.trouble == Trouble::kGone || window.trouble == Trouble::kEmptied) {
      loop_.InWorld(window.from + 2 * kMinute,
                    [this, window] { TakeAway(window.place, window.trouble == Trouble::kEmptied, window.until); });
    }
    if (window.place != Place::kState) continue;
    const int code = window.trouble == Trouble::kFull       ? SQLITE_FULL
                     : window.trouble == Trouble::kReadOnly ? SQLITE_READONLY
                     : window.trouble == Trouble::kEio      ? SQLITE_IOERR_WRITE
                                                            : SQLITE_OK;
    if (code == SQLITE_OK) continue;
    loop_.InWorld(window.from, [this, window, code] {
      cut_ledger_.FailFrom(static_cast<int>(dice_.Spread(20)), code);
      ledger_trouble_until_ = std::max(ledger_trouble_until_, window.until + kMinute);
    });
    loop_.InWorld(window.until, [this] { cut_ledger_.Heal(); });
  }
}

// Durable and whole under its name at once, as whoever drops well does it.
void NightRun::PlaceFile(const std::string& folder, const std::string& name, const std::string& bytes) {
  const std::string incoming = site_.path() + "/incoming/" + name;
  std::ofstream(incoming, std::ios::binary) << bytes;
  std::filesystem::rename(incoming, folder + "/" + name);
}

void NightRun::PlaceDrop(std::size_t index) {
  Drop& drop = plan_.drops[index];
  if (away_.contains(DropName(drop.folder))) {
    return loop_.InWorld(5 * kMinute, [this, index] { PlaceDrop(index); });
  }
  const std::string folder =
      plan_.settings.folders[drop.folder].path + (drop.subfolder.empty() ? "" : "/" + drop.subfolder);
  std::filesystem::create_directories(folder);
  if (std::filesystem::exists(folder + "/" + drop.name)) {
    // The one that lies there is the last one that was dropped so.
    for (std::size_t i = plan_.drops.size(); i-- > 0;) {
      Drop& other = plan_.drops[i];
      if (i == index || !other.dropped || other.replaced) continue;
      if (other.folder != drop.folder || other.path() != drop.path()) continue;
      std::ifstream in(folder + "/" + drop.name, std::ios::binary);
      const std::string there{std::istreambuf_iterator<char>(in), {}};
      if (Sha256Hex(there) != other.sha256) continue;
      other.replaced = true;
      break;
    }
    // With what was said of it: it is not true of the new one.
    for (const char* suffix : {".sha256", ".commit", ".json"})
      std::filesystem::remove(folder + "/" + drop.name + suffix);
  }
  const std::string& suffixes = plan_.sidecars[index];
  if (suffixes.find(".sha256") != std::string::npos) {
    PlaceFile(folder, drop.name + ".sha256", drop.sha256 + "  " + drop.name + "\n");
  }
  if (suffixes.find(".commit") != std::string::npos) {
    PlaceFile(folder, drop.name + ".commit", drop.sha256.substr(0, 40) + "\n");
  }
  if (suffixes.find(".json") != std::string::npos) {
    PlaceFile(folder, drop.name + ".json", "{\"repository\":\"r\",\"submit_id\":\"s-" + std::to_string(index) + "\"}");
  }
  PlaceFile(folder, drop.name, drop.bytes);
  drop.dropped = true;
  ++placed_;
  Tell("== drops " + drop.path() + " (" + drop.sha256.substr(0, 8) + ") into " + DropName(drop.folder));
}

void NightRun::TakeAway(Place place, bool empty_instead, std::int64_t until) {
  const std::string path = PathOf(place);
  const std::string name = path.substr(path.rfind('/') + 1);
  if (calm_ || away_.contains(name)) return;
  Tell("== " + name + " is gone");
  std::filesystem::rename(path, path + std::string(kAwaySuffix));
  if (empty_instead) mkdir(path.c_str(), 0755);
  away_[name] = until;
  loop_.InWorld(std::max<std::int64_t>(kMinute, until - loop_.now()), [this, name] { BringBack(name); });
}

void NightRun::BringBack(const std::string& name) {
  const std::string path = site_.path() + "/" + name;
  Tell("== " + name + " is back");
  // What the program may have made in the place of the folder is not the folder's.
  std::error_code error;
  std::filesystem::remove_all(path, error);
  std::filesystem::rename(path + std::string(kAwaySuffix), path);
  away_.erase(name);
}

void NightRun::Act(Deed deed) {
  if (dead_ || !life_ || !life_->ready() || life_->desk() == nullptr) return;
  OperatorRequest request;
  switch (deed) {
    case Deed::kCancelOne: {
      std::vector<std::string> jobs;
      for (const auto& [id, row] : rows_) {
        if (!row.finished) jobs.push_back(id);
      }
      if (jobs.empty()) return;
      request.command = OperatorCommand::kCancel;
      request.jobs = {jobs[dice_.Below(jobs.size())]};
      judge_.PersonCancelled();
      break;
    }
    case Deed::kRetryFailed:
      request.command = OperatorCommand::kRetry;
      request.all_failed = true;
      judge_.PersonRetried();
      break;
    case Deed::kPause:
      request.command = OperatorCommand::kPause;
      request.folder = plan_.settings.folders[dice_.Below(kFolders)].name;
      break;
    case Deed::kResume:
      request.command = OperatorCommand::kResume;
      break;
  }
  Tell("== a person acts");
  life_->desk()->Serve(std::move(request), [this](const OperatorAnswer& answer) {
    for (const OperatorResult& result : answer.results) Tell("   " + result.about + ": " + result.message);
  });
}

// In the morning somebody looks at what waits for a person, and at whatever is still paused.
void NightRun::VisitHeld() {
  if (stopping_) return;
  loop_.InWorld(60 * kMinute, [this] { VisitHeld(); });
  if (dead_ || !life_ || !life_->ready() || life_->desk() == nullptr) return;
  Act(Deed::kResume);
  OperatorRequest request;
  request.command = OperatorCommand::kRebuild;
  for (const auto& [id, row] : rows_) {
    if (!row.finished && HeldForAPerson(row)) request.jobs.push_back(id);
  }
  if (!request.jobs.empty()) life_->desk()->Serve(std::move(request), [](const OperatorAnswer&) {});
}

void NightRun::Calm() {
  Tell("== calm");
  calm_ = true;
  Disarm();
  cut_ledger_.Heal();
  loop_.JumpWall(0);
  VisitHeld();
  WatchForRest();
  if (!life_) StartLife();
}

}  // namespace tegodrop::simulation
