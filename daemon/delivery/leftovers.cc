#include "daemon/delivery/leftovers.h"

#include <chrono>
#include <utility>

#include "daemon/disk/layout.h"

namespace tegodrop {
namespace {

constexpr std::chrono::milliseconds kPruneEvery = std::chrono::hours(24);

}  // namespace

Leftovers::~Leftovers() = default;

void Leftovers::Tidy(OutputFolder& folder) {
  if (visits_.contains(&folder)) return Prune(folder);
  visits_[&folder].step = folder.ListStaged([this, &folder](const Result<std::vector<StagedEntry>>& entries) {
    if (entries) return Listed(folder, *entries);
    visits_.erase(&folder);
  });
}

void Leftovers::Listed(OutputFolder& folder, const std::vector<StagedEntry>& entries) {
  Visit& visit = visits_[&folder];
  visit.step.reset();
  for (const StagedEntry& entry : entries) {
    const auto parsed = ParseStagingName(entry.name);
    if (!parsed || entry.changed >= born_) continue;
    visit.names[parsed->job].insert(parsed->name);
  }
  for (const auto& [job, names] : visit.names) visit.jobs.push_back(job);
  NextJob(folder);
}

void Leftovers::Prune(OutputFolder& folder) {
  Visit& visit = visits_[&folder];
  const bool due = !visit.pruned_at || clock_.Mono() - *visit.pruned_at >= kPruneEvery.count();
  if (!due || visit.pruning) return;
  visit.pruned_at = clock_.Mono();
  visit.pruning = folder.PruneReceipts(kKeepReceipts, clock_.Wall(), [this, &folder](const Result<int>& removed) {
    const HandlePtr done = std::move(visits_[&folder].pruning);
    if (!removed) return log_.Warning("output.prune_failed", removed.error().message, {});
    if (*removed > 0) log_.Info("output.pruned", "old receipts were removed", {{"files", *removed}});
  });
}

void Leftovers::NextJob(OutputFolder& folder) {
  Visit& visit = visits_[&folder];
  if (visit.jobs.empty()) return;
  const std::string job = std::move(visit.jobs.front());
  visit.jobs.pop_front();
  ledger_.Find(job, [this, alive = std::weak_ptr<char>(alive_), &folder, job](const Result<std::vector<Job>>& found) {
    if (!alive.expired()) Judge(folder, job, found);
  });
}

void Leftovers::Judge(OutputFolder& folder, const std::string& job, const Result<std::vector<Job>>& found) {
  const bool over = found && found->size() == 1 && found->front().id == job && found->front().finished;
  over ? NextName(folder, job) : NextJob(folder);
}

void Leftovers::NextName(OutputFolder& folder, const std::string& job) {
  Visit& visit = visits_[&folder];
  std::set<std::string>& names = visit.names[job];
  if (names.empty()) return NextJob(folder);
  const std::string name = *names.begin();
  names.erase(names.begin());
  visit.step = folder.Discard(name, [this, &folder, job, name](const Status& gone) {
    if (gone) {
      log_.Info("delivery.leftover_removed", "removed what a job that has ended left in staging",
                {{"job", job}, {"staged", name}});
    } else {
      log_.Warning("delivery.staging_left", gone.error().message, {{"job", job}});
    }
    NextName(folder, job);
  });
}

}  // namespace tegodrop
