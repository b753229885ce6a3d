// What a run tells: the document of --json, and the lines on a terminal.
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "daemon/app/progress_board.h"
#include "daemon/app/run_report.h"
#include "tests/fakes/recorded_log.h"

namespace tegodrop {
namespace {

Job MakeJob(const std::string& id, JobState state) {
  Job job;
  job.id = id;
  job.state = state;
  Target& target = job.target.Edit();
  target.folder = "production";
  target.output_path = "/out";
  job.artifact.file_name = id + ".apk";
  return job;
}

TEST(RunReport, NamesEveryJobWithItsEndAndWhatWasLeft) {
  RunReport report;
  Job delivered = MakeJob("a", JobState::kClaimed);
  report.Take(delivered);
  delivered.state = JobState::kDelivered;
  delivered.output.protected_name = "a-protected.apk";
  report.Take(delivered);
  Job failed = MakeJob("b", JobState::kFailed);
  failed.failure = Failure{FailureKind::kBuildFailed, "no manifest", "", {}, {}, {}};
  report.Take(failed);
  report.Leave("production", "c.apk", "not whole");
  EXPECT_EQ(report.failed(), 1);

  rapidjson::Document json;
  json.Parse(report.Json(ExitCode::kFailed).c_str());
  ASSERT_FALSE(json.HasParseError());
  EXPECT_STREQ(json["schema"].GetString(), "tegodrop-run/1");
  EXPECT_EQ(json["exit_code"].GetInt(), 1);
  ASSERT_EQ(json["jobs"].Size(), 2U) << "each job once, as it is in the end";
  EXPECT_STREQ(json["jobs"][0]["state"].GetString(), "delivered");
  EXPECT_STREQ(json["jobs"][0]["output"].GetString(), "/out/a-protected.apk");
  EXPECT_STREQ(json["jobs"][0]["trace"].GetString(), "/out/a-protected.apk.trace.json");
  EXPECT_TRUE(json["jobs"][0]["failure"].IsNull());
  EXPECT_STREQ(json["jobs"][1]["failure"]["kind"].GetString(), "build_failed");
  EXPECT_TRUE(json["jobs"][1]["output"].IsNull());
  EXPECT_STREQ(json["left"][0]["reason"].GetString(), "not whole");
}

TEST(RunReport, SaysOfWhatIsNotFinishedWhatItWaitsFor) {
  RunReport report;
  Job held = MakeJob("a", JobState::kClaimed);
  held.waiting = {"the upload window (22:00-06:00, UTC)", 1, 2};
  report.Take(held);
  Job done = MakeJob("b", JobState::kDelivered);
  done.finished = true;
  report.Take(done);
  testing::RecordedLog log;
  report.NameUnfinished(log);
  EXPECT_EQ(log.Count("job.left"), 1);
  rapidjson::Document json;
  json.Parse(report.Json(ExitCode::kLeft).c_str());
  EXPECT_STREQ(json["jobs"][0]["waiting_for"].GetString(), "the upload window (22:00-06:00, UTC)");
  EXPECT_TRUE(json["jobs"][1]["waiting_for"].IsNull());
}

TEST(RunReport, IsJsonWhateverAFileIsCalled) {
  RunReport report;
  Job job = MakeJob("a", JobState::kFailed);
  job.artifact.file_name = "\xff\n\".apk";
  report.Take(job);
  rapidjson::Document json;
  json.Parse<rapidjson::kParseValidateEncodingFlag>(report.Json(ExitCode::kDone).c_str());
  EXPECT_FALSE(json.HasParseError());
}

TEST(ProgressLine, ShowsBytesWhileTheyMove) {
  EXPECT_EQ(ProgressLine(MakeJob("a", JobState::kUploading), {1 << 20, 4 << 20}),
            "a.apk  uploading  1.0 MiB of 4.0 MiB");
  EXPECT_EQ(ProgressLine(MakeJob("a", JobState::kBuilt), {1 << 20, 0}), "a.apk  downloading  1.0 MiB");
}

TEST(ProgressLine, ShowsTheBuildsStageAndWhatIsWaitedFor) {
  Job job = MakeJob("a", JobState::kBuilding);
  job.build.emplace();
  job.build->status_message = "Protecting";
  EXPECT_EQ(ProgressLine(job, {}), "a.apk  building  the build: Protecting");
  job.waiting.for_what = "the portal: HTTP 503";
  EXPECT_EQ(ProgressLine(job, {}), "a.apk  building  the portal: HTTP 503");
}

TEST(ProgressLine, NamesTheEnd) {
  Job job = MakeJob("a", JobState::kDelivered);
  job.output.protected_name = "b.apk";
  EXPECT_EQ(ProgressLine(job, {}), "a.apk  delivered  /out/b.apk");
  job = MakeJob("a\n", JobState::kFailed);
  job.failure = Failure{FailureKind::kBuildFailed, "no\x1b manifest", "", {}, {}, {}};
  EXPECT_EQ(ProgressLine(job, {}), "a\\x0a.apk  failed  no\\x1b manifest") << "one line, and no terminal codes";
}

}  // namespace
}  // namespace tegodrop
