// Hosts that fail are left alone for a while; those that answer are not, whatever they answer.
#include "daemon/net/guarded_transfer.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "daemon/base/retry_policy.h"
#include "tests/fakes/fake_transfer.h"
#include "tests/fakes/recorded_log.h"
#include "tests/fakes/stepped_clock.h"

namespace tegodrop::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class GuardedTransferTest : public ::testing::Test {
 protected:
  void Run() {
    queue.RunAll();
    clock.Step(milliseconds(0));
    queue.RunAll();
  }
  HandlePtr Start(const std::string& url, bool again = false) {
    HttpRequest request;
    request.url = Secret(url);
    request.again = again;
    return guarded.Start(std::move(request), [this](Result<HttpAnswer> answer) { last = std::move(answer); });
  }
  // One request and how it ends; false where it was held back.
  bool Ask(const std::string& url, std::optional<int> status) {
    last.reset();
    const std::size_t before = inner.calls.size();
    const HandlePtr handle = Start(url);
    EXPECT_FALSE(last) << "never inside Start";
    Run();
    if (inner.calls.size() == before) {
      EXPECT_TRUE(last && !*last && last->error().held_back);
      return false;
    }
    status ? inner.AnswerStatus(*inner.calls.back(), *status)
           : inner.Answer(*inner.calls.back(), Fail(ErrorKind::kRetry, "connection refused"));
    Run();
    EXPECT_TRUE(last && (!*last || !(*last)->sink_bytes));
    return true;
  }
  void Exhaust(const std::string& url, std::optional<int> status = {}) {
    for (int i = 0; i < kFailuresToRest; ++i) ASSERT_TRUE(Ask(url, status)) << i;
  }

  TaskQueue queue;
  SteppedClock clock;
  RecordedLog log;
  FakeTransfer inner{queue};
  GuardedTransfer guarded{inner, clock, clock, log};
  std::optional<Result<HttpAnswer>> last;
};

TEST_F(GuardedTransferTest, AHostThatIsNotToBeReachedIsLeftAloneAndTheErrorSaysHowLong) {
  Exhaust("https://portal.example/a?sig=hidden");
  EXPECT_FALSE(Ask("https://portal.example/b?sig=hidden", 200));
  const Error& error = last->error();
  EXPECT_EQ(error.kind, ErrorKind::kRetry);
  EXPECT_FALSE(error.outcome_unknown);
  EXPECT_EQ(error.retry_after, milliseconds(kFirstRest));
  EXPECT_NE(error.message.find("portal.example"), std::string::npos) << error.message;
  EXPECT_NE(error.message.find("connection refused"), std::string::npos) << error.message;
  EXPECT_EQ(error.message.find("hidden"), std::string::npos) << error.message;
}

TEST_F(GuardedTransferTest, AnotherHostIsAskedMeanwhile) {
  Exhaust("https://store.example/a");
  EXPECT_FALSE(Ask("https://store.example:443/b", 200)) << "the same host, its port spelled out";
  EXPECT_TRUE(Ask("https://portal.example/a", 200));
  EXPECT_TRUE(Ask("https://store.example:8443/a", 200));
}

TEST_F(GuardedTransferTest, ServerErrorsAreFailuresAndRefusalsAreNot) {
  for (const int refusal : {400, 401, 403, 404, 416, 429}) Exhaust("https://a.example/", refusal);
  EXPECT_TRUE(Ask("https://a.example/", 200));
  for (const int trouble : {408, 500, 502, 503}) {
    const std::string url = "https://host" + std::to_string(trouble) + ".example/";
    Exhaust(url, trouble);
    EXPECT_FALSE(Ask(url, 200)) << trouble;
  }
}

TEST_F(GuardedTransferTest, AfterItsRestOneProbeLeavesAndItsAnswerEndsIt) {
  Exhaust("https://portal.example/");
  clock.Step(kFirstRest);
  const HandlePtr probe = Start("https://portal.example/probe");
  const std::size_t calls = inner.calls.size();
  EXPECT_FALSE(Ask("https://portal.example/other", 200));
  inner.AnswerStatus(*inner.calls[calls - 1], 200);
  Run();
  EXPECT_TRUE(Ask("https://portal.example/other", 200));
  EXPECT_EQ(log.Count("host.rests"), 1);
  EXPECT_EQ(log.Count("host.back"), 1);
}

TEST_F(GuardedTransferTest, AProbeWhoseHandleGoesMakesRoomForTheNext) {
  Exhaust("https://portal.example/");
  clock.Step(kFirstRest);
  { const HandlePtr probe = Start("https://portal.example/probe"); }
  EXPECT_TRUE(Ask("https://portal.example/next", 200));
}

TEST_F(GuardedTransferTest, AProbeThatMovesBytesLetsTheOthersGoOn) {
  Exhaust("https://store.example/");
  clock.Step(kFirstRest);
  const HandlePtr probe = Start("https://store.example/large");
  const std::size_t at = inner.calls.size() - 1;
  ASSERT_TRUE(inner.calls[at]->request.progress);
  inner.calls[at]->request.progress(8U << 20U, 0);
  EXPECT_TRUE(Ask("https://store.example/other", 400));
}

TEST_F(GuardedTransferTest, AProbeThatMovedAndFailedGivesTheNextRestAtOnce) {
  Exhaust("https://store.example/");
  clock.Step(kFirstRest);
  const HandlePtr probe = Start("https://store.example/large");
  const std::size_t at = inner.calls.size() - 1;
  inner.calls[at]->request.progress(8U << 20U, 0);
  inner.AnswerStatus(*inner.calls[at], 503);
  Run();
  EXPECT_FALSE(Ask("https://store.example/other", 200));
}

TEST_F(GuardedTransferTest, TheBodyOfARefusalIsNoSignOfLife) {
  Exhaust("https://portal.example/", 503);
  clock.Step(kFirstRest);
  const HandlePtr probe = Start("https://portal.example/probe");
  const std::size_t at = inner.calls.size() - 1;
  inner.calls[at]->request.progress(10, 25);
  EXPECT_FALSE(Ask("https://portal.example/other", 200)) << "the probe is still under way";
  inner.AnswerStatus(*inner.calls[at], 503, "maintenance");
  Run();
  EXPECT_EQ(log.Count("host.back"), 0);
  EXPECT_FALSE(Ask("https://portal.example/other", 200));
  EXPECT_EQ(last->error().retry_after, milliseconds(kLongestRest));
}

TEST_F(GuardedTransferTest, OurOwnTroubleSaysNothingAboutTheHost) {
  for (int i = 0; i < 3 * kFailuresToRest; ++i) {
    const HandlePtr handle = Start("https://store.example/");
    inner.Answer(*inner.calls.back(), Fail(ErrorKind::kLocalDisk, "the disk is full"));
    Run();
  }
  EXPECT_TRUE(Ask("https://store.example/", 200));
}

TEST_F(GuardedTransferTest, RetriesAreCountedAndTooManyAreHeldBack) {
  int sent = 0;
  for (int i = 0; i < 2 * kRetriesAlways; ++i) {
    const std::size_t before = inner.calls.size();
    const HandlePtr handle = Start("https://portal.example/", true);
    if (inner.calls.size() == before) continue;
    ++sent;
    inner.AnswerStatus(*inner.calls.back(), i % 2 == 0 ? 503 : 400);
    Run();
  }
  EXPECT_EQ(sent, kRetriesAlways);
  EXPECT_TRUE(Ask("https://portal.example/first", 200)) << "what was not asked before may leave";
}

TEST_F(GuardedTransferTest, ARefusalThatIsDroppedNeverAnswers) {
  Exhaust("https://portal.example/");
  last.reset();
  { const HandlePtr handle = Start("https://portal.example/"); }
  Run();
  EXPECT_FALSE(last);
}

}  // namespace
}  // namespace tegodrop::testing
