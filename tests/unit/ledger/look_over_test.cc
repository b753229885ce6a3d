// A look over a ledger beside the work with it: what ends it, what spoils it, and what it costs.
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "daemon/ledger/ledger_rows.h"
#include "daemon/ledger/migrations.h"
#include "daemon/ledger/open_ledger.h"
#include "daemon/ledger/sqlite_ledger.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/unit/ledger/faulty_disk.h"
#include "tests/unit/ledger/looped_ledger.h"

namespace tegodrop {
namespace {

using testing::FaultyReads;
using testing::JobNamed;
using testing::LoopedLedger;

class LookOverTest : public ::testing::Test {
 protected:
  LookOverTest() {
    Open();
    for (int i = 0; i < 200; ++i) Insert("job" + std::to_string(i));
    // Without a log, as at a start.
    ledger_ = tl::unexpected(LedgerOpenError{});
    Open();
  }
  void Open() {
    ledger_ = OpenLedgerFile(folder_.path(), LedgerMigrations());
    ASSERT_TRUE(ledger_) << ledger_.error().message;
  }
  void Insert(const std::string& id) { EXPECT_TRUE(InsertJob(ledger_->db, JobNamed(id), 1)); }
  int pages() const { return static_cast<int>(std::filesystem::file_size(folder_.Path("ledger.sqlite")) / 4096); }
  auto Look() { return LookOver(folder_.path(), 0, stop_); }

  testing::ScratchFolder folder_;
  FaultyReads disk_;
  tl::expected<OpenedLedger, LedgerOpenError> ledger_;
  LookStop stop_;
};

TEST_F(LookOverTest, AWholeOneIsReadOnce) {
  disk_.Count();
  EXPECT_TRUE(Look().value_or(false));
  EXPECT_GE(disk_.count(), pages()) << "all of it";
  EXPECT_LT(disk_.count(), pages() + 20);
}

TEST_F(LookOverTest, AWriteThatComesMeanwhileDoesNotMakeItBeginAgain) {
  disk_.Count();
  // From another thread: this one counts as a reader.
  disk_.At(pages() / 2, [&] { std::thread([&] { Insert("another"); }).join(); });
  EXPECT_TRUE(Look().value_or(false));
  EXPECT_LT(disk_.count(), pages() + 40);
}

TEST_F(LookOverTest, StopEndsItWithThePageThatIsBeingRead) {
  disk_.Count();
  disk_.At(pages() / 2, [&] { stop_.Stop(); });
  const auto found = Look();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_FALSE(*found) << "not all of it was looked over";
  EXPECT_LT(disk_.count(), pages() / 2 + 10);
}

TEST_F(LookOverTest, OneThatIsStoppedBeforeItBeginsReadsNextToNothing) {
  stop_.Stop();
  disk_.Count();
  EXPECT_FALSE(Look().value_or(true));
  EXPECT_LT(disk_.count(), 20);
}

TEST_F(LookOverTest, AStopThatComesWhileItBeginsIsNotForgotten) {
  for (int nth = 1; nth < 20; ++nth) {
    LookStop stop;
    disk_.Count();
    disk_.At(nth, [&] { stop.Stop(); });
    EXPECT_FALSE(LookOver(folder_.path(), 0, stop).value_or(true)) << nth;
    EXPECT_LT(disk_.count(), nth + 20) << nth;
  }
}

TEST_F(LookOverTest, APageThatTheDiskDoesNotGiveIsNoDamage) {
  disk_.Count();
  ASSERT_TRUE(Look());
  const int all = disk_.count();
  for (int nth = 1; nth <= all; ++nth) {
    disk_.FailFrom(nth, EIO);
    const auto found = Look();
    disk_.Heal();
    ASSERT_FALSE(found) << "read " << nth;
    EXPECT_EQ(found.error().reason, LedgerOpenFailure::kDiskTrouble) << "read " << nth << ": " << found.error().message;
    EXPECT_EQ(found.error().message.find("damaged"), std::string::npos) << found.error().message;
  }
  EXPECT_TRUE(Look().value_or(false)) << "the disk is well again";
}

// Large enough for a mark.
class MarkedLedgerTest : public ::testing::Test {
 protected:
  MarkedLedgerTest() {
    auto ledger = OpenLedgerFile(folder_.path(), LedgerMigrations());
    EXPECT_TRUE(ledger->db.Exec("CREATE TABLE filler (x); INSERT INTO filler VALUES (zeroblob(33554432))"));
  }
  bool Marked() const { return std::filesystem::exists(folder_.Path("ledger.looked")); }

  testing::ScratchFolder folder_;
};

TEST_F(MarkedLedgerTest, ItsEndSaysWhetherThisLifeHasLookedItOver) {
  LoopedLedger on(folder_.path());
  EXPECT_TRUE(on.ledger->looked_over()) << "there was no mark";
  on.Close();
  ASSERT_TRUE(Marked());
  on.Open();
  EXPECT_FALSE(Marked()) << "gone before the first write";
  EXPECT_FALSE(on.ledger->looked_over());
  LookStop stop;
  ASSERT_TRUE(LookOver(folder_.path(), 0, stop).value_or(false));
  on.ledger->SetLookedOver();
  EXPECT_TRUE(on.Insert(JobNamed("one")));
  on.Close();
  ASSERT_TRUE(Marked());
  on.Open();
  on.Close();
  EXPECT_FALSE(Marked()) << "it was not looked over in that life";
}

TEST_F(MarkedLedgerTest, AfterALifeThatCouldNotReadItTheNextStartLooksFirst) {
  FaultyReads disk;
  LoopedLedger on(folder_.path());
  ASSERT_TRUE(on.ledger->looked_over());
  disk.FailFrom(1, EIO);
  std::optional<Result<std::vector<KeptArtifact>>> answer;
  on.ledger->LoadKept("f", [&](Result<std::vector<KeptArtifact>> kept) {
    answer = std::move(kept);
    on.loop.Stop();
  });
  on.loop.Run();
  disk.Heal();
  ASSERT_TRUE(disk.met());
  ASSERT_FALSE(*answer);
  on.Close();
  EXPECT_FALSE(Marked());
}

TEST_F(MarkedLedgerTest, WhatWasAskedForIsWrittenBeforeAnythingElseIsWaitedFor) {
  LoopedLedger on(folder_.path());
  for (int i = 0; i < 20; ++i) on.ledger->Insert(JobNamed("job" + std::to_string(i)), nullptr);
  on.ledger->WriteOut();
  EXPECT_EQ(ReadLedger(folder_.path(), 0)->jobs.size(), 20U);
  on.ledger->Insert(JobNamed("late"), nullptr);
  on.Close();
  EXPECT_EQ(ReadLedger(folder_.path(), 0)->jobs.size(), 20U);
}

}  // namespace
}  // namespace tegodrop
