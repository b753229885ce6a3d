// The process that attends and the one that works: words, exit codes, signals, and a call that never comes back.
#include "daemon/cli/submit/attended.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <stdexcept>
#include <string>

namespace tegodrop::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Ran {
  ExitCode code = ExitCode::kDone;
  std::string out;
  std::string err;
};

Ran Attend(const std::function<ExitCode(Desk&)>& work, const AttendTimes& times = {}) {
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  Ran ran;
  ran.code = RunAttended(work, times);
  std::fflush(nullptr);
  ran.out = ::testing::internal::GetCapturedStdout();
  ran.err = ::testing::internal::GetCapturedStderr();
  return ran;
}

// A call on a dead share: it comes back when the test lets it, and for no signal.
class DeadShare {
 public:
  DeadShare() { EXPECT_EQ(pipe2(ends_.data(), O_CLOEXEC), 0); }
  ~DeadShare() {
    close(ends_[0]);
    Answer();
  }
  // In the working process.
  void Call() {
    close(ends_[1]);
    char nothing = 0;
    (void)!read(ends_[0], &nothing, 1);
  }
  void Answer() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

TEST(AttendedTest, WordsAndExitCodesComeThrough) {
  const Ran ran = Attend([](Desk& desk) {
    desk.Out("one\n");
    desk.Err("two\n");
    desk.Out(std::string(300'000, 'x') + "\n");
    return ExitCode::kFailed;
  });
  EXPECT_EQ(ran.code, ExitCode::kFailed);
  EXPECT_EQ(ran.out, "one\n" + std::string(300'000, 'x') + "\n");
  EXPECT_EQ(ran.err, "two\n");
}

TEST(AttendedTest, EveryCodeIsTheOneOfTheWork) {
  for (const ExitCode code : {ExitCode::kDone, ExitCode::kOutput, ExitCode::kLeft}) {
    EXPECT_EQ(Attend([code](Desk&) { return code; }).code, code);
  }
}

TEST(AttendedTest, WhoAttendsIsToldOfADeath) {
  const Ran ran = Attend([](Desk& desk) {
    desk.LastWords("where it was\n");
    std::raise(SIGKILL);
    return ExitCode::kDone;
  });
  EXPECT_EQ(ran.code, ExitCode::kInternal);
  EXPECT_THAT(ran.err, HasSubstr("died by signal 9\nwhere it was"));
}

TEST(AttendedTest, AnExceptionIsAnInternalFault) {
  const Ran ran = Attend([](Desk&) -> ExitCode { throw std::runtime_error("no memory"); });
  EXPECT_EQ(ran.code, ExitCode::kInternal);
  EXPECT_THAT(ran.err, HasSubstr("internal fault: no memory"));
}

TEST(AttendedTest, EachStopSignalIsHandedOn) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    const Ran ran = Attend([number](Desk& desk) {
      EXPECT_FALSE(desk.Stopped());
      kill(getppid(), number);
      const bool slept = desk.Sleep(seconds(60));
      desk.Err(slept ? "slept" : desk.Stopped() ? "stopped" : "woke");
      return ExitCode::kLeft;
    });
    EXPECT_EQ(ran.code, ExitCode::kLeft);
    EXPECT_EQ(ran.err, "stopped");
  }
}

TEST(AttendedTest, WorkThatWasNotStoppedSleepsToTheEnd) {
  const Ran ran = Attend([](Desk& desk) { return desk.Sleep(milliseconds(5)) ? ExitCode::kDone : ExitCode::kLeft; });
  EXPECT_EQ(ran.code, ExitCode::kDone);
}

TEST(AttendedTest, ACallThatHangsIsNamedAndWaitedFor) {
  AttendTimes times;
  times.first_notice = milliseconds(20);
  const Ran ran = Attend(
      [](Desk& desk) {
        desk.Doing("copying app.apk into /srv/drop");
        desk.Sleep(milliseconds(200));
        desk.Doing("");
        return ExitCode::kDone;
      },
      times);
  EXPECT_EQ(ran.code, ExitCode::kDone);
  EXPECT_THAT(ran.err, HasSubstr("no answer for"));
  EXPECT_THAT(ran.err, HasSubstr("copying app.apk into /srv/drop"));
}

TEST(AttendedTest, WorkThatWaitsForNoFolderIsNotCalledHung) {
  AttendTimes times;
  times.first_notice = milliseconds(20);
  const Ran ran = Attend(
      [](Desk& desk) {
        desk.Doing("looking");
        desk.Doing("");
        desk.Sleep(milliseconds(200));
        return ExitCode::kDone;
      },
      times);
  EXPECT_THAT(ran.err, IsEmpty());
}

TEST(AttendedTest, ACallThatNeverComesBackIsLeftBehindAfterAStop) {
  DeadShare share;
  AttendTimes times;
  times.after_stop = milliseconds(50);
  const Ran ran = Attend(
      [&share](Desk& desk) {
        desk.Doing("opening /srv/drop");
        desk.LastWords("nothing was dropped\n");
        kill(getppid(), SIGTERM);
        share.Call();
        return ExitCode::kDone;
      },
      times);
  EXPECT_EQ(ran.code, ExitCode::kLeft);
  EXPECT_THAT(ran.err, HasSubstr("gave up, still without an answer: opening /srv/drop\nnothing was dropped"));
  share.Answer();
  EXPECT_EQ(waitpid(-1, nullptr, 0) > 0, true);
}

TEST(AttendedTest, ACallThatNeverComesBackIsLeftBehindWhenTheTimeIsOver) {
  DeadShare share;
  AttendTimes times;
  times.after_stop = milliseconds(50);
  const Ran ran = Attend(
      [&share](Desk& desk) {
        desk.Doing("looking for receipts");
        desk.EndsWithin(milliseconds(10));
        share.Call();
        return ExitCode::kDone;
      },
      times);
  EXPECT_EQ(ran.code, ExitCode::kLeft);
  share.Answer();
  EXPECT_EQ(waitpid(-1, nullptr, 0) > 0, true);
}

// Whoever attends is killed outright: the work is told to stop, and can still tidy up.
TEST(AttendedTest, TheWorkIsStoppedWhenNobodyAttendsAnyMore) {
  std::array<int, 2> ends{-1, -1};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const pid_t attending = fork();
  ASSERT_GE(attending, 0);
  if (attending == 0) {
    close(ends[0]);
    RunAttended(
        [&](Desk& desk) {
          kill(getppid(), SIGKILL);
          const char* word = desk.Sleep(seconds(60)) ? "slept" : "tidied";
          desk.Err("nobody hears this");
          (void)!write(ends[1], word, 6);
          return ExitCode::kLeft;
        },
        {});
    _exit(0);
  }
  close(ends[1]);
  std::string said(6, '\0');
  EXPECT_EQ(read(ends[0], said.data(), said.size()), 6);
  EXPECT_EQ(said, "tidied");
  close(ends[0]);
  int status = 0;
  EXPECT_EQ(waitpid(attending, &status, 0), attending);
  EXPECT_TRUE(WIFSIGNALED(status));
}

}  // namespace
}  // namespace tegodrop::testing
