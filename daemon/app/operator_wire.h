// What a command asks of a running daemon and what it is told: values, and their one-line JSON. Pure.
//
//   {"tegodrop": 1, "command": "retry", "jobs": ["…"], "all_failed": false, "folder": ""}
//   {"tegodrop": 1, "results": [{"about": "…", "outcome": "done", "message": "…"}]}      or "error" in their place
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/app/exit_code.h"
#include "daemon/base/result.h"

namespace tegodrop {

enum class OperatorCommand : std::uint8_t { kRetry, kRebuild, kRedeliver, kCancel, kPause, kResume, kAccept, kReload };

struct OperatorRequest {
  OperatorCommand command = OperatorCommand::kRetry;
  std::vector<std::string> jobs;  // ids, or beginnings of ids
  bool all_failed = false;        // with retry and rebuild, in place of jobs
  std::string folder;             // of pause, resume (empty: all) and accept
};

enum class OperatorOutcome : std::uint8_t {
  kDone,     // it is in the ledger
  kRefused,  // it means nothing for that job
  kUnknown,  // there is no such job or folder, or more than one
  kTrouble,  // the ledger or a folder would not take it: again later
};

struct OperatorResult {
  std::string about;  // the job's id, or the folder's name
  OperatorOutcome outcome = OperatorOutcome::kDone;
  std::string message;
};

struct OperatorAnswer {
  std::string error;     // where the request as a whole could not be served; there are no results then
  bool refused = false;  // the error is that the caller may not command
  std::vector<OperatorResult> results;
};

// Of a request or an answer, its line's end included. Whoever names more jobs asks more than once.
inline constexpr std::size_t kLargestRequest = 64 * 1024;
inline constexpr std::size_t kLargestAnswer = 8 * 1024 * 1024;
inline constexpr std::size_t kMostJobs = 1000;

std::string WriteRequest(const OperatorRequest& request);
// kRejected with what is wrong, whatever the bytes are.
Result<OperatorRequest> ReadRequest(std::string_view line);
std::string WriteAnswer(const OperatorAnswer& answer);
Result<OperatorAnswer> ReadAnswer(std::string_view line);

// 0, 1 where a job was refused, 64 where one is unknown, 75 where there was trouble, 77 where the caller may not
// command. An unknown one counts before a refused one.
ExitCode ExitCodeOf(const OperatorAnswer& answer);

std::string_view ToString(OperatorOutcome outcome);

}  // namespace tegodrop
