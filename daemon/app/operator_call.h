// A command's way to its answer: from the running daemon, or, while none runs, by its own hands on the ledger.
#pragma once

#include <optional>
#include <string>

#include "config/settings.h"
#include "daemon/app/exit_code.h"
#include "daemon/app/operator_wire.h"

namespace tegodrop {

struct OperatorCall {
  std::optional<OperatorAnswer> answer;
  // Where there is no answer: how the command ends, and why in words.
  ExitCode code = ExitCode::kDone;
  std::string trouble;
};

// Blocks: up to 2 min for the daemon's answer, up to 10 s for a ledger that somebody else has locked. As root it works
// on the ledger as the owner of state_dir, so that no file there becomes root's.
OperatorCall CallOperator(const Settings& settings, const OperatorRequest& request);

}  // namespace tegodrop
