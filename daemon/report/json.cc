#include "daemon/report/json.h"

#include "daemon/base/json.h"

namespace tegodrop {
namespace {

void Write(Json& json, const Counts& counts) {
  json.Begin("counts");
  json.Number("delivered", counts.delivered);
  json.Number("failed", counts.failed);
  json.Number("refused", counts.refused);
  json.Number("cancelled", counts.cancelled);
  json.Number("duplicates", counts.duplicates);
  json.Number("wait", counts.wait);
  json.Number("at_work", counts.at_work);
  json.End();
}

void WriteTimes(Json& json, const BuildTimes& builds) {
  const auto known = [&](std::int64_t ms) { return builds.count == 0 ? std::nullopt : std::optional(ms); };
  json.Number("count", builds.count);
  json.Number("median_ms", known(builds.median_ms));
  json.Number("p90_ms", known(builds.p90_ms));
  json.Number("longest_ms", known(builds.longest_ms));
  json.Known("longest_job", builds.longest_job);
}

void WriteFailure(Json& json, const std::optional<Failure>& failure) {
  if (!failure) return json.Null("failure");
  json.Begin("failure");
  json.Text("kind", ToString(failure->kind));
  json.Known("message", failure->message);
  json.Known("remedy", failure->remedy);
  json.Maybe("status_message", failure->status_message);
  json.Maybe("error_message", failure->error_message);
  json.Maybe("signing_error_message", failure->signing_error_message);
  json.End();
}

void WriteJob(Json& json, const std::string& folder, const ReportedJob& job) {
  json.Begin();
  json.Text("id", job.id);
  json.Text("folder", folder);
  json.Known("file_name", job.file);
  json.Text("outcome", job.outcome == Outcome::kAtWork ? "at_work" : ToString(job.outcome));
  json.Text("state", ToString(job.state));
  json.Known("version", job.version);
  json.Text("platform", job.platform);
  json.Time("dropped", job.dropped);
  json.Time("ended", job.ended);
  json.Number("took_ms", job.took_ms);
  json.Number("build_ms", job.build_ms);
  json.Known("commit_sha", job.commit);
  json.Flag("commit_conflict", job.commit_conflict);
  json.Known("protected_output", job.protected_name);
  json.Known("trace", job.trace);
  json.Number("redeliveries", job.redeliveries);
  json.Known("duplicate_of", job.duplicate_of);
  WriteFailure(json, job.failure);
  json.Known("artifact_in", job.artifact_in);
  json.Known("record", job.record);
  json.Known("waiting_for", job.waiting.for_what);
  json.Time("since", job.waiting.since);
  json.Time("not_before", job.waiting.not_before);
  json.BeginList("phases");
  for (const Phase& phase : job.phases) {
    json.Begin();
    json.Text("phase", ToString(phase.kind));
    json.Time("from", phase.from);
    json.Time("to", phase.to);
    json.End();
  }
  json.EndList();
  json.End();
}

void WriteFolder(Json& json, const FolderReport& folder) {
  json.Begin();
  json.Text("name", folder.name);
  json.Known("path", folder.path);
  json.Known("state", folder.state);
  json.Known("reason", folder.reason);
  json.Time("since", folder.since);
  Write(json, folder.counts);
  json.Begin("builds");
  WriteTimes(json, folder.builds);
  json.End();
  json.End();
}

void WriteDaemon(Json& json, const DaemonState& daemon) {
  json.Begin("daemon");
  const bool known = daemon.known != DaemonState::Known::kNot;
  json.Flag("running", known ? std::optional(daemon.known == DaemonState::Known::kRuns) : std::nullopt);
  json.Time("since", daemon.since);
  json.Known("process", daemon.process);
  json.End();
}

}  // namespace

std::string ReportJson(const Report& report) {
  Json json(1);
  json.Begin();
  json.Text("schema", "tegodrop-report/1");
  json.Text("verdict", Verdict(report));
  json.BeginList("to_do");
  for (const std::string& thing : ThingsToDo(report)) json.Item(thing);
  json.EndList();
  json.Known("host", report.host);
  json.Time("from", report.from);
  json.Time("to", report.to);
  WriteDaemon(json, report.daemon);
  Write(json, report.counts);
  json.BeginList("builds");
  for (const BuildTimes& one : report.builds) {
    json.Begin();
    json.Known("version", one.version);
    json.Text("platform", one.platform);
    WriteTimes(json, one);
    json.End();
  }
  json.EndList();
  json.BeginList("folders");
  for (const FolderReport& folder : report.folders) WriteFolder(json, folder);
  json.EndList();
  json.BeginList("jobs");
  for (const FolderReport& folder : report.folders) {
    for (const ReportedJob& job : folder.jobs) WriteJob(json, folder.name, job);
  }
  json.EndList();
  json.BeginList("notices");
  for (const Notice& notice : report.notices) {
    json.Begin();
    json.Text("about", notice.name);
    json.Known("message", notice.text);
    json.Time("since", notice.since);
    json.End();
  }
  json.EndList();
  json.End();
  return json.Finish();
}

}  // namespace tegodrop
