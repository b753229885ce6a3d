#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/base/json.h"
#include "daemon/base/text.h"
#include "daemon/base/units.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/job_view.h"
#include "daemon/disk/layout.h"
#include "daemon/ledger/sqlite_ledger.h"

namespace tegodrop {
namespace {

std::string_view WordOf(SourceAfter after) {
  switch (after) {
    case SourceAfter::kArchive:
      return "archive";
    case SourceAfter::kDelete:
      return "delete";
    case SourceAfter::kKeep:
      break;
  }
  return "keep";
}

std::string OutputPath(const Job& job) {
  return job.output.protected_name.empty() ? "" : job.target->output_path + "/" + job.output.protected_name;
}

bool Delivered(const Job& job) { return job.state == JobState::kPublished || job.state == JobState::kDelivered; }

void WriteTarget(Json& json, const Target& target) {
  json.Begin("target");
  json.Known("drop_path", target.drop_path);
  json.Known("output_path", target.output_path);
  json.Known("portal_url", target.portal_url);
  json.Known("tenant", target.tenant);
  json.Known("version", target.version);
  json.Text("signing_key", target.signing_key.empty() ? "default" : target.signing_key);
  json.Text("after", WordOf(target.after));
  json.Number("priority", target.priority);
  json.End();
}

void WriteArtifact(Json& json, const Artifact& artifact) {
  json.Begin("artifact");
  json.Text("platform", PlatformOf(artifact.kind));
  json.Number("size", static_cast<std::int64_t>(artifact.size));
  json.Known("sha256", artifact.sha256);
  json.Known("commit_sha", artifact.commit.sha());
  json.Flag("commit_conflict", artifact.commit.conflict());
  json.Known("package", artifact.identity.package);
  json.Known("version_name", artifact.identity.version_name);
  json.Known("version_code", artifact.identity.version_code);
  json.End();
}

void WriteTimes(Json& json, const Times& times) {
  json.Begin("times");
  json.Time("detected", times.detected);
  json.Time("claimed", times.claimed);
  json.Time("submitted", times.submitted);
  json.Time("completed", times.completed);
  json.Time("delivered", times.delivered);
  json.End();
}

void WriteOutput(Json& json, const Job& job) {
  json.Begin("output");
  json.Known("protected", OutputPath(job));
  json.Known("trace", Delivered(job) ? TraceName(OutputPath(job)) : "");
  json.Known("sha256", job.output.sha256);
  json.Known("validation", job.output.checks.empty() ? "" : OverallResult(job.output.checks));
  json.Number("redeliveries", job.redeliveries);
  json.End();
}

std::string Document(const JobStory& story, const std::vector<Pause>& pauses) {
  Json json(2);
  json.Begin();
  json.Text("schema", "tegodrop-show/1");
  WriteJobFields(json, story.job, pauses);
  WriteTarget(json, *story.job.target);
  WriteArtifact(json, story.job.artifact);
  WriteTimes(json, story.job.times);
  WriteOutput(json, story.job);
  json.BeginList("timeline");
  for (const TimelineEntry& entry : story.timeline) {
    json.Begin();
    json.Time("at", entry.at);
    json.Text("state", ToString(entry.state));
    json.Known("note", entry.note);
    json.End();
  }
  json.EndList();
  json.End();
  return json.Finish();
}

void Line(const char* name, const std::string& value) {
  if (!value.empty()) std::printf("  %-13s %s\n", name, Printable(value).c_str());
}

// "com.example.app 1.2 (12)", as far as its manifest says.
std::string AppInWords(const AppIdentity& app) {
  std::string words = app.package;
  if (!app.version_name.empty()) words += " " + app.version_name;
  if (!app.version_code.empty()) words += " (" + app.version_code + ")";
  return words;
}

// All that name one where they disagree.
void PrintCommit(const CommitFacts& commit) {
  if (!commit.conflict()) return Line("commit", commit.sha() + (commit.origin().empty() ? "" : ", " + commit.origin()));
  for (const CommitCandidate& one : commit.candidates) {
    const bool first = &one == &commit.candidates.front();
    Line(first ? "commit" : "but", one.sha + ", " + one.origin);
  }
}

void Print(const JobStory& story, const std::vector<Pause>& pauses) {
  const Job& job = story.job;
  PrintJob(stdout, job, pauses);
  Line("drop folder", job.target->drop_path);
  Line("output folder", job.target->output_path);
  Line("version", job.target->version);
  Line("size", HumanSize(job.artifact.size));
  Line("sha256", job.artifact.sha256);
  Line("app", AppInWords(job.artifact.identity));
  PrintCommit(job.artifact.commit);
  Line("start_time", job.ticket.start_time == 0 ? "" : std::to_string(job.ticket.start_time));
  Line(Delivered(job) ? "delivered as" : "to be", OutputPath(job));
  for (const Check& check : job.output.checks) {
    if (check.result == "warn" || check.result == "fail") Line(check.result.c_str(), check.id + ": " + check.detail);
  }
  std::printf("\n");
  for (const TimelineEntry& entry : story.timeline) {
    std::printf("  %s  %-11s %s\n", Rfc3339(entry.at).c_str(), std::string(ToString(entry.state)).c_str(),
                Printable(entry.note).c_str());
  }
}

}  // namespace

ExitCode ShowCommand(const CommandLine& line) {
  const std::optional<Settings> settings = LoadSettings(line.config, true);
  if (!settings) return ExitCode::kConfig;
  const std::string& asked = line.jobs.front();
  struct stat attributes {};
  std::vector<JobStory> stories;
  std::vector<Pause> pauses;
  if (stat((settings->state_dir + "/ledger.sqlite").c_str(), &attributes) == 0 || errno != ENOENT) {
    auto read = ReadStories(settings->state_dir, asked);
    // Pauses alone: no finished job is newer than now.
    auto snapshot = read ? ReadLedger(settings->state_dir, INT64_MAX) : Result<LedgerSnapshot>(LedgerSnapshot{});
    for (const Error* error : {read ? nullptr : &read.error(), snapshot ? nullptr : &snapshot.error()}) {
      if (error == nullptr) continue;
      return LedgerUnreadable(*settings, *error);
    }
    stories = std::move(*read);
    pauses = std::move(snapshot->pauses);
  }
  if (stories.size() != 1) {
    const char* what = stories.empty() ? "there is no job" : "several jobs begin with";
    std::fprintf(stderr, "tegodrop: %s '%s'%s\n", what, Printable(asked).c_str(), stories.empty() ? "" : ":");
    for (const JobStory& story : stories) std::fprintf(stderr, "  %s\n", story.job.id.c_str());
    return ExitCode::kUsage;
  }
  if (line.json) {
    std::fputs(Document(stories.front(), pauses).c_str(), stdout);
  } else {
    Print(stories.front(), pauses);
  }
  return ExitCode::kDone;
}

}  // namespace tegodrop
