// retry, redeliver, cancel, pause, resume: what a person says to the daemon, or to the ledger while none runs.
#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include "daemon/app/operator_call.h"
#include "daemon/base/json.h"
#include "daemon/base/text.h"
#include "daemon/cli/commands.h"

namespace tegodrop {
namespace {

bool OfFolder(CommandName command) { return command == CommandName::kPause || command == CommandName::kResume; }

const char* WordOf(CommandName command) {
  switch (command) {
    case CommandName::kRedeliver:
      return "redeliver";
    case CommandName::kCancel:
      return "cancel";
    case CommandName::kPause:
      return "pause";
    case CommandName::kResume:
      return "resume";
    default:
      return "retry";
  }
}

OperatorRequest RequestOf(const CommandLine& line) {
  OperatorRequest request;
  switch (line.command) {
    case CommandName::kRedeliver:
      request.command = OperatorCommand::kRedeliver;
      break;
    case CommandName::kCancel:
      request.command = OperatorCommand::kCancel;
      break;
    case CommandName::kPause:
      request.command = OperatorCommand::kPause;
      break;
    case CommandName::kResume:
      request.command = OperatorCommand::kResume;
      break;
    default:
      request.command = line.rebuild ? OperatorCommand::kRebuild : OperatorCommand::kRetry;
  }
  request.all_failed = line.all_failed;
  request.folder = line.folder;
  return request;
}

// As many requests as their size asks for; ends with the first one that nobody answers.
OperatorCall AskInPieces(const Settings& settings, const CommandLine& line) {
  constexpr std::size_t kPiece = 500;
  OperatorCall whole;
  whole.answer.emplace();
  std::size_t at = 0;
  do {
    OperatorRequest request = RequestOf(line);
    const std::size_t end = std::min(line.jobs.size(), at + kPiece);
    request.jobs.assign(line.jobs.begin() + static_cast<std::ptrdiff_t>(at),
                        line.jobs.begin() + static_cast<std::ptrdiff_t>(end));
    at = end;
    OperatorCall call = CallOperator(settings, request);
    if (!call.answer || !call.answer->error.empty()) return call;
    std::move(call.answer->results.begin(), call.answer->results.end(), std::back_inserter(whole.answer->results));
  } while (at < line.jobs.size());
  return whole;
}

std::string Document(const CommandLine& line, const OperatorAnswer& answer) {
  Json json(2);
  json.Begin();
  json.Text("schema", std::string("tegodrop-") + WordOf(line.command) + "/1");
  json.BeginList("results");
  for (const OperatorResult& result : answer.results) {
    json.Begin();
    json.Known(OfFolder(line.command) ? "folder" : "job", result.about);
    json.Flag("ok", result.outcome == OperatorOutcome::kDone);
    json.Text("message", result.message);
    json.End();
  }
  json.EndList();
  json.End();
  return json.Finish();
}

void Print(const CommandLine& line, const OperatorAnswer& answer) {
  if (answer.results.empty()) std::printf("no job has failed\n");
  for (const OperatorResult& result : answer.results) {
    const bool done = result.outcome == OperatorOutcome::kDone;
    const std::string about = done && !OfFolder(line.command) ? "job " + result.about + ": " : "";
    std::fprintf(done ? stdout : stderr, "%s%s%s\n", done ? "" : "tegodrop: ", Printable(about).c_str(),
                 Printable(result.message).c_str());
  }
}

}  // namespace

ExitCode OperatorCommandLine(const CommandLine& line) {
  const std::optional<Settings> settings = LoadSettings(line.config);
  if (!settings) return ExitCode::kConfig;
  const OperatorCall call = AskInPieces(*settings, line);
  if (!call.answer) {
    std::fprintf(stderr, "tegodrop: %s\n", call.trouble.c_str());
    return call.code;
  }
  if (!call.answer->error.empty()) {
    std::fprintf(stderr, "tegodrop: %s\n", Printable(call.answer->error).c_str());
    return ExitCodeOf(*call.answer);
  }
  if (line.json) {
    std::fputs(Document(line, *call.answer).c_str(), stdout);
  } else {
    Print(line, *call.answer);
  }
  return ExitCodeOf(*call.answer);
}

}  // namespace tegodrop
