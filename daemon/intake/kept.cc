#include "daemon/intake/kept.h"

#include <algorithm>
#include <utility>

#include "daemon/base/retry_policy.h"

namespace tegodrop {

std::string StatKey(const FileStat& stat) {
  return std::to_string(stat.ino) + ":" + std::to_string(stat.size) + ":" + std::to_string(stat.mtime_ns) + ":" +
         std::to_string(stat.ctime_ns);
}

Kept::Kept(IntakeWorld& world, std::string folder) : world_(world), folder_(std::move(folder)) {}

void Kept::Load(std::function<void()> done, std::function<void(const std::string&)> trouble) {
  done_ = std::move(done);
  trouble_ = std::move(trouble);
  LoadKept();
}

void Kept::Stop() {
  done_ = nullptr;
  work_.reset();
  timer_.reset();
  alive_ = std::make_shared<bool>(true);  // answers that are under way find nobody
}

void Kept::Again(const Error& error, void (Kept::*step)()) {
  trouble_(error.message);
  timer_ = world_.timers.After(RetryDelay(tries_++, std::chrono::seconds(1), world_.random), [this, step] {
    const HandlePtr fired = std::move(timer_);
    (this->*step)();
  });
}

void Kept::LoadKept() {
  world_.ledger.LoadKept(folder_,
                         [this, alive = std::weak_ptr<bool>(alive_)](Result<std::vector<KeptArtifact>> loaded) {
                           if (alive.expired()) return;
                           if (!loaded) return Again(loaded.error(), &Kept::LoadKept);
                           for (const KeptArtifact& kept : *loaded) Remember(kept);
                           LoadJobs();
                         });
}

void Kept::LoadJobs() {
  world_.ledger.LoadUnfinished([this, alive = std::weak_ptr<bool>(alive_)](Result<std::vector<Job>> jobs) {
    if (alive.expired()) return;
    if (!jobs) return Again(jobs.error(), &Kept::LoadJobs);
    for (const Job& job : *jobs) {
      if (job.target->folder != folder_ || job.target->after != SourceAfter::kKeep) continue;
      if (IsKnown(job.artifact.path(), job.artifact.sha256)) continue;
      const KeptArtifact kept{folder_, job.artifact.path(), job.artifact.sha256, job.id, ""};
      if (job.state == JobState::kClaiming) {
        to_ask_.push_back(kept);
      } else {
        Remember(kept);
        world_.ledger.SaveKept(kept, [](const Status&) {});
      }
    }
    AskNext();
  });
}

void Kept::AskNext() {
  if (to_ask_.empty()) {
    const auto done = std::move(done_);
    return done();
  }
  const KeptArtifact kept = to_ask_.back();
  work_ = world_.folder.HasClaimed(kept.job, kept.file_name, true, [this, kept](const Result<bool>& claimed) {
    const HandlePtr asked = std::move(work_);
    if (!claimed) return Again(claimed.error(), &Kept::AskNext);
    to_ask_.pop_back();
    if (*claimed) {
      Remember(kept);
      world_.ledger.SaveKept(kept, [](const Status&) {});
    }
    AskNext();
  });
}

bool Kept::IsKnown(const std::string& name, const FileStat& stat) const {
  const auto found = kept_.find(name);
  if (found == kept_.end()) return false;
  const std::string key = StatKey(stat);
  return std::any_of(found->second.begin(), found->second.end(),
                     [&](const KeptArtifact& kept) { return kept.stat_key == key; });
}

bool Kept::IsKnown(const std::string& name, const std::string& sha256) const {
  const auto found = kept_.find(name);
  if (found == kept_.end() || sha256.empty()) return false;
  return std::any_of(found->second.begin(), found->second.end(),
                     [&](const KeptArtifact& kept) { return kept.sha256 == sha256; });
}

void Kept::Remember(const KeptArtifact& kept) {
  std::vector<KeptArtifact>& all = kept_[kept.file_name];
  const auto same = [&](const KeptArtifact& one) { return one.sha256 == kept.sha256; };
  const auto found = std::find_if(all.begin(), all.end(), same);
  if (found == all.end()) {
    all.push_back(kept);
  } else {
    *found = kept;
  }
}

void Kept::Touched(const std::string& name, const std::string& sha256, const FileStat& stat) {
  for (KeptArtifact& kept : kept_[name]) {
    if (kept.sha256 != sha256) continue;
    kept.stat_key = StatKey(stat);
    // Where this is lost the file is read once more.
    world_.ledger.SaveKept(kept, [](const Status&) {});
  }
}

}  // namespace tegodrop
