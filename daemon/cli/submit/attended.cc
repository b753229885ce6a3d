#include "daemon/cli/submit/attended.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>

#include "daemon/base/clock.h"
#include "daemon/base/text.h"
#include "daemon/base/units.h"
#include "daemon/disk/file_system.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

enum class Word : char { kOut = 'o', kErr = 'e', kDoing = 'd', kLastWords = 'l', kEndsWithin = 'w' };

// One word on the pipe: its kind, the length of its text, the text.
constexpr std::size_t kHead = 1 + sizeof(std::uint32_t);

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  return signals;
}

// The desk as the working process sees it: a pipe.
class PipeDesk final : public Desk {
 public:
  explicit PipeDesk(int pipe) : pipe_(pipe) {}

  void Out(std::string_view text) override { Say(Word::kOut, text); }
  void Err(std::string_view text) override { Say(Word::kErr, text); }
  void Doing(std::string_view what) override {
    // The same again is a sign of life; one a second is enough.
    const MonoMs now = clock_.Mono();
    if (what == doing_ && now - said_at_ < 1000) return;
    doing_ = what;
    said_at_ = now;
    Say(Word::kDoing, what);
  }
  void LastWords(std::string_view text) override { Say(Word::kLastWords, text); }
  void EndsWithin(milliseconds time) override { Say(Word::kEndsWithin, std::to_string(time.count())); }
  bool Stopped() override { return !Sleep(milliseconds(0)); }
  // The signals are blocked all the time and only ever taken here: no call of the work is broken off by one.
  bool Sleep(milliseconds time) override {
    const MonoMs until = clock_.Mono() + time.count();
    const sigset_t signals = StopSignals();
    while (!stopped_) {
      const MonoMs left = std::max<MonoMs>(0, until - clock_.Mono());
      const timespec wait{left / 1000, (left % 1000) * 1'000'000};
      if (sigtimedwait(&signals, nullptr, &wait) > 0) stopped_ = true;
      if (clock_.Mono() >= until) break;
    }
    return !stopped_;
  }

 private:
  void Say(Word word, std::string_view text) {
    std::string frame(1, static_cast<char>(word));
    const auto size = static_cast<std::uint32_t>(text.size());
    frame.append(reinterpret_cast<const char*>(&size), sizeof size);
    frame += text;
    std::string_view left = frame;
    while (!left.empty()) {
      const ssize_t count = write(pipe_, left.data(), left.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return;  // nobody listens any more: the work ends by its signal
      left.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  const int pipe_;
  const SystemClock clock_;
  std::string doing_;
  MonoMs said_at_ = 0;
  bool stopped_ = false;
};

[[noreturn]] void Work(const std::function<ExitCode(Desk&)>& work, int pipe, pid_t attending) {
  // Should the attending process go first, by SIGKILL say, this one tidies up and ends.
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != attending) _exit(static_cast<int>(ExitCode::kLeft));
  std::signal(SIGPIPE, SIG_IGN);
  // Left behind, it must not hold the streams open on whose end the caller waits.
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int stream = 0; stream <= 2 && null >= 0; ++stream) dup2(null, stream);
  PipeDesk desk(pipe);
  ExitCode code = ExitCode::kInternal;
  try {
    code = work(desk);
  } catch (const std::exception& fault) {
    desk.Err(std::string("tegodrop: internal fault: ") + fault.what() + "\n");
  }
  _exit(static_cast<int>(code));
}

class Attendant {
 public:
  Attendant(pid_t child, Fd words, Fd signals, const AttendTimes& times)
      : child_(child), words_(std::move(words)), signals_(std::move(signals)), times_(times) {}

  ExitCode Attend() {
    for (;;) {
      std::array<pollfd, 2> fds{{{words_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}}};
      const int ready = poll(fds.data(), fds.size(), UntilNext());
      if (ready < 0 && errno != EINTR) return ExitCode::kInternal;
      if (ready > 0 && fds[1].revents != 0) Stop();
      if (ready > 0 && fds[0].revents != 0 && !Hear()) return Ended();
      const MonoMs now = clock_.Mono();
      if (given_up_at_ && now >= *given_up_at_) return LeaveBehind();
      if (notice_at_ && now >= *notice_at_) Notice(now);
    }
  }

 private:
  int UntilNext() const {
    std::optional<MonoMs> next = given_up_at_;
    if (notice_at_) next = next ? std::min(*next, *notice_at_) : *notice_at_;
    if (!next) return -1;
    return static_cast<int>(std::clamp<MonoMs>(*next - clock_.Mono(), 0, 60'000));
  }

  void GiveUpAt(MonoMs when) { given_up_at_ = given_up_at_ ? std::min(*given_up_at_, when) : when; }

  void Stop() {
    signalfd_siginfo which{};
    while (read(signals_.get(), &which, sizeof which) == static_cast<ssize_t>(sizeof which)) continue;
    kill(child_, SIGTERM);
    GiveUpAt(clock_.Mono() + times_.after_stop.count());
  }

  // False at the end of all words.
  bool Hear() {
    std::array<char, 64 * 1024> block;
    const ssize_t count = read(words_.get(), block.data(), block.size());
    if (count < 0) return errno == EINTR;
    if (count == 0) return false;
    heard_.append(block.data(), static_cast<std::size_t>(count));
    std::size_t at = 0;
    while (heard_.size() - at >= kHead) {
      std::uint32_t size = 0;
      std::memcpy(&size, heard_.data() + at + 1, sizeof size);
      if (heard_.size() - at - kHead < size) break;
      Take(static_cast<Word>(heard_[at]), heard_.substr(at + kHead, size));
      at += kHead + size;
    }
    heard_.erase(0, at);
    std::fflush(stdout);
    return true;
  }

  void Take(Word word, const std::string& text) {
    const MonoMs now = clock_.Mono();
    switch (word) {
      case Word::kOut:
      case Word::kErr:
        std::fwrite(text.data(), 1, text.size(), word == Word::kOut ? stdout : stderr);
        break;
      case Word::kDoing:
        doing_ = text;
        doing_since_ = now;
        notice_at_.reset();
        if (!doing_.empty()) notice_at_ = now + times_.first_notice.count();
        break;
      case Word::kLastWords:
        last_words_ = text;
        break;
      case Word::kEndsWithin:
        GiveUpAt(now + std::strtoll(text.c_str(), nullptr, 10) + times_.after_stop.count());
        break;
    }
  }

  void Notice(MonoMs now) {
    std::fprintf(stderr, "tegodrop: no answer for %s: %s (it is waited for; Ctrl-C ends that)\n",
                 HumanDuration(milliseconds(now - doing_since_)).c_str(), Printable(doing_).c_str());
    notice_at_ = now + times_.next_notices.count();
  }

  ExitCode LeaveBehind() const {
    std::fprintf(stderr, "tegodrop: gave up, still without an answer: %s\n%s", Printable(doing_).c_str(),
                 last_words_.c_str());
    return ExitCode::kLeft;
  }

  ExitCode Ended() const {
    int status = 0;
    while (waitpid(child_, &status, 0) < 0) {
      if (errno != EINTR) return ExitCode::kInternal;
    }
    if (WIFEXITED(status)) return static_cast<ExitCode>(WEXITSTATUS(status));
    std::fprintf(stderr, "tegodrop: internal fault: the process at work died by signal %d\n%s", WTERMSIG(status),
                 last_words_.c_str());
    return ExitCode::kInternal;
  }

  const pid_t child_;
  const Fd words_;
  const Fd signals_;
  const AttendTimes times_;
  const SystemClock clock_;
  std::string heard_;
  std::string doing_;
  std::string last_words_;
  MonoMs doing_since_ = 0;
  std::optional<MonoMs> notice_at_;
  std::optional<MonoMs> given_up_at_;
};

ExitCode NoProcess(const char* what) {
  std::fprintf(stderr, "tegodrop: %s: %s\n", what, std::strerror(errno));
  return ExitCode::kInternal;
}

}  // namespace

ExitCode RunAttended(const std::function<ExitCode(Desk&)>& work, const AttendTimes& times) {
  const sigset_t stop = StopSignals();
  sigprocmask(SIG_BLOCK, &stop, nullptr);
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return NoProcess("cannot make a pipe");
  Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  Fd signals(signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.valid()) return NoProcess("cannot wait for signals");
  // What is still in the buffers would be written by both.
  std::fflush(nullptr);
  const pid_t self = getpid();
  const pid_t child = fork();
  if (child < 0) return NoProcess("cannot start a process");
  if (child == 0) {
    read_end = Fd();
    signals = Fd();
    Work(work, write_end.get(), self);
  }
  write_end = Fd();
  return Attendant(child, std::move(read_end), std::move(signals), times).Attend();
}

}  // namespace tegodrop
