// The exit codes, and which of several counts.
#pragma once

#include <cstdint>
#include <initializer_list>

namespace tegodrop {

enum class ExitCode : std::uint8_t {
  kDone = 0,
  kFailed = 1,        // at least one artifact failed or was refused, or the portal refused the request
  kUsage = 64,        // usage, or no such job
  kUnreachable = 69,  // the portal is unreachable, or there is no daemon to reload
  kInternal = 70,
  kOutput = 73,       // an output cannot be written
  kLeft = 75,         // timed out, stopped, locked or outside the window: work is left and will go on
  kCredentials = 77,  // refused or not permitted
  kConfig = 78,       // config, token or ledger unusable
};

// 78, 77, 73, 69, 1, 75 in this order; 0 where none of them is there.
inline ExitCode WorstOf(std::initializer_list<ExitCode> codes) {
  for (const ExitCode worst : {ExitCode::kConfig, ExitCode::kCredentials, ExitCode::kOutput, ExitCode::kUnreachable,
                               ExitCode::kFailed, ExitCode::kLeft}) {
    for (const ExitCode code : codes) {
      if (code == worst) return worst;
    }
  }
  return ExitCode::kDone;
}

}  // namespace tegodrop
