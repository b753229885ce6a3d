#include "daemon/disk/helper/helper_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <utility>

#include "daemon/disk/file_system.h"
#include "daemon/disk/helper/file_server.h"

namespace tegodrop {
namespace {

constexpr int kSocketFd = 3;

class HelperProcess final : public Helper {
 public:
  HelperProcess(pid_t pid, Fd socket) : pid_(pid), socket_(std::move(socket)) {}
  // One that hangs stays a zombie-to-be until this process ends too: nobody waits for it here.
  ~HelperProcess() override {
    Kill();
    (void)HasEnded();
  }

  Fd TakeSocket() override { return std::move(socket_); }

  void Kill() override {
    const std::lock_guard lock(mutex_);
    if (!ended_) kill(pid_, SIGKILL);
  }

  bool HasEnded() override {
    const std::lock_guard lock(mutex_);
    if (!ended_) {
      const pid_t gone = waitpid(pid_, nullptr, WNOHANG);
      ended_ = gone == pid_ || (gone < 0 && errno == ECHILD);
    }
    return ended_;
  }

  std::string name() const override { return "process " + std::to_string(pid_); }

 private:
  const pid_t pid_;
  Fd socket_;
  std::mutex mutex_;
  bool ended_ = false;  // guarded by mutex_; its number may be another's from then on
};

// posix_spawn's two objects, which must be given back.
class SpawnSettings {
 public:
  explicit SpawnSettings(int socket) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, socket, kSocketFd);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes_, &none);
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    // A terminal's Ctrl-C is the daemon's, which ends its helpers itself.
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Result<std::unique_ptr<Helper>> StartHelperProcess(const std::string& path) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return FailPosix("cannot make a socket for the helper of", path, errno);
  }
  Fd ours(ends[0]);
  const Fd theirs(ends[1]);
  std::string program = "tegodrop";
  std::string argument = kHelperArgument;
  std::string folder = path;
  std::array<char*, 4> arguments{program.data(), argument.data(), folder.data(), nullptr};
  std::array<char*, 1> environment{nullptr};
  const SpawnSettings settings(theirs.get());
  pid_t pid = 0;
  const int error = posix_spawn(&pid, "/proc/self/exe", settings.actions(), settings.attributes(), arguments.data(),
                                environment.data());
  if (error != 0) return FailPosix("cannot start the helper process of", path, error);
  return std::make_unique<HelperProcess>(pid, std::move(ours));
}

int RunHelperProcess() {
  // Whoever reads our standard streams to their end must not wait for a helper that hangs.
  const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int stream = 0; stream < kSocketFd && nowhere >= 0; ++stream) dup2(nowhere, stream);
  // A library's descriptor without CLOEXEC may have come along; not by glibc's name, which Debian 12 has and others
  // not.
  syscall(SYS_close_range, kSocketFd + 1, ~0U, 0U);
  const SystemClock clock;
  const auto fs = MakePosixFileSystem();
  ServeFiles(Fd(kSocketFd), *fs, clock);
  return 0;
}

}  // namespace tegodrop
