#include "daemon/app/run_report.h"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <algorithm>
#include <cstdio>

#include "daemon/base/text.h"
#include "daemon/disk/layout.h"

namespace tegodrop {
namespace {

using Writer = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

void Text(Writer& writer, const char* key, const std::string& value) {
  writer.Key(key);
  const std::string text = IsUtf8(value) ? value : Printable(value);
  if (text.empty()) {
    writer.Null();
  } else {
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }
}

}  // namespace

void RunReport::Take(const Job& job) {
  Line& line = jobs_[job.id];
  line.folder = job.target.folder;
  line.file_name = job.artifact.file_name;
  line.state = job.state;
  if (job.state == JobState::kPublished || job.state == JobState::kDelivered) {
    line.output = job.target.output_path + "/" + job.output.protected_name;
    line.trace = TraceName(line.output);
  }
  if (job.failure) {
    line.failure_kind = ToString(job.failure->kind);
    line.failure_message = job.failure->message;
  }
}

void RunReport::Leave(const std::string& folder, const std::string& file_name, const std::string& reason) {
  left_.push_back({folder, file_name, reason});
}

int RunReport::failed() const {
  return static_cast<int>(std::count_if(jobs_.begin(), jobs_.end(), [](const auto& job) {
    return job.second.state == JobState::kFailed || job.second.state == JobState::kCancelled;
  }));
}

std::string RunReport::Json(ExitCode code) const {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.SetIndent(' ', 2);
  writer.StartObject();
  Text(writer, "schema", "tegodrop-run/1");
  writer.Key("exit_code");
  writer.Int(static_cast<int>(code));
  writer.Key("jobs");
  writer.StartArray();
  for (const auto& [id, line] : jobs_) {
    writer.StartObject();
    Text(writer, "id", id);
    Text(writer, "folder", line.folder);
    Text(writer, "file_name", line.file_name);
    Text(writer, "state", std::string(ToString(line.state)));
    Text(writer, "output", line.output);
    Text(writer, "trace", line.trace);
    writer.Key("failure");
    if (line.failure_kind.empty()) {
      writer.Null();
    } else {
      writer.StartObject();
      Text(writer, "kind", line.failure_kind);
      Text(writer, "message", line.failure_message);
      writer.EndObject();
    }
    writer.EndObject();
  }
  writer.EndArray();
  writer.Key("left");
  writer.StartArray();
  for (const Left& left : left_) {
    writer.StartObject();
    Text(writer, "folder", left.folder);
    Text(writer, "file_name", left.file_name);
    Text(writer, "reason", left.reason);
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

void RunReport::Print(ExitCode code) const {
  std::printf("%s\n", Json(code).c_str());
  std::fflush(stdout);
}

}  // namespace tegodrop
