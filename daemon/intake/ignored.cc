#include "daemon/intake/ignored.h"

#include <utility>

#include "daemon/base/retry_policy.h"

namespace tegodrop {
namespace {

// Which file it is: a chmod changes nothing of that, and on a local disk neither does another name. The device number
// is left out: a remount changes it.
std::string ByInode(const FileStat& stat) {
  return "i" + std::to_string(stat.ino) + ":" + std::to_string(stat.size) + ":" + std::to_string(stat.mtime_ns);
}

std::string ByName(const ListedFile& file) {
  return "n" + std::to_string(file.stat.size) + ":" + std::to_string(file.stat.mtime_ns) + ":" + file.name;
}

}  // namespace

Ignored::Ignored(IntakeWorld& world, std::string folder, bool wanted, bool first)
    : world_(world), folder_(std::move(folder)), wanted_(wanted), wants_first_(wanted && first) {}

void Ignored::Load(std::function<void()> done, std::function<void(const std::string&)> trouble) {
  trouble_ = std::move(trouble);
  if (!wanted_ || wants_first_) return done();
  loaded_ = std::move(done);
  world_.ledger.LoadIgnored(folder_, [this, alive = std::weak_ptr<bool>(alive_)](Result<std::vector<std::string>> all) {
    if (alive.expired()) return;
    if (!all) {
      return Again(all.error().message, [](Ignored& self) { self.Load(std::move(self.loaded_), self.trouble_); });
    }
    files_.insert(all->begin(), all->end());
    const auto loaded = std::move(loaded_);
    loaded();
  });
}

void Ignored::Stop() {
  saved_ = nullptr;
  timer_.reset();
  alive_ = std::make_shared<bool>(true);  // answers that are under way find nobody
}

void Ignored::Take(const std::vector<ListedFile>& files, bool local, std::function<void()> saved) {
  wants_first_ = false;
  for (const ListedFile& file : files) files_.insert(local ? ByInode(file.stat) : ByName(file));
  saved_ = std::move(saved);
  Save();
}

void Ignored::Save() {
  world_.ledger.SaveIgnored(folder_, {files_.begin(), files_.end()},
                            [this, alive = std::weak_ptr<bool>(alive_)](const Status& status) {
                              if (alive.expired()) return;
                              if (!status) return Again(status.error().message, [](Ignored& self) { self.Save(); });
                              const auto saved = std::exchange(saved_, nullptr);
                              saved();
                            });
}

void Ignored::Again(const std::string& trouble, void (*step)(Ignored&)) {
  trouble_(trouble);
  timer_ = world_.timers.After(RetryDelay(tries_++, std::chrono::seconds(1), world_.random), [this, step] {
    const HandlePtr fired = std::move(timer_);
    step(*this);
  });
}

bool Ignored::Knows(const ListedFile& file) const {
  return !files_.empty() && (files_.contains(ByInode(file.stat)) || files_.contains(ByName(file)));
}

}  // namespace tegodrop
