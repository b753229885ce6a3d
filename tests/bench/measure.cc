// measure FILE PROGRAM ARGS…: runs the program and writes to FILE what it cost, as one line of JSON; ends as it ended.
//
// It is so small because the peak memory that the kernel tells of a child begins with that of the process that forked
// it: Python in its place would be the floor of every measurement.
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace {

constexpr int kNotMeasured = 125;

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double Now() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

int Fail(const char* what) {
  std::fprintf(stderr, "measure: %s: %s\n", what, std::strerror(errno));
  return kNotMeasured;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: measure FILE PROGRAM ARGS...\n");
    return kNotMeasured;
  }
  const double begun = Now();
  const pid_t child = fork();
  if (child < 0) return Fail("fork");
  if (child == 0) {
    execvp(argv[2], argv + 2);
    _exit(Fail(argv[2]));
  }
  int status = 0;
  rusage used = {};
  while (wait4(child, &status, 0, &used) < 0) {
    if (errno != EINTR) return Fail("wait4");
  }
  const double ended = Now();
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  std::FILE* out = std::fopen(argv[1], "w");
  if (out == nullptr) return Fail(argv[1]);
  std::fprintf(out, "{\"wall\": %.6f, \"user\": %.6f, \"system\": %.6f, \"rss_kib\": %ld, \"code\": %d}\n",
               ended - begun, Seconds(used.ru_utime), Seconds(used.ru_stime), used.ru_maxrss, code);
  return std::fclose(out) == 0 ? code : Fail(argv[1]);
}
