#include "daemon/app/reload.h"

#include <map>
#include <utility>

namespace tegodrop {
namespace {

std::string Joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

// "folders added: a; changed: b; removed: c", empty where they are the same.
std::string FolderChanges(const Settings& before, const Settings& after) {
  std::map<std::string, const FolderSettings*> old;
  for (const FolderSettings& folder : before.folders) old[folder.name] = &folder;
  std::vector<std::string> added;
  std::vector<std::string> changed;
  std::vector<std::string> removed;
  for (const FolderSettings& folder : after.folders) {
    const auto found = old.find(folder.name);
    if (found == old.end()) {
      added.push_back(folder.name);
      continue;
    }
    if (!(*found->second == folder)) changed.push_back(folder.name);
    old.erase(found);
  }
  for (const auto& [name, folder] : old) removed.push_back(name);
  std::string words;
  for (const auto& [what, names] : {std::pair{"added", added}, {"changed", changed}, {"removed", removed}}) {
    if (!names.empty()) words += std::string(words.empty() ? "folders " : "; ") + what + ": " + Joined(names);
  }
  return words;
}

template <typename Value>
void Keep(const Value& now, Value& read, const char* key, std::vector<std::string>& delayed) {
  if (read == now) return;
  read = now;
  delayed.emplace_back(key);
}

}  // namespace

ReloadPlan PlanReload(const Settings& now, Settings read) {
  ReloadPlan plan;
  Keep(now.portal.url, read.portal.url, "portal.url", plan.delayed);
  Keep(now.portal.tenant, read.portal.tenant, "portal.tenant", plan.delayed);
  Keep(now.portal.ca_file, read.portal.ca_file, "portal.ca_file", plan.delayed);
  Keep(now.portal.proxy, read.portal.proxy, "portal.proxy", plan.delayed);
  Keep(now.portal.proxy_token_file, read.portal.proxy_token_file, "portal.proxy_token_file", plan.delayed);
  Keep(now.state_dir, read.state_dir, "state_dir", plan.delayed);
  Keep(now.log.format, read.log.format, "log.format", plan.delayed);
  Keep(now.metrics_file, read.metrics_file, "metrics_file", plan.delayed);
  Keep(now.report_dir, read.report_dir, "report_dir", plan.delayed);
  Keep(now.notify, read.notify, "notify", plan.delayed);
  plan.settings = std::move(read);
  return plan;
}

Reloader::Reloader(TaskRunner& files, Log& log, Settings now, Read read, Apply apply)
    : files_(files), log_(log), now_(std::move(now)), read_(std::move(read)), apply_(std::move(apply)) {}

void Reloader::Reload(std::function<void(const ReloadAnswer&)> done) {
  next_.push_back(std::move(done));
  if (!running_) Begin();
}

void Reloader::Begin() {
  running_ = true;
  waiting_ = std::exchange(next_, {});
  reading_ = RunTask<ReadAgain>(files_, read_, [this](ReadAgain read) {
    const HandlePtr done = std::move(reading_);
    Take(std::move(read));
  });
}

void Reloader::Take(ReadAgain read) {
  if (!read.faults.empty()) {
    for (const std::string& fault : read.faults) log_.Error("daemon.reload", fault);
    log_.Error("daemon.reload",
               "the new config is not used, the one from before stays: mend it, then 'tegodrop reload'");
    return End({false, std::move(read.faults)});
  }
  // Another webhook waits for the restart as all of notify does; only what stands in the same file is taken.
  if (!(now_.notify == read.settings.notify)) read.webhook = Secret();
  ReloadPlan plan = PlanReload(now_, std::move(read.settings));
  read.settings = std::move(plan.settings);
  const std::string folders = FolderChanges(now_, read.settings);
  ReloadAnswer answer{true, {"the config and the token were read again" + (folders.empty() ? "" : "; " + folders)}};
  log_.Info("daemon.reload", answer.lines.back());
  if (!plan.delayed.empty()) {
    answer.lines.push_back(Joined(plan.delayed) + " changed too: that needs a restart of tegodrop and is not used yet");
    log_.Warning("daemon.reload", answer.lines.back());
  }
  now_ = read.settings;
  apply_(std::move(read), [this, answer = std::move(answer)](const std::vector<std::string>& busy) mutable {
    if (!busy.empty()) {
      answer.lines.push_back("not yet so for " + Joined(busy) +
                             ": a file is just being claimed there, or the folder does not answer; it follows "
                             "by itself");
      log_.Warning("daemon.reload", answer.lines.back());
    }
    End(std::move(answer));
  });
}

void Reloader::End(ReloadAnswer answer) {
  running_ = false;
  const auto waiting = std::exchange(waiting_, {});
  if (!next_.empty()) Begin();
  for (const auto& done : waiting) {
    if (done) done(answer);
  }
}

}  // namespace tegodrop
