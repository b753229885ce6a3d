// `existing: ignore`: what lies in the folder when it is first seen is left alone, and only that.
#include "daemon/intake/ignored.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/intake/intake_world.h"

namespace tegodrop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class IgnoredTest : public IntakeWorldTest {
 protected:
  IgnoredTest() { settings.folder.existing = Existing::kIgnore; }
};

TEST_F(IgnoredTest, WhatIsThereFirstIsLeftAloneAndWhatComesLaterIsTaken) {
  folder.Put("old.apk", "old");
  folder.Put("older.apk", "older");
  Start();
  Pass(seconds(10));
  EXPECT_THAT(AdmittedNames(), IsEmpty());
  EXPECT_THAT(folder.inspected, IsEmpty()) << "not even read";
  EXPECT_TRUE(intake->state().scanned);
  EXPECT_THAT(intake->state().pending, IsEmpty());
  EXPECT_EQ(ledger.folders.at("production").state, "ok");
  EXPECT_THAT(ledger.folders.at("production").reason, HasSubstr("2 files"));
  EXPECT_EQ(log.Count("folder.ignored"), 1);
  folder.MoveIn("new.apk", "new");
  Pass(seconds(10));
  EXPECT_THAT(AdmittedNames(), ElementsAre("new.apk:claimed"));
}

TEST_F(IgnoredTest, ARestartForgetsNothingAndIgnoresNothingMore) {
  folder.Put("old.apk", "old");
  Start();
  Pass(seconds(10));
  intake.reset();
  folder.Put("dropped-meanwhile.apk", "new");
  Restart();
  Pass(seconds(10));
  EXPECT_THAT(AdmittedNames(), ElementsAre("dropped-meanwhile.apk:claimed"));
  EXPECT_TRUE(folder.files.contains("old.apk"));
  EXPECT_THAT(ledger.folders.at("production").reason, HasSubstr("1 file "));
}

TEST_F(IgnoredTest, AFileThatIsReplacedOrWrittenIsNewAndOneThatIsRenamedIsNot) {
  for (const char* name : {"replaced.apk", "written.apk", "renamed.apk"}) folder.Put(name, "old");
  Start();
  Pass(seconds(10));
  folder.MoveIn("replaced.apk", "new");
  folder.Write("written.apk", "longer");
  folder.Raise("written.apk", Nomination::kClosed);
  auto node = folder.files.extract("renamed.apk");
  node.key() = "other.apk";
  folder.files.insert(std::move(node));
  folder.Raise("other.apk", Nomination::kMovedIn);
  Pass(seconds(30));
  EXPECT_THAT(AdmittedNames(), ::testing::UnorderedElementsAre("replaced.apk:claimed", "written.apk:claimed"));
  EXPECT_TRUE(folder.files.contains("other.apk"));
}

TEST_F(IgnoredTest, OnAShareWhoseInodesChangeTheNameTells) {
  folder.facts.fs = FsTypeOf(0xFF534D42);
  folder.facts.watched = false;
  folder.Put("old.apk", "old");
  Start();
  PassLong(minutes(3));
  folder.files.at("old.apk").stat.ino = 999;
  Restart();
  PassLong(minutes(3));
  EXPECT_THAT(AdmittedNames(), IsEmpty());
}

TEST_F(IgnoredTest, SidecarsThatLayThereAreNoOrphans) {
  folder.Put("alone.apk.json", "{}");
  Start();
  PassLong(minutes(20));
  EXPECT_TRUE(folder.files.contains("alone.apk.json"));
  folder.Put("new.apk.json", "{}");
  folder.Raise("new.apk.json", Nomination::kMovedIn);
  PassLong(minutes(40));
  EXPECT_FALSE(folder.files.contains("new.apk.json")) << "a later one is";
}

TEST_F(IgnoredTest, TheFolderCountsAsSeenOnlyOnceTheLedgerKnowsWhatToIgnore) {
  folder.Put("old.apk", "old");
  ledger.FailNext("save_ignored", MakeError(ErrorKind::kLocalDisk, "disk full"));
  Start();
  EXPECT_EQ(ledger.folders["production"].first_seen, 0);
  EXPECT_FALSE(intake->state().scanned) << "`run --once` waits for it";
  EXPECT_THAT(intake->state().reason, HasSubstr("disk full"));
  Pass(seconds(5));
  EXPECT_NE(ledger.folders["production"].first_seen, 0);
  EXPECT_THAT(ledger.ignored["production"], ::testing::SizeIs(1));
  EXPECT_TRUE(intake->state().scanned);
  EXPECT_EQ(intake->state().state, "ok");
}

TEST_F(IgnoredTest, ALedgerThatCannotBeReadIsWaitedFor) {
  folder.Put("old.apk", "old");
  Start();
  Pass(seconds(5));
  ledger.FailNext("load_ignored", MakeError(ErrorKind::kLocalDisk, "I/O error"));
  Restart();
  EXPECT_FALSE(intake->is_open());
  Pass(seconds(5));
  EXPECT_TRUE(intake->is_open());
  EXPECT_THAT(AdmittedNames(), IsEmpty());
}

TEST_F(IgnoredTest, AFolderThatWasSeenBeforeIsTakenAsItIs) {
  known.first_seen = 1;
  folder.Put("old.apk", "old");
  Start();
  Pass(seconds(10));
  EXPECT_THAT(AdmittedNames(), ElementsAre("old.apk:claimed"));
}

TEST_F(IgnoredTest, ByDefaultEverythingIsTaken) {
  settings.folder.existing = Existing::kTake;
  folder.Put("old.apk", "old");
  Start();
  Pass(seconds(10));
  EXPECT_THAT(AdmittedNames(), ElementsAre("old.apk:claimed"));
  EXPECT_EQ(ledger.folders.at("production").reason, "");
}

}  // namespace
}  // namespace tegodrop::testing
