// Keeps the service manager told what this process does and that it lives.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "daemon/app/heartbeat.h"
#include "daemon/app/service_manager.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/timers.h"

namespace tegodrop {

class ServiceReport {
 public:
  // `status`: the line to be shown, asked for whenever it may have changed; empty: none yet. `manager` and `timers`
  // must outlive it. Without a service manager it does nothing, not even wake the loop.
  ServiceReport(ServiceManager& manager, TimerMaker& timers, const Heartbeat::Post& post,
                std::function<std::string()> status);
  ServiceReport(const ServiceReport&) = delete;
  ServiceReport& operator=(const ServiceReport&) = delete;

  // The start is over; a second time says nothing.
  void Ready();
  // The status line may be another one. May be called often.
  void Changed();
  void ReloadBegins();
  void ReloadEnds();
  void Stopping();

 private:
  void Say();

  ServiceManager& manager_;
  TimerMaker& timers_;
  const std::function<std::string()> status_;
  bool ready_ = false;
  int reloads_ = 0;
  HandlePtr soon_;
  std::unique_ptr<Heartbeat> heartbeat_;
};

}  // namespace tegodrop
