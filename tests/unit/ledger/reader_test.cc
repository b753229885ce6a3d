#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "daemon/ledger/ledger_files.h"
#include "daemon/ledger/sqlite_ledger.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/unit/ledger/holder_process.h"
#include "tests/unit/ledger/job_fields.h"

namespace tegodrop {
namespace {

using testing::AsOrdinaryUser;
using testing::Changed;
using testing::Everything;
using testing::HolderProcess;

class ReaderTest : public ::testing::Test {
 protected:
  ~ReaderTest() override { chmod(folder_.path().c_str(), 0755); }

  // Reads as the owner (or root) and as somebody who may only read, and finds that neither changed anything.
  void ExpectJobs(std::size_t count) {
    const auto before = Everything(folder_.path());
    const auto expect = [&](const char* who) {
      const Result<LedgerSnapshot> snapshot = ReadLedger(folder_.path(), 0);
      ASSERT_TRUE(snapshot) << who << ": " << snapshot.error().message;
      EXPECT_EQ(snapshot->jobs.size(), count) << who;
      if (count > 0) {
        EXPECT_EQ(snapshot->jobs.back().id, "job" + std::to_string(count - 1));
        const auto timeline = ReadTimeline(folder_.path(), "job0");
        ASSERT_TRUE(timeline) << who << ": " << timeline.error().message;
        EXPECT_EQ(timeline->size(), 1u) << who;
      }
    };
    expect("owner");
    AsOrdinaryUser([&] { expect("group"); });
    // Everything for reading only, for whoever runs the tests.
    std::vector<std::pair<std::string, mode_t>> modes;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      struct stat st {};
      ASSERT_EQ(stat(entry.path().c_str(), &st), 0);
      modes.emplace_back(entry.path().string(), st.st_mode & 07777);
    }
    EXPECT_EQ(Changed(before, Everything(folder_.path())), "");
    for (const auto& [path, mode] : modes) chmod(path.c_str(), 0440);
    chmod(folder_.path().c_str(), 0555);
    AsOrdinaryUser([&] { expect("reader of a read-only folder"); });
    for (const auto& [path, mode] : modes) chmod(path.c_str(), mode);
    chmod(folder_.path().c_str(), 0755);
  }
  bool Has(const std::string& name) const { return std::filesystem::exists(folder_.Path(name)); }

  testing::ScratchFolder folder_;
};

TEST_F(ReaderTest, BesideARunningDaemonWhatItWroteLastIsSeen) {
  HolderProcess daemon(folder_.path());
  ASSERT_TRUE(daemon.ready());
  ExpectJobs(0);
  daemon.Do("insert 3");
  ExpectJobs(3);
  daemon.Do("insert 1");
  ExpectJobs(4);
  EXPECT_EQ(daemon.Close(), 0);
}

TEST_F(ReaderTest, AfterACleanEndTheFileAloneIsRead) {
  {
    HolderProcess daemon(folder_.path());
    daemon.Do("insert 3");
    ASSERT_EQ(daemon.Close(), 0);
  }
  EXPECT_FALSE(Has("ledger.sqlite-wal"));
  EXPECT_FALSE(Has("ledger.sqlite-shm"));
  ExpectJobs(3);
}

TEST_F(ReaderTest, AfterADeathTheRowsInTheLogAreSeen) {
  {
    HolderProcess daemon(folder_.path());
    daemon.Do("insert 5");
    daemon.Kill();
  }
  ASSERT_TRUE(Has("ledger.sqlite-wal"));
  ASSERT_TRUE(Has("ledger.sqlite-shm"));
  ExpectJobs(5);
  // And the daemon goes on from there.
  HolderProcess daemon(folder_.path());
  daemon.Do("insert 1");
  ExpectJobs(6);
}

TEST_F(ReaderTest, AfterADeathWithoutTheIndexTheRowsInTheLogAreSeen) {
  {
    HolderProcess daemon(folder_.path());
    daemon.Do("insert 5");
    daemon.Kill();
  }
  ASSERT_TRUE(std::filesystem::remove(folder_.Path("ledger.sqlite-shm")));
  ExpectJobs(5);
}

TEST_F(ReaderTest, ACommitCutInTheMiddleIsNotSeen) {
  {
    HolderProcess daemon(folder_.path());
    daemon.Do("insert 5");
    daemon.Kill();
  }
  const std::string wal = folder_.Path("ledger.sqlite-wal");
  std::filesystem::resize_file(wal, std::filesystem::file_size(wal) - 100);
  ExpectJobs(4);
}

TEST_F(ReaderTest, AnEmptyLogIsNoTrouble) {
  {
    HolderProcess daemon(folder_.path());
    daemon.Do("insert 2");
    ASSERT_EQ(daemon.Close(), 0);
  }
  folder_.Write("ledger.sqlite-wal", "", 0640);
  ExpectJobs(2);
  folder_.Write("ledger.sqlite-shm", "", 0640);
  ExpectJobs(2);
}

TEST_F(ReaderTest, ACopyTakenWhileTheDaemonRunsIsRead) {
  HolderProcess daemon(folder_.path());
  daemon.Do("insert 5");
  const testing::ScratchFolder copy;
  for (const char* name : {"ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"}) {
    std::filesystem::copy(folder_.Path(name), copy.Path(name));
  }
  const auto before = Everything(copy.path());
  const auto snapshot = ReadLedger(copy.path(), 0);
  ASSERT_TRUE(snapshot) << snapshot.error().message;
  EXPECT_EQ(snapshot->jobs.size(), 5u);
  EXPECT_EQ(Changed(before, Everything(copy.path())), "");
}

TEST_F(ReaderTest, EveryReadBesideABusyWriterIsWholeAndNeverGoesBack) {
  HolderProcess daemon(folder_.path());
  daemon.Say("stream");
  std::size_t last = 0;
  for (int i = 0; i < 100; ++i) {
    const auto snapshot = ReadLedger(folder_.path(), 0);
    ASSERT_TRUE(snapshot) << snapshot.error().message;
    const std::size_t count = snapshot->jobs.size();
    EXPECT_GE(count, last);
    if (count > 0) {
      EXPECT_EQ(snapshot->jobs.back().id, "job" + std::to_string(count - 1));
    }
    last = count;
  }
  daemon.Do("stop");
  daemon.AwaitDone();
  EXPECT_EQ(daemon.Close(), 0);
  EXPECT_FALSE(Has("ledger.sqlite-wal")) << "the readers must not keep the log from being closed";
}

TEST_F(ReaderTest, ReadsWhileDaemonsComeAndGoAreWhole) {
  std::atomic<bool> stop = false;
  std::atomic<std::size_t> written = 0;
  std::thread daemons([&] {
    for (std::size_t round = 1; round <= 8; ++round) {
      HolderProcess daemon(folder_.path());
      daemon.Do("insert 5");
      written = round * 5;
      if (round % 2 == 0) {
        daemon.Kill();
      } else {
        EXPECT_EQ(daemon.Close(), 0);
      }
    }
    stop = true;
  });
  int reads = 0;
  while (!stop) {
    const std::size_t least = written;
    if (least == 0) continue;
    const auto snapshot = ReadLedger(folder_.path(), 0);
    ASSERT_TRUE(snapshot) << snapshot.error().message;
    EXPECT_GE(snapshot->jobs.size(), least);
    EXPECT_EQ(snapshot->jobs.back().id, "job" + std::to_string(snapshot->jobs.size() - 1));
    ++reads;
  }
  daemons.join();
  EXPECT_GT(reads, 0);
}

TEST_F(ReaderTest, FinishedJobsAreShownFromTheirLastChangeOn) {
  HolderProcess daemon(folder_.path());
  daemon.Do("insert 3");
  daemon.Do("finish 1");
  const auto all = ReadLedger(folder_.path(), 0);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->jobs.size(), 3u);
  EXPECT_TRUE(all->jobs[1].finished);
  const auto timeline = ReadTimeline(folder_.path(), "job1");
  ASSERT_TRUE(timeline);
  ASSERT_EQ(timeline->size(), 2u);
  const WallMs finished_at = timeline->back().at;
  EXPECT_EQ(ReadLedger(folder_.path(), finished_at)->jobs.size(), 3u);
  const auto later = ReadLedger(folder_.path(), finished_at + 1);
  ASSERT_EQ(later->jobs.size(), 2u);
  EXPECT_EQ(later->jobs[0].id, "job0");
  EXPECT_EQ(later->jobs[1].id, "job2");
}

TEST_F(ReaderTest, AnUnknownJobHasNoTimeline) {
  HolderProcess daemon(folder_.path());
  const auto timeline = ReadTimeline(folder_.path(), "nobody");
  ASSERT_TRUE(timeline);
  EXPECT_TRUE(timeline->empty());
}

void ExpectRefusal(const std::string& state_dir, const std::string& words) {
  const auto snapshot = ReadLedger(state_dir, 0);
  ASSERT_FALSE(snapshot);
  EXPECT_EQ(snapshot.error().kind, ErrorKind::kLocalDisk);
  EXPECT_NE(snapshot.error().message.find(words), std::string::npos) << snapshot.error().message;
  const auto timeline = ReadTimeline(state_dir, "job0");
  ASSERT_FALSE(timeline);
  EXPECT_EQ(timeline.error().kind, ErrorKind::kLocalDisk);
}

TEST_F(ReaderTest, WhereThereIsNoLedgerNoneIsMade) {
  ExpectRefusal(folder_.path(), "no ledger");
  ExpectRefusal(folder_.Path("nowhere"), "no ledger");
  folder_.Write("ledger.sqlite", "", 0640);
  ExpectRefusal(folder_.path(), "no ledger yet");
  EXPECT_EQ(Everything(folder_.path()).size(), 2u);
}

TEST_F(ReaderTest, AFileThatIsNoLedgerIsRefused) {
  folder_.Write("ledger.sqlite", std::string(8192, 'x'), 0640);
  ExpectRefusal(folder_.path(), "damaged");
}

TEST_F(ReaderTest, WhoMayNotReadIsToldSo) {
  {
    HolderProcess daemon(folder_.path());
    ASSERT_EQ(daemon.Close(), 0);
  }
  ASSERT_EQ(chmod(folder_.Path("ledger.sqlite").c_str(), 0), 0);
  AsOrdinaryUser([&] { ExpectRefusal(folder_.path(), "Permission denied"); });
}

TEST_F(ReaderTest, ANewerSchemaIsNamed) {
  {
    HolderProcess daemon(folder_.path());
    ASSERT_EQ(daemon.Close(), 0);
  }
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(folder_.Path("ledger.sqlite").c_str(), &raw), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(raw, "PRAGMA user_version = 77", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(raw);
  ExpectRefusal(folder_.path(), "schema 77");
}

TEST_F(ReaderTest, OddCharactersInThePathAreNoTrouble) {
  const std::string odd = folder_.Path("a b?c#d%41&mode=rwc");
  ASSERT_TRUE(std::filesystem::create_directory(odd));
  HolderProcess daemon(odd);
  ASSERT_TRUE(daemon.ready());
  daemon.Do("insert 1");
  const auto snapshot = ReadLedger(odd, 0);
  ASSERT_TRUE(snapshot) << snapshot.error().message;
  EXPECT_EQ(snapshot->jobs.size(), 1u);
}

TEST_F(ReaderTest, TheGroupMayReadWhateverTheUmask) {
  HolderProcess daemon(folder_.path());
  daemon.Do("insert 1");
  struct stat folder {};
  ASSERT_EQ(stat(folder_.path().c_str(), &folder), 0);
  for (const char* name : {"ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"}) {
    struct stat st {};
    ASSERT_EQ(stat(folder_.Path(name).c_str(), &st), 0) << name;
    EXPECT_EQ(st.st_mode & 07777, 0640u) << name;
    EXPECT_EQ(st.st_gid, folder.st_gid) << name;
  }
}

}  // namespace
}  // namespace tegodrop
