// The way in on a real folder, a real ledger and a real loop: how fast it is, and that its pieces fit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/base/digest.h"
#include "daemon/intake/intake.h"
#include "daemon/ledger/sqlite_ledger.h"
#include "daemon/loop/event_loop.h"
#include "daemon/loop/worker_pool.h"
#include "daemon/share/local_drop_folder.h"
#include "tests/fakes/recorded_log.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/fakes/zip_maker.h"

namespace tegodrop::testing {
namespace {

namespace files = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class RealFolderTest : public ::testing::Test {
 protected:
  RealFolderTest() {
    files::create_directory(scratch.Path("drop"));
    files::create_directory(scratch.Path("state"));
    auto opened = OpenSqliteLedger(scratch.Path("state"), clock, [this](auto fn) { loop.Post(std::move(fn)); });
    EXPECT_TRUE(opened);
    ledger = std::move(*opened);
    IntakeSettings settings;
    settings.folder.name = "production";
    settings.folder.path = scratch.Path("drop");
    settings.folder.output = scratch.Path("out");
    settings.folder.version = "production";
    LocalDropFolderSettings local;
    local.ops = {settings.folder.path, settings.folder.rooms, scratch.Path("state/spool"), true};
    folder = MakeLocalDropFolder(std::move(local), loop, readers, *fs, clock, random);
    FolderRecord known;
    known.name = "production";
    known.path = settings.folder.path;
    intake = std::make_unique<Intake>(IntakeWorld{*folder, *ledger, loop, clock, random, log}, settings, known,
                                      [this](const Job& job) {
                                        admitted.push_back(job);
                                        if (admitted.size() >= wanted) loop.Stop();
                                      });
    intake->Start();
  }
  // Runs until so many jobs are there in all.
  void RunUntil(std::size_t jobs, milliseconds most) {
    wanted = jobs;
    const HandlePtr deadline = loop.After(most, [this] { loop.Stop(); });
    if (admitted.size() < wanted) loop.Run();
    ASSERT_EQ(admitted.size(), jobs);
  }
  void RunFor(milliseconds time) {
    const HandlePtr end = loop.After(time, [this] { loop.Stop(); });
    loop.Run();
  }
  std::string Drop(const std::string& name) const { return scratch.Path("drop/" + name); }

  ScratchFolder scratch;
  SystemClock clock;
  SystemRandom random;
  RecordedLog log;
  EventLoop loop;
  WorkerPool readers{loop, 2, "readers"};
  std::unique_ptr<FileSystem> fs = MakePosixFileSystem();
  std::unique_ptr<Ledger> ledger;
  std::unique_ptr<DropFolder> folder;
  std::vector<Job> admitted;
  std::size_t wanted = 0;
  std::unique_ptr<Intake> intake;
};

TEST_F(RealFolderTest, ARenamedInArtifactIsAdmittedWithoutWaiting) {
  RunFor(milliseconds(300));
  ASSERT_TRUE(intake->state().open) << intake->state().reason;
  const std::string apk = MakeApk(1 << 20);
  scratch.Write("app.apk", apk, 0644);
  const auto begin = steady_clock::now();
  files::rename(scratch.Path("app.apk"), Drop("app.apk"));
  RunUntil(1, seconds(30));
  const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
  RecordProperty("milliseconds", static_cast<int>(took.count()));
  std::printf("rename to admitted: %d ms\n", static_cast<int>(took.count()));
  // On this path no timer runs; the settle time alone would be 2 s, which a busy machine stays under.
  EXPECT_LT(took, milliseconds(1500));
  EXPECT_EQ(admitted[0].artifact.sha256, Sha256Hex(apk));
  EXPECT_TRUE(files::exists(Drop(".tegodrop/claimed/" + admitted[0].id + "/app.apk")));
  EXPECT_FALSE(files::exists(Drop("app.apk")));
}

TEST_F(RealFolderTest, ACopiedInArtifactWithItsSidecarsIsAdmittedAndABrokenOneRefused) {
  RunFor(milliseconds(300));
  scratch.Write("drop/app.apk.commit", std::string(40, 'C') + "\r\n", 0644);
  scratch.Write("drop/app.apk", MakeApk(), 0644);
  scratch.Write("cut.aab", MakeAab(9000).substr(0, 5000), 0644);
  files::rename(scratch.Path("cut.aab"), Drop("cut.aab"));
  RunUntil(2, seconds(60));
  for (const Job& job : admitted) {
    if (job.artifact.file_name == "app.apk") {
      EXPECT_EQ(job.state, JobState::kClaimed);
      EXPECT_EQ(job.artifact.commit.sha(), std::string(40, 'c'));
      EXPECT_TRUE(files::exists(Drop(".tegodrop/claimed/" + job.id + "/app.apk.commit")));
    } else {
      ASSERT_TRUE(job.failure);
      EXPECT_EQ(job.failure->kind, FailureKind::kIncomplete);
    }
  }
}

TEST_F(RealFolderTest, ManyAtOnceAreAllAdmittedOnce) {
  constexpr std::size_t kMany = 60;
  RunFor(milliseconds(300));
  for (std::size_t i = 0; i < kMany; ++i) {
    const std::string name = "app" + std::to_string(i) + ".apk";
    scratch.Write(name, MakeApk(100, i), 0644);
    files::rename(scratch.Path(name), Drop(name));
  }
  RunUntil(kMany, seconds(60));
  RunFor(milliseconds(300));
  EXPECT_EQ(admitted.size(), kMany);
  std::set<std::string> ids;
  for (const Job& job : admitted) ids.insert(job.id);
  EXPECT_EQ(ids.size(), kMany);
  EXPECT_TRUE(intake->state().pending.empty());
}

}  // namespace
}  // namespace tegodrop::testing
