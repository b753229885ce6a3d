#include "daemon/app/control.h"

#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "daemon/app/control_socket.h"

namespace tegodrop {
namespace {

// systemd's RuntimeDirectory=, of which there may be several.
std::string RuntimeFolder() {
  const char* value = std::getenv("RUNTIME_DIRECTORY");
  const std::string all = value == nullptr ? "" : value;
  return all.substr(0, all.find(':'));
}

}  // namespace

Control::Control(std::string state_dir, std::string runtime_dir, Ledger& ledger, const Clock& clock,
                 const Settings& settings, Daemon& daemon, Reload reload)
    : state_dir_(std::move(state_dir)),
      runtime_dir_(std::move(runtime_dir)),
      desk_(ledger, clock, settings.folders, daemon.Hands()),
      reload_(std::move(reload)) {}

Control::~Control() {
  if (server_) RemoveControlSocket(state_dir_, runtime_dir_);
}

std::unique_ptr<Control> Control::Open(EventLoop& loop, Log& log, const Clock& clock, Ledger& ledger, Daemon& daemon,
                                       const Settings& settings, Reload reload) {
  const std::string runtime_dir = RuntimeFolder();
  Result<Fd> listening = ListenForCommands(settings.state_dir, runtime_dir);
  if (!listening) {
    log.Warning("control.unavailable", "no commands can be given while this daemon runs: " + listening.error().message);
    return nullptr;
  }
  std::unique_ptr<Control> control(
      new Control(settings.state_dir, runtime_dir, ledger, clock, settings, daemon, std::move(reload)));
  Control& made = *control;
  made.server_ = std::make_unique<ControlServer>(
      loop, log, std::move(*listening), [](uid_t uid) { return uid == 0 || uid == geteuid(); },
      [&made](OperatorRequest request, std::function<void(OperatorAnswer)> done) {
        made.Serve(std::move(request), std::move(done));
      });
  return control;
}

void Control::Serve(OperatorRequest request, std::function<void(OperatorAnswer)> done) {
  if (request.command != OperatorCommand::kReload) return desk_.Serve(std::move(request), std::move(done));
  reload_([alive = std::weak_ptr<bool>(alive_), done = std::move(done)](const ReloadAnswer& reloaded) {
    if (alive.expired()) return;
    OperatorAnswer answer;
    const OperatorOutcome outcome = reloaded.loaded ? OperatorOutcome::kDone : OperatorOutcome::kRefused;
    for (const std::string& line : reloaded.lines) answer.results.push_back({"config", outcome, line});
    done(answer);
  });
}

}  // namespace tegodrop
