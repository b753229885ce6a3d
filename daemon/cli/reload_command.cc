// reload: the running daemon reads its config and token again, and says what came of it.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include "daemon/app/control_socket.h"
#include "daemon/base/json.h"
#include "daemon/base/text.h"
#include "daemon/cli/commands.h"

namespace tegodrop {
namespace {

constexpr std::chrono::minutes kAnswerPatience{2};

void Complain(const std::string& words) { std::fprintf(stderr, "tegodrop: %s\n", Printable(words).c_str()); }

std::string Document(bool loaded, const OperatorAnswer& answer) {
  Json json(2);
  json.Begin();
  json.Text("schema", "tegodrop-reload/1");
  json.Flag("loaded", loaded);
  json.BeginList("messages");
  for (const OperatorResult& result : answer.results) json.Item(result.message);
  json.EndList();
  json.End();
  return json.Finish();
}

ExitCode Tell(const CommandLine& line, const OperatorAnswer& answer) {
  if (!answer.error.empty()) {
    Complain(answer.error);
    return ExitCodeOf(answer);
  }
  const bool loaded = std::all_of(answer.results.begin(), answer.results.end(),
                                  [](const OperatorResult& one) { return one.outcome == OperatorOutcome::kDone; });
  if (line.json) {
    std::fputs(Document(loaded, answer).c_str(), stdout);
  } else {
    for (const OperatorResult& one : answer.results) {
      std::fprintf(loaded ? stdout : stderr, "%s\n", Printable(one.message).c_str());
    }
    if (!loaded) std::fprintf(stderr, "tegodrop: the running daemon keeps the config from before\n");
  }
  return loaded ? ExitCode::kDone : ExitCode::kConfig;
}

}  // namespace

ExitCode ReloadCommand(const CommandLine& line) {
  const std::optional<Settings> settings = LoadSettings(line.config);
  if (!settings) {
    Complain("nothing was reloaded: a running daemon keeps the config from before");
    return ExitCode::kConfig;
  }
  OperatorRequest request;
  request.command = OperatorCommand::kReload;
  const CallResult called = CallDaemon(settings->state_dir, request, kAnswerPatience);
  switch (called.outcome) {
    case CallOutcome::kAnswered:
      return Tell(line, called.answer);
    case CallOutcome::kNotPermitted:
      Complain(called.trouble + "; only root and the user that the daemon runs as may command it");
      return ExitCode::kCredentials;
    case CallOutcome::kSilent:
      Complain(called.trouble + ": its log tells whether the config was read again");
      return ExitCode::kLeft;
    case CallOutcome::kNobody:
      break;
  }
  Complain("no daemon runs on " + settings->state_dir +
           ": there is nothing to reload (one that was started with another state_dir needs a restart)");
  return ExitCode::kUnreachable;
}

}  // namespace tegodrop
