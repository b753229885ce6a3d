// What the commands of a person need of the ledger: jobs by their ids' beginnings, those that failed, pauses, stories.
#include <gtest/gtest.h>

#include "tests/fakes/scratch_folder.h"
#include "tests/unit/ledger/looped_ledger.h"

namespace tegodrop::testing {
namespace {

class OperatorRowsTest : public ::testing::Test {
 protected:
  ScratchFolder folder_;
  LoopedLedger on_{folder_.path()};
};

TEST_F(OperatorRowsTest, AJobIsFoundByItsIdOrItsBeginning) {
  for (const char* id : {"ab", "abc1", "abc2", "x_%"}) ASSERT_TRUE(on_.Insert(JobNamed(id)));
  EXPECT_EQ(IdsOf(on_.Find("ab")), std::vector<std::string>{"ab"}) << "the whole id, whatever else begins with it";
  EXPECT_EQ(IdsOf(on_.Find("abc")), (std::vector<std::string>{"abc1", "abc2"}));
  EXPECT_EQ(IdsOf(on_.Find("abc2")), std::vector<std::string>{"abc2"});
  EXPECT_EQ(IdsOf(on_.Find("x")), std::vector<std::string>{"x_%"});
  EXPECT_TRUE(on_.Find("%").empty());
  EXPECT_TRUE(on_.Find("_b").empty());
  EXPECT_TRUE(on_.Find("").empty());
  EXPECT_TRUE(on_.Find("abc22").empty());
}

TEST_F(OperatorRowsTest, NoMoreAreFoundThanAPersonWantsToRead) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(on_.Insert(JobNamed("a" + std::to_string(i))));
  EXPECT_EQ(on_.Find("a").size(), static_cast<std::size_t>(kMostFound));
}

TEST_F(OperatorRowsTest, EveryFailureIsFailedAlsoWhileItIsPutAway) {
  for (const auto& [id, state] : {std::pair{"a", JobState::kFailed}, std::pair{"b", JobState::kCancelled},
                                  std::pair{"c", JobState::kDelivered}, std::pair{"d", JobState::kFailed}}) {
    Job job = JobNamed(id);
    ASSERT_TRUE(on_.Insert(job));
    job.state = state;
    job.finished = job.id != "d";
    ASSERT_TRUE(on_.Save(job));
  }
  EXPECT_EQ(on_.Failed(), (std::vector<std::string>{"a", "d"}));
}

TEST_F(OperatorRowsTest, NoticesAreReadBesideTheDaemonAndKeepTheirTime) {
  ASSERT_TRUE(on_.SaveNotice({kClockNotice, "ten minutes behind", 5}));
  ASSERT_TRUE(on_.SaveNotice({kClockNotice, "twelve minutes behind", 6}));
  ASSERT_TRUE(on_.SaveNotice({kCredentialsNotice, "refused", 7}));
  const auto snapshot = ReadLedger(folder_.path(), 0);
  ASSERT_TRUE(snapshot) << snapshot.error().message;
  ASSERT_EQ(snapshot->notices.size(), 2U);
  EXPECT_EQ(snapshot->notices[0].name, kClockNotice);
  EXPECT_EQ(snapshot->notices[0].text, "twelve minutes behind");
  EXPECT_EQ(snapshot->notices[0].since, 5);
  ASSERT_TRUE(on_.RemoveNotice(kClockNotice));
  ASSERT_TRUE(on_.RemoveNotice(kClockNotice)) << "none is no error";
  EXPECT_EQ(ReadLedger(folder_.path(), 0)->notices.size(), 1U);
}

TEST_F(OperatorRowsTest, NoticesOfOneKindGoTogether) {
  ASSERT_TRUE(on_.SaveNotice({std::string(kClaimNotice) + "a", "left", 5}));
  ASSERT_TRUE(on_.SaveNotice({std::string(kClaimNotice) + "b", "left", 5}));
  ASSERT_TRUE(on_.SaveNotice({kClockNotice, "behind", 5}));
  ASSERT_TRUE(on_.RemoveNotices(kClaimNotice));
  const auto snapshot = ReadLedger(folder_.path(), 0);
  ASSERT_TRUE(snapshot) << snapshot.error().message;
  ASSERT_EQ(snapshot->notices.size(), 1U);
  EXPECT_EQ(snapshot->notices[0].name, kClockNotice);
}

TEST_F(OperatorRowsTest, ClaimsAreTheUnfinishedJobsOfOneFolder) {
  for (const auto& [id, path] :
       {std::pair{"a", "/one"}, std::pair{"b", "/two"}, std::pair{"c", "/one"}, std::pair{"d", "/one"}}) {
    Job job = JobNamed(id);
    job.target.Edit().drop_path = path;
    ASSERT_TRUE(on_.Insert(job));
    job.state = JobState::kFailed;
    job.finished = job.id == "c";
    ASSERT_TRUE(on_.Save(job));
  }
  EXPECT_EQ(on_.Claims("/one"), (std::vector<std::string>{"a", "d"}));
}

TEST_F(OperatorRowsTest, PausesOutliveTheLedgersFolderRecordsAndARestart) {
  ASSERT_TRUE(on_.SavePause({"first", 5}));
  ASSERT_TRUE(on_.SavePause({"", 6}));
  ASSERT_TRUE(on_.SavePause({"first", 7})) << "once more is no error";
  FolderRecord record;
  record.name = "first";
  record.state = "ok";
  ASSERT_TRUE(on_.SaveFolder(record));
  on_.Close();
  on_.Open();
  const auto pauses = on_.Pauses();
  ASSERT_EQ(pauses.size(), 2U);
  EXPECT_EQ(pauses[0].folder, "");
  EXPECT_EQ(pauses[1].folder, "first");
  EXPECT_EQ(pauses[1].since, 5) << "since the first time";
  const auto snapshot = ReadLedger(folder_.path(), 0);
  ASSERT_TRUE(snapshot) << snapshot.error().message;
  EXPECT_EQ(snapshot->pauses.size(), 2U);
  ASSERT_TRUE(on_.RemovePause("first"));
  ASSERT_TRUE(on_.RemovePause("first")) << "none is no error";
  EXPECT_EQ(on_.Pauses().size(), 1U);
}

TEST_F(OperatorRowsTest, WhatAnOutputFolderWasOnOutlivesARestart) {
  ASSERT_TRUE(on_.SaveOutput({"/srv/protected/b", "ext4"}));
  ASSERT_TRUE(on_.SaveOutput({"/srv/protected/a", "ext4"}));
  ASSERT_TRUE(on_.SaveOutput({"/srv/protected/a", "fuse"}));
  on_.Close();
  on_.Open();
  auto outputs = on_.Outputs();
  ASSERT_EQ(outputs.size(), 2U);
  EXPECT_EQ(outputs[0].path, "/srv/protected/a");
  EXPECT_EQ(outputs[0].fs_type, "fuse");
  ASSERT_TRUE(on_.RemoveOutput("/srv/protected/a"));
  ASSERT_TRUE(on_.RemoveOutput("/srv/protected/a")) << "none is no error";
  EXPECT_EQ(on_.Outputs().size(), 1U);
}

TEST_F(OperatorRowsTest, AStoryIsAJobWithItsTimeline) {
  Job job = JobNamed("abc1");
  ASSERT_TRUE(on_.Insert(job));
  job.state = JobState::kClaimed;
  ASSERT_TRUE(on_.Save(job, "claimed"));
  const auto stories = ReadStories(folder_.path(), "abc");
  ASSERT_TRUE(stories) << stories.error().message;
  ASSERT_EQ(stories->size(), 1U);
  EXPECT_EQ(stories->front().job.id, "abc1");
  ASSERT_EQ(stories->front().timeline.size(), 2U);
  EXPECT_EQ(stories->front().timeline[1].note, "claimed");
  EXPECT_TRUE(ReadStories(folder_.path(), "nobody")->empty());
}

}  // namespace
}  // namespace tegodrop::testing
