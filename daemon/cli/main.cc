// tegodrop: the program. Secures the process, reads the command line, hands over to the command.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <iostream>
#include <string_view>
#include <utility>

#include "config/token.h"
#include "daemon/cli/command_line.h"
#include "daemon/cli/commands.h"
#include "daemon/disk/helper/helper_process.h"

namespace {

// Held from the first instruction on until `run` or `submit` can take them, so that a stop in the first moments is a
// clean one too.
void HoldStopSignals(bool hold) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  sigprocmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &signals, nullptr);
}

// Whoever started us may have closed one of them; then the next file that is opened would be taken for it. Standard
// output is opened for reading, so that what is written there is missed (see Told).
void OpenMissingStreams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest number that is free: this one.
    static_cast<void>(open("/dev/null", stream == STDERR_FILENO ? O_WRONLY : O_RDONLY));
  }
}

// What was asked for and did not arrive is no success; standard output is an output too. What was done is done, though,
// and a code that says otherwise would have it done twice; and to a monitor there is 0 and 1.
tegodrop::ExitCode Told(const tegodrop::CommandLine* line, tegodrop::ExitCode code) {
  std::cout.flush();
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good()) return code;
  if (code == tegodrop::ExitCode::kOutput || code == tegodrop::ExitCode::kUsage) return code;
  std::fputs("tegodrop: standard output cannot be written\n", stderr);
  using tegodrop::CommandName;
  switch (line == nullptr ? CommandName::kStatus : line->command) {
    case CommandName::kSubmit:
    case CommandName::kRetry:
    case CommandName::kRedeliver:
    case CommandName::kCancel:
    case CommandName::kPause:
    case CommandName::kResume:
    case CommandName::kReload:
      return code;
    case CommandName::kPortal:
      if (tegodrop::TakesEffect(line->portal)) return code;
      break;
    default:
      break;
  }
  if (line != nullptr && line->health) return tegodrop::ExitCode::kFailed;
  return tegodrop::WorstOf({code, tegodrop::ExitCode::kOutput});
}

tegodrop::ExitCode Command(const tegodrop::CommandLine& line, tegodrop::Secret environment_token) {
  switch (line.command) {
    case tegodrop::CommandName::kRun:
      return tegodrop::RunCommand(line, environment_token);
    case tegodrop::CommandName::kCheck:
      return tegodrop::CheckCommand(line, std::move(environment_token));
    case tegodrop::CommandName::kReload:
      return tegodrop::ReloadCommand(line);
    case tegodrop::CommandName::kStatus:
      return tegodrop::StatusCommand(line);
    case tegodrop::CommandName::kShow:
      return tegodrop::ShowCommand(line);
    case tegodrop::CommandName::kReport:
      return tegodrop::ReportCommand(line);
    case tegodrop::CommandName::kRetry:
    case tegodrop::CommandName::kRedeliver:
    case tegodrop::CommandName::kCancel:
    case tegodrop::CommandName::kPause:
    case tegodrop::CommandName::kResume:
      return tegodrop::OperatorCommandLine(line);
    case tegodrop::CommandName::kVerify:
      return tegodrop::VerifyCommand(line);
    case tegodrop::CommandName::kFind:
      return tegodrop::FindCommand(line);
    case tegodrop::CommandName::kSubmit:
      return tegodrop::SubmitCommand(line);
    case tegodrop::CommandName::kPortal:
      return tegodrop::PortalCommand(line, std::move(environment_token));
  }
  return tegodrop::ExitCode::kInternal;
}

tegodrop::ExitCode Main(int argc, char** argv) {
  HoldStopSignals(true);
  // What is ours we must be able to use, whatever umask we were started with.
  umask(umask(0) & 077);
  // Credentials are in memory: no core dump, no other user's debugger, and nothing of them left in the environment.
  prctl(PR_SET_DUMPABLE, 0);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  // libzip asks for the local time of every entry, on several threads. Without TZ glibc would read the zone's file and
  // replace its copy of the name each time; so it reads it once, here.
  setenv("TZ", ":/etc/localtime", 0);
  tzset();
  tegodrop::Secret environment_token = tegodrop::TakeEnvironmentToken();
  const char* config = std::getenv("TEGODROP_CONFIG");
  const tegodrop::ParsedLine parsed = tegodrop::ParseCommandLine(argc, argv, config == nullptr ? "" : config);
  if (!parsed.line) return Told(nullptr, parsed.code);
  const bool takes_signals =
      parsed.line->command == tegodrop::CommandName::kRun || parsed.line->command == tegodrop::CommandName::kSubmit;
  if (!takes_signals) HoldStopSignals(false);
  return Told(&*parsed.line, Command(*parsed.line, std::move(environment_token)));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    OpenMissingStreams();
    // Not of the command line: only the daemon starts it, for a folder on a share.
    if (argc > 1 && std::string_view(argv[1]) == tegodrop::kHelperArgument) return tegodrop::RunHelperProcess();
    return static_cast<int>(Main(argc, argv));
  } catch (const std::exception& fault) {
    // Nothing of ours throws; a library that does, out of memory say, ends here with a word and not with a core.
    std::fprintf(stderr, "tegodrop: internal fault: %s\n", fault.what());
    return static_cast<int>(tegodrop::ExitCode::kInternal);
  }
}
