// What a night's rows become: outcomes, sums, phases, and the words that every rendering begins with.
#include "daemon/report/report.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/report/night.h"

namespace tegodrop {
namespace {

using testing::At;
using testing::Claimed;
using testing::Delivered;
using testing::Enter;
using testing::Failed;
using testing::Folder;
using testing::Night;
using testing::Refused;

const ReportedJob& Only(const Report& report) {
  EXPECT_EQ(report.folders.size(), 1U);
  EXPECT_EQ(report.folders.front().jobs.size(), 1U);
  return report.folders.front().jobs.front();
}

TEST(Report, OfADeliveryTellsHowLongItAndItsBuildTookAndWhereItStands) {
  const Report report = MakeReport(Night({Delivered("a", "app.apk", At(22))}));
  const ReportedJob& job = Only(report);
  EXPECT_EQ(job.outcome, Outcome::kDelivered);
  EXPECT_EQ(job.took_ms, 370'000);
  EXPECT_EQ(job.build_ms, 240'000);
  EXPECT_EQ(job.ended, At(22, 6, 10));
  EXPECT_EQ(job.trace, "/srv/out/protected-app.apk.trace.json");
  EXPECT_EQ(job.commit, std::string(40, 'c'));
  EXPECT_EQ(Verdict(report), "1 delivered: nothing to do");
}

TEST(Report, CountsABuildToItsOwnEndAndNotToWhenSomebodyAskedAgain) {
  JobStory story = Delivered("a", "app.apk", At(19), 8 * 3'600'000);
  story.job.build.emplace();
  story.job.build->end_time = At(19, 7) / 1000;
  EXPECT_EQ(Only(MakeReport(Night({story}))).build_ms, 300'000);
  story.job.build->end_time = At(18) / 1000;
  EXPECT_EQ(Only(MakeReport(Night({story}))).build_ms, 8 * 3'600'000) << "the portal's clock is wrong";
}

TEST(Report, TellsApartWhatFailedWhatWasRefusedAndWhatWasCancelled) {
  JobStory cancelled = Claimed("c", "c.apk", At(22));
  Enter(cancelled, JobState::kCancelled, At(23));
  cancelled.job.finished = true;
  const Report report = MakeReport(Night({Failed("a", "a.apk", At(22), FailureKind::kBuildFailed),
                                          Refused("b", "b.apk", At(22), FailureKind::kNotAnArtifact), cancelled}));
  const auto& jobs = report.folders.front().jobs;
  EXPECT_EQ(jobs[0].outcome, Outcome::kFailed);
  EXPECT_EQ(jobs[0].artifact_in, "/srv/drop/.tegodrop/failed");
  EXPECT_EQ(jobs[0].record, "/srv/out/a.apk.a.failed.json");
  EXPECT_EQ(jobs[1].outcome, Outcome::kRefused);
  EXPECT_EQ(jobs[2].outcome, Outcome::kCancelled);
  EXPECT_EQ(Headline(report), "0 delivered, 1 failed, 1 refused, 1 cancelled");
  EXPECT_EQ(ThingsToDo(report), (std::vector<std::string>{"a.apk failed (build_failed): mend it",
                                                          "b.apk was refused (not_an_artifact): drop a whole one"}));
}

TEST(Report, NamesEveryKindOfFailureWithWhatToDo) {
  std::vector<JobStory> jobs;
  for (int kind = 0; kind <= static_cast<int>(FailureKind::kCancelled); ++kind) {
    const std::string id = "j" + std::to_string(kind);
    jobs.push_back(Failed(id, id + ".apk", At(22), static_cast<FailureKind>(kind)));
  }
  const std::size_t kinds = jobs.size();
  jobs.push_back(Failed("more", "more.apk", At(22), FailureKind::kChecksum));
  const Report report = MakeReport(Night(jobs));
  const std::vector<std::string> things = ThingsToDo(report);
  EXPECT_EQ(things.size(), kinds) << "one for each kind, however many failed so";
  EXPECT_NE(std::find(things.begin(), things.end(), "2 failed (checksum): mend it"), things.end());
}

TEST(Report, SaysWhereTheArtifactOfAnUnfinishedFailureAndOfAnUntouchedFolderStands) {
  JobStory away = Failed("a", "a.apk", At(22), FailureKind::kBuildFailed);
  away.job.finished = false;
  JobStory kept = Failed("b", "b.apk", At(22), FailureKind::kBuildFailed);
  kept.job.target.Edit().after = SourceAfter::kKeep;
  JobStory unwritten = Failed("c", "c.apk", At(22), FailureKind::kOutputUnwritable);
  const Report report = MakeReport(Night({away, kept, unwritten}));
  const auto& jobs = report.folders.front().jobs;
  EXPECT_EQ(jobs[0].artifact_in, "/srv/drop/.tegodrop/claimed/a");
  EXPECT_EQ(jobs[0].record, "") << "not written yet";
  EXPECT_EQ(jobs[1].artifact_in, "/srv/drop");
  EXPECT_EQ(jobs[2].record, "") << "there was nowhere to write it";
}

TEST(Report, ADuplicateNamesTheEarlierJobAndItsTrace) {
  JobStory story = Claimed("b", "app.apk", At(22));
  Enter(story, JobState::kPublished, At(22, 1));
  Enter(story, JobState::kDelivered, At(22, 1));
  story.job.duplicate_of = "a";
  story.job.duplicate_trace = "/srv/out/earlier.trace.json";
  const Report report = MakeReport(Night({story}));
  EXPECT_EQ(Only(report).outcome, Outcome::kDuplicate);
  EXPECT_EQ(Only(report).trace, "/srv/out/earlier.trace.json");
  EXPECT_EQ(Headline(report), "0 delivered, 1 duplicate");
}

TEST(Report, WhatWaitsSaysForWhatAlsoInAPausedFolder) {
  ReportInput input = Night({Claimed("a", "a.apk", At(22))});
  EXPECT_EQ(Only(MakeReport(input)).waiting.for_what, "an upload slot");
  EXPECT_EQ(Verdict(MakeReport(input)), "0 delivered, 1 waits: nothing to do");
  input.history.pauses = {{"", At(21)}};
  const Report report = MakeReport(std::move(input));
  EXPECT_NE(Only(report).waiting.for_what.find("paused"), std::string::npos);
  EXPECT_EQ(Only(report).waiting.since, At(21));
}

TEST(Report, WithoutADaemonWhatWaitsIsSomethingToDo) {
  ReportInput input = Night({Claimed("a", "a.apk", At(22))});
  input.daemon.known = DaemonState::Known::kDoesNotRun;
  const Report report = MakeReport(input);
  ASSERT_EQ(ThingsToDo(report).size(), 1U);
  EXPECT_NE(ThingsToDo(report)[0].find("no daemon runs, and 1 artifact waits"), std::string::npos);
  input.daemon.known = DaemonState::Known::kNot;
  EXPECT_TRUE(ThingsToDo(MakeReport(input)).empty()) << "not known is no accusation";
}

TEST(Report, AFolderThatIsNotOkAndANoticeAreThingsToDo) {
  ReportInput input = Night();
  input.folders = {Folder("production"), Folder("staging", "missing", "its mount is gone")};
  input.history.notices = {{kClockNotice, "this clock is ten minutes behind: set it", At(19)}};
  const Report report = MakeReport(std::move(input));
  EXPECT_EQ(ThingsToDo(report),
            (std::vector<std::string>{"clock: this clock is ten minutes behind: set it, since Fri 27 Nov 19:00",
                                      "folder staging is missing since Fri 27 Nov 20:00: its mount is gone"}));
  EXPECT_EQ(Verdict(report), "nothing was dropped, delivered or failed: 2 things to do");
}

TEST(Report, AnUploadThatOnlyAPersonCanMoveOnAndALateBuildAreThingsToDo) {
  JobStory held = Claimed("h", "held.apk", At(19));
  Enter(held, JobState::kConfirming, At(20));
  held.job.sends = 2;
  held.job.confirming_since = At(20);
  held.job.confirming_looks = 9;
  held.job.waiting = {"a person", At(21), 0};
  JobStory late = Claimed("l", "late.apk", At(19));
  Enter(late, JobState::kBuilding, At(20));
  late.job.alarmed = true;
  const Report report = MakeReport(Night({held, late}));
  const std::vector<std::string> things = ThingsToDo(report);
  ASSERT_EQ(things.size(), 2U);
  EXPECT_NE(things[0].find("held.apk waits for a person"), std::string::npos) << things[0];
  EXPECT_NE(things[1].find("late.apk takes longer than alarm_after"), std::string::npos) << things[1];
}

TEST(Report, WhatEndedBeforeTheSpanIsNoNewsHoweverItsRowWasTouched) {
  EXPECT_EQ(MakeReport(Night({Delivered("a", "a.apk", At(10))})).counts.all(), 0);
  EXPECT_EQ(MakeReport(Night({Delivered("a", "a.apk", At(17, 58))})).counts.delivered, 1) << "it ended inside";
}

TEST(Report, ARedeliveryIsNotTimedFromItsFirstDrop) {
  JobStory story = Delivered("a", "a.apk", At(22));
  story.job.redeliveries = 1;
  EXPECT_EQ(Only(MakeReport(Night({story}))).took_ms, std::nullopt);
}

TEST(Report, FoldersThatLeftTheConfigAreToldOfAfterThoseOfTheConfig) {
  JobStory story = Delivered("a", "a.apk", At(22));
  story.job.target.Edit().folder = "gone";
  const Report report = MakeReport(Night({story}));
  ASSERT_EQ(report.folders.size(), 2U);
  EXPECT_EQ(report.folders[0].counts.all(), 0);
  EXPECT_EQ(report.folders[1].name, "gone");
  EXPECT_EQ(report.folders[1].state, "");
  EXPECT_EQ(report.folders[1].path, "/srv/drop");
  EXPECT_TRUE(ThingsToDo(report).empty());
}

TEST(Report, BuildTimesAreSummedForEachVersionAndPlatform) {
  std::vector<JobStory> jobs;
  for (int i = 1; i <= 10; ++i) {
    jobs.push_back(Delivered("a" + std::to_string(i), "a.apk", At(20, i), i * 60'000));
  }
  jobs.push_back(Delivered("i", "i.ipa", At(21), 5000));
  jobs.back().job.artifact.kind = ArtifactKind::kIpa;
  const Report report = MakeReport(Night(jobs));
  ASSERT_EQ(report.builds.size(), 2U);
  const BuildTimes& android = report.builds[0];
  EXPECT_EQ(android.platform, "android");
  EXPECT_EQ(android.count, 10);
  EXPECT_EQ(android.median_ms, 5 * 60'000);
  EXPECT_EQ(android.p90_ms, 9 * 60'000);
  EXPECT_EQ(android.longest_ms, 10 * 60'000);
  EXPECT_EQ(android.longest_job, "a10");
  EXPECT_EQ(report.builds[1].platform, "ios");
  EXPECT_EQ(report.folders[0].builds.count, 11);
  EXPECT_EQ(BuildWords(report.builds[1]), "1 build: 5s");
  EXPECT_EQ(BuildWords(android), "10 builds: median 5m 0s, 9 of 10 within 9m 0s, longest 10m 0s");
}

TEST(Report, PhasesFollowTheTimelineAndAreCutToTheSpan) {
  ReportInput input = Night({Delivered("a", "a.apk", At(22))});
  const Report report = MakeReport(input);
  const auto& phases = Only(report).phases;
  ASSERT_EQ(phases.size(), 4U);
  const auto expect = [](const Phase& phase, PhaseKind kind, WallMs from, WallMs to) {
    EXPECT_EQ(phase.kind, kind);
    EXPECT_EQ(phase.from, from);
    EXPECT_EQ(phase.to, to);
  };
  expect(phases[0], PhaseKind::kWaiting, At(22), At(22, 1));
  expect(phases[1], PhaseKind::kUploading, At(22, 1), At(22, 2));
  expect(phases[2], PhaseKind::kBuilding, At(22, 2), At(22, 6));
  expect(phases[3], PhaseKind::kDelivering, At(22, 6), At(22, 6, 11));
  input.from = At(22, 4);
  const Report cut = MakeReport(input);
  ASSERT_EQ(Only(cut).phases.size(), 2U);
  expect(Only(cut).phases[0], PhaseKind::kBuilding, At(22, 4), At(22, 6));
}

TEST(Report, AnUploadThatIsHeldUpShowsAsWaitingSinceThenABuildDoesNot) {
  JobStory upload = Claimed("a", "a.apk", At(22));
  Enter(upload, JobState::kUploading, At(23));
  upload.job.waiting = {"the portal", At(24), At(33)};
  const auto phases = Only(MakeReport(Night({upload}))).phases;
  ASSERT_EQ(phases.size(), 3U);
  EXPECT_EQ(phases[1].to, At(24));
  EXPECT_EQ(phases[2].kind, PhaseKind::kWaiting);
  EXPECT_EQ(phases[2].to, At(32));
  JobStory build = Claimed("b", "b.apk", At(22));
  Enter(build, JobState::kBuilding, At(23));
  build.job.waiting = {"the portal", At(24), At(33)};
  EXPECT_EQ(Only(MakeReport(Night({build}))).phases.back().kind, PhaseKind::kBuilding);
}

TEST(Report, AClockThatWasSetBackBreaksNothing) {
  JobStory story = Claimed("a", "a.apk", At(22));
  Enter(story, JobState::kUploading, At(21));
  Enter(story, JobState::kBuilding, At(23));
  const Report report = MakeReport(Night({story}));
  ASSERT_FALSE(Only(report).phases.empty());
  for (const Phase& phase : Only(report).phases) EXPECT_LT(phase.from, phase.to);
}

TEST(Report, SaysSinceWhenTheDaemonHasRunOrThatNoneRunsOrThatNobodyKnows) {
  ReportInput input = Night();
  EXPECT_EQ(DaemonWords(MakeReport(input)), "the daemon runs since Fri 27 Nov 07:00 (process 812)");
  input.daemon = {DaemonState::Known::kDoesNotRun, At(7), ""};
  EXPECT_EQ(DaemonWords(MakeReport(input)), "no daemon runs; the last one began Fri 27 Nov 07:00");
  input.daemon.since = 0;
  EXPECT_EQ(DaemonWords(MakeReport(input)), "no daemon runs, and none has run yet");
  input.daemon = {};
  EXPECT_EQ(DaemonWords(MakeReport(input)), "whether a daemon runs could not be seen");
}

}  // namespace
}  // namespace tegodrop
