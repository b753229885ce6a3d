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
    job.target.Edit().folder = folder;
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

// Writes rows as an older tegodrop did, which knew fewer columns.
void InsertInto(SqliteDb& old, const std::vector<Job>& jobs) {
  const ScratchFolder now;
  auto current = OpenLedgerFile(now.path(), LedgerMigrations());
  ASSERT_TRUE(current);
  for (const Job& job : jobs) ASSERT_TRUE(InsertJob(current->db, job, 1000));
  ASSERT_TRUE(old.Exec("ATTACH '" + current->db.path() + "' AS current"));
  const auto columns = old.QueryText("SELECT group_concat(name) FROM pragma_table_info('jobs')");
  ASSERT_TRUE(columns && *columns);
  ASSERT_TRUE(old.Exec("INSERT INTO jobs (" + **columns + ") SELECT " + **columns + " FROM current.jobs"));
  ASSERT_TRUE(old.Exec("DETACH current"));
}

TEST_F(OutcomesTest, ALedgerFromBeforeTheCountingIsCountedOnce) {
  const ScratchFolder old;
  {
    auto before = OpenLedgerFile(old.path(), {LedgerMigrations().front()});
    ASSERT_TRUE(before);
    std::vector<Job> jobs;
    for (const char* id : {"a", "b", "c"}) {
      Job& job = jobs.emplace_back(JobNamed(id));
      job.target.Edit().folder = "first";
      job.state = JobState::kDelivered;
      job.finished = job.id != "c";
      job.duplicate_of = job.id == "b" ? "a" : "";
    }
    InsertInto(before->db, jobs);
  }
  LoopedLedger on(old.path());
  const std::vector<OutcomeCount> outcomes = on.Outcomes();
  ASSERT_EQ(outcomes.size(), 2U);
  EXPECT_EQ(outcomes[0].result, "delivered");
  EXPECT_EQ(outcomes[0].count, 1);
  EXPECT_EQ(outcomes[0].last, 1000);
  EXPECT_EQ(outcomes[1].result, "duplicate");
}

// What it was claimed with stays with a job: an older tegodrop promised no provenance and asked for no signer.
TEST_F(OutcomesTest, AJobThatAnOlderProgramClaimedIsAskedForNothingMore) {
  const ScratchFolder old;
  {
    auto before = OpenLedgerFile(old.path(), {LedgerMigrations()[0], LedgerMigrations()[1]});
    ASSERT_TRUE(before);
    Job job = JobNamed("a");
    job.state = JobState::kFetched;
    Target& target = job.target.Edit();
    target.provenance = Provenance::kSigned;
    target.expected_signers = {"x"};
    job.artifact.identity.package = "com.example.app";
    InsertInto(before->db, {job});
  }
  LoopedLedger on(old.path());
  const std::vector<Job> jobs = on.Unfinished();
  ASSERT_EQ(jobs.size(), 1U);
  const Job& job = jobs.front();
  EXPECT_EQ(job.state, JobState::kFetched);
  EXPECT_EQ(job.target->provenance, Provenance::kOff);
  EXPECT_TRUE(job.target->expected_signers.empty());
  EXPECT_TRUE(job.target->warn_checks.empty());
  EXPECT_EQ(job.artifact.identity, AppIdentity());
  EXPECT_EQ(job.output.signature_schemes, std::nullopt) << "nobody has looked for them, and its trace says so";
}

}  // namespace
}  // namespace tegodrop::testing
