#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>
#include <vector>

#include "daemon/ledger/sqlite_ledger.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/unit/ledger/job_fields.h"
#include "tests/unit/ledger/looped_ledger.h"

namespace tegodrop {
namespace {

using testing::IdsOf;
using testing::JobNamed;
using testing::MessageOf;
using Ids = std::vector<std::string>;

class LedgerTest : public ::testing::Test {
 protected:
  std::vector<TimelineEntry> Timeline(const std::string& id) {
    auto timeline = ReadTimeline(folder_.path(), id);
    EXPECT_TRUE(timeline) << (timeline ? "" : timeline.error().message);
    return timeline ? *timeline : std::vector<TimelineEntry>();
  }

  testing::ScratchFolder folder_;
  testing::LoopedLedger on_{folder_.path()};
};

TEST_F(LedgerTest, AJobSurvivesCloseAndOpen) {
  const Job job = testing::FilledJob();
  ASSERT_TRUE(on_.Insert(JobNamed("first")));
  Job open = job;
  open.finished = false;
  ASSERT_TRUE(on_.Insert(open));
  on_.Close();
  on_.Open();
  const std::vector<Job> jobs = on_.Unfinished();
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_TRUE(testing::Same(jobs[1], open));
}

TEST_F(LedgerTest, UnfinishedJobsComeInTheOrderOfTheirInserts) {
  // Neither ids nor a clock that was set back matter.
  ASSERT_TRUE(on_.Insert(JobNamed("zz")));
  on_.clock.SetWall(1000);
  ASSERT_TRUE(on_.Insert(JobNamed("aa")));
  ASSERT_TRUE(on_.Insert(JobNamed("mm")));
  Job done = JobNamed("aa");
  done.finished = true;
  ASSERT_TRUE(on_.Save(done));
  EXPECT_EQ(IdsOf(on_.Unfinished()), (Ids{"zz", "mm"}));
}

TEST_F(LedgerTest, AFinishedJobIsLoadedForAsLongAsItsUploadsAreToBeAborted) {
  Job job = JobNamed("one");
  ASSERT_TRUE(on_.Insert(job));
  job.finished = true;
  job.aborts = {{"tenant/one", "up-1"}, {"tenant/one", "up-2"}};
  ASSERT_TRUE(on_.Save(job));
  on_.Close();
  on_.Open();
  std::vector<Job> jobs = on_.Unfinished();
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_TRUE(jobs[0].finished);
  ASSERT_EQ(jobs[0].aborts.size(), 2u);
  EXPECT_EQ(jobs[0].aborts[1].file_path, "tenant/one");
  EXPECT_EQ(jobs[0].aborts[1].upload_id, "up-2");
  jobs[0].aborts.clear();
  ASSERT_TRUE(on_.Save(jobs[0]));
  EXPECT_TRUE(on_.Unfinished().empty());
}

TEST_F(LedgerTest, AnIdThatIsTakenIsRejectedAndTheRowStays) {
  ASSERT_TRUE(on_.Insert(JobNamed("one")));
  Job second = JobNamed("one");
  second.owner = "somebody else";
  const Status status = on_.Insert(second);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kRejected);
  EXPECT_NE(status.error().message, kIdentityTaken);
  EXPECT_EQ(on_.Unfinished().at(0).owner, "");
  EXPECT_EQ(Timeline("one").size(), 1u);
}

TEST_F(LedgerTest, ASaveOfAJobThatIsGoneIsRejected) {
  const Status status = on_.Save(JobNamed("nobody"));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kRejected);
  EXPECT_TRUE(on_.Unfinished().empty());
}

TEST_F(LedgerTest, AResultOfAnOlderEpochIsRejected) {
  Job job = JobNamed("one");
  ASSERT_TRUE(on_.Insert(job));
  job.epoch = 3;
  ASSERT_TRUE(on_.Save(job));
  job.sends = 1;
  ASSERT_TRUE(on_.Save(job)) << "the same epoch goes on";
  Job late = job;
  late.epoch = 2;
  late.state = JobState::kFailed;
  const Status status = on_.Save(late, "too late");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kRejected);
  EXPECT_NE(status.error().message, kIdentityTaken);
  EXPECT_EQ(on_.Unfinished().at(0).state, JobState::kClaiming);
  EXPECT_EQ(Timeline("one").size(), 1u);
}

class IdentityTest : public LedgerTest {
 protected:
  IdentityTest() {
    first_ = JobNamed("first");
    first_.artifact.file_name = "app.apk";
    first_.ticket.start_time = 1767225600;
    EXPECT_TRUE(on_.Insert(JobNamed("first")));
    EXPECT_TRUE(on_.Save(first_));
    second_ = JobNamed("second");
    EXPECT_TRUE(on_.Insert(second_));
    second_.artifact.file_name = first_.artifact.file_name;
    second_.ticket = first_.ticket;
  }
  void ExpectTaken(const Status& status) {
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, ErrorKind::kRejected);
    EXPECT_EQ(status.error().message, kIdentityTaken);
  }

  Job first_;
  Job second_;
};

TEST_F(IdentityTest, ARepeatedIdentityIsTakenAndChangesNothing) {
  ExpectTaken(on_.Save(second_, "asked the portal"));
  EXPECT_EQ(on_.Unfinished().at(1).ticket.start_time, 0);
  EXPECT_EQ(Timeline("second").size(), 1u);
  // The next answer, a second later, is another build.
  ++second_.ticket.start_time;
  EXPECT_TRUE(on_.Save(second_));
}

TEST_F(IdentityTest, AFinishedJobKeepsItsIdentity) {
  for (const JobState state : {JobState::kFailed, JobState::kDelivered}) {
    first_.state = state;
    first_.finished = true;
    ASSERT_TRUE(on_.Save(first_));
    ExpectTaken(on_.Save(second_));
  }
}

TEST_F(IdentityTest, AnInsertWithATakenIdentityIsToldApartFromATakenId) {
  second_.id = "third";
  ExpectTaken(on_.Insert(second_));
}

TEST_F(IdentityTest, EachPartOfTheIdentityCounts) {
  const auto differs = [&](const std::function<void(Job&)>& change) {
    Job job = second_;
    change(job);
    return on_.Save(job).has_value();
  };
  EXPECT_TRUE(differs([](Job& job) { job.target.Edit().portal_url = "https://other.example"; }));
  EXPECT_TRUE(differs([](Job& job) { job.target.Edit().tenant = "other"; }));
  EXPECT_TRUE(differs([](Job& job) { job.target.Edit().version = "staging"; }));
  EXPECT_TRUE(differs([](Job& job) { job.artifact.kind = ArtifactKind::kIpa; }));
  EXPECT_TRUE(differs([](Job& job) { job.artifact.file_name = "APP.apk"; }));
  EXPECT_TRUE(differs([](Job& job) { job.artifact.file_name = std::string("app.apk\0", 8); }));
  // APK and AAB are one platform.
  EXPECT_FALSE(differs([](Job& job) { job.artifact.kind = ArtifactKind::kAab; }));
  EXPECT_FALSE(differs([](Job& job) { job.owner = "another host"; }));
}

TEST_F(IdentityTest, WhatWasNotAskedForYetHasNoIdentity) {
  first_.ticket.start_time = 0;
  second_.ticket.start_time = 0;
  EXPECT_TRUE(on_.Save(first_));
  EXPECT_TRUE(on_.Save(second_));
}

TEST_F(LedgerTest, TheTimelineTellsStatesAndNotesWithTheirTime) {
  Job job = JobNamed("one");
  const WallMs start = on_.clock.Wall();
  ASSERT_TRUE(on_.Insert(job));
  on_.clock.Step(std::chrono::seconds(1));
  job.state = JobState::kClaimed;
  ASSERT_TRUE(on_.Save(job));
  on_.clock.Step(std::chrono::seconds(1));
  job.sends = 1;
  ASSERT_TRUE(on_.Save(job)) << "progress without a word";
  on_.clock.Step(std::chrono::seconds(1));
  ASSERT_TRUE(on_.Save(job, "the portal is away"));
  const auto timeline = Timeline("one");
  ASSERT_EQ(timeline.size(), 3u);
  EXPECT_EQ(timeline[0].at, start);
  EXPECT_EQ(timeline[0].state, JobState::kClaiming);
  EXPECT_EQ(timeline[1].at, start + 1000);
  EXPECT_EQ(timeline[1].state, JobState::kClaimed);
  EXPECT_EQ(timeline[1].note, "");
  EXPECT_EQ(timeline[2].at, start + 3000);
  EXPECT_EQ(timeline[2].state, JobState::kClaimed);
  EXPECT_EQ(timeline[2].note, "the portal is away");
}

TEST_F(LedgerTest, RemoveForgetsAClaimAndAllThatHangsOnIt) {
  ASSERT_TRUE(on_.Insert(JobNamed("one")));
  ASSERT_TRUE(on_.SaveKept({"folder", "one.apk", "sha", "one", "stat"}));
  ASSERT_TRUE(on_.SaveKept({"folder", "two.apk", "sha", "two", "stat"}));
  ASSERT_TRUE(on_.Remove("one"));
  EXPECT_TRUE(on_.Unfinished().empty());
  EXPECT_TRUE(Timeline("one").empty());
  ASSERT_EQ(on_.Kept("folder").size(), 1u);
  EXPECT_EQ(on_.Kept("folder")[0].job, "two");
  EXPECT_TRUE(on_.Insert(JobNamed("one")));
}

TEST_F(LedgerTest, RemoveLeavesAJobThatWasClaimed) {
  Job job = JobNamed("one");
  ASSERT_TRUE(on_.Insert(job));
  job.state = JobState::kClaimed;
  ASSERT_TRUE(on_.Save(job));
  ASSERT_TRUE(on_.SaveKept({"folder", "one.apk", "sha", "one", "stat"}));
  const Status status = on_.Remove("one");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kRejected);
  EXPECT_EQ(on_.Unfinished().size(), 1u);
  EXPECT_EQ(on_.Kept("folder").size(), 1u);
  EXPECT_FALSE(on_.Remove("nobody"));
}

TEST_F(LedgerTest, FoldersAreRememberedAndReplacedByName) {
  FolderRecord folder{"production", "/srv/drop", "room", "ext4", 11, "degraded", "polled", 22, "host"};
  ASSERT_TRUE(on_.SaveFolder({"a", "/a", "r", "nfs", 1, "ok", "", 2, ""}));
  ASSERT_TRUE(on_.SaveFolder({"production", "/old", "old", "xfs", 1, "ok", "", 2, ""}));
  ASSERT_TRUE(on_.SaveFolder(folder));
  on_.Close();
  on_.Open();
  const auto folders = on_.Folders();
  ASSERT_EQ(folders.size(), 2u);
  EXPECT_EQ(folders[0].name, "a");
  const FolderRecord& back = folders[1];
  EXPECT_EQ(std::tie(back.name, back.path, back.room_id, back.fs_type, back.first_seen, back.state, back.reason,
                     back.since, back.host_id),
            std::tie(folder.name, folder.path, folder.room_id, folder.fs_type, folder.first_seen, folder.state,
                     folder.reason, folder.since, folder.host_id));
}

TEST_F(LedgerTest, KeptArtifactsAreKnownByFolderNameAndBytes) {
  ASSERT_TRUE(on_.SaveKept({"f", "a.apk", "sha1", "job1", "stat1"}));
  ASSERT_TRUE(on_.SaveKept({"f", "a.apk", "sha2", "job2", "stat2"}));
  ASSERT_TRUE(on_.SaveKept({"f", "a.apk", "sha1", "job1", "touched"}));
  ASSERT_TRUE(on_.SaveKept({"g", "a.apk", "sha1", "", "stat"}));
  const auto kept = on_.Kept("f");
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].stat_key, "touched");
  EXPECT_EQ(kept[0].job, "job1");
  EXPECT_EQ(kept[1].sha256, "sha2");
  EXPECT_EQ(on_.Kept("g").size(), 1u);
  EXPECT_TRUE(on_.Kept("h").empty());
}

TEST_F(LedgerTest, TheLastDeliveryOfTheSameBytesIsFound) {
  const auto delivered = [](const std::string& id) {
    Job job = JobNamed(id);
    job.state = JobState::kDelivered;
    job.finished = true;
    job.artifact.sha256 = "abc";
    job.target.Edit().folder = "f";
    return job;
  };
  Job failed = delivered("failed");
  failed.state = JobState::kFailed;
  Job duplicate = delivered("duplicate");
  duplicate.duplicate_of = "second";
  for (const Job& job : {delivered("first"), delivered("second"), failed, duplicate}) ASSERT_TRUE(on_.Insert(job));
  const auto found = on_.Delivered(delivered("asking"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, "second");
  using Change = void (*)(Job&);
  for (const Change change :
       {Change([](Job& job) { job.artifact.sha256 = "abd"; }), Change([](Job& job) { job.target.Edit().folder = "g"; }),
        Change([](Job& job) { job.target.Edit().version = "staging"; }),
        Change([](Job& job) { job.target.Edit().signing_key = "none"; }),
        Change([](Job& job) { job.target.Edit().tenant = "other"; }),
        Change([](Job& job) { job.target.Edit().portal_url = "https://other.example"; })}) {
    Job other = delivered("asking");
    change(other);
    EXPECT_FALSE(on_.Delivered(other));
  }
  Job unknown = delivered("unknown");
  unknown.artifact.sha256.clear();
  ASSERT_TRUE(on_.Insert(unknown));
  EXPECT_FALSE(on_.Delivered(unknown)) << "no digest is the same as no other";
}

TEST_F(LedgerTest, IgnoredFilesAreReplacedFolderByFolder) {
  ASSERT_TRUE(on_.SaveIgnored("f", {"b", "a", "a"}));
  ASSERT_TRUE(on_.SaveIgnored("g", {"c"}));
  on_.Close();
  on_.Open();
  EXPECT_EQ(on_.Ignored("f"), (Ids{"a", "b"}));
  ASSERT_TRUE(on_.SaveIgnored("f", {"d"}));
  EXPECT_EQ(on_.Ignored("f"), (Ids{"d"}));
  EXPECT_EQ(on_.Ignored("g"), (Ids{"c"}));
  EXPECT_TRUE(on_.Ignored("h").empty());
}

TEST_F(LedgerTest, AnswersComeInTheOrderOfTheCalls) {
  std::vector<int> order;
  for (int i = 0; i < 50; ++i) {
    on_.ledger->Insert(JobNamed("job" + std::to_string(i % 40)), [&order, i](Status status) {
      EXPECT_EQ(status.has_value(), i < 40);
      order.push_back(i);
    });
  }
  EXPECT_TRUE(order.empty());
  std::size_t loaded = 0;
  on_.ledger->LoadUnfinished([&](Result<std::vector<Job>> jobs) {
    loaded = jobs->size();
    on_.loop.Stop();
  });
  on_.loop.Run();
  ASSERT_EQ(order.size(), 50u);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(loaded, 40u);
}

TEST_F(LedgerTest, TheDestructorWritesWhatWasAskedForAndAnswersNobody) {
  auto touched = std::make_shared<int>(0);
  for (int i = 0; i < 20; ++i) {
    on_.ledger->Insert(JobNamed("job" + std::to_string(i)), [touched](Status) { ++*touched; });
  }
  on_.Close();
  // What the thread posted meanwhile runs now, and must find nobody.
  on_.loop.Post([&] { on_.loop.Stop(); });
  on_.loop.Run();
  EXPECT_EQ(*touched, 0);
  on_.Open();
  EXPECT_EQ(on_.Unfinished().size(), 20u);
}

TEST_F(LedgerTest, AnAnswerMayDestroyTheLedger) {
  bool second = false;
  on_.ledger->Insert(JobNamed("one"), [this](Status) {
    on_.Close();
    // By now the thread has posted the second answer; it must find nobody.
    on_.loop.Post([this] { on_.loop.Stop(); });
  });
  on_.ledger->Insert(JobNamed("two"), [&](Status) { second = true; });
  on_.loop.Run();
  EXPECT_EQ(on_.ledger, nullptr);
  EXPECT_FALSE(second);
  on_.Open();
  EXPECT_EQ(on_.Unfinished().size(), 2u);
}

TEST_F(LedgerTest, ACallbackMayAskAgain) {
  int answers = 0;
  Job job = JobNamed("one");
  std::function<void(Status)> again = [&](Status status) {
    EXPECT_TRUE(status) << MessageOf(status);
    if (++answers == 10) return on_.loop.Stop();
    ++job.epoch;
    on_.ledger->Save(job, "again", again);
  };
  on_.ledger->Insert(job, again);
  on_.loop.Run();
  EXPECT_EQ(on_.Unfinished().at(0).epoch, 9);
}

TEST_F(LedgerTest, ADamagedRowIsTroubleOfTheDiskAndNotOfAJob) {
  ASSERT_TRUE(on_.Insert(JobNamed("one")));
  on_.Close();
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(folder_.Path("ledger.sqlite").c_str(), &raw), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(raw, "UPDATE jobs SET state = 'hibernating'", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(raw);
  on_.Open();
  ErrorKind kind = ErrorKind::kBug;
  on_.ledger->LoadUnfinished([&](Result<std::vector<Job>> jobs) {
    if (!jobs) kind = jobs.error().kind;
    on_.loop.Stop();
  });
  on_.loop.Run();
  EXPECT_EQ(kind, ErrorKind::kLocalDisk);
  const auto read = ReadLedger(folder_.path(), 0);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::kLocalDisk);
}

}  // namespace
}  // namespace tegodrop
