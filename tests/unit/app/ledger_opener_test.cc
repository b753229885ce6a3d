// What comes of a ledger that was opened and then could not be read.
#include "daemon/app/ledger_opener.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <optional>

#include "tests/fakes/recorded_log.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/fakes/stepped_clock.h"

namespace tegodrop::testing {
namespace {

Error ReadError(int sys) {
  Error error = MakeError(ErrorKind::kLocalDisk, "page 7 of it");
  error.sys = sys;
  return error;
}

class LedgerOpenerTest : public ::testing::Test {
 protected:
  LedgerOpenerTest() {
    LedgerOpener::Hands hands;
    // As the daemon does before it says that it cannot be read.
    hands.opened = [this](const std::unique_ptr<LedgerStore>&) { ++opened; };
    hands.waits = [this] { ++waits; };
    hands.given_up = [this](ExitCode code) { given_up = code; };
    opener.emplace(LedgerOpenerWorld{clock, clock, log, [](const std::function<void()>&) {}}, folder.path(), false,
                   std::move(hands));
    opener->Open();
    EXPECT_EQ(opened, 1);
  }

  ScratchFolder folder;
  SteppedClock clock;
  RecordedLog log;
  int opened = 0;
  int waits = 0;
  std::optional<ExitCode> given_up;
  std::optional<LedgerOpener> opener;
};

TEST_F(LedgerOpenerTest, ADiskInTroubleIsWaitedForHoweverOften) {
  for (int i = 1; i <= 3; ++i) {
    opener->Unread(ReadError(EIO));
    EXPECT_EQ(waits, i);
    clock.Step(std::chrono::seconds(3));
    EXPECT_EQ(opened, 1 + i);
  }
  EXPECT_FALSE(given_up);
}

TEST_F(LedgerOpenerTest, OneThatSeemsDamagedIsLookedOverAtOnceAndRefusedTheSecondTime) {
  opener->Unread(ReadError(EUCLEAN));
  EXPECT_EQ(opened, 2) << "no disk is waited for";
  EXPECT_FALSE(given_up);
  opener->Unread(ReadError(EUCLEAN));
  EXPECT_EQ(given_up, ExitCode::kConfig);
  EXPECT_EQ(waits, 0);
  EXPECT_EQ(log.Count("ledger.unusable"), 1);
  EXPECT_TRUE(log.Contains("nothing was changed. The way back"));
}

TEST_F(LedgerOpenerTest, ADiskInTroubleBetweenTheTwoIsToBlameForBoth) {
  opener->Unread(ReadError(EUCLEAN));
  opener->Unread(ReadError(EIO));
  clock.Step(std::chrono::seconds(3));
  opener->Unread(ReadError(EUCLEAN));
  EXPECT_FALSE(given_up);
  EXPECT_EQ(opened, 4);
}

}  // namespace
}  // namespace tegodrop::testing
