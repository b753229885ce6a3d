// The way to the ledger: many jobs change at once, and few of their rows are on it.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "daemon/conductor/active_job.h"
#include "tests/fakes/memory_ledger.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop {
namespace {

using testing::MemoryLedger;
using testing::SteppedClock;
using testing::TaskQueue;

constexpr int kJobs = 1000;

class WriteLineTest : public ::testing::Test {
 protected:
  WriteLineTest() {
    for (int i = 0; i < kJobs; ++i) {
      Job job;
      job.id = "job" + std::to_string(i);
      job.state = JobState::kSubmitted;
      ledger.jobs[job.id] = job;
      jobs.push_back(std::make_unique<ActiveJob>(ledger, clock, line, job, [](const Job&, const Job&) {}));
    }
  }
  // As one look at the history does; `prepared` counts the copies that were made for the ledger.
  void ChangeAll(JobState to) {
    for (auto& job : jobs) {
      job->Save(
          [this, to](Job& changed) {
            ++prepared;
            changed.state = to;
          },
          "news", [this](const Status& saved) { answered += saved ? 1 : 0; });
    }
  }

  TaskQueue queue;
  SteppedClock clock;
  MemoryLedger ledger{queue};
  std::shared_ptr<WriteLine> line = std::make_shared<WriteLine>();
  std::vector<std::unique_ptr<ActiveJob>> jobs;
  int prepared = 0;
  int answered = 0;
};

TEST_F(WriteLineTest, FewAreOnTheirWayAtOnceAndAllArrive) {
  ChangeAll(JobState::kBuilding);
  EXPECT_LE(prepared, 64);
  EXPECT_GT(prepared, 0);
  for (const auto& job : jobs) EXPECT_TRUE(job->saving());
  queue.RunAll();
  EXPECT_EQ(answered, kJobs);
  for (const auto& [id, row] : ledger.jobs) EXPECT_EQ(row.state, JobState::kBuilding);
}

TEST_F(WriteLineTest, WhoIsGoneOrMayNotLeavesNoGap) {
  ChangeAll(JobState::kBuilding);
  // The first ones are on their way, the last ones wait.
  for (int i = 0; i < 10; ++i) jobs[static_cast<std::size_t>(i)].reset();
  for (int i = kJobs - 10; i < kJobs; ++i) jobs[static_cast<std::size_t>(i)].reset();
  queue.RunAll();
  EXPECT_EQ(answered, kJobs - 20);
  std::erase(jobs, nullptr);
  answered = prepared = 0;
  ChangeAll(JobState::kClaiming);  // which cannot follow
  EXPECT_EQ(prepared, kJobs - 20);
  clock.Step(std::chrono::seconds(1));
  EXPECT_EQ(answered, 0);
  for (const auto& job : jobs) EXPECT_FALSE(job->saving());
  ChangeAll(JobState::kBuilt);
  queue.RunAll();
  EXPECT_EQ(answered, kJobs - 20);
}

TEST_F(WriteLineTest, ItsOwnWritesFollowInTheirOrder) {
  ChangeAll(JobState::kBuilding);
  ChangeAll(JobState::kBuilt);
  queue.RunAll();
  EXPECT_EQ(answered, 2 * kJobs);
  for (const auto& [id, row] : ledger.jobs) EXPECT_EQ(row.state, JobState::kBuilt);
}

}  // namespace
}  // namespace tegodrop
