#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "daemon/ledger/ledger_files.h"
#include "daemon/ledger/ledger_rows.h"
#include "daemon/ledger/looked_mark.h"
#include "daemon/ledger/migrations.h"
#include "daemon/ledger/open_ledger.h"
#include "daemon/ledger/sqlite_ledger.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/unit/ledger/holder_process.h"
#include "tests/unit/ledger/looped_ledger.h"

namespace tegodrop {
namespace {

using testing::AsOrdinaryUser;
using testing::Changed;
using testing::Everything;
using testing::HolderProcess;
using testing::JobNamed;

class OpenTest : public ::testing::Test {
 protected:
  auto Open(const Migrations& migrations = LedgerMigrations()) { return OpenLedgerFile(folder_.path(), migrations); }
  std::string Path(const std::string& name) const { return folder_.Path(name); }
  bool Has(const std::string& name) const { return std::filesystem::exists(Path(name)); }
  // A ledger of the present schema that holds the job "one".
  void MakeLedger() {
    auto ledger = Open();
    ASSERT_TRUE(ledger) << ledger.error().message;
    ASSERT_TRUE(InsertJob(ledger->db, JobNamed("one"), 1));
  }
  void Sql(const std::string& file, const std::string& sql) {
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open(Path(file).c_str(), &raw), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(raw);
    sqlite3_close(raw);
  }
  std::string Ask(const std::string& file, const std::string& sql) {
    auto db = SqliteDb::Open(Path(file), Path(file), SQLITE_OPEN_READWRITE, nullptr);
    return (*db->QueryText(sql)).value_or("no row");
  }
  // Refused for this reason, with these words in the message, and nothing but the lock file touched.
  void ExpectRefused(LedgerOpenFailure reason, const std::vector<std::string>& words,
                     const Migrations& migrations = LedgerMigrations()) {
    auto before = Everything(folder_.path());
    const auto opened = Open(migrations);
    auto after = Everything(folder_.path());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().reason, reason) << opened.error().message;
    for (const std::string& word : words) {
      EXPECT_NE(opened.error().message.find(word), std::string::npos) << word << " in: " << opened.error().message;
    }
    for (auto* all : {&before, &after}) {
      all->erase(".");
      all->erase("ledger.lock");
    }
    EXPECT_EQ(Changed(before, after), "");
  }

  testing::ScratchFolder folder_;
};

TEST_F(OpenTest, TheFileIsOursInWalModeAndSyncedFully) {
  auto ledger = Open();
  ASSERT_TRUE(ledger) << ledger.error().message;
  EXPECT_EQ(*ledger->db.QueryInt("PRAGMA application_id"), kLedgerApplicationId);
  EXPECT_EQ(*ledger->db.QueryInt("PRAGMA user_version"), static_cast<std::int64_t>(LedgerMigrations().size()));
  EXPECT_EQ(**ledger->db.QueryText("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(*ledger->db.QueryInt("PRAGMA synchronous"), 2) << "FULL";
  EXPECT_EQ(*ledger->db.QueryInt("PRAGMA foreign_keys"), 1);
  struct stat st {};
  ASSERT_EQ(stat(Path("ledger.sqlite").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0640u);
}

TEST_F(OpenTest, ASecondOpenInTheSameProcessIsLockedOut) {
  {
    const auto first = Open();
    ASSERT_TRUE(first);
    const auto second = Open();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().reason, LedgerOpenFailure::kLocked);
    EXPECT_NE(second.error().message.find(std::to_string(getpid())), std::string::npos) << second.error().message;
  }
  EXPECT_TRUE(Open());
}

TEST_F(OpenTest, AnotherProcessIsLockedOutUntilTheFirstEnds) {
  HolderProcess daemon(folder_.path());
  ASSERT_TRUE(daemon.ready());
  const auto locked = Open();
  ASSERT_FALSE(locked);
  EXPECT_EQ(locked.error().reason, LedgerOpenFailure::kLocked);
  HolderProcess second(folder_.path());
  EXPECT_FALSE(second.ready());
  EXPECT_EQ(second.Close(), 75);
  daemon.Do("insert 1");
  daemon.Kill();
  auto ledger = Open();
  ASSERT_TRUE(ledger) << ledger.error().message;
  EXPECT_EQ(UnfinishedJobs(ledger->db)->size(), 1u);
}

TEST_F(OpenTest, AStartedProgramDoesNotInheritTheLock) {
  const testing::ScratchFolder elsewhere;
  auto ledger = Open();
  ASSERT_TRUE(ledger);
  HolderProcess child(elsewhere.path());
  ASSERT_TRUE(child.ready());
  ledger = tl::unexpected(LedgerOpenError{});
  EXPECT_TRUE(Open());
}

TEST_F(OpenTest, AFolderThatIsNotThereOrMayNotBeWrittenIsNamed) {
  const auto nowhere = OpenLedgerFile(Path("nowhere"), LedgerMigrations());
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().reason, LedgerOpenFailure::kDisk);
  EXPECT_NE(nowhere.error().message.find("nowhere"), std::string::npos);
  ASSERT_EQ(chmod(folder_.path().c_str(), 0555), 0);
  AsOrdinaryUser([&] {
    const auto opened = Open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().reason, LedgerOpenFailure::kDisk);
    EXPECT_NE(opened.error().message.find("Permission denied"), std::string::npos) << opened.error().message;
  });
  ASSERT_EQ(chmod(folder_.path().c_str(), 0755), 0);
}

TEST_F(OpenTest, AFolderBehindALinkIsUsed) {
  const testing::ScratchFolder elsewhere;
  std::filesystem::create_directory_symlink(folder_.path(), elsewhere.Path("link"));
  const auto opened = OpenLedgerFile(elsewhere.Path("link"), LedgerMigrations());
  EXPECT_TRUE(opened) << opened.error().message;
}

TEST(NetworkDiskTest, OnlyFileSystemsKnownToBeSharedAreRefused) {
  for (const std::uint32_t shared : {0x6969u, 0xFF534D42u, 0xFE534D42u, 0x65735546u, 0x01021997u, 0x00C36400u}) {
    EXPECT_TRUE(IsShared(shared)) << std::hex << shared;
  }
  // ext4, xfs, btrfs, tmpfs, overlay, zfs; and one that nobody knows.
  for (const std::uint32_t local :
       {0xEF53u, 0x58465342u, 0x9123683Eu, 0x01021994u, 0x794C7630u, 0x2FC12FC1u, 0x1234u}) {
    EXPECT_FALSE(IsShared(local)) << std::hex << local;
  }
}

// Steps that a later program may bring.
const char* const kAddColumn = "ALTER TABLE jobs ADD COLUMN extra TEXT NOT NULL DEFAULT 'new'";
const char* const kAddTable = "CREATE TABLE more (x INTEGER) STRICT; INSERT INTO more SELECT count(*) FROM jobs";

Migrations With(const std::vector<std::string>& more) {
  Migrations all = LedgerMigrations();
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// The schema of this program, and those that such steps bring.
std::string Schema(std::size_t steps) { return std::to_string(LedgerMigrations().size() + steps); }
// The copy that is made before the step of that number.
std::string Copy(std::size_t step) { return "ledger.sqlite.before-" + Schema(step); }

TEST_F(OpenTest, AnOlderLedgerIsMigratedAndItsCopyLeftBeside) {
  MakeLedger();
  {
    auto ledger = Open(With({kAddColumn, kAddTable}));
    ASSERT_TRUE(ledger) << ledger.error().message;
    EXPECT_EQ(std::to_string(*SchemaOf(ledger->db)), Schema(2));
    EXPECT_EQ(**ledger->db.QueryText("SELECT id || extra FROM jobs"), "onenew");
    EXPECT_EQ(*ledger->db.QueryInt("SELECT x FROM more"), 1);
    EXPECT_EQ(*ledger->db.QueryInt("PRAGMA foreign_keys"), 1);
  }
  EXPECT_EQ(Ask(Copy(1), "PRAGMA user_version"), Schema(0));
  EXPECT_EQ(Ask(Copy(1), "PRAGMA application_id"), std::to_string(kLedgerApplicationId));
  EXPECT_EQ(Ask(Copy(1), "SELECT id FROM jobs"), "one");
  struct stat st {};
  ASSERT_EQ(stat(Path(Copy(1)).c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0640u);
  EXPECT_FALSE(Has(Copy(1) + ".part"));
  EXPECT_FALSE(Has(Copy(2))) << "one copy, of what was there";
  // The copy is a ledger as it was.
  std::filesystem::remove(Path("ledger.sqlite"));
  std::filesystem::rename(Path(Copy(1)), Path("ledger.sqlite"));
  EXPECT_TRUE(Open());
}

TEST_F(OpenTest, ANewLedgerAndOneOfThisSchemaAreNotCopied) {
  MakeLedger();
  ASSERT_TRUE(Open());
  EXPECT_TRUE(CopiesBeside(folder_.path()).empty());
}

TEST_F(OpenTest, AStepThatFailsLeavesTheLedgerAtTheOneBefore) {
  MakeLedger();
  const auto failed = Open(With({kAddColumn, "CREATE TABLE half (x); INSERT INTO nowhere VALUES (1)"}));
  ASSERT_FALSE(failed);
  EXPECT_EQ(Ask("ledger.sqlite", "PRAGMA user_version"), Schema(1));
  EXPECT_EQ(Ask("ledger.sqlite", "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), "0");
  EXPECT_EQ(Ask(Copy(1), "PRAGMA user_version"), Schema(0));
  // A better program goes on from there, with a copy of that schema and the first one still there.
  EXPECT_TRUE(Open(With({kAddColumn, kAddTable})));
  EXPECT_EQ(Ask(Copy(2), "PRAGMA user_version"), Schema(1));
  EXPECT_EQ(Ask(Copy(1), "PRAGMA user_version"), Schema(0));
}

TEST_F(OpenTest, AStepThatBreaksAReferenceIsUndone) {
  MakeLedger();
  EXPECT_FALSE(Open(With({"DELETE FROM jobs"}))) << "the timeline still names the job";
  EXPECT_EQ(Ask("ledger.sqlite", "SELECT id FROM jobs"), "one");
  EXPECT_EQ(Ask("ledger.sqlite", "PRAGMA user_version"), Schema(0));
}

TEST_F(OpenTest, AHalfMadeCopyOfAnEarlierTryIsReplaced) {
  MakeLedger();
  folder_.Write(Copy(1) + ".part", "half", 0600);
  folder_.Write(Copy(1), "old", 0600);
  ASSERT_TRUE(Open(With({kAddColumn})));
  EXPECT_EQ(Ask(Copy(1), "SELECT id FROM jobs"), "one");
  EXPECT_FALSE(Has(Copy(1) + ".part"));
}

TEST_F(OpenTest, WithoutItsCopyNoLedgerIsMigrated) {
  MakeLedger();
  ASSERT_TRUE(std::filesystem::create_directories(Path(Copy(1) + "/in the way")));
  const auto opened = Open(With({kAddColumn}));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().reason, LedgerOpenFailure::kDisk);
  EXPECT_EQ(Ask("ledger.sqlite", "PRAGMA user_version"), Schema(0));
  EXPECT_FALSE(Has(Copy(1) + ".part"));
}

TEST_F(OpenTest, ANewerLedgerIsRefusedWithBothVersionsAndTheRemedy) {
  MakeLedger();
  ASSERT_TRUE(Open(With({kAddColumn})));
  ExpectRefused(LedgerOpenFailure::kNewerSchema,
                {"schema " + Schema(1), "schema " + Schema(0), "newer tegodrop", Copy(1)});
}

TEST_F(OpenTest, ARefusedLedgerKeepsItsLogUntouched) {
  {
    HolderProcess daemon(folder_.path());
    daemon.Do("insert 3");
    daemon.Kill();
  }
  ExpectRefused(LedgerOpenFailure::kNewerSchema, {"schema " + Schema(0), "schema 0"}, {});
}

TEST_F(OpenTest, ADeathInTheFirstMomentsOfALedgerIsSurvived) {
  folder_.Write("ledger.sqlite", "", 0640);
  folder_.Write("ledger.sqlite-journal", std::string(512, '\0'), 0640);
  const auto opened = Open();
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_FALSE(Has("ledger.sqlite-journal"));
}

// Between the log's header and its first entry, at the first write after a clean end.
TEST_F(OpenTest, ADeathThatLeavesALogWithoutAnEntryIsSurvived) {
  MakeLedger();
  {
    HolderProcess daemon(folder_.path());
    daemon.Do("insert 3");
    daemon.Kill();
  }
  std::string header(static_cast<std::size_t>(kWalHeader), '\0');
  std::ifstream(Path("ledger.sqlite-wal"), std::ios::binary).read(header.data(), kWalHeader);
  folder_.Write("ledger.sqlite-wal", header, 0640);
  folder_.Write("ledger.sqlite-shm", std::string(32768, '\0'), 0640);
  const auto read = ReadLedger(folder_.path(), 0);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->jobs.size(), 1U);
  auto opened = Open();
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ((*opened->db.QueryInt("SELECT count(*) FROM jobs")), 1);
}

TEST_F(OpenTest, AFileThatIsNoDatabaseIsDamaged) {
  folder_.Write("ledger.sqlite", std::string(5000, 'x'), 0640);
  folder_.Write("ledger.sqlite.before-7", "", 0640);
  ExpectRefused(LedgerOpenFailure::kDamaged, {"damaged", "ledger.sqlite.before-7", "rooms", "spool"});
}

TEST_F(OpenTest, AnotherProgramsDatabaseIsNotTouched) {
  Sql("ledger.sqlite", "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
  ExpectRefused(LedgerOpenFailure::kDamaged, {"no ledger of tegodrop"});
}

TEST_F(OpenTest, ADamagedPageIsFound) {
  {
    auto ledger = Open();
    ASSERT_TRUE(ledger);
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(InsertJob(ledger->db, JobNamed("job" + std::to_string(i)), 1));
  }
  const auto pages = std::filesystem::file_size(Path("ledger.sqlite")) / 4096;
  ASSERT_GT(pages, 10u);
  {
    std::fstream file(Path("ledger.sqlite"), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>((pages - 3) * 4096));
    file << std::string(4096, '\xee');
  }
  ExpectRefused(LedgerOpenFailure::kDamaged, {"damaged"});
}

// What a ledger of a hundred thousand jobs is treated like, but small.
class LargeLedgerTest : public OpenTest {
 protected:
  // Looked over and closed as it should be.
  LargeLedgerTest() {
    auto ledger = OpenAsLarge();
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(InsertJob(ledger->db, JobNamed("job" + std::to_string(i)), 1));
    Close(std::move(*ledger));
    EXPECT_TRUE(Has("ledger.looked"));
  }
  void DamageAPage() {
    const auto pages = std::filesystem::file_size(Path("ledger.sqlite")) / 4096;
    std::fstream file(Path("ledger.sqlite"), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>((pages - 3) * 4096));
    file << std::string(4096, '\xee');
  }
  // As a disk does it: no stamp of the file tells.
  void LetAPageDecay() {
    DamageAPage();
    ASSERT_TRUE(MakeLookedMark(folder_.path()));
  }
  tl::expected<OpenedLedger, LedgerOpenError> OpenAsLarge(const Migrations& migrations = LedgerMigrations()) {
    return OpenLedgerFile(folder_.path(), migrations, 0);
  }
  void Close(OpenedLedger ledger) { CloseLedgerFile(std::move(ledger), folder_.path(), 0); }
  auto Look() { return LookOver(folder_.path(), 0, stop_); }

  LookStop stop_;
};

TEST_F(LargeLedgerTest, IsLookedOverBesideTheWorkWithIt) {
  auto ledger = OpenAsLarge();
  ASSERT_TRUE(ledger) << ledger.error().message;
  EXPECT_FALSE(ledger->looked_over);
  EXPECT_TRUE(InsertJob(ledger->db, JobNamed("another"), 1));
  EXPECT_TRUE(Look().value_or(false));
  EXPECT_TRUE(Open().error().reason == LedgerOpenFailure::kLocked);
  ledger = tl::unexpected(LedgerOpenError{});
  EXPECT_TRUE(Open()->looked_over);
}

TEST_F(LargeLedgerTest, ItsDamageIsFoundBesideTheWorkAndNotSaidToBeWithoutConsequence) {
  LetAPageDecay();
  const auto ledger = OpenAsLarge();
  ASSERT_TRUE(ledger) << ledger.error().message;
  const auto found = LookOver(folder_.path(), 1'767'225'600'000, stop_);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().reason, LedgerOpenFailure::kDamaged);
  const std::string& said = found.error().message;
  EXPECT_NE(said.find("a backup in their place"), std::string::npos) << said;
  EXPECT_NE(said.find("since 2026-01-01T00:00:00"), std::string::npos) << said;
  EXPECT_NE(said.find("compare the build history"), std::string::npos) << said;
  EXPECT_EQ(said.find("nothing was changed"), std::string::npos) << said;
}

TEST_F(LargeLedgerTest, WhatWasFoundDamagedBesideTheWorkIsNotWorkedWithAgain) {
  LetAPageDecay();
  auto ledger = OpenAsLarge();
  ASSERT_FALSE(Look());
  Close(std::move(*ledger));
  EXPECT_FALSE(Has("ledger.looked"));
  EXPECT_EQ(OpenAsLarge().error().reason, LedgerOpenFailure::kDamaged);
}

TEST_F(LargeLedgerTest, ALifeThatEndsBeforeTheLookDoesLeavesItToTheNextStart) {
  Close(std::move(*OpenAsLarge()));
  auto next = OpenAsLarge();
  EXPECT_TRUE(next->looked_over);
  Close(std::move(*next));
  EXPECT_FALSE(OpenAsLarge()->looked_over) << "that one was looked over and closed as it should be";
  EXPECT_TRUE(OpenAsLarge()->looked_over) << "and that one went without being closed";
}

TEST_F(LargeLedgerTest, ALookBesideTheWorkCountsForTheNextStart) {
  auto ledger = OpenAsLarge();
  ledger->looked_over = *Look();
  EXPECT_TRUE(InsertJob(ledger->db, JobNamed("another"), 1));
  Close(std::move(*ledger));
  EXPECT_FALSE(OpenAsLarge()->looked_over);
}

TEST_F(LargeLedgerTest, AnotherFileInItsPlaceIsLookedOverFirst) {
  std::filesystem::copy(Path("ledger.sqlite"), Path("backup"));
  std::filesystem::rename(Path("backup"), Path("ledger.sqlite"));
  DamageAPage();
  EXPECT_EQ(OpenAsLarge().error().reason, LedgerOpenFailure::kDamaged);
}

TEST_F(LargeLedgerTest, OneThatWasWrittenOverWithItsOldTimesIsLookedOverFirst) {
  const auto written = std::filesystem::last_write_time(Path("ledger.sqlite"));
  DamageAPage();
  std::filesystem::last_write_time(Path("ledger.sqlite"), written);
  EXPECT_EQ(OpenAsLarge().error().reason, LedgerOpenFailure::kDamaged);
}

TEST_F(LargeLedgerTest, AFilePutInItsPlaceWhileItIsOpenIsNotMarked) {
  auto ledger = OpenAsLarge();
  ledger->looked_over = true;
  std::filesystem::copy(Path("ledger.sqlite"), Path("backup"));
  std::filesystem::rename(Path("backup"), Path("ledger.sqlite"));
  Close(std::move(*ledger));
  EXPECT_FALSE(Has("ledger.looked"));
}

TEST_F(LargeLedgerTest, AMarkThatCannotBeWrittenCostsNoMoreThanALook) {
  ASSERT_TRUE(std::filesystem::remove(Path("ledger.looked")));
  ASSERT_TRUE(std::filesystem::create_directory(Path("ledger.looked")));
  for (int i = 0; i < 2; ++i) {
    auto ledger = OpenAsLarge();
    ASSERT_TRUE(ledger) << ledger.error().message;
    EXPECT_TRUE(ledger->looked_over);
    Close(std::move(*ledger));
  }
  EXPECT_FALSE(Has("ledger.looked.part"));
}

TEST_F(LargeLedgerTest, ASmallOneIsNotMarked) {
  auto ledger = Open();
  ASSERT_TRUE(ledger);
  CloseLedgerFile(std::move(*ledger), folder_.path());
  EXPECT_FALSE(Has("ledger.looked"));
}

TEST_F(LargeLedgerTest, BeforeAMigrationItIsLookedOverFirst) {
  LetAPageDecay();
  EXPECT_EQ(OpenAsLarge(With({kAddTable})).error().reason, LedgerOpenFailure::kDamaged);
}

TEST_F(LargeLedgerTest, AfterADeathItIsLookedOverFirst) {
  {
    HolderProcess daemon(folder_.path());
    daemon.Do("insert 1");
    daemon.Kill();
  }
  ASSERT_TRUE(MakeLookedMark(folder_.path())) << "as one that a power cut brought back";
  EXPECT_TRUE(OpenAsLarge()->looked_over);
}

TEST_F(OpenTest, ATruncatedLedgerIsFound) {
  MakeLedger();
  std::filesystem::resize_file(Path("ledger.sqlite"), 3 * 4096);
  ExpectRefused(LedgerOpenFailure::kDamaged, {"damaged"});
}

TEST_F(OpenTest, ALogWithoutItsLedgerIsNotThrownAway) {
  {
    HolderProcess daemon(folder_.path());
    daemon.Do("insert 3");
    daemon.Kill();
  }
  std::filesystem::rename(Path("ledger.sqlite"), Path("moved"));
  ExpectRefused(LedgerOpenFailure::kDamaged, {"write-ahead log"});
  std::filesystem::rename(Path("moved"), Path("ledger.sqlite"));
  auto ledger = Open();
  ASSERT_TRUE(ledger) << ledger.error().message;
  EXPECT_EQ(UnfinishedJobs(ledger->db)->size(), 3u);
}

}  // namespace
}  // namespace tegodrop
