#include "daemon/cli/verify/apksigner.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <semaphore>
#include <string_view>

#include "daemon/base/text.h"

extern char** environ;

namespace tegodrop {
namespace {

constexpr std::size_t kMostOutput = 64UL * 1024;

// A JVM takes half a second, and reading two gigabytes a minute at most.
constexpr std::chrono::minutes kLongest{10};
// More JVMs at once only share the same memory.
constexpr int kMostAtOnce = 4;

struct Ran {
  bool ended = false;  // by itself
  int code = 0;
  std::string output;
};

// What comes, as far as it is of interest; the rest is read too, so that the program can end. Until its end or the
// deadline.
std::string ReadAll(int fd, std::chrono::steady_clock::time_point deadline) {
  std::string all;
  std::array<char, 4096> piece{};
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd ready{fd, POLLIN, 0};
    const int events = left.count() <= 0 ? 0 : poll(&ready, 1, static_cast<int>(left.count()));
    if (events == 0) return all;
    if (events < 0 && errno != EINTR) return all;
    if (events < 0) continue;
    const ssize_t got = read(fd, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return all;
    if (all.size() < kMostOutput) all.append(piece.data(), static_cast<std::size_t>(got));
  }
}

// kLocalDisk where it cannot be started.
Result<Ran> RunProgram(const std::string& program, const std::string& apk) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return FailPosix("cannot make a pipe for", program, errno);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  std::string verify = "verify";
  std::string name = program;
  std::string file = apk;
  const std::array<char*, 4> arguments{name.data(), verify.data(), file.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawn(&child, program.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    return FailPosix("cannot start", program, error);
  }
  Ran ran;
  const auto deadline = std::chrono::steady_clock::now() + kLongest;
  ran.output = ReadAll(ends[0], deadline);
  close(ends[0]);
  if (std::chrono::steady_clock::now() >= deadline) kill(child, SIGKILL);
  int status = 0;
  pid_t waited = 0;
  while ((waited = waitpid(child, &status, 0)) < 0 && errno == EINTR) {
  }
  // Without its exit code nothing is known of its answer.
  if (waited != child) return FailPosix("cannot wait for", program, errno);
  ran.ended = WIFEXITED(status);
  ran.code = ran.ended ? WEXITSTATUS(status) : 0;
  return ran;
}

// The first line that says what is wrong, else the first of all.
std::string FirstWord(std::string_view output) {
  std::string first;
  for (std::string_view rest = output; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = Trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.starts_with("ERROR")) return Printable(line.substr(0, 300));
    if (first.empty()) first = Printable(line.substr(0, 300));
  }
  return first;
}

}  // namespace

std::string FindApksigner(const std::string& path_variable) {
  for (std::string_view rest = path_variable; !rest.empty();) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const std::string candidate = std::string(rest.substr(0, end)) + "/apksigner";
    rest.remove_prefix(std::min(end + 1, rest.size()));
    struct stat attributes {};
    // What is found relative to the folder that one stands in is anybody's.
    if (candidate.front() != '/' || stat(candidate.c_str(), &attributes) != 0) continue;
    if (S_ISREG(attributes.st_mode) && access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

Check AskApksigner(const std::string& program, const std::string& apk) {
  // Where it is ignored, as whoever started us may have left it, children leave no exit code.
  static const bool kChildrenAreWaitedFor = signal(SIGCHLD, SIG_DFL) != SIG_ERR;
  if (!kChildrenAreWaitedFor) return {"apksigner", "fail", "it could not be asked: SIGCHLD cannot be taken"};
  static std::counting_semaphore<kMostAtOnce> at_once(kMostAtOnce);
  at_once.acquire();
  const Result<Ran> ran = RunProgram(program, apk);
  at_once.release();
  if (!ran) return {"apksigner", "fail", "it could not be asked: " + ran.error().message};
  if (!ran->ended) return {"apksigner", "fail", "it was stopped before it had answered"};
  if (ran->code == 0) return {"apksigner", "pass", "apksigner verifies the signature"};
  return {"apksigner", "fail", "apksigner does not verify the signature: " + FirstWord(ran->output)};
}

}  // namespace tegodrop
