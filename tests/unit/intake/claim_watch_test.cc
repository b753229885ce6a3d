// Other hosts' claims on a share: seen, shown once they stand still, and taken over.
#include <gmock/gmock.h>

#include "daemon/base/digest.h"
#include "tests/unit/intake/intake_world.h"

namespace tegodrop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ClaimWatchTest : public IntakeWorldTest {
 protected:
  ClaimWatchTest() {
    folder.facts.fs = FsType{0xFF534D42, "cifs", false, {}};
    folder.facts.spools = true;
    folder.facts.watched = false;
  }
  // What another host has claimed.
  void ClaimedByOther(const std::string& job, const std::string& name = "app.apk") {
    folder.Put(name, "content of " + name);
    folder.claimed[job][name] = folder.files.at(name);
    folder.files.erase(name);
  }
  void OtherBeats(std::int64_t beat, std::vector<std::string> jobs) {
    folder.other_beats["other"] = {"other", "build-7", beat, std::move(jobs)};
  }
  ClaimRecord RecordOf(const std::string& job) const {
    ClaimRecord record;
    record.job = job;
    record.file_name = "app.apk";
    record.subfolder = "team";
    record.portal_url = settings.portal_url;
    record.tenant = settings.tenant;
    record.version = "staging";
    record.start_time = 1'700'000'000;
    record.file_path = "tenant/uploads/app.apk";
    record.output_path = "/srv/out";
    return record;
  }
  Result<std::string> TakeOver(const std::string& job, bool afresh = false) {
    std::optional<Result<std::string>> answer;
    intake->TakeOver(job, afresh, [&](Result<std::string> told) {
      EXPECT_FALSE(answer) << "answered twice";
      answer = std::move(told);
    });
    EXPECT_FALSE(answer) << "inside the call";
    Pass(seconds(1));
    EXPECT_TRUE(answer) << "no answer";
    return answer.value_or(Fail(ErrorKind::kBug, "no answer"));
  }
  std::string NoticeOf(const std::string& job) {
    const auto notice = ledger.notices.find(kClaimNotice + job);
    return notice == ledger.notices.end() ? "" : notice->second.text;
  }
};

TEST_F(ClaimWatchTest, TellsOthersEveryFewMinutesWhatIsOurs) {
  Start();
  ASSERT_EQ(folder.own_beats.size(), 1U);
  EXPECT_THAT(folder.own_beats[0].jobs, IsEmpty());
  folder.Put("a.apk", "content");
  while (admitted.empty()) Pass(seconds(1));
  PassLong(seconds(61));
  ASSERT_EQ(folder.own_beats.size(), 2U) << "soon after a claim";
  PassLong(minutes(11));
  ASSERT_EQ(admitted.size(), 1U);
  ASSERT_EQ(folder.own_beats.size(), 4U);
  EXPECT_THAT(folder.own_beats.back().jobs, ElementsAre(admitted[0].id));
  EXPECT_EQ(folder.own_beats.back().host, "host-1");
  EXPECT_GT(folder.own_beats[2].beat, folder.own_beats[1].beat);
  const std::string id = folder.own_beats.back().id;
  EXPECT_EQ(folder.own_beats[0].id, id);
  Restart();
  EXPECT_EQ(folder.own_beats.back().id, id) << "the same host after a restart";
}

TEST_F(ClaimWatchTest, ALocalFolderIsNotAsked) {
  folder.facts.spools = false;
  Start();
  PassLong(minutes(30));
  EXPECT_THAT(folder.own_beats, IsEmpty());
}

TEST_F(ClaimWatchTest, AClaimWhoseHostBeatsIsNobodysBusiness) {
  ClaimedByOther("j1");
  Start();
  for (int i = 0; i < 40; ++i) {
    OtherBeats(i, {"j1"});
    PassLong(minutes(5));
  }
  EXPECT_THAT(intake->LeftClaims(), IsEmpty());
  EXPECT_THAT(ledger.notices, IsEmpty());
}

TEST_F(ClaimWatchTest, OneThatStandsStillForAnHourIsShownWithWhatToDo) {
  ClaimedByOther("j1");
  OtherBeats(1, {"j1"});
  Start();
  PassLong(minutes(59));
  EXPECT_THAT(intake->LeftClaims(), IsEmpty());
  PassLong(minutes(7));
  EXPECT_THAT(intake->LeftClaims(), ElementsAre("j1"));
  EXPECT_THAT(NoticeOf("j1"), HasSubstr("app.apk of folder production is claimed by host build-7"));
  EXPECT_THAT(NoticeOf("j1"), HasSubstr("'tegodrop retry j1'"));
  EXPECT_EQ(log.Count("claim.left"), 1);
  OtherBeats(2, {"j1"});
  PassLong(minutes(6));
  EXPECT_THAT(intake->LeftClaims(), IsEmpty()) << "it is back";
  EXPECT_THAT(ledger.notices, IsEmpty());
}

TEST_F(ClaimWatchTest, OneThatNoHostSpeaksOfIsShownToo) {
  ClaimedByOther("j1");
  OtherBeats(1, {"something else"});
  Start();
  for (int i = 0; i < 14; ++i) {
    OtherBeats(2 + i, {"something else"});
    PassLong(minutes(5));
  }
  EXPECT_THAT(intake->LeftClaims(), ElementsAre("j1")) << "its host lost its ledger, perhaps";
  EXPECT_THAT(NoticeOf("j1"), HasSubstr("has not been heard of"));
  folder.claimed.erase("j1");
  PassLong(minutes(6));
  EXPECT_THAT(intake->LeftClaims(), IsEmpty());
  EXPECT_THAT(ledger.notices, IsEmpty());
}

TEST_F(ClaimWatchTest, BeatsOfHostsThatAreGoneAreRemoved) {
  OtherBeats(1, {"j1"});
  Start();
  PassLong(minutes(50));
  EXPECT_EQ(folder.other_beats.size(), 1U);
  PassLong(minutes(20));
  EXPECT_THAT(folder.other_beats, IsEmpty());
}

TEST_F(ClaimWatchTest, WhatWasNeverSentIsUploaded) {
  ClaimedByOther("j1");
  Start();
  PassLong(minutes(66));
  const auto answer = TakeOver("j1");
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(admitted.size(), 1U);
  const Job& job = admitted[0];
  EXPECT_THAT(*answer, HasSubstr(job.id));
  EXPECT_EQ(job.state, JobState::kClaimed);
  EXPECT_EQ(job.artifact.sha256, Sha256Hex("content of app.apk"));
  EXPECT_EQ(job.target->version, "production");
  EXPECT_TRUE(folder.claimed.contains(job.id));
  EXPECT_EQ(ledger.jobs.at(job.id).state, JobState::kClaimed);
  EXPECT_THAT(ledger.notes.at(job.id).back(), HasSubstr("taken over from job j1"));
  EXPECT_THAT(ledger.notices, IsEmpty());
  PassLong(minutes(6));
  EXPECT_THAT(folder.own_beats.back().jobs, ElementsAre(job.id));
}

TEST_F(ClaimWatchTest, WhatMayHaveBeenSentAsksTheHistoryFirst) {
  ClaimedByOther("j1");
  folder.claim_records["j1"] = RecordOf("j1");
  Start();
  PassLong(minutes(66));
  ASSERT_TRUE(TakeOver("j1"));
  ASSERT_EQ(admitted.size(), 1U);
  const Job& job = admitted[0];
  EXPECT_EQ(job.state, JobState::kConfirming);
  EXPECT_EQ(job.ticket.start_time, 1'700'000'000);
  EXPECT_EQ(job.target->version, "staging") << "as it was sent, whatever this host is configured for";
  EXPECT_EQ(job.artifact.subfolder, "team");
  EXPECT_EQ(job.confirming_since, clock.Wall() - 1000);
  EXPECT_EQ(job.sends, 1);
}

TEST_F(ClaimWatchTest, WhatMayHaveBeenDeliveredIsAPersonsToJudge) {
  ClaimedByOther("j1");
  folder.claim_records["j1"] = RecordOf("j1");
  folder.claim_records["j1"].delivering = true;
  Start();
  PassLong(minutes(66));
  const auto refused = TakeOver("j1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kRejected);
  EXPECT_THAT(refused.error().message, HasSubstr("/srv/out"));
  EXPECT_THAT(refused.error().message, HasSubstr("retry --rebuild j1"));
  EXPECT_TRUE(folder.claimed.contains("j1"));
  ASSERT_TRUE(TakeOver("j1", true));
  ASSERT_EQ(admitted.size(), 1U);
  EXPECT_EQ(admitted[0].state, JobState::kClaimed);
  EXPECT_EQ(admitted[0].ticket.start_time, 0);
}

TEST_F(ClaimWatchTest, AHostThatComesBackAtTheLastMomentKeepsItsClaim) {
  ClaimedByOther("j1");
  OtherBeats(1, {"j1"});
  Start();
  PassLong(minutes(66));
  OtherBeats(2, {"j1"});
  const auto refused = TakeOver("j1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kRejected);
  EXPECT_TRUE(folder.claimed.contains("j1"));
  EXPECT_THAT(admitted, IsEmpty());
}

TEST_F(ClaimWatchTest, WhatIsDamagedFailsWithItsReason) {
  ClaimedByOther("j1");
  folder.claimed["j1"]["app.apk"].inside = Inspection::Outcome::kIncomplete;
  Start();
  PassLong(minutes(66));
  ASSERT_TRUE(TakeOver("j1"));
  ASSERT_EQ(admitted.size(), 1U);
  EXPECT_EQ(admitted[0].state, JobState::kFailed);
  EXPECT_EQ(admitted[0].failure->kind, FailureKind::kIncomplete);
}

TEST_F(ClaimWatchTest, AClaimThatWasNeverEndedIsUndoneAndItsArtifactTakenAsUsual) {
  folder.Put("app.apk", "content");
  folder.claimed["j1"]["app.apk.commit"] = FakeDropFolder::File{std::string(40, 'a') + "\n", {}};
  Start();
  folder.FailAlways("claim", PosixError("another host is taking it", "app.apk", EBUSY));
  PassLong(minutes(66));
  folder.FailAlways("claim", std::nullopt);
  EXPECT_THAT(NoticeOf("j1"), HasSubstr("app.apk of folder"));
  ASSERT_TRUE(TakeOver("j1"));
  EXPECT_THAT(ledger.notices, IsEmpty());
  PassLong(minutes(5));
  ASSERT_EQ(admitted.size(), 1U);
  EXPECT_EQ(admitted[0].artifact.file_name, "app.apk");
}

TEST_F(ClaimWatchTest, WhatTheLedgerWouldNotTakeIsRecordedWhenItDoes) {
  ClaimedByOther("j1");
  Start();
  PassLong(minutes(66));
  ledger.FailNext("insert", PosixError("cannot write", "ledger", ENOSPC));
  const auto answer = TakeOver("j1");
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("asked again"));
  EXPECT_THAT(admitted, IsEmpty());
  PassLong(seconds(10));
  EXPECT_EQ(admitted.size(), 1U);
  EXPECT_THAT(ledger.jobs.at(admitted[0].id).artifact.file_name, "app.apk");
}

TEST_F(ClaimWatchTest, WhatTheLedgerRefusesIsAnsweredAndNotAskedForEver) {
  ClaimedByOther("j1");
  Start();
  PassLong(minutes(66));
  ledger.FailNext("insert", MakeError(ErrorKind::kRejected, kIdentityTaken));
  EXPECT_FALSE(TakeOver("j1"));
  PassLong(seconds(30));
  EXPECT_THAT(admitted, IsEmpty());
}

TEST_F(ClaimWatchTest, AnOrderIsAnsweredAlsoWhereTheIntakeIsStopped) {
  ClaimedByOther("j1");
  Start();
  PassLong(minutes(66));
  std::optional<Result<std::string>> answer;
  intake->TakeOver("j1", false, [&](Result<std::string> told) { answer = std::move(told); });
  bool stopped = false;
  intake->Stop([&] { stopped = true; });
  Pass(seconds(1));
  EXPECT_TRUE(stopped);
  ASSERT_TRUE(answer);
  EXPECT_FALSE(*answer);
  EXPECT_TRUE(folder.claimed.contains("j1"));
  EXPECT_FALSE(TakeOver("j1"));
  const std::size_t beats = folder.own_beats.size();
  PassLong(minutes(11));
  EXPECT_GT(folder.own_beats.size(), beats) << "its jobs go on";
}

TEST_F(ClaimWatchTest, ANoticeThatTheLedgerRefusedIsShownWithTheNextLook) {
  ClaimedByOther("j1");
  ledger.FailNext("save_notice", PosixError("cannot write", "ledger", ENOSPC));
  Start();
  PassLong(minutes(72));
  EXPECT_THAT(NoticeOf("j1"), HasSubstr("app.apk"));
}

TEST_F(ClaimWatchTest, AShareThatIsAwayIsSaidSo) {
  ClaimedByOther("j1");
  Start();
  PassLong(minutes(66));
  folder.FailNext("see_hosts", PosixError("cannot open", "/srv/drop/production", EHOSTDOWN));
  const auto answer = TakeOver("j1");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kLocalDisk);
  EXPECT_EQ(log.Count("folder.hosts"), 1);
  EXPECT_TRUE(TakeOver("j1"));
}

}  // namespace
}  // namespace tegodrop::testing
