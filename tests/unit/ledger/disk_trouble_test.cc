#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <set>
#include <string>

#include "daemon/ledger/ledger_rows.h"
#include "daemon/ledger/migrations.h"
#include "daemon/ledger/open_ledger.h"
#include "daemon/ledger/sqlite_db.h"
#include "daemon/ledger/state_disk.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/unit/ledger/faulty_disk.h"
#include "tests/unit/ledger/holder_process.h"
#include "tests/unit/ledger/job_fields.h"
#include "tests/unit/ledger/looped_ledger.h"

namespace tegodrop {
namespace {

using testing::Changed;
using testing::Everything;
using testing::FaultyDisk;
using testing::FaultyReads;
using testing::IdsOf;
using testing::JobNamed;
using testing::LoopedLedger;
using testing::MessageOf;

class DiskTroubleTest : public ::testing::Test {
 protected:
  void ExpectTrouble(const Status& status) {
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, ErrorKind::kLocalDisk) << status.error().message;
    EXPECT_NE(status.error().message.find(folder_.path()), std::string::npos) << status.error().message;
  }

  testing::ScratchFolder folder_;
};

// Cuts every write at each of its steps: what failed changed nothing, and the ledger goes on once the disk does.
void CutSaveAtEveryStep(const std::string& state_dir, int code) {
  FaultyDisk disk;
  LoopedLedger on(state_dir);
  Job job = JobNamed("one");
  ASSERT_TRUE(on.Insert(job));
  for (int step = 1;; ++step) {
    ASSERT_LT(step, 100);
    Job changed = testing::FilledJob();
    changed.id = "one";
    changed.finished = false;
    changed.epoch = step;
    changed.artifact.file_name = "step" + std::to_string(step);
    disk.FailFrom(step, code);
    const Status status = on.Save(changed, "under trouble");
    const bool met = disk.met();
    disk.Heal();
    if (!met) {
      EXPECT_TRUE(status) << MessageOf(status);
      EXPECT_GT(step, 3) << "a commit has more steps than that";
      break;
    }
    ASSERT_FALSE(status) << "step " << step;
    EXPECT_EQ(status.error().kind, ErrorKind::kLocalDisk) << status.error().message;
    ASSERT_EQ(on.Unfinished().size(), 1u);
    EXPECT_TRUE(testing::Same(on.Unfinished()[0], job)) << "step " << step;
    job.epoch = step;
    const Status next = on.Save(job, "after trouble");
    ASSERT_TRUE(next) << "step " << step << ": " << MessageOf(next);
    ASSERT_TRUE(testing::Same(on.Unfinished()[0], job));
  }
  on.Close();
  on.Open();
  EXPECT_EQ(on.Unfinished().size(), 1u);
  const auto timeline = ReadTimeline(state_dir, "one");
  ASSERT_TRUE(timeline);
  std::size_t under_trouble = 0;
  for (const TimelineEntry& entry : *timeline) under_trouble += entry.note == "under trouble" ? 1 : 0;
  EXPECT_EQ(under_trouble, 1u) << "only the last one was written";
}

TEST_F(DiskTroubleTest, AFullDiskChangesNothingAndIsSurvived) { CutSaveAtEveryStep(folder_.path(), SQLITE_FULL); }

TEST_F(DiskTroubleTest, ABrokenDiskChangesNothingAndIsSurvived) {
  CutSaveAtEveryStep(folder_.path(), SQLITE_IOERR_WRITE);
}

TEST_F(DiskTroubleTest, AFullDiskIsNamedWithItsFolder) {
  FaultyDisk disk;
  LoopedLedger on(folder_.path());
  disk.FailFrom(1, SQLITE_FULL);
  const Status status = on.Insert(JobNamed("one"));
  disk.Heal();
  ExpectTrouble(status);
  EXPECT_EQ(status.error().sys, ENOSPC);
  EXPECT_NE(status.error().message.find("is full"), std::string::npos) << status.error().message;
}

TEST_F(DiskTroubleTest, EveryKindOfWriteReportsTrouble) {
  FaultyDisk disk;
  LoopedLedger on(folder_.path());
  ASSERT_TRUE(on.Insert(JobNamed("one")));
  disk.FailFrom(1, SQLITE_FULL);
  ExpectTrouble(on.Insert(JobNamed("two")));
  ExpectTrouble(on.Remove("one"));
  ExpectTrouble(on.SaveFolder({"f", "/f", "r", "ext4", 1, "ok", "", 2, ""}));
  ExpectTrouble(on.SaveKept({"f", "a.apk", "sha", "one", "stat"}));
  disk.Heal();
  EXPECT_EQ(IdsOf(on.Unfinished()), std::vector<std::string>{"one"});
  EXPECT_TRUE(on.Folders().empty());
  EXPECT_TRUE(on.Kept("f").empty());
  EXPECT_TRUE(on.Insert(JobNamed("two")));
}

TEST_F(DiskTroubleTest, AClosingDiskThatFailsLosesNothing) {
  FaultyDisk disk;
  {
    LoopedLedger on(folder_.path());
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(on.Insert(JobNamed("job" + std::to_string(i))));
    disk.FailFrom(1, SQLITE_IOERR_WRITE);
  }
  EXPECT_TRUE(disk.met());
  disk.Heal();
  LoopedLedger on(folder_.path());
  EXPECT_EQ(on.Unfinished().size(), 5u);
}

TEST_F(DiskTroubleTest, AnOpenThatFailsAtAnyStepIsRefusedAndTheNextSucceeds) {
  FaultyDisk disk;
  for (int step = 1;; ++step) {
    ASSERT_LT(step, 200);
    const testing::ScratchFolder folder;
    disk.FailFrom(step, SQLITE_FULL);
    auto opened = OpenLedgerFile(folder.path(), LedgerMigrations());
    const bool met = disk.met();
    disk.Heal();
    if (!met) {
      ASSERT_TRUE(opened) << opened.error().message;
      EXPECT_GT(step, 5);
      break;
    }
    if (!opened) {
      EXPECT_EQ(opened.error().reason, LedgerOpenFailure::kDiskTrouble) << opened.error().message;
    }
    opened = tl::unexpected(LedgerOpenError{});
    auto again = OpenLedgerFile(folder.path(), LedgerMigrations());
    ASSERT_TRUE(again) << "step " << step << ": " << again.error().message;
    EXPECT_TRUE(InsertJob(again->db, JobNamed("one"), 1));
  }
}

// A page that the disk does not give is no damage: nobody is to throw away a ledger for it.
void FailReadsOfAnOpen(const std::string& state_dir, int sys, bool one) {
  FaultyReads disk;
  {
    auto ledger = OpenLedgerFile(state_dir, LedgerMigrations());
    ASSERT_TRUE(ledger);
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(InsertJob(ledger->db, JobNamed("job" + std::to_string(i)), 1));
  }
  for (int nth = 1;; ++nth) {
    ASSERT_LT(nth, 1000);
    auto before = Everything(state_dir);
    disk.FailFrom(nth, sys, one);
    auto opened = OpenLedgerFile(state_dir, LedgerMigrations());
    const bool met = disk.met();
    disk.Heal();
    if (!met) {
      ASSERT_TRUE(opened) << opened.error().message;
      EXPECT_GT(nth, 10) << "the whole ledger is looked at";
      return;
    }
    if (opened) {
      EXPECT_TRUE(one) << "read " << nth;
    } else {
      EXPECT_EQ(opened.error().reason, LedgerOpenFailure::kDiskTrouble)
          << "read " << nth << ": " << opened.error().message;
      EXPECT_EQ(opened.error().message.find("damaged"), std::string::npos) << opened.error().message;
    }
    opened = tl::unexpected(LedgerOpenError{});
    auto again = OpenLedgerFile(state_dir, LedgerMigrations());
    ASSERT_TRUE(again) << "read " << nth << ": " << again.error().message;
    EXPECT_EQ(UnfinishedJobs(again->db)->size(), 50u);
  }
}

TEST_F(DiskTroubleTest, AnUnreadablePageAtTheStartIsTroubleAndNoDamage) {
  FailReadsOfAnOpen(folder_.path(), EIO, true);
}

TEST_F(DiskTroubleTest, ADiskThatReadsNothingAtTheStartIsTroubleAndNoDamage) {
  FailReadsOfAnOpen(folder_.path(), EIO, false);
}

TEST_F(DiskTroubleTest, ALockedLedgerFileAtTheStartIsTroubleThatPasses) {
  ASSERT_TRUE(OpenLedgerFile(folder_.path(), LedgerMigrations()));
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(folder_.Path("ledger.sqlite").c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE", nullptr, nullptr, nullptr),
            SQLITE_OK);
  const auto opened = OpenLedgerFile(folder_.path(), LedgerMigrations());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().reason, LedgerOpenFailure::kDiskTrouble) << opened.error().message;
  EXPECT_NE(opened.error().message.find("another program"), std::string::npos) << opened.error().message;
  sqlite3_close(other);
  EXPECT_TRUE(OpenLedgerFile(folder_.path(), LedgerMigrations()));
}

TEST_F(DiskTroubleTest, WhatPassesAndWhatDoesNot) {
  for (const int sys : {ENOSPC, EDQUOT, EROFS, EIO, ENOMEM}) EXPECT_TRUE(IsPassingTrouble(sys)) << sys;
  for (const int sys : {0, ENOENT, ENOTDIR, EACCES, EPERM, ELOOP, ENAMETOOLONG})
    EXPECT_FALSE(IsPassingTrouble(sys)) << sys;
  EXPECT_EQ(StateDiskTrouble(folder_.path()), "");
  EXPECT_EQ(StateDiskTrouble(folder_.Path("nowhere")), "");
  EXPECT_EQ(StateDiskTrouble("/proc"), "") << "it has no blocks at all, which is not the same as none free";
}

// The kernel's own refusal, up to the answer.
TEST_F(DiskTroubleTest, AFileThatMayNotGrowIsTroubleUntilItMay) {
  signal(SIGXFSZ, SIG_IGN);
  LoopedLedger on(folder_.path());
  const Job filled = testing::FilledJob();
  std::set<std::string> acknowledged;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  struct stat wal {};
  ASSERT_EQ(stat(folder_.Path("ledger.sqlite-wal").c_str(), &wal), 0);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(wal.st_size) + 60'000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  int failed = 0;
  for (int i = 0; i < 40; ++i) {
    Job job = JobNamed("job" + std::to_string(i));
    const Status status = on.Insert(job);
    if (status) {
      acknowledged.insert(job.id);
    } else {
      ++failed;
      EXPECT_EQ(status.error().kind, ErrorKind::kLocalDisk) << status.error().message;
    }
  }
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_GT(failed, 0);
  EXPECT_FALSE(acknowledged.empty());
  const Status after = on.Insert(JobNamed("after"));
  ASSERT_TRUE(after) << MessageOf(after);
  acknowledged.insert("after");
  on.Close();
  on.Open();
  const std::vector<std::string> ids = IdsOf(on.Unfinished());
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()), acknowledged);
}

TEST_F(DiskTroubleTest, AWriterThatHoldsTheFileIsWaitedForAndThenNamed) {
  LoopedLedger on(folder_.path());
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(folder_.Path("ledger.sqlite").c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const Status status = on.Insert(JobNamed("one"));
  ExpectTrouble(status);
  EXPECT_NE(status.error().message.find("another program"), std::string::npos) << status.error().message;
  ASSERT_EQ(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  EXPECT_TRUE(on.Insert(JobNamed("one")));
}

TEST_F(DiskTroubleTest, ALedgerThatWasMovedAwayUnderTheDaemonIsWholeAgainWhenItIsPutBack) {
  LoopedLedger on(folder_.path());
  ASSERT_TRUE(on.Insert(JobNamed("one")));
  std::filesystem::rename(folder_.Path("ledger.sqlite"), folder_.Path("elsewhere"));
  ASSERT_TRUE(on.Insert(JobNamed("two")));
  on.Close();
  EXPECT_FALSE(OpenLedgerFile(folder_.path(), LedgerMigrations())) << "its log waits for it";
  std::filesystem::rename(folder_.Path("elsewhere"), folder_.Path("ledger.sqlite"));
  on.Open();
  EXPECT_EQ(IdsOf(on.Unfinished()), (std::vector<std::string>{"one", "two"}));
}

}  // namespace
}  // namespace tegodrop
