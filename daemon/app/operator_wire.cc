#include "daemon/app/operator_wire.h"

#include <rapidjson/document.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "daemon/base/json.h"
#include "daemon/base/text.h"

namespace tegodrop {
namespace {

constexpr int kVersion = 1;
// A job's id has 16 characters; a folder's name is whatever the config says.
constexpr std::size_t kLongestName = 1024;

constexpr std::array kCommands{
    std::pair{OperatorCommand::kRetry, std::string_view("retry")},
    std::pair{OperatorCommand::kRebuild, std::string_view("rebuild")},
    std::pair{OperatorCommand::kRedeliver, std::string_view("redeliver")},
    std::pair{OperatorCommand::kCancel, std::string_view("cancel")},
    std::pair{OperatorCommand::kPause, std::string_view("pause")},
    std::pair{OperatorCommand::kResume, std::string_view("resume")},
    std::pair{OperatorCommand::kAccept, std::string_view("accept")},
    std::pair{OperatorCommand::kReload, std::string_view("reload")},
};

constexpr std::array kOutcomes{
    std::pair{OperatorOutcome::kDone, std::string_view("done")},
    std::pair{OperatorOutcome::kRefused, std::string_view("refused")},
    std::pair{OperatorOutcome::kUnknown, std::string_view("unknown")},
    std::pair{OperatorOutcome::kTrouble, std::string_view("trouble")},
};

template <typename Table, typename Value>
std::string_view NameOf(const Table& table, Value value) {
  const auto* found = std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.first == value; });
  return found == table.end() ? std::string_view("unknown") : found->second;
}

using Object = rapidjson::Value;

Unexpected Bad(const std::string& what) { return Fail(ErrorKind::kRejected, what); }

// Nested arrays of hostile depth must not use up the stack.
Result<rapidjson::Document> Parsed(std::string_view line) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(line.data(), line.size());
  if (document.HasParseError() || !document.IsObject()) return Bad("it is not one JSON object");
  const Object& object = document;
  const auto version = object.FindMember("tegodrop");
  if (version == object.MemberEnd() || !version->value.IsInt()) return Bad("it does not say of which version it is");
  if (version->value.GetInt() != kVersion) {
    return Bad("it is of version " + std::to_string(version->value.GetInt()) + ", and this tegodrop speaks version " +
               std::to_string(kVersion) + ": use the tegodrop that the daemon runs");
  }
  return document;
}

bool TextOf(const Object& object, const char* key, std::string& to, std::size_t longest = kLongestName) {
  const auto member = object.FindMember(key);
  if (member == object.MemberEnd()) return true;
  if (!member->value.IsString() || member->value.GetStringLength() > longest) return false;
  to.assign(member->value.GetString(), member->value.GetStringLength());
  return true;
}

bool FlagOf(const Object& object, const char* key, bool& to) {
  const auto member = object.FindMember(key);
  if (member == object.MemberEnd()) return true;
  if (!member->value.IsBool()) return false;
  to = member->value.GetBool();
  return true;
}

Status CheckSense(const OperatorRequest& request) {
  const bool of_folder = request.command >= OperatorCommand::kPause;
  const bool may_take_all = request.command == OperatorCommand::kRetry || request.command == OperatorCommand::kRebuild;
  if (of_folder && (!request.jobs.empty() || request.all_failed)) return Bad("that command is about folders, not jobs");
  if (!of_folder && !request.folder.empty()) return Bad("that command is about jobs, not folders");
  if (request.all_failed && !may_take_all) return Bad("only retry takes all that failed");
  if (!of_folder && request.jobs.empty() != request.all_failed) return Bad("it names no job, or too many");
  if (request.command == OperatorCommand::kAccept && request.folder.empty()) return Bad("it names no folder");
  return {};
}

}  // namespace

std::string WriteRequest(const OperatorRequest& request) {
  Json json(0);
  json.Begin();
  json.Number("tegodrop", kVersion);
  json.Text("command", NameOf(kCommands, request.command));
  json.BeginList("jobs");
  for (const std::string& job : request.jobs) json.Item(job);
  json.EndList();
  json.Flag("all_failed", request.all_failed);
  json.Text("folder", request.folder);
  json.End();
  return json.FinishLine();
}

Result<OperatorRequest> ReadRequest(std::string_view line) {
  if (line.size() > kLargestRequest) return Bad("it is too large");
  Result<rapidjson::Document> document = Parsed(line);
  if (!document) return Fail(document.error());
  std::string command;
  OperatorRequest request;
  if (!TextOf(*document, "command", command) || !TextOf(*document, "folder", request.folder) ||
      !FlagOf(*document, "all_failed", request.all_failed)) {
    return Bad("one of its fields has the wrong type or is too long");
  }
  const auto* known =
      std::find_if(kCommands.begin(), kCommands.end(), [&](const auto& row) { return row.second == command; });
  if (known == kCommands.end()) return Bad("it asks for '" + Printable(command.substr(0, 40)) + "', which is unknown");
  request.command = known->first;
  const Object& object = *document;
  const auto jobs = object.FindMember("jobs");
  if (jobs != object.MemberEnd()) {
    if (!jobs->value.IsArray() || jobs->value.Size() > kMostJobs) return Bad("its jobs are no list, or too many");
    for (const Object& job : jobs->value.GetArray()) {
      if (!job.IsString() || job.GetStringLength() == 0 || job.GetStringLength() > kLongestName) {
        return Bad("one of its jobs is no id");
      }
      request.jobs.emplace_back(job.GetString(), job.GetStringLength());
    }
  }
  if (Status sense = CheckSense(request); !sense) return Fail(sense.error());
  return request;
}

std::string WriteAnswer(const OperatorAnswer& answer) {
  Json json(0);
  json.Begin();
  json.Number("tegodrop", kVersion);
  if (!answer.error.empty()) json.Text("error", answer.error);
  if (answer.refused) json.Flag("refused", true);
  json.BeginList("results");
  for (const OperatorResult& result : answer.results) {
    json.Begin();
    json.Text("about", result.about);
    json.Text("outcome", ToString(result.outcome));
    json.Text("message", result.message);
    json.End();
  }
  json.EndList();
  json.End();
  return json.FinishLine();
}

Result<OperatorAnswer> ReadAnswer(std::string_view line) {
  Result<rapidjson::Document> document = Parsed(line);
  if (!document) return Fail(document.error());
  OperatorAnswer answer;
  if (!TextOf(*document, "error", answer.error, kLargestRequest) || !FlagOf(*document, "refused", answer.refused)) {
    return Bad("one of its fields has the wrong type");
  }
  const Object& object = *document;
  const auto results = object.FindMember("results");
  if (results == object.MemberEnd() || !results->value.IsArray()) return Bad("it has no results");
  for (const Object& one : results->value.GetArray()) {
    OperatorResult result;
    std::string outcome;
    if (!one.IsObject() || !TextOf(one, "about", result.about) || !TextOf(one, "outcome", outcome) ||
        !TextOf(one, "message", result.message, kLargestRequest)) {
      return Bad("one of its results cannot be read");
    }
    const auto* known =
        std::find_if(kOutcomes.begin(), kOutcomes.end(), [&](const auto& row) { return row.second == outcome; });
    if (known == kOutcomes.end()) return Bad("one of its results has no known outcome");
    result.outcome = known->first;
    answer.results.push_back(std::move(result));
  }
  return answer;
}

ExitCode ExitCodeOf(const OperatorAnswer& answer) {
  if (answer.refused) return ExitCode::kCredentials;
  if (!answer.error.empty()) return ExitCode::kLeft;
  const auto any = [&](OperatorOutcome outcome) {
    return std::any_of(answer.results.begin(), answer.results.end(),
                       [&](const OperatorResult& one) { return one.outcome == outcome; });
  };
  if (any(OperatorOutcome::kUnknown)) return ExitCode::kUsage;
  if (any(OperatorOutcome::kRefused)) return ExitCode::kFailed;
  return any(OperatorOutcome::kTrouble) ? ExitCode::kLeft : ExitCode::kDone;
}

std::string_view ToString(OperatorOutcome outcome) { return NameOf(kOutcomes, outcome); }

}  // namespace tegodrop
