// A wrong clock is told once, stands in the status, and goes when it is right again.
#include "daemon/app/clock_watch.h"

#include <gtest/gtest.h>

#include "tests/fakes/memory_ledger.h"
#include "tests/fakes/recorded_log.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class ClockWatchTest : public ::testing::Test {
 protected:
  void Saw(std::chrono::milliseconds ahead) {
    watch.Saw(ahead);
    queue.RunAll();
  }

  TaskQueue queue;
  MemoryLedger ledger{queue};
  SteppedClock clock;
  RecordedLog log;
  ClockWatch watch{ledger, clock, log};
};

TEST_F(ClockWatchTest, FiveMinutesAreTolerated) {
  Saw(minutes(5));
  Saw(-minutes(5));
  EXPECT_TRUE(ledger.notices.empty());
  EXPECT_TRUE(log.lines.empty());
}

TEST_F(ClockWatchTest, MoreIsToldOnceWithItsDirectionAndStandsInTheStatus) {
  Saw(-minutes(12));
  Saw(-minutes(12) + seconds(1));
  EXPECT_EQ(log.Count("clock.wrong"), 1);
  ASSERT_EQ(ledger.notices.count(kClockNotice), 1U);
  const Notice& notice = ledger.notices[kClockNotice];
  EXPECT_NE(notice.text.find("behind"), std::string::npos) << notice.text;
  EXPECT_NE(notice.text.find("NTP"), std::string::npos) << notice.text;
  EXPECT_EQ(notice.since, clock.Wall());
}

TEST_F(ClockWatchTest, ARightClockTakesTheNoticeBackAlsoThatOfAnEarlierLife) {
  ledger.notices[kClockNotice] = {kClockNotice, "from before", 1};
  Saw(seconds(1));
  EXPECT_TRUE(ledger.notices.empty());
  Saw(minutes(6));
  EXPECT_EQ(ledger.notices.size(), 1U);
  Saw(seconds(0));
  EXPECT_TRUE(ledger.notices.empty());
  EXPECT_EQ(log.Count("clock.right"), 1);
}

TEST_F(ClockWatchTest, WhatTheLedgerDidNotTakeIsWrittenWithTheNextAnswer) {
  ledger.FailNext("save_notice", MakeError(ErrorKind::kLocalDisk, "full"));
  Saw(minutes(6));
  EXPECT_TRUE(ledger.notices.empty());
  Saw(minutes(6));
  EXPECT_EQ(ledger.notices.size(), 1U);
}

}  // namespace
}  // namespace tegodrop::testing
