// The intakes as they follow a config that changes: who is left alone, who is made anew, and what is never lost.
#include "daemon/app/intakes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/fakes/fake_drop_folder.h"
#include "tests/fakes/memory_ledger.h"
#include "tests/fakes/recorded_log.h"
#include "tests/fakes/seeded_random.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class IntakesTest : public ::testing::Test, private FolderMaker {
 protected:
  static FolderSettings Folder(const std::string& name) {
    FolderSettings folder;
    folder.name = name;
    folder.path = "/srv/drop/" + name;
    folder.output = "/srv/protected/" + name;
    folder.version = "production";
    return folder;
  }
  void Begin(const std::vector<FolderSettings>& config) {
    intakes.Begin(config, {});
    intakes.Start();
    Pass(seconds(1));
  }
  void Follow(std::vector<FolderSettings> config) {
    busy.reset();
    intakes.Follow(std::move(config), [this](std::vector<std::string> names) { busy = std::move(names); });
  }
  void Pass(milliseconds time) {
    queue.RunAll();
    for (; time.count() > 0; time -= milliseconds(100)) {
      clock.Step(milliseconds(100));
      queue.RunAll();
    }
  }
  // Of app.apk in folder a, until the ledger releases what it holds.
  void BeginAClaimThatHangs() {
    ledger.HoldNext("insert");
    Of("a").MoveIn("app.apk", "content");
    Pass(seconds(1));
  }
  FakeDropFolder& Of(const std::string& name) { return *made.at("/srv/drop/" + name).back(); }
  std::size_t MadeFor(const std::string& name) { return made["/srv/drop/" + name].size(); }
  std::vector<std::string> Admitted() {
    std::vector<std::string> names;
    for (const Job& job : admitted) names.push_back(job.target->folder + "/" + job.artifact.file_name);
    return names;
  }

  TaskQueue queue;
  SteppedClock clock;
  RecordedLog log;
  SeededRandom random{1};
  MemoryLedger ledger{queue};
  Spool spool{UINT64_MAX};
  std::map<std::string, std::vector<FakeDropFolder*>> made;  // by path
  Folders folders{*this, "/var/lib/tegodrop/spool", {}, {}, nullptr};
  std::vector<Job> admitted;
  std::vector<std::string> gone;
  std::optional<std::vector<std::string>> busy;
  Intakes intakes{IntakesWorld{folders, ledger, clock, clock, random, log, spool},
                  JobOrigin{"https://portal.example", "tenant-1", "host-1"},
                  [this](const Job& job) { admitted.push_back(job); }, [](const FolderSettings&, const Intake&) {},
                  [this](const std::string& folder) { gone.push_back(folder); }};

 private:
  std::unique_ptr<DropFolder> MakeDrop(LocalDropFolderSettings settings) override {
    auto folder = std::make_unique<FakeDropFolder>(queue, clock);
    made[settings.ops.path].push_back(folder.get());
    return folder;
  }
  std::unique_ptr<OutputFolder> MakeOutput(std::string, std::string, OutputMemory) override { return nullptr; }
};

TEST_F(IntakesTest, TheSameConfigChangesNothing) {
  Begin({Folder("a"), Folder("b")});
  Follow({Folder("b"), Folder("a")});
  Pass(milliseconds(100));
  EXPECT_EQ(busy, std::vector<std::string>{});
  EXPECT_THAT(gone, IsEmpty());
  Of("a").MoveIn("app.apk", "content");
  Pass(seconds(1));
  EXPECT_THAT(Admitted(), ElementsAre("a/app.apk"));
}

TEST_F(IntakesTest, AddedOnesTakeFilesAndRemovedOnesNoMore) {
  Begin({Folder("a")});
  Follow({Folder("b")});
  Pass(seconds(1));
  EXPECT_EQ(busy, std::vector<std::string>{});
  EXPECT_THAT(gone, ElementsAre("a"));
  EXPECT_EQ(intakes.Find("a"), nullptr);
  ASSERT_NE(intakes.Find("b"), nullptr);
  Of("a").MoveIn("late.apk", "content");
  Of("b").MoveIn("new.apk", "content");
  Pass(seconds(40));
  EXPECT_THAT(Admitted(), ElementsAre("b/new.apk"));
}

TEST_F(IntakesTest, AChangedOneTakesFilesInItsNewWayFromTheSameFolder) {
  Begin({Folder("a")});
  FolderSettings changed = Folder("a");
  changed.version = "staging";
  Follow({changed});
  Pass(seconds(1));
  EXPECT_EQ(MadeFor("a"), 1U) << "jobs go on with what they have";
  Of("a").MoveIn("app.apk", "content");
  Pass(seconds(1));
  ASSERT_THAT(admitted, SizeIs(1));
  EXPECT_EQ(admitted[0].target->version, "staging");
}

TEST_F(IntakesTest, OneThatIsToBeReadDeeperIsOpenedAnewAndTheOldOneStaysForItsJobs) {
  Begin({Folder("a")});
  FolderSettings changed = Folder("a");
  changed.recursive = true;
  Follow({changed});
  Pass(seconds(1));
  EXPECT_EQ(MadeFor("a"), 2U);
  Of("a").MoveIn("app.apk", "content");
  Pass(seconds(1));
  EXPECT_THAT(Admitted(), ElementsAre("a/app.apk"));
}

TEST_F(IntakesTest, AClaimUnderWayIsCarriedToItsRowBeforeItsFolderLeaves) {
  Begin({Folder("a")});
  BeginAClaimThatHangs();
  Follow({});
  Pass(seconds(4));
  EXPECT_THAT(gone, IsEmpty());
  EXPECT_FALSE(busy.has_value());
  Pass(seconds(2));
  EXPECT_EQ(busy, std::vector<std::string>{"a"}) << "it is said that it follows later";
  ledger.ReleaseHeld();
  Pass(seconds(1));
  EXPECT_THAT(Admitted(), ElementsAre("a/app.apk"));
  EXPECT_THAT(gone, ElementsAre("a"));
}

TEST_F(IntakesTest, AnotherNameForTheSamePathWaitsForTheFirstToLeave) {
  Begin({Folder("a")});
  BeginAClaimThatHangs();
  FolderSettings renamed = Folder("a");
  renamed.name = "b";
  Follow({renamed, Folder("c")});
  Pass(seconds(1));
  EXPECT_EQ(intakes.Find("b"), nullptr);
  EXPECT_NE(intakes.Find("c"), nullptr) << "another folder does not wait for it";
  ledger.ReleaseHeld();
  Pass(seconds(1));
  EXPECT_THAT(Admitted(), ElementsAre("a/app.apk"));
  EXPECT_EQ(busy, std::vector<std::string>{});
  ASSERT_NE(intakes.Find("b"), nullptr);
  Of("a").MoveIn("next.apk", "other");
  Pass(seconds(1));
  EXPECT_THAT(Admitted(), ElementsAre("a/app.apk", "b/next.apk"));
}

TEST_F(IntakesTest, TheLastOfSeveralConfigsHolds) {
  Begin({Folder("a")});
  BeginAClaimThatHangs();
  FolderSettings changed = Folder("a");
  changed.version = "staging";
  Follow({changed});
  Pass(milliseconds(100));
  changed.version = "development";
  Follow({changed});
  ledger.ReleaseHeld();
  Pass(seconds(1));
  Of("a").MoveIn("next.apk", "other");
  Pass(seconds(1));
  ASSERT_THAT(admitted, SizeIs(2));
  EXPECT_EQ(admitted[0].target->version, "production");
  EXPECT_EQ(admitted[1].target->version, "development");
}

TEST_F(IntakesTest, ALedgerThatCannotBeReadIsAskedAgain) {
  Begin({Folder("a")});
  ledger.FailNext("load_folders", MakeError(ErrorKind::kLocalDisk, "the disk is full"));
  Follow({Folder("a"), Folder("b")});
  Pass(milliseconds(500));
  EXPECT_EQ(intakes.Find("b"), nullptr);
  Pass(seconds(2));
  EXPECT_NE(intakes.Find("b"), nullptr);
}

TEST_F(IntakesTest, AStopWaitsForAllAlsoForThoseThatWereLeaving) {
  Begin({Folder("a"), Folder("b")});
  BeginAClaimThatHangs();
  Follow({Folder("b")});
  Pass(milliseconds(100));
  bool stopped = false;
  intakes.Stop([&] { stopped = true; });
  Pass(seconds(10));
  EXPECT_FALSE(stopped);
  ledger.ReleaseHeld();
  Pass(seconds(1));
  EXPECT_TRUE(stopped);
}

}  // namespace
}  // namespace tegodrop::testing
