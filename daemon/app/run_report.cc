#include "daemon/app/run_report.h"

#include <algorithm>
#include <cstdio>

#include "daemon/base/json.h"
#include "daemon/disk/layout.h"

namespace tegodrop {
void RunReport::Take(const Job& job) {
  Line& line = jobs_[job.id];
  line.folder = job.target->folder;
  line.file_name = job.artifact.file_name;
  line.state = job.state;
  line.finished = job.finished;
  line.waiting_for = job.finished ? "" : WaitingOf(job).for_what;
  if (job.state == JobState::kPublished || job.state == JobState::kDelivered) {
    line.duplicate_of = job.duplicate_of;
    line.output = job.duplicate_of.empty() ? job.target->output_path + "/" + job.output.protected_name : "";
    line.trace = job.duplicate_of.empty() ? TraceName(line.output) : job.duplicate_trace;
  }
  if (job.failure) {
    line.failure_kind = ToString(job.failure->kind);
    line.failure_message = job.failure->message;
  }
}

void RunReport::Leave(const std::string& folder, const std::string& file_name, const std::string& reason) {
  left_.push_back({folder, file_name, reason});
}

void RunReport::NameUnfinished(Log& log) const {
  for (const auto& [id, line] : jobs_) {
    if (line.finished) continue;
    log.Warning("job.left", "the job is left for the next run",
                {{"job", id},
                 {"folder", line.folder},
                 {"file", line.file_name},
                 {"state", ToString(line.state)},
                 {"waiting_for", line.waiting_for}});
  }
}

int RunReport::failed() const {
  return static_cast<int>(std::count_if(jobs_.begin(), jobs_.end(), [](const auto& job) {
    return job.second.state == JobState::kFailed || job.second.state == JobState::kCancelled;
  }));
}

std::string RunReport::Json(ExitCode code) const {
  tegodrop::Json json(2);
  json.Begin();
  json.Text("schema", "tegodrop-run/1");
  json.Number("exit_code", static_cast<int>(code));
  json.BeginList("jobs");
  for (const auto& [id, line] : jobs_) {
    json.Begin();
    json.Text("id", id);
    json.Known("folder", line.folder);
    json.Known("file_name", line.file_name);
    json.Text("state", ToString(line.state));
    json.Known("waiting_for", line.waiting_for);
    json.Known("output", line.output);
    json.Known("trace", line.trace);
    json.Known("duplicate_of", line.duplicate_of);
    if (line.failure_kind.empty()) {
      json.Null("failure");
    } else {
      json.Begin("failure");
      json.Text("kind", line.failure_kind);
      json.Known("message", line.failure_message);
      json.End();
    }
    json.End();
  }
  json.EndList();
  json.BeginList("left");
  for (const Left& left : left_) {
    json.Begin();
    json.Known("folder", left.folder);
    json.Known("file_name", left.file_name);
    json.Known("reason", left.reason);
    json.End();
  }
  json.EndList();
  json.End();
  return json.Finish();
}

void RunReport::Print(ExitCode code) const {
  std::fputs(Json(code).c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace tegodrop
