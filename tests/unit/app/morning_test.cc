// The report of each night: when it is written, once, and what is said where it cannot be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "daemon/app/morning/morning_report.h"
#include "daemon/app/morning/report_folder.h"
#include "tests/fakes/faulty_file_system.h"
#include "tests/fakes/recorded_log.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr WallMs kMidnight = 1'767'225'600'000;  // 2026-01-01T00:00Z
constexpr WallMs kHour = 3'600'000;

class MorningTest : public ::testing::Test {
 protected:
  void Start(const std::string& window = "22:00-06:00") {
    morning.emplace(
        MorningWorld{clock, clock, log, queue, fs}, folder, "build 7",
        [this](WallMs from, WallMs to) -> Result<Report> {
          if (unreadable) return Fail(*unreadable);
          spans.emplace_back(from, to);
          Report report;
          report.from = from;
          report.to = to;
          report.counts.delivered = delivered;
          report.folders.emplace_back();
          for (std::int64_t i = 0; i < delivered; ++i) {
            report.folders.back().jobs.emplace_back();
            report.folders.back().jobs.back().dropped = dropped;
          }
          return report;
        },
        [this] { return at_work; },
        [this](const WrittenReport& report) { (report.verdict.empty() ? found : told).push_back(report.page); });
    morning->Watch(UploadWindow::Parse({window}, TimeZone{}).value_or(UploadWindow()));
    Step(milliseconds(0));
  }
  // In steps, so that the writer's work comes in between.
  void Step(milliseconds by) {
    for (milliseconds left = by;;) {
      queue.RunAll();
      const milliseconds step = std::min<milliseconds>(left, kLookForMorning);
      clock.Step(step);
      queue.RunAll();
      left -= step;
      if (left <= milliseconds(0)) return;
    }
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

  ScratchFolder scratch;
  std::string folder = scratch.path();
  TaskQueue queue;
  SteppedClock clock{kMidnight};
  RecordedLog log;
  FaultyFileSystem fs;
  std::int64_t delivered = 3;
  WallMs dropped = 0;
  bool at_work = false;
  std::optional<Error> unreadable;
  std::vector<std::pair<WallMs, WallMs>> spans;
  std::vector<std::string> told;
  std::vector<std::string> found;  // of an earlier life
  std::optional<MorningReport> morning;
};

TEST_F(MorningTest, IsWrittenWhenTheNightIsOverOfAllSinceTheNightBefore) {
  clock.SetWall(kMidnight + 7 * kHour);
  delivered = 0;
  Start();
  delivered = 3;
  Step(hours(22));
  EXPECT_THAT(Names(), IsEmpty()) << "05:00";
  Step(hours(2));
  EXPECT_THAT(Names(), ElementsAre("tegodrop-build_7-2026-01-02-0600.html", "tegodrop-build_7-2026-01-02-0600.json"));
  EXPECT_THAT(told, ElementsAre(folder + "/tegodrop-build_7-2026-01-02-0600.html"));
  ASSERT_EQ(spans.size(), 2U) << "the first at the start, which told of nothing";
  EXPECT_EQ(spans.back().first, kMidnight + 6 * kHour);
  EXPECT_LE(spans.back().second, kMidnight + 30 * kHour + kLookForMorning.count());
  Step(hours(12));
  EXPECT_EQ(spans.size(), 2U) << "once";
}

TEST_F(MorningTest, ANightThatBroughtNothingHasAReportToo) {
  clock.SetWall(kMidnight + 5 * kHour);
  delivered = 0;
  Start();
  Step(hours(2));
  EXPECT_THAT(told, ElementsAre(HasSubstr("2026-01-01-0600.html")))
      << "silence must not look like a daemon that is gone";
}

TEST_F(MorningTest, WaitsForWhatTheNightBeganButNoLongerThanAnHour) {
  clock.SetWall(kMidnight + 5 * kHour);
  at_work = true;
  delivered = 0;
  Start();
  Step(minutes(90));
  EXPECT_THAT(told, IsEmpty());
  at_work = false;
  Step(minutes(1));
  EXPECT_EQ(told.size(), 1U);
  at_work = true;
  Step(hours(24));
  EXPECT_EQ(told.size(), 1U) << "06:31 on the next day";
  Step(minutes(30));
  EXPECT_EQ(told.size(), 2U) << "07:01";
}

TEST_F(MorningTest, ANightThatWasOverWithoutADaemonIsToldOfOnceForADay) {
  clock.SetWall(kMidnight + 9 * kHour);
  Start();
  EXPECT_THAT(told, ElementsAre(HasSubstr("2026-01-01-0600.html")));
  morning.reset();
  Start();
  Step(hours(2));
  EXPECT_EQ(told.size(), 1U) << "its page is there";
  EXPECT_EQ(found, told) << "whether it was told may not be known";
  morning.reset();
  std::filesystem::remove_all(folder + "/tegodrop-build_7-2026-01-01-0600.html");
  clock.SetWall(kMidnight + 31 * kHour);
  Start("sat 22:00-23:00");
  Step(hours(1));
  EXPECT_EQ(told.size(), 1U) << "longer ago than a day";
}

TEST_F(MorningTest, AStartAfterANightThatBroughtNothingWritesNothing) {
  clock.SetWall(kMidnight + 9 * kHour);
  delivered = 0;
  Start();
  Step(hours(2));
  EXPECT_THAT(Names(), IsEmpty());
  EXPECT_THAT(log.lines, IsEmpty());
}

TEST_F(MorningTest, WhatCameAfterANightWithoutADaemonIsOfTheNextOne) {
  clock.SetWall(kMidnight + 16 * kHour);
  dropped = kMidnight + 10 * kHour;
  Start();
  Step(hours(2));
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(MorningTest, NothingIsToldOfTwiceAndNothingIsLeftOutBetweenTwoNights) {
  clock.SetWall(kMidnight + 5 * kHour);
  delivered = 0;
  Start();
  at_work = true;
  Step(minutes(121));
  ASSERT_EQ(spans.size(), 2U) << "of the day before, which brought nothing, and at 07:00";
  ASSERT_EQ(Names().size(), 2U);
  // The files' times are the real ones.
  const auto seven = std::filesystem::file_time_type::clock::from_sys(
      std::chrono::sys_time<milliseconds>(milliseconds(kMidnight + 7 * kHour)));
  std::filesystem::last_write_time(folder + "/" + Names().front(), seven);
  at_work = false;
  Step(hours(24));
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_EQ(spans.back().first, kMidnight + 7 * kHour);
}

TEST_F(MorningTest, AClockThatWasAheadEndsNoReports) {
  clock.SetWall(kMidnight + 24 * 30 * kHour);
  Start();
  clock.SetWall(kMidnight + 5 * kHour);
  delivered = 0;
  told.clear();
  Step(hours(2));
  EXPECT_THAT(told, ElementsAre(HasSubstr("2026-01-01-0600.html")));
}

TEST_F(MorningTest, WhereItCannotBeWrittenThatIsSaidOnceAndItIsTriedOn) {
  clock.SetWall(kMidnight + 5 * kHour);
  folder = scratch.Path("gone");
  Start();
  Step(hours(3));
  EXPECT_TRUE(log.Contains("make report_dir writable"));
  EXPECT_EQ(log.Count("report.not_written"), 1);
  EXPECT_TRUE(log.Contains("gone"));
  std::filesystem::create_directory(folder);
  Step(minutes(1));
  EXPECT_EQ(told.size(), 1U);
  EXPECT_EQ(log.Count("report.written"), 1);
}

TEST_F(MorningTest, ALedgerThatCannotBeReadIsNoEmptyNight) {
  clock.SetWall(kMidnight + 5 * kHour);
  unreadable = MakeError(ErrorKind::kLocalDisk, "the ledger cannot be read now");
  Start();
  Step(hours(3));
  EXPECT_THAT(Names(), IsEmpty());
  EXPECT_TRUE(log.Contains("the ledger cannot be read now"));
  EXPECT_FALSE(log.Contains("make report_dir writable"));
  unreadable.reset();
  Step(minutes(1));
  EXPECT_EQ(told.size(), 1U);
}

TEST_F(MorningTest, OfARunThatEndsItIsOfTheRun) {
  clock.SetWall(kMidnight + 9 * kHour);
  Start("sat 22:00-23:00");
  morning->WriteNow(kMidnight + 8 * kHour, UploadWindow::Parse({"22:00-06:00"}, TimeZone{}).value_or(UploadWindow()));
  EXPECT_TRUE(morning->busy());
  Step(milliseconds(0));
  EXPECT_FALSE(morning->busy());
  EXPECT_THAT(spans, ElementsAre(Pair(kMidnight + 8 * kHour, kMidnight + 9 * kHour)));
  EXPECT_THAT(told, ElementsAre(HasSubstr("2026-01-01-090000.html")));
}

TEST_F(MorningTest, WhatFailsOnTheWayLeavesNoHalfPageAndAPageIsNeverReplaced) {
  Report report;
  for (int call = 1;; ++call) {
    fs.FailAt(call, FaultyFileSystem::Fault::kRefused);
    const Status put = PutReport(fs, folder, "night", report);
    const bool failed = fs.calls() >= call;
    fs.Heal();
    if (!failed) break;
    for (const std::string& name : Names()) EXPECT_NE(name.front(), '.') << "call " << call;
    if (std::filesystem::exists(folder + "/night.html")) {
      EXPECT_GT(std::filesystem::file_size(folder + "/night.html"), 1000U) << "call " << call;
      EXPECT_TRUE(std::filesystem::exists(folder + "/night.json")) << "call " << call;
    }
    std::filesystem::remove_all(folder + "/night.html");
    std::filesystem::remove_all(folder + "/.night.html.tmp");
    std::filesystem::remove_all(folder + "/.night.json.tmp");
    ASSERT_LT(call, 100);
  }
  struct stat st {};
  ASSERT_EQ(stat((folder + "/night.html").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0644U);
  const auto before = std::filesystem::last_write_time(folder + "/night.html");
  EXPECT_TRUE(PutReport(fs, folder, "night", report));
  EXPECT_EQ(std::filesystem::last_write_time(folder + "/night.html"), before);
}

TEST_F(MorningTest, AShareIsRefused) {
  fs.type = FsType{0x6969, "nfs", false, {}};
  const Status put = PutReport(fs, folder, "night", Report{});
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().kind, ErrorKind::kRejected);
  EXPECT_THAT(put.error().message, HasSubstr("lies on a share (nfs)"));
}

TEST(InFileName, KeepsWhatAnyFileSystemTakes) {
  EXPECT_EQ(InFileName("build-7.example_org"), "build-7.example_org");
  EXPECT_EQ(InFileName("../a b\n"), ".._a_b_");
  EXPECT_EQ(InFileName(""), "host");
  EXPECT_EQ(InFileName(std::string(300, 'a')).size(), 64U);
}

}  // namespace
}  // namespace tegodrop::testing
