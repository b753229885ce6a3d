// What a look through the history means for the jobs that await their builds.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

#include "tests/unit/conductor/scripted_rooms.h"

namespace tegodrop::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class HistoryTest : public ConductorTest {};

TEST_F(HistoryTest, OneLookServesAllBuildsOfAVersion) {
  for (int i = 0; i < 5; ++i) {
    Job job = MakeJob("j" + std::to_string(i), JobState::kSubmitted);
    job.ticket.start_time = 100 + i;
    if (i == 4) job.target.Edit().version = "staging";
    ledger.jobs[job.id] = job;
    conductor->Take(job);
  }
  Run();
  EXPECT_EQ(Only("look production")->awaited.size(), 4U);
  EXPECT_EQ(Only("look staging")->awaited.size(), 1U);
  EXPECT_EQ(Count("look production"), 1U);
}

TEST_F(HistoryTest, AListingThatIsHeldBackIsNoTryAndGoesOnInTime) {
  Take(MakeJob("a", JobState::kSubmitted));
  Error error = MakeError(ErrorKind::kRetry, "portal.example fails again and again");
  error.held_back = true;
  error.retry_after = std::chrono::seconds(60);
  Look(*Only("look production"), Fail(error));
  EXPECT_NE(ledger.jobs["a"].waiting.for_what.find("portal.example"), std::string::npos);
  Step(std::chrono::seconds(59));
  EXPECT_EQ(Live("look production").size(), 0U);
  Step(std::chrono::seconds(2));
  EXPECT_EQ(Live("look production").size(), 1U);
}

TEST_F(HistoryTest, ALookThatFailsIsShownAndRepeated) {
  Take(MakeJob("a", JobState::kBuilding));
  Look(*Only("look production"), Fail(ErrorKind::kRetry, "HTTP 503"));
  EXPECT_NE(Row("a").waiting.for_what.find("HTTP 503"), std::string::npos);
  Step(seconds(16));
  Look(*Only("look production"), Shows(Row("a"), std::nullopt));
  EXPECT_TRUE(Row("a").waiting.for_what.empty()) << "the portal has answered";
}

TEST_F(HistoryTest, AnIncompleteLookSaysNothingOfWhatItDidNotShow) {
  Job job = MakeJob("a", JobState::kSubmitted);
  job.times.submitted = clock.Wall() - milliseconds(hours(48)).count();
  Take(job);
  Look(*Only("look production"), HistoryLook{{}, false});
  EXPECT_FALSE(Row("a").failure);
  Step(seconds(15));
  Look(*Only("look production"), HistoryLook{{}, true});
  EXPECT_EQ(Row("a").failure->kind, FailureKind::kBuildStuck);
}

TEST_F(HistoryTest, ALookIsTakenByTheJobsThatStillAwaitWhatItLookedFor) {
  HistoryLook look;
  look.complete = true;
  for (const std::string id : {"a", "b", "c", "d"}) {
    ledger.jobs[id] = MakeJob(id, JobState::kBuilding);
    conductor->Take(Row(id));
    look.found.push_back(Shows(Row(id), true).found.front());
  }
  Run();
  look.found.front() = std::nullopt;
  const auto under_way = Only("look production");
  for (const std::string id : {"b", "d"}) {
    conductor->Operate(id, OperatorVerb::kCancel, [](const Result<OperatorPlan>& plan) { EXPECT_TRUE(plan); });
    Run();
    const auto finish = Only("finish");
    Record(*finish, [](Job& job) { job.finished = true; });
    End(*finish);
    ASSERT_FALSE(conductor->Has(id));
  }
  // Sent once more meanwhile: what the look shows is the build before.
  Job again = MakeJob("d", JobState::kSubmitted);
  again.ticket.start_time = 200;
  Take(again);
  Look(*under_way, std::move(look));
  EXPECT_EQ(Row("a").state, JobState::kBuilding) << "not found";
  EXPECT_EQ(Row("c").state, JobState::kBuilt);
  EXPECT_EQ(Row("d").state, JobState::kSubmitted) << "of another build";
}

}  // namespace
}  // namespace tegodrop::testing
