// A helper that is a thread of the test, over a file system of the test's choice.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "daemon/base/clock.h"
#include "daemon/disk/helper/file_server.h"
#include "daemon/disk/helper/remote_file_system.h"

namespace tegodrop::testing {

// What all helpers of one test have in common.
struct Helpers {
  FileSystem& fs;
  SystemClock clock;
  std::atomic<int> started{0};
  std::atomic<int> killed{0};
  std::atomic<int> last_socket{-1};  // of the one that was started last
  // As if that one had died in the middle of what it does.
  void BreakLast() const { shutdown(last_socket, SHUT_RDWR); }
};

class ThreadHelper final : public Helper {
 public:
  explicit ThreadHelper(Helpers& helpers) : helpers_(helpers) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) std::abort();
    ours_ = Fd(ends[0]);
    shut_ = Fd(fcntl(ends[0], F_DUPFD_CLOEXEC, 0));
    helpers_.last_socket = shut_.get();
    ++helpers_.started;
    thread_ = std::thread([this, theirs = ends[1]] {
      ServeFiles(Fd(theirs), helpers_.fs, helpers_.clock);
      ended_ = true;
    });
  }
  ~ThreadHelper() override {
    Kill();
    thread_.join();
  }
  Fd TakeSocket() override { return std::move(ours_); }
  // As with a process that sleeps in the kernel: what is under way goes on.
  void Kill() override {
    if (!killed_.exchange(true)) ++helpers_.killed;
    shutdown(shut_.get(), SHUT_RDWR);
  }
  bool HasEnded() override { return ended_; }
  std::string name() const override { return "thread 7"; }

 private:
  Helpers& helpers_;
  Fd ours_;
  Fd shut_;
  std::atomic<bool> killed_{false};
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

inline StartHelper StartIn(Helpers& helpers) {
  return [&helpers]() -> Result<std::unique_ptr<Helper>> { return std::make_unique<ThreadHelper>(helpers); };
}

}  // namespace tegodrop::testing
