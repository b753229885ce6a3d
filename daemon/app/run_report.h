// What one run did, for `run --json` and for the exit code of `run --once`.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/app/exit_code.h"
#include "daemon/base/log.h"
#include "daemon/model/job.h"

namespace tegodrop {

class RunReport {
 public:
  // Remembers the job as it is now.
  void Take(const Job& job);
  // A file that was left in its folder.
  void Leave(const std::string& folder, const std::string& file_name, const std::string& reason);
  // One line for each job that is not finished.
  void NameUnfinished(Log& log) const;
  // Jobs that ended without a delivery.
  int failed() const;
  // {schema: tegodrop-run/1, exit_code, jobs: [{id, folder, file_name, state, waiting_for, output, trace,
  // duplicate_of, failure}], left: [{folder,
  // file_name, reason}]}, on standard output.
  void Print(ExitCode code) const;
  std::string Json(ExitCode code) const;

 private:
  struct Line {
    std::string folder;
    std::string file_name;
    JobState state = JobState::kClaimed;
    bool finished = false;
    std::string waiting_for;
    std::string output;
    std::string trace;
    std::string duplicate_of;
    std::string failure_kind;
    std::string failure_message;
  };
  struct Left {
    std::string folder;
    std::string file_name;
    std::string reason;
  };
  std::map<std::string, Line> jobs_;  // by id
  std::vector<Left> left_;
};

}  // namespace tegodrop
