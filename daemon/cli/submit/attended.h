// Work on folders that may hang, in a process of its own: a call on a dead share cannot be broken off, not even by
// SIGKILL, so that whoever makes it can neither speak nor end. The process that was started attends it: prints what it
// says, says what it waits for, and leaves it behind where it does not come back. Should the attending process be
// killed, the work is told to stop, and tidies up.
#pragma once

#include <chrono>
#include <functional>

#include "daemon/app/exit_code.h"
#include "daemon/cli/submit/desk.h"

namespace tegodrop {

struct AttendTimes {
  std::chrono::milliseconds first_notice{std::chrono::seconds(10)};  // a call that takes longer is named
  std::chrono::milliseconds next_notices{std::chrono::minutes(1)};
  std::chrono::milliseconds after_stop{std::chrono::seconds(5)};  // so long the work may take to stop or to time out
};

// Runs `work` and answers with its exit code; kLeft where it had to be left behind, kInternal where it died. Handles
// SIGTERM, SIGINT and SIGHUP and leaves them blocked. Call it while the process has one thread.
ExitCode RunAttended(const std::function<ExitCode(Desk&)>& work, const AttendTimes& times);

}  // namespace tegodrop
