// The real ledger and the power's end at any of its writes: what was acknowledged is there afterwards.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "daemon/ledger/ledger_rows.h"
#include "daemon/ledger/migrations.h"
#include "daemon/ledger/open_ledger.h"
#include "tests/fakes/power_cut_disk.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/fakes/seeded_random.h"
#include "tests/unit/ledger/job_fields.h"
#include "tests/unit/ledger/looped_ledger.h"

namespace tegodrop::testing {
namespace {

// What the disk must hold, and the one write whose outcome the cut left open.
struct Expected {
  std::vector<Job> jobs;
  std::optional<std::vector<Job>> or_else;

  bool Holds(const std::vector<Job>& found) const { return Same(found, jobs) || (or_else && Same(found, *or_else)); }
};

struct Tally {
  int cuts = 0;
  int acknowledged = 0;
  int open_outcomes = 0;
  std::string story;  // of the first loss
  int lost = 0;       // cuts after which something acknowledged was missing, or the ledger was damaged
};

class Nights {
 public:
  Nights(std::uint64_t seed, std::string pragmas) : seed_(seed), random_(seed), pragmas_(std::move(pragmas)) {}

  // Some writes, a cut at a random step of them, the power's return; several times on one ledger.
  void Run(int cuts, Tally& tally) {
    for (int cut = 0; cut < cuts; ++cut) {
      disk_.DieAt(1 + static_cast<int>(random_.Below(cut == 0 ? 160 : 100)));
      Write(tally);
      disk_.Die();
      disk_.Cut(random_);
      disk_.Live();
      ++tally.cuts;
      auto found = Read();
      if (!found || !expected_.Holds(*found)) {
        ++tally.lost;
        if (tally.story.empty())
          tally.story = (found ? Difference(*found) : trouble_) + " seed " + std::to_string(seed_) + " cut " +
                        std::to_string(cut);
        return;
      }
      if (expected_.or_else) ++tally.open_outcomes;
      expected_ = {std::move(*found), {}};
    }
  }

 private:
  void Write(Tally& tally) {
    auto ledger = OpenLedgerFile(folder_.path(), LedgerMigrations());
    if (!ledger) return;
    if (!ledger->db.Exec(pragmas_)) return;
    while (!disk_.dead()) {
      std::vector<Job> next = expected_.jobs;
      Status written;
      if (next.empty() || random_.Below(3) == 0) {
        next.push_back(JobNamed("job" + std::to_string(++count_)));
        written = InsertJob(ledger->db, next.back(), count_);
      } else {
        Job& job = next[random_.Below(next.size())];
        ++job.epoch;
        written = SaveJob(ledger->db, job, "a step", ++count_);
      }
      if (!written) {
        expected_.or_else = std::move(next);
        return;
      }
      expected_.jobs = std::move(next);
      ++tally.acknowledged;
    }
  }

  std::optional<std::vector<Job>> Read() {
    auto ledger = OpenLedgerFile(folder_.path(), LedgerMigrations());
    if (!ledger) trouble_ = ledger.error().message;
    if (!ledger) return {};
    auto jobs = UnfinishedJobs(ledger->db);
    if (!jobs) return {};
    return std::move(*jobs);
  }

  std::string Difference(const std::vector<Job>& found) const {
    return std::to_string(found.size()) + " jobs and not the " + std::to_string(expected_.jobs.size()) +
           " acknowledged ones";
  }

  PowerCutDisk disk_;
  ScratchFolder folder_ = ScratchFolder::InMemory();
  const std::uint64_t seed_;
  SeededRandom random_;
  const std::string pragmas_;
  Expected expected_;
  std::string trouble_;
  int count_ = 0;
};

Tally RunSeeds(int seeds, const std::string& pragmas) {
  Tally tally;
  for (int seed = 1; seed <= seeds; ++seed) Nights(static_cast<std::uint64_t>(seed), pragmas).Run(4, tally);
  std::cout << tally.cuts << " cuts, " << tally.acknowledged << " writes acknowledged, " << tally.open_outcomes
            << " left open, " << tally.lost << " with a loss\n";
  return tally;
}

TEST(LedgerPowerCutTest, EveryAcknowledgedWriteSurvives) {
  const Tally tally = RunSeeds(60, "PRAGMA wal_autocheckpoint = 1000");
  EXPECT_EQ(tally.lost, 0) << tally.story;
  EXPECT_EQ(tally.cuts, 240);
  EXPECT_GT(tally.acknowledged, 200);
  EXPECT_GT(tally.open_outcomes, 50);
}

TEST(LedgerPowerCutTest, SoItDoesWhenTheLogIsAlwaysBeingWrittenBack) {
  const Tally tally = RunSeeds(60, "PRAGMA wal_autocheckpoint = 4");
  EXPECT_EQ(tally.lost, 0) << tally.story;
  EXPECT_GT(tally.acknowledged, 200);
}

// So that the two above can fail.
TEST(LedgerPowerCutTest, WithoutTheSyncOfEachCommitWritesAreLost) {
  EXPECT_GT(RunSeeds(20, "PRAGMA synchronous = NORMAL").lost, 10);
  EXPECT_GT(RunSeeds(20, "PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 4").lost, 10);
}

TEST(LedgerPowerCutTest, TheLedgerAsTheProgramOpensItHasNothingUnsyncedAfterAnAnswer) {
  PowerCutDisk disk;
  const ScratchFolder folder = ScratchFolder::InMemory();
  LoopedLedger on(folder.path());
  for (int i = 0; i < 20; ++i) {
    const int syncs = disk.syncs();
    ASSERT_TRUE(on.Insert(JobNamed("job" + std::to_string(i))));
    EXPECT_GT(disk.syncs(), syncs);
    EXPECT_EQ(disk.unsynced(), 0);
  }
}

TEST(LedgerPowerCutTest, WhoClosesAfterTheCutChangesNothing) {
  PowerCutDisk disk;
  const ScratchFolder folder = ScratchFolder::InMemory();
  {
    LoopedLedger on(folder.path());
    ASSERT_TRUE(on.Insert(JobNamed("one")));
    disk.Die();
    const Status status = on.Insert(JobNamed("two"));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, ErrorKind::kLocalDisk);
  }
  SeededRandom random;
  disk.Cut(random);
  disk.Live();
  LoopedLedger on(folder.path());
  EXPECT_EQ(IdsOf(on.Unfinished()), std::vector<std::string>{"one"});
}

// What a cut leaves in the moment when a log is begun.
TEST(LedgerPowerCutTest, ALogThatHoldsNoMoreThanItsHeaderIsReadAndOpened) {
  const ScratchFolder folder = ScratchFolder::InMemory();
  const std::string log = folder.Path("ledger.sqlite-wal");
  std::string header(32, '\0');
  {
    LoopedLedger on(folder.path());
    ASSERT_TRUE(on.Insert(JobNamed("one")));
    ASSERT_TRUE(std::ifstream(log, std::ios::binary).read(header.data(), 32));
  }
  ASSERT_FALSE(std::filesystem::exists(log));
  folder.Write("ledger.sqlite-wal", header, 0640);
  const auto read = ReadLedger(folder.path(), 0);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(IdsOf(read->jobs), std::vector<std::string>{"one"});
  LoopedLedger on(folder.path());
  EXPECT_EQ(IdsOf(on.Unfinished()), std::vector<std::string>{"one"});
}

TEST(LedgerPowerCutTest, ABrokenDiskFailsAsItIsTold) {
  PowerCutDisk disk;
  const ScratchFolder folder = ScratchFolder::InMemory();
  LoopedLedger on(folder.path());
  disk.FailFrom(1, SQLITE_FULL);
  const Status status = on.Insert(JobNamed("one"));
  EXPECT_TRUE(disk.met());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().sys, ENOSPC);
  disk.Heal();
  EXPECT_TRUE(on.Insert(JobNamed("one")));
}

}  // namespace
}  // namespace tegodrop::testing
