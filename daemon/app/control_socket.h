// The socket through which a running daemon takes commands: where it stands, how it is made, and how a command asks.
//
// It stands in the runtime folder where systemd gives one, else in state_dir; state_dir/control.sock is there in either
// case (the socket, or a link to it), so that a command finds it without knowing how the daemon was started.
#pragma once

#include <chrono>
#include <string>

#include "daemon/app/operator_wire.h"
#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"

namespace tegodrop {

inline constexpr const char* kControlSocket = "control.sock";

// Makes the listening socket with mode 0600 and the link to it, in place of what a dead daemon left: only for whoever
// holds the ledger's lock. `runtime_dir`: empty where there is none. Not blocking, not inherited.
Result<Fd> ListenForCommands(const std::string& state_dir, const std::string& runtime_dir);
// Takes both away again.
void RemoveControlSocket(const std::string& state_dir, const std::string& runtime_dir);

// How a command found the daemon.
enum class CallOutcome {
  kAnswered,
  kNobody,        // nobody listens there
  kNotPermitted,  // the socket may not be opened
  kSilent,        // somebody listens and does not answer as it should
};

struct CallResult {
  CallOutcome outcome = CallOutcome::kNobody;
  OperatorAnswer answer;
  std::string trouble;  // in words, unless answered
};

// Blocks until the answer, at most `patience`.
CallResult CallDaemon(const std::string& state_dir, const OperatorRequest& request, std::chrono::milliseconds patience);

}  // namespace tegodrop
