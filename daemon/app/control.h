// A running daemon's control socket with the desk behind it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/settings.h"
#include "daemon/app/control_server.h"
#include "daemon/app/daemon.h"
#include "daemon/app/operator_desk.h"
#include "daemon/app/reload.h"
#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/ledger/ledger.h"
#include "daemon/loop/event_loop.h"

namespace tegodrop {

class Control {
 public:
  // Null, and a line in the log, where the socket cannot be made: the daemon works all the same, and commands say that
  // it does not answer. All references must outlive it; destroy it before the daemon is stopped.
  // `reload`: what 'tegodrop reload' asks for; it answers from the loop.
  using Reload = std::function<void(std::function<void(const ReloadAnswer&)> done)>;
  static std::unique_ptr<Control> Open(EventLoop& loop, Log& log, const Clock& clock, Ledger& ledger, Daemon& daemon,
                                       const Settings& settings, Reload reload);
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  // Another config's folders, which commands name from now on.
  void UseFolders(std::vector<FolderSettings> folders) { desk_.UseFolders(std::move(folders)); }

 private:
  Control(std::string state_dir, std::string runtime_dir, Ledger& ledger, const Clock& clock, const Settings& settings,
          Daemon& daemon, Reload reload);
  void Serve(OperatorRequest request, std::function<void(OperatorAnswer)> done);

  const std::string state_dir_;
  const std::string runtime_dir_;
  OperatorDesk desk_;
  const Reload reload_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::unique_ptr<ControlServer> server_;
};

}  // namespace tegodrop
