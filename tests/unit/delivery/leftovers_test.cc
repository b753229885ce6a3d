// What lies in staging of jobs that have ended goes; everything else is somebody's.
#include "daemon/delivery/leftovers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "daemon/disk/layout.h"
#include "tests/fakes/fake_output_folder.h"
#include "tests/fakes/memory_ledger.h"
#include "tests/fakes/recorded_log.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/unit/delivery/sample_job.h"

namespace tegodrop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr WallMs kBorn = 1'000'000;

class LeftoversTest : public ::testing::Test {
 protected:
  void Know(const std::string& id, JobState state, bool finished) {
    Job job = BuiltJob();
    job.id = id;
    job.state = state;
    job.finished = finished;
    ledger.jobs[id] = job;
  }
  void Lies(const std::string& name, WallMs changed = kBorn - 1) {
    output.staged[name] = "bytes";
    output.changed[name] = changed;
  }
  std::vector<std::string> Left() {
    leftovers.Tidy(output);
    queue.RunAll();
    std::vector<std::string> names;
    for (const auto& [name, content] : output.staged) names.push_back(name);
    return names;
  }

  TaskQueue queue;
  MemoryLedger ledger{queue};
  RecordedLog log;
  FakeOutputFolder output{queue};
  SteppedClock clock{kBorn};
  Leftovers leftovers{ledger, log, clock};
};

TEST_F(LeftoversTest, OfJobsThatHaveEndedNothingIsLeft) {
  Know("delivered", JobState::kDelivered, true);
  Know("failed", JobState::kFailed, true);
  Know("cancelled", JobState::kCancelled, true);
  for (const char* name : {"delivered.1.part", "failed.1.part", "failed.12.part", "cancelled.3.part"}) Lies(name);
  EXPECT_THAT(Left(), IsEmpty());
  EXPECT_EQ(log.Count("delivery.leftover_removed"), 4);
}

TEST_F(LeftoversTest, JobsAtWorkKeepTheirs) {
  Know("building", JobState::kBuilt, false);
  Know("ending", JobState::kFailed, false);
  Lies("building.1.part");
  Lies("ending.1.part");
  EXPECT_THAT(Left(), ElementsAre("building.1.part", "ending.1.part"));
}

TEST_F(LeftoversTest, WhatTheLedgerDoesNotKnowMayBeAnotherHosts) {
  Know("mine", JobState::kDelivered, true);
  for (const char* name : {"min.1.part", "mine2.1.part", "theirs.1.part", "mine.part", "mine.x.part", "mine.1.part.bak",
                           "mine.1", "readme"}) {
    Lies(name);
  }
  const std::vector<std::string> left = Left();
  EXPECT_EQ(left.size(), output.staged.size());
  EXPECT_EQ(left.size(), 8U);
}

TEST_F(LeftoversTest, WhatWasChangedInThisLifeIsLeft) {
  Know("mine", JobState::kDelivered, true);
  Lies("mine.1.part", kBorn);
  EXPECT_THAT(Left(), ElementsAre("mine.1.part"));
}

TEST_F(LeftoversTest, FolderIsTidiedOnceAndAgainOnlyWhereItCouldNotBeListed) {
  Know("mine", JobState::kDelivered, true);
  Lies("mine.1.part");
  output.FailNext("ListStaged", ENOENT);
  EXPECT_THAT(Left(), ElementsAre("mine.1.part"));
  EXPECT_THAT(Left(), IsEmpty());
  Lies("mine.1.part");
  EXPECT_THAT(Left(), ElementsAre("mine.1.part"));
}

TEST_F(LeftoversTest, ReceiptsArePrunedOnceADay) {
  Left();
  EXPECT_THAT(output.pruned_before, IsEmpty());
  Left();
  Left();
  const WallMs month = 30LL * 24 * 3600 * 1000;
  EXPECT_THAT(output.pruned_before, ElementsAre(kBorn - month));
  clock.Step(std::chrono::hours(24));
  Left();
  Left();
  EXPECT_THAT(output.pruned_before, ElementsAre(kBorn - month, kBorn - month + 24LL * 3600 * 1000));
  EXPECT_EQ(log.Count("output.pruned"), 2);
}

TEST_F(LeftoversTest, FileThatDoesNotGoIsToldAndHoldsUpNoOther) {
  Know("mine", JobState::kDelivered, true);
  Lies("mine.1.part");
  Lies("mine.2.part");
  output.FailNext("Discard", EROFS);
  EXPECT_THAT(Left(), ElementsAre("mine.1.part"));
  EXPECT_EQ(log.Count("delivery.staging_left"), 1);
}

TEST(StagingNames, CompanionsBelongToTheirFile) {
  for (const std::string_view companion : kStagedCompanions) {
    const auto parsed = ParseStagingName("1m86v45q43dff4t9.7.part" + std::string(companion));
    ASSERT_TRUE(parsed) << companion;
    EXPECT_EQ(parsed->job, "1m86v45q43dff4t9");
    EXPECT_EQ(parsed->name, StagingName("1m86v45q43dff4t9", 7));
  }
  for (const char* name : {"", ".", "..", "a", "a.1", "a..part", ".1.part", "a.1.part.", "a.1.partx", "A.1.part",
                           "a.-1.part", "a/b.1.part", "a.1.1.part"}) {
    EXPECT_FALSE(ParseStagingName(name)) << name;
  }
}

}  // namespace
}  // namespace tegodrop::testing
