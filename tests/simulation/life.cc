#include "tests/simulation/life.h"

#include <utility>

#include "daemon/ledger/sqlite_ledger.h"
#include "daemon/share/local_drop_folder.h"
#include "daemon/share/local_output_folder.h"
#include "tests/simulation/portal_model.h"

namespace tegodrop::simulation {

Life::Life(LifeWorld world, const Settings& settings, std::uint64_t seed,
           std::function<void(const Job&, const Progress&)> on_change)
    : world_(world),
      settings_(settings),
      random_(seed),
      on_change_(std::move(on_change)),
      inspectors_(world.loop, 2),
      senders_(world.loop, 2),
      writers_(world.loop, 2),
      ledgers_(world.loop, 1) {}

Life::~Life() {
  desk_.reset();
  ledger_.reset();
  daemon_.reset();
  // What waits holds files and folders, and goes before the workers do.
  world_.loop.DropProcess();
}

bool Life::Start(std::string* why) {
  const auto post = [&loop = world_.loop](std::function<void()> fn) { loop.Post(std::move(fn)); };
  auto ledger = OpenSqliteLedgerOn(
      settings_.state_dir, world_.loop, [this](std::function<void()> work) { ledgers_.Run(std::move(work)); }, post);
  if (!ledger) {
    *why = ledger.error().message;
    return false;
  }
  ledger_ = std::move(*ledger);
  const DaemonWorld world{world_.loop, post,       senders_, *this,       world_.disk,   world_.loop,
                          random_,     world_.log, *ledger_, world_.line, &fingerprints_};
  daemon_ = std::make_unique<Daemon>(world, settings_, Secret(std::string(kToken)), on_change_);
  desk_ = std::make_unique<OperatorDesk>(*ledger_, world_.loop, settings_.folders, daemon_->Hands());
  daemon_->Start([this] { ready_ = true; },
                 [this](const Error& error) {
                   world_.log.Error("ledger.unusable", "the ledger cannot be read: " + error.message);
                   failed_ = true;
                 });
  return true;
}

void Life::Stop(std::function<void()> done) {
  desk_.reset();
  daemon_->Stop(std::move(done));
}

void Life::Hang(Place place, MonoMs until) {
  if (place == Place::kState) return ledgers_.HangUntil(until);
  for (auto& [path, runner] : folders_) {
    for (std::size_t i = 0; i < settings_.folders.size(); ++i) {
      const bool drop = path == settings_.folders[i].path && place == DropPlace(i);
      const bool output = path == settings_.folders[i].output && place == OutputPlace(i);
      if (drop || output) runner->HangUntil(until);
    }
  }
}

SimLoop::Runner& Life::RunnerOf(const std::string& path) {
  auto& runner = folders_[path];
  if (!runner) runner = std::make_unique<SimLoop::Runner>(world_.loop, 1);
  return *runner;
}

std::unique_ptr<DropFolder> Life::MakeDrop(LocalDropFolderSettings settings) {
  settings.ops.fingerprints = &fingerprints_;
  SimLoop::Runner& calls = RunnerOf(settings.ops.path);
  return MakeDropFolderOn(std::move(settings), calls, inspectors_, world_.disk, world_.loop, random_);
}

std::unique_ptr<OutputFolder> Life::MakeOutput(std::string path, std::string rooms, OutputMemory memory) {
  SimLoop::Runner& calls = RunnerOf(path);
  return MakeOutputFolderOn(std::move(path), std::move(rooms), std::move(memory), calls, writers_, world_.disk);
}

}  // namespace tegodrop::simulation
