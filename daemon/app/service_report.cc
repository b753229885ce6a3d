#include "daemon/app/service_report.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

// Changes come in swarms; nobody reads the line more often.
constexpr milliseconds kSayAtMost = std::chrono::seconds(1);
// What changes without a job, as a folder's state, is said with the next beat.
constexpr milliseconds kSeldomBeat = std::chrono::seconds(15);
// A beat that is late once must not end the process.
constexpr int kBeatsInPatience = 4;

milliseconds BeatsApart(const ServiceManager& manager) {
  const auto patience = manager.patience();
  if (!patience) return kSeldomBeat;
  return std::clamp(std::chrono::duration_cast<milliseconds>(*patience / kBeatsInPatience), milliseconds(1),
                    kSeldomBeat);
}

}  // namespace

ServiceReport::ServiceReport(ServiceManager& manager, TimerMaker& timers, const Heartbeat::Post& post,
                             std::function<std::string()> status)
    : manager_(manager), timers_(timers), status_(std::move(status)) {
  if (!manager_.listens()) return;
  heartbeat_ = std::make_unique<Heartbeat>(timers, post, BeatsApart(manager_), [this] {
    if (manager_.patience()) manager_.Alive();
    Say();
  });
}

void ServiceReport::Ready() {
  if (std::exchange(ready_, true)) return;
  Say();
  manager_.Ready();
}

void ServiceReport::Changed() {
  if (soon_ || !manager_.listens()) return;
  soon_ = timers_.After(kSayAtMost, [this] {
    const HandlePtr fired = std::move(soon_);
    Say();
  });
}

void ServiceReport::Say() {
  const std::string status = status_();
  if (!status.empty()) manager_.Say(status);
}

void ServiceReport::ReloadBegins() {
  if (reloads_++ == 0) manager_.Reloading();
}

void ServiceReport::ReloadEnds() {
  if (--reloads_ == 0) manager_.Ready();
}

void ServiceReport::Stopping() { manager_.Stopping(); }

}  // namespace tegodrop
