// Takes commands through the control socket: one line in, one line out, then the connection ends. Only root and the
// daemon's own user may command, whatever the socket's mode has become.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "daemon/app/operator_wire.h"
#include "daemon/base/log.h"
#include "daemon/disk/file_system.h"
#include "daemon/loop/event_loop.h"

namespace tegodrop {

struct ControlLimits {
  int clients = 8;                           // at once; more are told so
  std::chrono::milliseconds patience{5000};  // for the whole request, and for the taking of the answer
};

class ControlServer {
 public:
  using Serve = std::function<void(OperatorRequest request, std::function<void(OperatorAnswer)> done)>;
  using MayCommand = std::function<bool(uid_t uid)>;

  // `listening`: from ListenForCommands. `serve` is called from the loop; its `done` may come when the client is gone,
  // and must not come when this is gone. `loop` and `log` must outlive it.
  ControlServer(EventLoop& loop, Log& log, Fd listening, MayCommand may_command, Serve serve,
                ControlLimits limits = {});
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  std::size_t clients() const { return clients_.size(); }

 private:
  struct Client {
    Fd fd;
    uid_t uid = 0;
    std::string read;
    std::string answer;
    std::size_t sent = 0;
    HandlePtr watch;
    HandlePtr timer;
  };

  void StartAccepting();
  void Accept();
  void Read(int number);
  void Request(int number, Client& client, std::string_view line);
  void Answer(int number, const OperatorAnswer& answer);
  void Write(int number);
  void Tell(int number, const std::string& error, bool refused = false);
  void Limit(int number, Client& client);

  EventLoop& loop_;
  Log& log_;
  Fd listening_;
  const MayCommand may_command_;
  const Serve serve_;
  const ControlLimits limits_;
  std::map<int, std::unique_ptr<Client>> clients_;  // by number
  int last_number_ = 0;
  HandlePtr accepting_;
};

}  // namespace tegodrop
