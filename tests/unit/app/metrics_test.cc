// The metrics file: what it says, when it is written, and that no folder's trouble holds anything up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "daemon/app/metrics/exposition.h"
#include "daemon/app/metrics/metrics_file.h"
#include "tests/fakes/faulty_file_system.h"
#include "tests/fakes/recorded_log.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST(FormatMetrics, SaysEveryMetricOnceWithItsHelpAndItsType) {
  Metrics metrics{"1.2", {{{"first", {3, 1, 2, 0, 1'767'225'600'500}}}}, MetricsNow{}};
  metrics.now->folders = {{"first", true, 4}, {"second", false, 0}, {"third", std::nullopt, 0}};
  metrics.now->jobs[JobState::kBuilding] = 2;
  metrics.now->held_for_person = 1;
  metrics.now->oldest_pending = milliseconds(90'250);
  metrics.now->clock_ahead = milliseconds(-1'500);
  metrics.now->sent = 1ULL << 40U;
  const std::string text = FormatMetrics(metrics);
  EXPECT_THAT(text, StartsWith("# HELP tegodrop_up "));
  for (const char* line :
       {"# TYPE tegodrop_artifacts_total counter\n", "tegodrop_up 1\n", "tegodrop_build_info{version=\"1.2\"} 1\n",
        "tegodrop_artifacts_total{folder=\"first\",result=\"delivered\"} 3\n",
        "tegodrop_artifacts_total{folder=\"first\",result=\"duplicate\"} 1\n",
        "tegodrop_artifacts_total{folder=\"first\",result=\"failed\"} 2\n",
        "tegodrop_artifacts_total{folder=\"first\",result=\"cancelled\"} 0\n",
        "tegodrop_last_success_timestamp_seconds{folder=\"first\"} 1767225600.500\n",
        "tegodrop_folder_up{folder=\"first\"} 1\n", "tegodrop_folder_up{folder=\"second\"} 0\n",
        "tegodrop_files_waiting{folder=\"first\"} 4\n", "tegodrop_jobs{state=\"building\"} 2\n",
        "tegodrop_jobs{state=\"claimed\"} 0\n", "tegodrop_jobs_waiting{for=\"person\"} 1\n",
        "tegodrop_oldest_pending_seconds 90.250\n", "tegodrop_clock_ahead_seconds -1.500\n",
        "tegodrop_upload_bytes_total 1099511627776\n", "tegodrop_portal_silent_seconds 0.000\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("tegodrop_folder_up{folder=\"third\"}"))) << "it was not opened yet";
}

TEST(FormatMetrics, WhatIsNotKnownIsLeftOutAndNotZero) {
  const std::string text = FormatMetrics({"1.2", std::nullopt, MetricsNow{}});
  EXPECT_THAT(text, AllOf(HasSubstr("tegodrop_up 1\n"), Not(HasSubstr("tegodrop_artifacts_total")),
                          Not(HasSubstr("tegodrop_clock_ahead_seconds"))));
  EXPECT_THAT(FormatMetrics({"1.2", {{{"first", {}}}}, MetricsNow{}}),
              Not(HasSubstr("tegodrop_last_success_timestamp_seconds{")));
}

TEST(FormatMetrics, OfADaemonThatWasStoppedOnlyWhatOutlivesItIsSaid) {
  const std::string text = FormatMetrics({"1.2", {{{"first", {3, 0, 0, 0, 1'000}}}}, std::nullopt});
  EXPECT_THAT(text, AllOf(HasSubstr("tegodrop_up 0\n"), HasSubstr("tegodrop_artifacts_total{folder=\"first\""),
                          Not(HasSubstr("tegodrop_folder_up")), Not(HasSubstr("tegodrop_jobs"))));
}

TEST(FormatMetrics, AHostileLabelEndsNothing) {
  const std::string text = FormatMetrics({"1\"\\\n2", std::nullopt, std::nullopt});
  EXPECT_THAT(text, HasSubstr("tegodrop_build_info{version=\"1\\\"\\\\\\n2\"} 1\n"));
}

class MetricsFileTest : public ::testing::Test, public Outcomes {
 protected:
  void LoadOutcomes(std::function<void(Result<std::vector<OutcomeCount>>)> done) override {
    ++asked;
    queue.Post([this, done = std::move(done)] {
      done(unreadable ? Result<std::vector<OutcomeCount>>(Fail(*unreadable)) : outcomes);
    });
  }
  void Start(std::set<std::string> folders = {"first"}) {
    file.emplace(MetricsWorld{clock, clock, log, queue, fs, *this}, path, "1.2", std::move(folders),
                 [this] { return now; });
    Step(milliseconds(0));
  }
  void Step(milliseconds by) {
    queue.RunAll();
    clock.Step(by);
    queue.RunAll();
  }
  void End(JobState state, const std::string& twin = "") {
    Job job;
    job.target.Edit().folder = "first";
    job.artifact.file_name = "secret-name.apk";
    job.state = state;
    job.finished = true;
    job.duplicate_of = twin;
    file->Ended(job);
  }
  std::string Text() const {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  bool There() const { return std::filesystem::exists(path); }
  void Forget() { std::filesystem::remove(path); }

  ScratchFolder scratch;
  std::string path = scratch.Path("tegodrop.prom");
  TaskQueue queue;
  SteppedClock clock;
  RecordedLog log;
  FaultyFileSystem fs;
  std::vector<OutcomeCount> outcomes{{"first", "delivered", 5, 1'000}, {"gone", "failed", 9, 1'000}};
  std::optional<Error> unreadable;
  int asked = 0;
  std::optional<MetricsNow> now = MetricsNow{};
  std::optional<MetricsFile> file;
};

TEST_F(MetricsFileTest, IsWrittenAtTheStartReadableByAllWhateverTheUmask) {
  const mode_t before = umask(0077);
  Start();
  umask(before);
  ASSERT_TRUE(There());
  struct stat st {};
  ASSERT_EQ(stat(path.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0644U);
  EXPECT_THAT(Text(), HasSubstr("{folder=\"first\",result=\"delivered\"} 5\n"));
  EXPECT_THAT(Text(), Not(HasSubstr("gone"))) << "a folder that has left the config";
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(scratch.path()), {}), 1) << "nothing else is left there";
}

TEST_F(MetricsFileTest, IsWrittenEveryFifteenSecondsAndNotBetween) {
  Start();
  Forget();
  Step(seconds(14));
  EXPECT_FALSE(There());
  Step(seconds(1));
  EXPECT_TRUE(There());
}

TEST_F(MetricsFileTest, AnEndShowsWithinASecondAndManyEndsMakeOneWrite) {
  Start();
  Forget();
  for (int i = 0; i < 3; ++i) End(JobState::kDelivered);
  End(JobState::kDelivered, "twin");
  End(JobState::kFailed);
  EXPECT_FALSE(There()) << "never inside the call";
  clock.Step(seconds(1));
  EXPECT_EQ(queue.size(), 1U);
  queue.RunAll();
  EXPECT_THAT(Text(), AllOf(HasSubstr("result=\"delivered\"} 8\n"), HasSubstr("result=\"duplicate\"} 1\n"),
                            HasSubstr("result=\"failed\"} 1\n"), Not(HasSubstr("secret-name"))));
  EXPECT_EQ(asked, 1) << "the ledger is asked once, and then they are counted";
}

TEST_F(MetricsFileTest, WhatEndsBeforeTheLedgerHasAnsweredIsInItsAnswer) {
  file.emplace(MetricsWorld{clock, clock, log, queue, fs, *this}, path, "1.2", std::set<std::string>{"first"},
               [this] { return now; });
  End(JobState::kDelivered);
  Step(milliseconds(0));
  Step(seconds(1));
  EXPECT_THAT(Text(), HasSubstr("result=\"delivered\"} 5\n"));
}

TEST_F(MetricsFileTest, WaitsForADaemonThatIsStillStarting) {
  now.reset();
  Start();
  Step(seconds(5));
  EXPECT_FALSE(There());
  now.emplace();
  Step(milliseconds(100));
  EXPECT_TRUE(There());
}

TEST_F(MetricsFileTest, WithoutTheLedgersCountsTheRestIsSaidAndTheyAreAskedForAgain) {
  unreadable = MakeError(ErrorKind::kLocalDisk, "cannot read");
  Start();
  EXPECT_THAT(Text(), AllOf(HasSubstr("tegodrop_up 1\n"), Not(HasSubstr("tegodrop_artifacts_total"))));
  EXPECT_EQ(log.Count("metrics.not_counted"), 1);
  unreadable.reset();
  Step(seconds(15));
  Step(seconds(15));
  EXPECT_THAT(Text(), HasSubstr("result=\"delivered\"} 5\n"));
}

TEST_F(MetricsFileTest, AFolderThatCannotBeWrittenIsNamedOnceAndAgainWhenThatChanges) {
  fs.fail_every = "CreateAt";
  fs.fail_every_errno = EACCES;
  Start();
  for (int i = 0; i < 5; ++i) Step(seconds(15));
  EXPECT_EQ(log.Count("metrics.not_written"), 1);
  EXPECT_TRUE(log.Contains("metrics_file"));
  fs.fail_every_errno = ENOSPC;
  Step(seconds(15));
  EXPECT_EQ(log.Count("metrics.not_written"), 2);
  fs.fail_every = "";
  Step(seconds(15));
  EXPECT_EQ(log.Count("metrics.back"), 1);
  EXPECT_TRUE(There());
}

TEST_F(MetricsFileTest, AFolderThatHangsIsNotAskedTwice) {
  Start();
  Forget();
  End(JobState::kDelivered);
  clock.Step(seconds(1));
  ASSERT_EQ(queue.size(), 1U) << "the write that hangs";
  End(JobState::kDelivered);
  clock.Step(seconds(60));
  EXPECT_EQ(queue.size(), 1U);
  queue.RunAll();
  Step(seconds(1));
  EXPECT_THAT(Text(), HasSubstr("result=\"delivered\"} 7\n"));
}

TEST_F(MetricsFileTest, AFailureInTheMiddleLeavesTheOldFileWholeAndNothingBeside) {
  Start();
  const std::string before = Text();
  for (int call = 1; call <= 6; ++call) {
    fs.FailAt(call, FaultyFileSystem::Fault::kRefused);
    const Status written = WriteMetrics(fs, path, "new");
    fs.Heal();
    if (written) break;
    EXPECT_EQ(Text(), before) << call;
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(scratch.path()), {}), 1) << call;
  }
  EXPECT_TRUE(WriteMetrics(fs, path, "new"));
  EXPECT_EQ(Text(), "new");
}

TEST_F(MetricsFileTest, TheLastWordsAreThatItWorksNoLonger) {
  Start();
  End(JobState::kFailed);
  file->Stop();
  file->WriteLast();
  EXPECT_THAT(Text(), AllOf(HasSubstr("tegodrop_up 0\n"), HasSubstr("result=\"failed\"} 1\n")));
  const std::string last = Text();
  Step(seconds(60));
  EXPECT_EQ(Text(), last);
}

TEST_F(MetricsFileTest, OtherFoldersAreSaidOnceTheConfigHasThem) {
  Start();
  file->UseFolders({"gone", "new"});
  Step(seconds(1));
  EXPECT_THAT(Text(), AllOf(HasSubstr("{folder=\"gone\",result=\"failed\"} 9\n"),
                            HasSubstr("{folder=\"new\",result=\"failed\"} 0\n"), Not(HasSubstr("\"first\""))));
}

}  // namespace
}  // namespace tegodrop::testing
