#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/base/text.h"
#include "daemon/base/units.h"
#include "daemon/cli/commands.h"
#include "daemon/ledger/sqlite_ledger.h"

namespace tegodrop {
namespace {

using Writer = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

// How far back finished jobs are shown: a night and the day before it.
constexpr WallMs kShown = 24LL * 3600 * 1000;

void Text(Writer& writer, const char* key, const std::string& value) {
  writer.Key(key);
  const std::string text = IsUtf8(value) ? value : Printable(value);
  if (text.empty()) {
    writer.Null();
  } else {
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }
}

void Time(Writer& writer, const char* key, WallMs time) { Text(writer, key, time == 0 ? "" : Rfc3339(time)); }

void WriteJob(Writer& writer, const Job& job) {
  const Waiting waiting = job.finished ? Waiting{} : WaitingOf(job);
  writer.StartObject();
  Text(writer, "id", job.id);
  Text(writer, "folder", job.target.folder);
  Text(writer, "file_name", job.artifact.file_name);
  Text(writer, "state", std::string(ToString(job.state)));
  Text(writer, "waiting_for", waiting.for_what);
  Time(writer, "since", waiting.since);
  Time(writer, "not_before", waiting.not_before);
  writer.Key("failure");
  if (job.failure) {
    writer.StartObject();
    Text(writer, "kind", std::string(ToString(job.failure->kind)));
    Text(writer, "message", job.failure->message);
    Text(writer, "remedy", job.failure->remedy);
    writer.EndObject();
  } else {
    writer.Null();
  }
  writer.Key("start_time");
  if (job.ticket.start_time != 0) {
    writer.Int64(job.ticket.start_time);
  } else {
    writer.Null();
  }
  writer.EndObject();
}

std::string Json(const LedgerSnapshot& snapshot) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.SetIndent(' ', 2);
  writer.StartObject();
  Text(writer, "schema", "tegodrop-status/1");
  writer.Key("jobs");
  writer.StartArray();
  for (const Job& job : snapshot.jobs) WriteJob(writer, job);
  writer.EndArray();
  writer.Key("folders");
  writer.StartArray();
  for (const FolderRecord& folder : snapshot.folders) {
    writer.StartObject();
    Text(writer, "name", folder.name);
    Text(writer, "path", folder.path);
    Text(writer, "state", folder.state);
    Text(writer, "reason", folder.reason);
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

void PrintText(const LedgerSnapshot& snapshot) {
  for (const FolderRecord& folder : snapshot.folders) {
    std::printf("folder %-16s %-9s %s%s%s\n", folder.name.c_str(), folder.state.c_str(), Printable(folder.path).c_str(),
                folder.reason.empty() ? "" : ": ", Printable(folder.reason).c_str());
  }
  if (!snapshot.folders.empty()) std::printf("\n");
  for (const Job& job : snapshot.jobs) {
    std::printf("%s  %-11s %s  %s\n", job.id.c_str(), std::string(ToString(job.state)).c_str(),
                job.target.folder.c_str(), Printable(job.artifact.file_name).c_str());
    const Waiting waiting = job.finished ? Waiting{} : WaitingOf(job);
    if (!waiting.for_what.empty()) {
      std::printf("    waits for %s%s%s%s%s\n", Printable(waiting.for_what).c_str(),
                  waiting.since == 0 ? "" : ", since ", waiting.since == 0 ? "" : LocalTimeOfDay(waiting.since).c_str(),
                  waiting.not_before == 0 ? "" : ", next try ",
                  waiting.not_before == 0 ? "" : LocalTimeOfDay(waiting.not_before).c_str());
    }
    if (job.failure) {
      std::printf("    %s: %s\n    what to do: %s\n", std::string(ToString(job.failure->kind)).c_str(),
                  Printable(job.failure->message).c_str(), Printable(job.failure->remedy).c_str());
    }
  }
  if (snapshot.jobs.empty()) std::printf("no jobs in the last 24 hours\n");
}

// Folders of the config that the ledger does not know yet stand in the list all the same; those that left the config do
// not.
void MatchConfig(const Settings& settings, LedgerSnapshot& snapshot) {
  std::vector<FolderRecord> folders;
  for (const FolderSettings& folder : settings.folders) {
    const auto known = std::find_if(snapshot.folders.begin(), snapshot.folders.end(),
                                    [&](const FolderRecord& one) { return one.name == folder.name; });
    if (known != snapshot.folders.end() && known->path == folder.path) {
      folders.push_back(*known);
    } else {
      FolderRecord unknown;
      unknown.name = folder.name;
      unknown.path = folder.path;
      unknown.state = "missing";
      unknown.reason = "no daemon has opened it yet";
      folders.push_back(unknown);
    }
  }
  snapshot.folders = std::move(folders);
}

}  // namespace

ExitCode StatusCommand(const CommandLine& line) {
  const std::optional<Settings> settings = LoadSettings(line.config);
  if (!settings) return ExitCode::kConfig;
  LedgerSnapshot snapshot;
  struct stat attributes {};
  const std::string ledger = settings->state_dir + "/ledger.sqlite";
  if (stat(ledger.c_str(), &attributes) != 0 && errno == ENOENT) {
    std::fprintf(stderr, "tegodrop: there is no ledger in %s yet: nothing has run\n", settings->state_dir.c_str());
  } else {
    auto read = ReadLedger(settings->state_dir, SystemClock().Wall() - kShown);
    if (!read) {
      std::fprintf(stderr, "tegodrop: %s\n", read.error().message.c_str());
      return ExitCode::kConfig;
    }
    snapshot = std::move(*read);
  }
  MatchConfig(*settings, snapshot);
  if (line.json) {
    std::printf("%s\n", Json(snapshot).c_str());
  } else {
    PrintText(snapshot);
  }
  return ExitCode::kDone;
}

}  // namespace tegodrop
