// What `status` says to a monitor, and what of it fits on a terminal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "daemon/cli/health.h"
#include "daemon/cli/screen.h"

namespace tegodrop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr WallMs kNow = 1'767'225'600'000;
constexpr WallMs kMinute = 60'000;

class HealthTest : public ::testing::Test {
 protected:
  HealthTest() {
    FolderRecord folder;
    folder.name = "production";
    snapshot.folders.push_back(folder);
  }
  Job& Add(JobState state, const std::string& waits_for = "", WallMs since = kNow) {
    Job job;
    job.id = "06fk" + std::to_string(snapshot.jobs.size());
    job.artifact.file_name = "app.apk";
    job.state = state;
    job.waiting = {waits_for, since, 0};
    snapshot.jobs.push_back(job);
    return snapshot.jobs.back();
  }
  std::vector<std::string> Problems() const { return HealthProblems(snapshot, running, kNow); }

  LedgerSnapshot snapshot;
  bool running = true;
};

TEST_F(HealthTest, WorkThatGoesOnIsWell) {
  Add(JobState::kUploading);
  Add(JobState::kBuilding, "the build", kNow - 5 * 60 * kMinute);
  Add(JobState::kClaimed, "a free build slot or quota at the portal: 2 of ours run", kNow - 9 * 60 * kMinute);
  Add(JobState::kDelivered).finished = true;
  Add(JobState::kCancelled).finished = true;
  snapshot.folders[0].state = "paused";
  EXPECT_THAT(Problems(), IsEmpty());
}

TEST_F(HealthTest, WithoutADaemonNothingIsWell) {
  running = false;
  EXPECT_THAT(Problems(), ElementsAre(HasSubstr("no daemon runs")));
}

TEST_F(HealthTest, AFolderThatIsNotOkIsNamedWithItsReason) {
  snapshot.folders[0].state = "missing";
  snapshot.folders[0].reason = "its .tegodrop is gone";
  EXPECT_THAT(Problems(), ElementsAre("folder production is missing: its .tegodrop is gone"));
}

TEST_F(HealthTest, WhatConcernsTheDaemonAsAWholeIsNamed) {
  snapshot.notices.push_back({"credentials", "the portal refuses the token", kNow});
  EXPECT_THAT(Problems(), ElementsAre("credentials: the portal refuses the token"));
}

TEST_F(HealthTest, ThePortalIsTroubleOnlyOnceItLasts) {
  Job& job = Add(JobState::kClaimed, "the portal: no answer", kNow - 14 * kMinute);
  EXPECT_THAT(Problems(), IsEmpty());
  job.waiting.since = kNow - 15 * kMinute;
  EXPECT_THAT(Problems(), ElementsAre(HasSubstr("1 job(s) have waited for the portal")));
}

TEST_F(HealthTest, AFolderThatHoldsJobsUpIsNamedOnceItLasts) {
  const std::string lost = "its output folder /srv/out: it has lost its .tegodrop";
  Add(JobState::kBuilt, lost, kNow - 9'000);
  EXPECT_THAT(Problems(), IsEmpty());
  Add(JobState::kBuilt, lost, kNow - 10'000);
  Add(JobState::kFetched, lost, kNow - kMinute);
  EXPECT_THAT(Problems(), ElementsAre("2 job(s) wait for " + lost));
}

TEST_F(HealthTest, AMissingProvenanceKeyIsNamedAtOnce) {
  Add(JobState::kFetched, "the provenance key: there is none", kNow);
  EXPECT_THAT(Problems(), ElementsAre("1 job(s) wait for the provenance key: there is none"));
}

TEST_F(HealthTest, FailuresAreCountedAndJobsForAPersonNamed) {
  Add(JobState::kFailed).finished = true;
  Add(JobState::kFailed);
  EXPECT_THAT(Problems(), ElementsAre(HasSubstr("2 artifact(s) failed")));
}

TEST(CutToScreen, LeavesWhatFits) {
  EXPECT_EQ(CutToScreen("one\ntwo\n", 2, 3), "one\ntwo\n");
  EXPECT_EQ(CutToScreen("", 2, 3), "");
}

TEST(CutToScreen, CutsLinesAtTheEdgeAndNeverInsideACharacter) {
  EXPECT_EQ(CutToScreen("überlang\n", 5, 4), "über\n");
  EXPECT_EQ(CutToScreen("日本語\n", 5, 2), "日本\n");
}

TEST(CutToScreen, SaysHowManyLinesDoNotFit) {
  EXPECT_EQ(CutToScreen("1\n2\n3\n4\n", 3, 80), "1\n2\n(2 more lines: tegodrop status)\n");
}

TEST(Screen, CollectsWhatIsPrinted) {
  std::string text;
  {
    const Screen screen(text);
    std::fprintf(screen.file(), "%s %d", "a", 1);
  }
  EXPECT_EQ(text, "a 1");
}

}  // namespace
}  // namespace tegodrop::testing
