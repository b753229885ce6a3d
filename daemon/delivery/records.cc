#include "daemon/delivery/records.h"

#include <optional>
#include <string_view>

#include "daemon/base/json.h"
#include "daemon/base/version.h"
#include "daemon/disk/layout.h"

namespace tegodrop {
namespace {

std::optional<std::int64_t> KnownSize(std::uint64_t size, const std::string& sha256) {
  if (size == 0 && sha256.empty()) return std::nullopt;
  return static_cast<std::int64_t>(size);
}

void WriteCommit(Json& json, const CommitFacts& commit) {
  json.Known("commit_sha", commit.sha());
  json.Begin("commit");
  json.Known("origin", commit.origin());
  json.Flag("conflict", commit.conflict());
  json.BeginList("candidates");
  for (const CommitCandidate& candidate : commit.candidates) {
    json.Begin();
    json.Text("origin", candidate.origin);
    json.Text("sha", candidate.sha);
    json.End();
  }
  json.EndList();
  json.End();
}

void WriteIdentity(Json& json, const AppIdentity& identity) {
  json.Known("package", identity.package);
  json.Known("version_name", identity.version_name);
  json.Known("version_code", identity.version_code);
}

void WriteSchemes(Json& json, const Output& output) {
  if (!output.signature_schemes) return json.Null("signature_schemes");
  json.BeginList("signature_schemes");
  for (const std::string& scheme : *output.signature_schemes) json.Item(scheme);
  json.EndList();
}

void WriteSourceAndOutput(Json& json, const Job& job) {
  json.Begin("source");
  json.Number("size", KnownSize(job.artifact.size, job.artifact.sha256));
  json.Known("sha256", job.artifact.sha256);
  WriteIdentity(json, job.artifact.identity);
  json.End();
  json.Begin("output");
  json.Number("size", KnownSize(job.output.size, job.output.sha256));
  json.Known("sha256", job.output.sha256);
  WriteIdentity(json, job.output.identity);
  WriteSchemes(json, job.output);
  json.End();
}

void WriteSidecar(Json& json, const SidecarFacts& sidecar) {
  if (!sidecar.present) return json.Null("sidecar");
  json.Begin("sidecar");
  json.Known("repository", sidecar.repository);
  json.Known("ref", sidecar.ref);
  json.Known("build_url", sidecar.build_url);
  json.Begin("labels");
  for (const Label& label : sidecar.labels) json.Text(label.key, label.value);
  json.End();
  json.End();
}

void WriteBuild(Json& json, const std::optional<BuildRow>& build) {
  if (!build) return json.Null("build");
  json.Begin("build");
  json.Number("end_time", build->end_time);
  json.Text("name", build->name);
  json.Flag("signed", build->signed_);
  json.Maybe("signing_key_id", build->signing_key_id);
  json.Maybe("signing_key_name", build->signing_key_name);
  json.Maybe("status_message", build->status_message);
  json.Maybe("error_message", build->error_message);
  json.Maybe("signing_error_message", build->signing_error_message);
  json.End();
}

void WriteValidation(Json& json, const std::vector<Check>& checks) {
  json.Begin("validation");
  json.Text("result", OverallResult(checks));
  WriteChecks(json, checks);
  json.End();
}

void WriteTimes(Json& json, const Times& times) {
  json.Begin("times");
  json.Time("detected", times.detected);
  json.Time("submitted", times.submitted);
  json.Time("completed", times.completed);
  json.Time("delivered", times.delivered);
  json.End();
}

void WriteTraceFields(Json& json, const Job& job, const Producer& producer) {
  json.Text("schema", "tegodrop-trace/1");
  json.Known("version", job.target->version);
  json.Text("platform", PlatformOf(job.artifact.kind));
  json.Text("file_name", job.artifact.file_name);
  json.Known("file_path", job.ticket.file_path);
  json.Number("start_time", job.ticket.start_time == 0 ? std::nullopt : std::optional(job.ticket.start_time));
  json.Known("protected_output", job.output.protected_name);
  WriteCommit(json, job.artifact.commit);
  json.Known("tenant", job.target->tenant);
  json.Known("portal_url", job.target->portal_url);
  json.Known("folder", job.target->folder);
  WriteSourceAndOutput(json, job);
  WriteSidecar(json, job.artifact.sidecar);
  WriteBuild(json, job.build);
  WriteValidation(json, job.output.checks);
  WriteTimes(json, job.times);
  json.Known("job", job.id);
  json.Known("host", producer.host);
  json.Begin("tool");
  json.Text("name", kToolName);
  json.Known("version", producer.tool_version);
  json.End();
}

void WriteFailure(Json& json, const std::optional<Failure>& failure) {
  if (!failure) return json.Null("failure");
  json.Begin("failure");
  json.Text("kind", ToString(failure->kind));
  json.Text("message", failure->message);
  json.Known("remedy", failure->remedy);
  json.Maybe("status_message", failure->status_message);
  json.Maybe("error_message", failure->error_message);
  json.Maybe("signing_error_message", failure->signing_error_message);
  json.End();
}

// A name and a time that were chosen for a delivery which never came would be taken for one.
Job Undelivered(Job job) {
  job.output.protected_name.clear();
  job.times.delivered = 0;
  return job;
}

bool Delivered(const Job& job) { return job.state == JobState::kPublished || job.state == JobState::kDelivered; }

}  // namespace

void WriteChecks(Json& json, const std::vector<Check>& checks) {
  json.BeginList("checks");
  for (const Check& check : checks) {
    json.Begin();
    json.Text("id", check.id);
    json.Text("result", check.result);
    json.Known("detail", check.detail);
    json.End();
  }
  json.EndList();
}

std::string TraceJson(const Job& job, const Producer& producer) {
  Json json;
  json.Begin();
  WriteTraceFields(json, job, producer);
  json.End();
  return json.Finish();
}

std::string FailedJson(const Job& job, const Producer& producer) {
  const Job undelivered = Undelivered(job);
  Json json;
  json.Begin();
  WriteTraceFields(json, undelivered, producer);
  WriteFailure(json, job.failure);
  json.End();
  return json.Finish();
}

std::string ReasonJson(const Job& job) {
  Json json;
  json.Begin();
  json.Text("schema", "tegodrop-reason/1");
  json.Text("job", job.id);
  json.Text("file_name", job.artifact.file_name);
  json.Known("sha256", job.artifact.sha256);
  WriteFailure(json, job.failure);
  WriteTimes(json, Undelivered(job).times);
  json.End();
  return json.Finish();
}

std::string ReceiptJson(const Job& job) {
  Json json;
  json.Begin();
  json.Text("schema", "tegodrop-receipt/1");
  json.Text("state", !Delivered(job) ? "failed" : job.duplicate_of.empty() ? "delivered" : "duplicate");
  json.Text("job", job.id);
  json.Text("file_name", job.artifact.file_name);
  json.Known("sha256", job.artifact.sha256);
  json.Known("trace", TracePath(job));
  WriteFailure(json, Delivered(job) ? std::nullopt : job.failure);
  json.End();
  return json.Finish();
}

std::string TracePath(const Job& job) {
  if (Delivered(job) && !job.duplicate_of.empty()) return job.duplicate_trace;
  if (!Delivered(job) || job.output.protected_name.empty()) return "";
  return job.target->output_path + "/" + TraceName(job.output.protected_name);
}

std::string ChecksumLine(const Job& job) { return job.output.sha256 + "  " + job.output.protected_name + "\n"; }

std::string ReceiptId(const Job& job) {
  const std::string& id = job.artifact.sidecar.submit_id;
  return NamesReceipt(id) ? id : job.id;
}

std::vector<std::string> ReceiptIds(const Job& job) {
  const std::string id = ReceiptId(job);
  return {id, id + "-" + job.id};
}

}  // namespace tegodrop
