// How many jobs ended how: counted once for each end, over retries, restarts, and in a ledger from before the counting.
#include "daemon/ledger/outcomes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/ledger/ledger_rows.h"
#include "daemon/ledger/migrations.h"
#include "daemon/ledger/open_ledger.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/unit/ledger/looped_ledger.h"

namespace tegodrop::testing {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class OutcomesTest : public ::testing::Test {
 protected:
  // Its end is written, as of a job that was at work until now.
  Job End(const std::string& id, JobState state, const std::string& folder = "first", const std::string& twin = "") {
    Job job = JobNamed(id);
    job.target.folder = folder;
    EXPECT_TRUE(on_.Insert(job));
    job.state = state;
    job.duplicate_of = twin;
    EXPECT_TRUE(on_.Save(job)) << "its files are still to be put away";
    Finish(job);
    return job;
  }
  void Finish(Job& job) {
    job.finished = true;
    EXPECT_TRUE(on_.Save(job));
  }
  // "first delivered 2", one for each row.
  std::vector<std::string> Lines() {
    std::vector<std::string> lines;
    for (const OutcomeCount& one : on_.Outcomes()) {
      lines.push_back(one.folder + " " + one.result + " " + std::to_string(one.count));
    }
    return lines;
  }

  ScratchFolder folder_;
  LoopedLedger on_{folder_.path()};
};

TEST_F(OutcomesTest, NothingIsCountedBeforeAnEndIsWhole) {
  Job job = JobNamed("a");
  ASSERT_TRUE(on_.Insert(job));
  job.state = JobState::kFailed;
  ASSERT_TRUE(on_.Save(job));
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(OutcomesTest, EachEndCountsForItsFolderAndItsResult) {
  End("a", JobState::kDelivered);
  End("b", JobState::kDelivered);
  End("c", JobState::kFailed);
  End("d", JobState::kCancelled, "second");
  End("e", JobState::kDelivered, "second", "a");
  EXPECT_THAT(Lines(), ElementsAre("first delivered 2", "first failed 1", "second cancelled 1", "second duplicate 1"));
}

TEST_F(OutcomesTest, TheTimeOfTheLastOneIsKept) {
  End("a", JobState::kDelivered);
  on_.clock.Step(seconds(90));
  End("b", JobState::kDelivered);
  on_.clock.Step(seconds(90));
  EXPECT_EQ(on_.Outcomes().at(0).last, on_.clock.Wall() - 90'000);
}

TEST_F(OutcomesTest, AFailureThatIsRetriedStaysCountedAndItsNextEndCountsToo) {
  Job job = End("a", JobState::kFailed);
  Finish(job);
  EXPECT_THAT(Lines(), ElementsAre("first failed 1")) << "what is written of an ended job is no new end";
  job.finished = false;
  job.state = JobState::kReclaiming;
  ASSERT_TRUE(on_.Save(job));
  job.state = JobState::kDelivered;
  Finish(job);
  EXPECT_THAT(Lines(), ElementsAre("first delivered 1", "first failed 1"));
}

TEST_F(OutcomesTest, NoCountGoesBackOverARestart) {
  Job job = End("a", JobState::kFailed);
  job.finished = false;
  job.state = JobState::kReclaiming;
  ASSERT_TRUE(on_.Save(job));
  on_.Close();
  on_.Open();
  EXPECT_THAT(Lines(), ElementsAre("first failed 1"));
}

TEST_F(OutcomesTest, ALedgerFromBeforeTheCountingIsCountedOnce) {
  const ScratchFolder old;
  {
    auto before = OpenLedgerFile(old.path(), {LedgerMigrations().front()});
    ASSERT_TRUE(before);
    for (const char* id : {"a", "b", "c"}) {
      Job job = JobNamed(id);
      job.target.folder = "first";
      job.state = JobState::kDelivered;
      job.finished = job.id != "c";
      job.duplicate_of = job.id == "b" ? "a" : "";
      ASSERT_TRUE(InsertJob(before->db, job, 1000));
    }
  }
  LoopedLedger on(old.path());
  const std::vector<OutcomeCount> outcomes = on.Outcomes();
  ASSERT_EQ(outcomes.size(), 2U);
  EXPECT_EQ(outcomes[0].result, "delivered");
  EXPECT_EQ(outcomes[0].count, 1);
  EXPECT_EQ(outcomes[0].last, 1000);
  EXPECT_EQ(outcomes[1].result, "duplicate");
}

}  // namespace
}  // namespace tegodrop::testing
