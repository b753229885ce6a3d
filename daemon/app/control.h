// A running daemon's control socket with the desk behind it.
#pragma once

#include <memory>
#include <string>

#include "config/settings.h"
#include "daemon/app/control_server.h"
#include "daemon/app/daemon.h"
#include "daemon/app/operator_desk.h"
#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/ledger/ledger.h"
#include "daemon/loop/event_loop.h"

namespace tegodrop {

class Control {
 public:
  // Null, and a line in the log, where the socket cannot be made: the daemon works all the same, and commands say that
  // it does not answer. All references must outlive it; destroy it before the daemon is stopped.
  static std::unique_ptr<Control> Open(EventLoop& loop, Log& log, const Clock& clock, Ledger& ledger, Daemon& daemon,
                                       const Settings& settings);
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

 private:
  Control(std::string state_dir, std::string runtime_dir, Ledger& ledger, const Clock& clock, const Settings& settings,
          Daemon& daemon);

  const std::string state_dir_;
  const std::string runtime_dir_;
  OperatorDesk desk_;
  std::unique_ptr<ControlServer> server_;
};

}  // namespace tegodrop
