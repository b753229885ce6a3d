// The upload window in the conductor: what has not begun waits, what has goes on. The clock begins at midnight UTC.
#include "daemon/conductor/conductor.h"
#include "tests/unit/conductor/scripted_rooms.h"

namespace tegodrop::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class WindowTest : public ConductorTest {
 protected:
  void Window(const std::string& text) {
    conductor->SetWindow(*UploadWindow::Parse({text}, TimeZone{}));
    Run();
  }
  // As the portal's answers say.
  void ClockIsAhead(milliseconds by) {
    conductor->SawClock(by);
    Run();
  }
  WallMs Midnight() const { return midnight_; }

  const WallMs midnight_ = clock.Wall();
};

TEST_F(WindowTest, WhatIsAdmittedOutsideWaitsShowsItAndBeginsWhenItOpens) {
  ClockIsAhead(seconds(0));
  Window("02:00-04:00");
  Step(minutes(1));
  Take(MakeJob("a"));
  EXPECT_EQ(Count("upload"), 0U);
  EXPECT_EQ(Row("a").state, JobState::kClaimed);
  EXPECT_EQ(Row("a").waiting.for_what, "the upload window (02:00-04:00, UTC)");
  EXPECT_EQ(Row("a").waiting.since, Midnight() + 60'000);
  EXPECT_EQ(Row("a").waiting.not_before, Midnight() + 2 * 3'600'000);
  EXPECT_EQ(conductor->overview().outside_window, 1);
  EXPECT_EQ(conductor->overview().window_words,
            "the upload window (02:00-04:00, UTC), which opens on Thu 2026-01-01 02:00 (UTC)");
  EXPECT_EQ(log.Count("window.closed"), 1);
  Step(hours(1) + minutes(58) + seconds(59) + milliseconds(999));
  EXPECT_EQ(Count("upload"), 0U);
  EXPECT_EQ(Row("a").waiting.since, Midnight() + 60'000) << "one wait";
  EXPECT_EQ(log.Count("job.waiting"), 0);
  Step(milliseconds(1));
  EXPECT_EQ(Only("upload")->job, "a");
  EXPECT_EQ(Row("a").waiting.for_what, "");
  EXPECT_EQ(conductor->overview().outside_window, 0);
  EXPECT_EQ(log.Count("window.open"), 1);
  EXPECT_EQ(log.Count("window.closed"), 1) << "said once, not each minute";
}

TEST_F(WindowTest, WhatIsUnderWayGoesOnWhenItClosesAndTheRestOfTheQueueWaits) {
  ClockIsAhead(seconds(0));
  Window("23:00-01:00");
  for (const char* id : {"a", "b", "c", "d"}) Take(MakeJob(id));
  ASSERT_EQ(Live("upload").size(), 2U);
  EXPECT_EQ(Row("c").waiting.for_what, "") << "an upload slot, by its state";
  Step(hours(1));
  for (const char* id : {"c", "d"}) {
    EXPECT_EQ(Row(id).waiting.for_what, "the upload window (23:00-01:00, UTC)") << "said when it closes";
  }
  EXPECT_EQ(conductor->overview().outside_window, 2);
  Submit(*Live("upload")[0], 100);
  Submit(*Live("upload")[0], 101);
  EXPECT_EQ(Count("upload"), 2U);
  EXPECT_EQ(conductor->overview().unfinished, 4);
  Step(seconds(15));
  Look(*Only("look production"), Shows(Row("a"), true));
  EXPECT_EQ(Only("deliver")->job, "a") << "what the portal has comes back";
  Step(hours(22));
  EXPECT_EQ(Count("upload"), 4U) << "the next night";
  EXPECT_EQ(Row("d").waiting.for_what, "");
}

TEST_F(WindowTest, WhatWaitsForASlotWhenItOpensSaysThatInstead) {
  ClockIsAhead(seconds(0));
  Window("02:00-04:00");
  for (const char* id : {"a", "b", "c"}) Take(MakeJob(id));
  Step(hours(2));
  EXPECT_EQ(Live("upload").size(), 2U);
  EXPECT_EQ(Row("c").waiting.for_what, "");
  EXPECT_EQ(WaitingOf(Row("c")).for_what, "an upload slot");
}

TEST_F(WindowTest, ABrokenUploadIsTriedAgainOutsideIfSomethingOfItWasSent) {
  ClockIsAhead(seconds(0));
  Window("23:00-01:00");
  for (const char* id : {"a", "b"}) Take(MakeJob(id));
  const auto sending = Live("upload")[0];
  const auto asking = Live("upload")[1];
  ASSERT_EQ(sending->job, "a");
  sending->progress(5, 10);
  Step(hours(1));
  End(*sending, Fail(ErrorKind::kRetry, "connection reset"));
  End(*asking, Fail(ErrorKind::kRetry, "no answer"));
  EXPECT_EQ(Row("a").state, JobState::kClaimed);
  EXPECT_NE(Row("a").waiting.for_what.find("connection reset"), std::string::npos);
  Step(minutes(2));
  EXPECT_EQ(Only("upload")->job, "a");
  EXPECT_EQ(Row("b").waiting.for_what, "the upload window (23:00-01:00, UTC)");
}

TEST_F(WindowTest, AnUploadOfAnEarlierLifeGoesOnByItsState) {
  ClockIsAhead(seconds(0));
  Window("02:00-04:00");
  Take(MakeJob("u", JobState::kUploading));
  EXPECT_EQ(Only("upload")->job, "u");
  Take(MakeJob("r", JobState::kRequested));
  EXPECT_EQ(Count("upload"), 1U) << "nothing of it was sent";
  Job sent = MakeJob("s");
  sent.sends = 1;
  Take(sent);
  EXPECT_EQ(Live("upload").size(), 2U) << "it was sent once and is sent once more";
}

TEST_F(WindowTest, AnotherWindowCountsAtOnce) {
  ClockIsAhead(seconds(0));
  Window("02:00-04:00");
  Take(MakeJob("a"));
  Window("05:00-06:00");
  EXPECT_EQ(Row("a").waiting.for_what, "the upload window (05:00-06:00, UTC)");
  EXPECT_EQ(Row("a").waiting.not_before, Midnight() + 5 * 3'600'000);
  conductor->SetWindow({});
  Run();
  EXPECT_EQ(Only("upload")->job, "a");
  EXPECT_EQ(Row("a").waiting.for_what, "");
}

TEST_F(WindowTest, AWaitOfAnEarlierLifeIsNotThatOfTheWindowThatCountsNow) {
  ClockIsAhead(seconds(0));
  Job job = MakeJob("a");
  job.waiting = {"the upload window (22:00-06:00, UTC)", 5, clock.Wall() + 600'000};
  Take(job);
  EXPECT_EQ(Only("upload")->job, "a") << "there is none";
}

TEST_F(WindowTest, TheSameWaitGoesOnOverARestart) {
  ClockIsAhead(seconds(0));
  Window("02:00-04:00");
  Job job = MakeJob("a");
  job.waiting = {"the upload window (02:00-04:00, UTC)", Midnight() - 5'000, Midnight() + 2 * 3'600'000};
  Take(job);
  EXPECT_EQ(Row("a").waiting.since, Midnight() - 5'000);
  Step(hours(2));
  EXPECT_EQ(Only("upload")->job, "a");
}

TEST_F(WindowTest, AClockThatIsSetIsSeenWithinAMinuteAndThePortalIsAskedWhetherItIsRight) {
  ClockIsAhead(seconds(0));
  Window("02:00-04:00");
  Take(MakeJob("a"));
  clock.SetWall(Midnight() + 3 * 3'600'000);
  Step(seconds(59));
  EXPECT_EQ(Count("look production"), 0U);
  Step(seconds(1));
  EXPECT_EQ(Count("upload"), 0U);
  auto look = Only("look production");
  ClockIsAhead(seconds(1));
  Look(*look, HistoryLook{{}, true});
  EXPECT_EQ(Only("upload")->job, "a");
}

TEST_F(WindowTest, AClockThatIsSetBackKeepsItShutUntilItsTime) {
  ClockIsAhead(seconds(0));
  Window("02:00-04:00");
  Take(MakeJob("a"));
  Step(hours(1) + minutes(59) + seconds(30));
  clock.SetWall(Midnight());
  Step(seconds(30));
  EXPECT_EQ(Count("upload"), 0U);
  EXPECT_EQ(Row("a").waiting.not_before, Midnight() + 2 * 3'600'000);
  Step(hours(2));
  EXPECT_EQ(Count("upload"), 0U);
  ClockIsAhead(seconds(1));
  EXPECT_EQ(Count("upload"), 1U);
}

TEST_F(WindowTest, NothingIsLookedAtAgainWhileNothingWaits) {
  ClockIsAhead(seconds(0));
  Window("02:00-04:00");
  Run();
  EXPECT_EQ(clock.pending(), 0U);
}

TEST_F(WindowTest, APauseAndTheWindowMustBothEnd) {
  ClockIsAhead(seconds(0));
  Window("02:00-04:00");
  Take(MakeJob("a"));
  conductor->SetPaused({"production"});
  Run();
  EXPECT_EQ(conductor->overview().paused, 1);
  EXPECT_EQ(conductor->overview().outside_window, 0) << "counted once";
  Step(hours(3));
  EXPECT_EQ(Count("upload"), 0U);
  conductor->SetPaused({});
  Run();
  EXPECT_EQ(Only("upload")->job, "a") << "the window is open";
  conductor->SetPaused({"production"});
  Take(MakeJob("b"));
  Step(hours(2));
  conductor->SetPaused({});
  Run();
  EXPECT_EQ(Count("upload"), 1U) << "and shut again";
  EXPECT_EQ(Row("b").waiting.for_what, "the upload window (02:00-04:00, UTC)");
}

TEST_F(WindowTest, ThePortalsTimeIsAskedForBeforeTheFirstUpload) {
  Window("23:00-04:00");
  Take(MakeJob("a"));
  EXPECT_EQ(Count("upload"), 0U);
  EXPECT_EQ(conductor->overview().outside_window, 0) << "it is not left for that";
  auto look = Only("look production");
  EXPECT_TRUE(look->awaited.empty());
  ClockIsAhead(seconds(1));
  EXPECT_EQ(Only("upload")->job, "a");
  EXPECT_EQ(Row("a").waiting.for_what, "");
}

TEST_F(WindowTest, APortalThatIsAwayIsAskedAgainAndOneThatNamesNoTimeIsTaken) {
  Window("23:00-04:00");
  Take(MakeJob("a"));
  Look(*Only("look production"), Fail(ErrorKind::kRetry, "connection refused"));
  EXPECT_TRUE(conductor->overview().portal_silent_since);
  EXPECT_NE(Row("a").waiting.for_what.find("connection refused"), std::string::npos);
  Step(minutes(2));
  EXPECT_EQ(Count("upload"), 0U);
  Look(*Only("look production"), HistoryLook{{}, true});
  EXPECT_EQ(Only("upload")->job, "a");
}

TEST_F(WindowTest, AWrongClockHoldsUploadsUpUntilItIsSet) {
  Window("23:00-04:00");
  Take(MakeJob("a"));
  conductor->SawClock(minutes(20));  // by the answer, before it is taken
  Look(*Only("look production"), HistoryLook{{}, true});
  EXPECT_EQ(Count("upload"), 0U);
  EXPECT_NE(Row("a").waiting.for_what.find("set it by NTP"), std::string::npos) << Row("a").waiting.for_what;
  EXPECT_EQ(Row("a").waiting.not_before, 0);
  EXPECT_EQ(conductor->overview().outside_window, 1);
  EXPECT_NE(conductor->overview().window_words.find("set it by NTP"), std::string::npos);
  Step(minutes(3));
  EXPECT_EQ(Count("upload"), 0U);
  clock.SetWall(clock.Wall() - 20 * 60'000);
  Step(minutes(1));
  EXPECT_EQ(Only("upload")->job, "a");
  EXPECT_EQ(Row("a").waiting.for_what, "");
}

TEST_F(WindowTest, AClockThatTurnsOutWrongStopsTheQueueButNotWhatIsUnderWay) {
  ClockIsAhead(seconds(0));
  Window("23:00-04:00");
  for (const char* id : {"a", "b", "c"}) Take(MakeJob(id));
  ClockIsAhead(-minutes(6));
  EXPECT_EQ(Live("upload").size(), 2U);
  Submit(*Live("upload")[0]);
  EXPECT_EQ(Count("upload"), 2U);
  EXPECT_NE(Row("c").waiting.for_what.find("a right clock"), std::string::npos);
  ClockIsAhead(-minutes(4));
  EXPECT_EQ(Count("upload"), 3U);
}

TEST_F(WindowTest, NewCredentialsEndNoWaitForTheWindow) {
  ClockIsAhead(seconds(0));
  Window("23:00-01:00");
  Take(MakeJob("a"));
  Step(minutes(50));
  End(*Only("upload"), Fail(ErrorKind::kSignIn, "token revoked"));
  Step(minutes(11));
  EXPECT_NE(Row("a").waiting.for_what.find("token revoked"), std::string::npos) << "the greater trouble";
  Take(MakeJob("b"));
  const WallMs since = Row("b").waiting.since;
  EXPECT_EQ(Row("b").waiting.for_what, "the upload window (23:00-01:00, UTC)");
  Step(seconds(10));
  conductor->CredentialsChanged();
  Run();
  EXPECT_EQ(Row("b").waiting.since, since);
  EXPECT_EQ(Row("a").waiting.for_what, "the upload window (23:00-01:00, UTC)");
}

TEST_F(WindowTest, ALedgerThatTakesNothingDelaysNoUpload) {
  ClockIsAhead(seconds(0));
  Window("02:00-04:00");
  ledger.FailNext("save", PosixError("cannot write", "ledger", ENOSPC));
  Take(MakeJob("a"));
  EXPECT_EQ(Row("a").waiting.for_what, "");
  Step(seconds(6));
  EXPECT_EQ(Row("a").waiting.for_what, "the upload window (02:00-04:00, UTC)") << "written once there is room";
  Step(hours(2));
  EXPECT_EQ(Only("upload")->job, "a");
}

TEST_F(WindowTest, WhenItOpensALedgerThatTakesNothingIsAskedNowAndThenAndNotWithoutAPause) {
  ClockIsAhead(seconds(0));
  Window("02:00-04:00");
  for (const char* id : {"a", "b", "c"}) Take(MakeJob(id));
  EXPECT_EQ(Row("c").waiting.for_what, "the upload window (02:00-04:00, UTC)");
  for (int i = 0; i < 1000; ++i) ledger.FailNext("save", PosixError("cannot write", "ledger", ENOSPC));
  Step(hours(2));
  const long before = log.Count("ledger.error");
  Step(seconds(60));
  EXPECT_LE(log.Count("ledger.error") - before, 3 * 13) << "every five seconds for each";
}

}  // namespace
}  // namespace tegodrop::testing
