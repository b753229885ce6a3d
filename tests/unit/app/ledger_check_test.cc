// The look over a large ledger beside the work: what comes of each finding.
#include "daemon/app/ledger_check.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>

#include "tests/fakes/recorded_log.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop::testing {
namespace {

using Found = tl::expected<bool, LedgerOpenError>;

Found Trouble() { return tl::unexpected(LedgerOpenError{LedgerOpenFailure::kDiskTrouble, "cannot read page 7"}); }

class LedgerCheckTest : public ::testing::Test {
 protected:
  void Begin() {
    LedgerCheck::Hands hands;
    hands.whole = [this] { ++whole; };
    hands.damaged = [this] { ++damaged; };
    check.emplace(
        LedgerCheckWorld{clock, queue, log},
        [this](LookStop& stop) -> Found {
          ++looks;
          if (stop.stopped()) return false;
          Found next = findings.front();
          findings.pop_front();
          return next;
        },
        std::move(hands));
  }

  SteppedClock clock;
  TaskQueue queue;
  RecordedLog log;
  std::deque<Found> findings;
  int looks = 0;
  int whole = 0;
  int damaged = 0;
  std::optional<LedgerCheck> check;
};

TEST_F(LedgerCheckTest, AWholeLedgerIsNoNews) {
  findings = {true};
  Begin();
  EXPECT_EQ(whole, 0);
  queue.RunAll();
  EXPECT_EQ(whole, 1);
  EXPECT_EQ(log.lines.size(), 1U);
  EXPECT_TRUE(log.Contains("DEBUG") || log.Contains("debug")) << log.lines[0];
  EXPECT_EQ(clock.pending(), 0U);
}

TEST_F(LedgerCheckTest, DamageIsSaidWithTheWayBack) {
  findings = {tl::unexpected(DamagedLedger("/state", "it is damaged", 0))};
  Begin();
  queue.RunAll();
  EXPECT_EQ(damaged, 1);
  EXPECT_EQ(whole, 0);
  EXPECT_EQ(log.Count("ledger.unusable"), 1);
  EXPECT_TRUE(log.Contains("a backup in their place"));
}

TEST_F(LedgerCheckTest, ALookThatTheDiskSpoiltIsDoneAgainUntilItComesToItsEnd) {
  findings = {Trouble(), Trouble(), true};
  Begin();
  queue.RunAll();
  EXPECT_EQ(log.Count("ledger.not_looked_over"), 1);
  EXPECT_TRUE(log.Contains("cannot read page 7"));
  clock.Step(LedgerCheck::kAgain - std::chrono::milliseconds(1));
  queue.RunAll();
  EXPECT_EQ(looks, 1);
  clock.Step(std::chrono::milliseconds(1));
  queue.RunAll();
  EXPECT_EQ(looks, 2);
  clock.Step(LedgerCheck::kAgain);
  queue.RunAll();
  EXPECT_EQ(looks, 3);
  EXPECT_EQ(whole, 1);
  EXPECT_EQ(damaged, 0);
  EXPECT_EQ(log.Count("ledger.looked_over"), 1);
  EXPECT_FALSE(log.Contains("DEBUG") || log.Contains("debug")) << "the trouble is over, and that is news";
  EXPECT_EQ(clock.pending(), 0U);
}

TEST_F(LedgerCheckTest, OneThatIsStoppedFindsNothingAndIsNotWaitedFor) {
  findings = {true};
  Begin();
  check->Stop();
  check.reset();
  queue.RunAll();
  EXPECT_EQ(whole + damaged, 0);
}

TEST_F(LedgerCheckTest, AStopAlsoEndsTheWaitForTheNextLook) {
  findings = {Trouble()};
  Begin();
  queue.RunAll();
  check->Stop();
  clock.Step(LedgerCheck::kAgain * 2);
  queue.RunAll();
  EXPECT_EQ(looks, 1);
}

}  // namespace
}  // namespace tegodrop::testing
