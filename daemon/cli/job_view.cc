#include "daemon/cli/job_view.h"

#include <cstdio>
#include <ctime>

#include "daemon/base/text.h"
#include "daemon/report/shown.h"

namespace tegodrop {
namespace {

// "22:00:00", with its day where that is not soon after the wait began: the next window may be on Monday.
std::string NextTry(const Waiting& waiting) {
  constexpr WallMs kSoon = 12LL * 3600 * 1000;
  if (waiting.not_before - waiting.since < kSoon) return LocalTimeOfDay(waiting.not_before);
  const std::time_t seconds = static_cast<std::time_t>(waiting.not_before / 1000);
  std::tm local{};
  localtime_r(&seconds, &local);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%a %Y-%m-%d %H:%M:%S", &local));
}

}  // namespace

void WriteFailureField(Json& json, const Job& job) {
  if (!job.failure) return json.Null("failure");
  json.Begin("failure");
  json.Text("kind", ToString(job.failure->kind));
  json.Known("message", job.failure->message);
  json.Known("remedy", job.failure->remedy);
  json.End();
}

void WriteJobFields(Json& json, const Job& job, const std::vector<Pause>& pauses) {
  const Waiting waiting = ShownWaiting(job, pauses);
  json.Text("id", job.id);
  json.Known("folder", job.target->folder);
  json.Known("file_name", job.artifact.file_name);
  json.Text("state", ToString(job.state));
  json.Known("waiting_for", waiting.for_what);
  json.Time("since", waiting.since);
  json.Time("not_before", waiting.not_before);
  WriteFailureField(json, job);
  json.Known("duplicate_of", job.duplicate_of);
  json.Number("start_time", job.ticket.start_time == 0 ? std::nullopt : std::optional(job.ticket.start_time));
}

void PrintJob(std::FILE* to, const Job& job, const std::vector<Pause>& pauses) {
  std::fprintf(to, "%s  %-11s %s  %s\n", job.id.c_str(), std::string(ToString(job.state)).c_str(),
               job.target->folder.c_str(), Printable(job.artifact.path()).c_str());
  if (!job.duplicate_of.empty()) {
    std::fprintf(to, "    the same bytes as job %s: not built again\n", job.duplicate_of.c_str());
  }
  const Waiting waiting = ShownWaiting(job, pauses);
  if (!waiting.for_what.empty()) {
    std::fprintf(to, "    waits for %s%s%s%s%s\n", Printable(waiting.for_what).c_str(),
                 waiting.since == 0 ? "" : ", since ", waiting.since == 0 ? "" : LocalTimeOfDay(waiting.since).c_str(),
                 waiting.not_before == 0 ? "" : ", next try ", waiting.not_before == 0 ? "" : NextTry(waiting).c_str());
  }
  if (job.failure) {
    std::fprintf(to, "    %s: %s\n    what to do: %s\n", std::string(ToString(job.failure->kind)).c_str(),
                 Printable(job.failure->message).c_str(), Printable(job.failure->remedy).c_str());
  }
}

}  // namespace tegodrop
