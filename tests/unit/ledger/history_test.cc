// What the report reads: every job of a span with its timeline, and who has the ledger open.
#include "daemon/ledger/history.h"

#include <gtest/gtest.h>

#include "tests/fakes/scratch_folder.h"
#include "tests/unit/ledger/holder_process.h"
#include "tests/unit/ledger/looped_ledger.h"

namespace tegodrop::testing {
namespace {

std::vector<JobState> StatesOf(const JobStory& story) {
  std::vector<JobState> states;
  for (const TimelineEntry& entry : story.timeline) states.push_back(entry.state);
  return states;
}

class HistoryTest : public ::testing::Test {
 protected:
  LedgerHistory Read(WallMs since) {
    Result<LedgerHistory> history = ReadHistory(folder_.path(), since);
    EXPECT_TRUE(history) << history.error().message;
    return history ? std::move(*history) : LedgerHistory();
  }

  ScratchFolder folder_;
};

TEST_F(HistoryTest, EachJobHasItsOwnTimelineInItsOrder) {
  LoopedLedger on(folder_.path());
  Job first = JobNamed("b");
  Job second = JobNamed("a");
  ASSERT_TRUE(on.Insert(first));
  ASSERT_TRUE(on.Insert(second));
  const WallMs begun = on.clock.Wall();
  for (const JobState state : {JobState::kClaimed, JobState::kRequested, JobState::kUploading}) {
    on.clock.Step(std::chrono::seconds(1));
    first.state = state;
    ASSERT_TRUE(on.Save(first));
  }
  second.state = JobState::kFailed;
  ASSERT_TRUE(on.Save(second, "refused"));
  const LedgerHistory history = Read(0);
  ASSERT_EQ(history.jobs.size(), 2U);
  EXPECT_EQ(history.jobs[0].job.id, "b") << "as they came";
  EXPECT_EQ(StatesOf(history.jobs[0]), (std::vector<JobState>{JobState::kClaiming, JobState::kClaimed,
                                                              JobState::kRequested, JobState::kUploading}));
  EXPECT_EQ(history.jobs[0].timeline[1].at, begun + 1000);
  EXPECT_EQ(StatesOf(history.jobs[1]), (std::vector<JobState>{JobState::kClaiming, JobState::kFailed}));
}

TEST_F(HistoryTest, TheMomentHasWhatIsUnfinishedTheLastThatEndedAndTheLastThatFailed) {
  LoopedLedger on(folder_.path());
  std::vector<std::string> ended;
  for (int i = 0; i < 12; ++i) {
    Job job = JobNamed("j" + std::to_string(10 + i));
    ASSERT_TRUE(on.Insert(job));
    if (i == 1) continue;
    on.clock.Step(std::chrono::seconds(1));
    job.state = i == 2 ? JobState::kFailed : JobState::kCancelled;
    job.finished = true;
    ASSERT_TRUE(on.Save(job));
  }
  const auto ids = [](const RecentLedger& recent) {
    std::string all;
    for (const Job& job : recent.ledger.jobs) all += job.id + " ";
    return all;
  };
  const auto recent = ReadRecent(folder_.path(), 0, 3);
  ASSERT_TRUE(recent);
  EXPECT_EQ(ids(*recent), "j11 j12 j19 j20 j21 ") << "as they came";
  EXPECT_EQ(recent->left_out, 7);
  const auto all = ReadRecent(folder_.path(), 0, 100);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->ledger.jobs.size(), 12U);
  EXPECT_EQ(all->left_out, 0);
  const auto none = ReadRecent(folder_.path(), on.clock.Wall() + 1, 100);
  ASSERT_TRUE(none);
  EXPECT_EQ(ids(*none), "j11 ");
  EXPECT_EQ(none->left_out, 0);
}

TEST_F(HistoryTest, FinishedJobsCountFromTheirLastChangeOnUnfinishedOnesAlways) {
  LoopedLedger on(folder_.path());
  Job done = JobNamed("done");
  ASSERT_TRUE(on.Insert(done));
  ASSERT_TRUE(on.Insert(JobNamed("open")));
  done.state = JobState::kCancelled;
  done.finished = true;
  ASSERT_TRUE(on.Save(done));
  const WallMs changed = on.clock.Wall();
  EXPECT_EQ(Read(changed).jobs.size(), 2U);
  const LedgerHistory later = Read(changed + 1);
  ASSERT_EQ(later.jobs.size(), 1U);
  EXPECT_EQ(later.jobs[0].job.id, "open");
  EXPECT_EQ(later.jobs[0].timeline.size(), 1U);
}

TEST_F(HistoryTest, FoldersPausesAndNoticesComeWithIt) {
  LoopedLedger on(folder_.path());
  FolderRecord folder;
  folder.name = "production";
  folder.state = "missing";
  folder.since = 7;
  ASSERT_TRUE(on.SaveFolder(folder));
  ASSERT_TRUE(on.SavePause({"production", 8}));
  ASSERT_TRUE(on.SaveNotice({kClockNotice, "behind", 9}));
  const LedgerHistory history = Read(0);
  ASSERT_EQ(history.folders.size(), 1U);
  EXPECT_EQ(history.folders[0].since, 7);
  ASSERT_EQ(history.pauses.size(), 1U);
  EXPECT_EQ(history.pauses[0].since, 8);
  ASSERT_EQ(history.notices.size(), 1U);
  EXPECT_EQ(history.notices[0].since, 9);
}

TEST_F(HistoryTest, WithoutALedgerThereIsNoneAndNobodyUsesIt) {
  const Result<LedgerHistory> history = ReadHistory(folder_.path(), 0);
  ASSERT_FALSE(history);
  EXPECT_EQ(history.error().sys, ENOENT);
  const Result<LedgerUse> use = LookAtLedgerUse(folder_.path());
  ASSERT_TRUE(use) << use.error().message;
  EXPECT_FALSE(use->open);
  EXPECT_EQ(use->since, 0);
}

TEST_F(HistoryTest, WhoHasTheLedgerOpenIsSeenAndNotDisturbed) {
  const WallMs before = SystemClock().Wall() - 2000;  // the kernel's own clock for files is a little behind
  {
    HolderProcess daemon(folder_.path());
    ASSERT_TRUE(daemon.ready());
    const Result<LedgerUse> use = LookAtLedgerUse(folder_.path());
    ASSERT_TRUE(use) << use.error().message;
    EXPECT_TRUE(use->open);
    EXPECT_GE(use->since, before);
    EXPECT_LE(use->since, SystemClock().Wall());
    EXPECT_FALSE(use->process.empty());
    EXPECT_EQ(use->process.find_first_not_of("0123456789"), std::string::npos) << use->process;
    ASSERT_EQ(daemon.Close(), 0);
  }
  const Result<LedgerUse> use = LookAtLedgerUse(folder_.path());
  ASSERT_TRUE(use) << use.error().message;
  EXPECT_FALSE(use->open);
  EXPECT_GE(use->since, before) << "when it was last opened";
  EXPECT_EQ(use->process, "");
  HolderProcess next(folder_.path());
  EXPECT_TRUE(next.ready()) << "nobody holds the lock";
}

}  // namespace
}  // namespace tegodrop::testing
