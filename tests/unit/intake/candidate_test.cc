// The admission table, line by line: how a file came, where, and what it then waits for.
#include "daemon/intake/candidate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace tegodrop {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using Outcome = Inspection::Outcome;
using Verdict = Candidate::Verdict;

constexpr MonoMs kStart = 1'000'000;
constexpr WallMs kWall = 1'767'225'600'000;

FileStat StatOf(std::uint64_t size, WallMs changed = kWall) {
  FileStat stat;
  stat.ino = 7;
  stat.size = size;
  stat.mtime_ns = stat.ctime_ns = changed * 1'000'000;
  return stat;
}

FsType Disk() { return {0xEF53, "ext4", true, {}}; }
FsType Share(milliseconds attribute_cache = milliseconds(0)) { return {0x6969, "nfs", false, attribute_cache}; }
CandidateRules Local() { return RulesFor(Disk(), std::nullopt, hours(1)); }
CandidateRules Network() { return RulesFor(Share(), std::nullopt, hours(1)); }

Candidate::Look Whole(bool writers_known = true) {
  Candidate::Look look;
  look.outcome = Outcome::kWhole;
  look.writers_known = writers_known;
  return look;
}
Candidate::Look Found(Outcome outcome, bool writers_known = true) {
  Candidate::Look look = Whole(writers_known);
  look.outcome = outcome;
  look.reason = "because";
  return look;
}
std::vector<SidecarRef> Sum() { return {{"app.apk.sha256", StatOf(70)}}; }

// The first whole second (up to `most`) at which it may be looked at by time alone.
std::optional<MonoMs> FirstLook(const Candidate& candidate, MonoMs most = 120) {
  for (MonoMs second = 0; second <= most; ++second) {
    if (candidate.Next(kStart + second * 1000, false).look) return second;
  }
  return std::nullopt;
}

TEST(CandidateWait, OnALocalDiskDependsOnHowItCame) {
  struct Line {
    Nomination nomination;
    bool lease;                // can be asked
    std::int64_t changed_ago;  // its ctime, seconds before it was seen
    std::optional<milliseconds> settle;
    MonoMs seconds_to_wait;
    bool full_crc;
  };
  const Line lines[] = {
      {Nomination::kMovedIn, true, 0, {}, 0, false},
      {Nomination::kMovedIn, false, 0, {}, 2, true},
      {Nomination::kMovedIn, true, 0, seconds(20), 0, false},
      {Nomination::kMovedIn, false, 0, seconds(20), 20, true},
      {Nomination::kClosed, true, 0, {}, 2, false},
      {Nomination::kClosed, false, 0, {}, 10, true},
      {Nomination::kClosed, true, 0, seconds(5), 5, false},
      {Nomination::kClosed, false, 0, seconds(15), 15, true},
      {Nomination::kClosed, true, 3600, {}, 2, false},  // an old ctime counts for nothing once there were events
      {Nomination::kCreated, true, 0, {}, 10, false},
      {Nomination::kCreated, false, 0, {}, 10, true},
      {Nomination::kCreated, true, 0, seconds(15), 15, false},
      {Nomination::kScanned, true, 0, {}, 2, false},
      {Nomination::kScanned, true, 1, {}, 1, false},
      {Nomination::kScanned, true, 3, {}, 0, false},
      {Nomination::kScanned, true, -3600, {}, 2, false},  // a file of tomorrow
      {Nomination::kScanned, true, 3, seconds(60), 57, false},
      {Nomination::kScanned, false, 3, {}, 7, true},
      {Nomination::kScanned, false, 11, {}, 0, true},
  };
  for (const Line& line : lines) {
    SCOPED_TRACE(testing::Message() << static_cast<int>(line.nomination) << " lease " << line.lease << " ago "
                                    << line.changed_ago << " wait " << line.seconds_to_wait);
    Candidate candidate(RulesFor(Disk(), line.settle, hours(1)), StatOf(10, kWall - line.changed_ago * 1000),
                        line.nomination, kStart, kWall);
    if (!line.lease) {
      const MonoMs first = kStart + *FirstLook(candidate) * 1000;
      EXPECT_TRUE(candidate.Next(first, false).request.need_lease);
      EXPECT_EQ(candidate.Judge(Found(Outcome::kCannotTell, false), first, first), Verdict::kGoOn);
    }
    EXPECT_EQ(FirstLook(candidate), line.seconds_to_wait);
    const MonoMs when = kStart + line.seconds_to_wait * 1000;
    const Candidate::Step step = candidate.Next(when, false);
    EXPECT_EQ(step.request.full_crc, line.full_crc);
    EXPECT_EQ(step.request.need_lease, line.lease);
    EXPECT_FALSE(step.request.early);
    EXPECT_EQ(candidate.Judge(Whole(line.lease), when, when), Verdict::kAdmit);
  }
}

TEST(CandidateWait, TellsWhenToAskAgainAndWhy) {
  Candidate candidate(Local(), StatOf(10), Nomination::kClosed, kStart, kWall);
  const Candidate::Step step = candidate.Next(kStart + 500, false);
  EXPECT_FALSE(step.look);
  EXPECT_EQ(step.at, kStart + 2000);
  EXPECT_EQ(step.reason, "2s of quiet");
}

TEST(CandidateWait, EveryChangeAndEveryEventStartsItAnew) {
  Candidate candidate(Local(), StatOf(10), Nomination::kClosed, kStart, kWall);
  candidate.See(StatOf(11), kStart + 1000);
  EXPECT_EQ(FirstLook(candidate), 3);
  candidate.Nominate(Nomination::kClosed, kStart + 2000);
  EXPECT_EQ(FirstLook(candidate), 4);
  candidate.See(StatOf(11), kStart + 3000);  // nothing new
  candidate.Nominate(Nomination::kScanned, kStart + 3000);
  EXPECT_EQ(FirstLook(candidate), 4);
}

TEST(CandidateWait, AFileThatChangesAfterItWasMovedInIsNoLongerMovedIn) {
  Candidate candidate(Local(), StatOf(10), Nomination::kMovedIn, kStart, kWall);
  FileStat grown = StatOf(11);
  candidate.See(grown, kStart);
  EXPECT_EQ(FirstLook(candidate), 2);
}

TEST(CandidateWait, AChmodAfterTheRenameChangesNothing) {
  Candidate candidate(Local(), StatOf(10), Nomination::kMovedIn, kStart, kWall);
  FileStat chmodded = StatOf(10);
  chmodded.ctime_ns += 5;
  candidate.See(chmodded, kStart);
  EXPECT_EQ(FirstLook(candidate), 0);
}

TEST(CandidateWait, AFolderThatWasAwayProvesNothing) {
  Candidate candidate(Local(), StatOf(10, kWall - 9000), Nomination::kScanned, kStart, kWall);
  candidate.StartOver(kStart + 1000);
  EXPECT_EQ(FirstLook(candidate), 3);
}

TEST(CandidateOnAShare, NeedsThreeEqualSamplesOverThirtySecondsAndTheFullCrc) {
  Candidate candidate(Network(), StatOf(10, kWall - 3'600'000), Nomination::kScanned, kStart, kWall);
  EXPECT_FALSE(candidate.Next(kStart + 60'000, false).look);  // no sample, no look
  EXPECT_FALSE(candidate.Next(kStart + 60'000, false).at);
  candidate.See(StatOf(10, kWall - 3'600'000), kStart + 31'000);
  EXPECT_FALSE(candidate.Next(kStart + 31'000, false).look);  // two
  candidate.See(StatOf(10, kWall - 3'600'000), kStart + 32'000);
  const Candidate::Step step = candidate.Next(kStart + 32'000, false);
  EXPECT_TRUE(step.look);
  EXPECT_TRUE(step.request.full_crc);
  EXPECT_FALSE(step.request.need_lease);
  EXPECT_EQ(candidate.Judge(Whole(false), kStart + 32'000, kStart + 33'000), Verdict::kAdmit);
}

TEST(CandidateOnAShare, ManySamplesInAShortTimeAreNotEnough) {
  Candidate candidate(Network(), StatOf(10), Nomination::kMovedIn, kStart, kWall);
  for (MonoMs second = 5; second < 30; second += 5) candidate.See(StatOf(10), kStart + second * 1000);
  EXPECT_FALSE(candidate.Next(kStart + 29'000, false).look);
  candidate.See(StatOf(10), kStart + 30'000);
  EXPECT_TRUE(candidate.Next(kStart + 30'000, false).look);
}

TEST(CandidateOnAShare, EveryDifferenceBetweenSamplesStartsAnew) {
  for (const int field : {0, 1, 2, 3}) {
    Candidate candidate(Network(), StatOf(10), Nomination::kScanned, kStart, kWall);
    candidate.See(StatOf(10), kStart + 20'000);
    FileStat other = StatOf(10);
    (field == 0 ? other.ino : other.size) += field < 2 ? 1 : 0;
    (field == 2 ? other.mtime_ns : other.ctime_ns) += field >= 2 ? 1 : 0;
    candidate.See(other, kStart + 31'000);
    candidate.See(other, kStart + 40'000);
    EXPECT_FALSE(candidate.Next(kStart + 40'000, false).look);
    candidate.See(other, kStart + 61'000);
    EXPECT_TRUE(candidate.Next(kStart + 61'000, false).look);
  }
}

TEST(CandidateOnAShare, TheQuietTimeIsTwiceTheAttributeCacheUnlessTheConfigSaysOtherwise) {
  EXPECT_EQ(RulesFor(Share(), std::nullopt, hours(1)).settle, seconds(30));
  EXPECT_EQ(RulesFor(Share(seconds(60)), std::nullopt, hours(1)).settle, seconds(120));
  EXPECT_EQ(RulesFor(Share(seconds(60)), seconds(90), hours(1)).settle, seconds(90));
  EXPECT_EQ(RulesFor(Share(), seconds(1), hours(1)).settle, seconds(1));
}

TEST(CandidateWithASum, IsLookedAtAtOnceAndAdmittedByItsDigest) {
  for (const CandidateRules& rules : {Local(), Network()}) {
    Candidate candidate(rules, StatOf(10), Nomination::kCreated, kStart, kWall);
    candidate.SeeSidecars(Sum(), kStart);
    const Candidate::Step step = candidate.Next(kStart, false);
    ASSERT_TRUE(step.look);
    EXPECT_TRUE(step.request.early);
    EXPECT_FALSE(step.request.need_lease);
    EXPECT_THAT(step.request.sidecars, testing::ElementsAre("app.apk.sha256"));
    Candidate::Look look = Whole(false);
    look.proven = true;
    EXPECT_EQ(candidate.Judge(look, kStart, kStart), Verdict::kAdmit);
  }
}

TEST(CandidateWithASum, ThatDoesNotMatchYetGoesOnAndIsRefusedOnceSettled) {
  Candidate candidate(Local(), StatOf(10), Nomination::kClosed, kStart, kWall);
  candidate.SeeSidecars(Sum(), kStart);
  Candidate::Look mismatch = Whole();
  mismatch.refused = true;
  EXPECT_EQ(candidate.Judge(mismatch, kStart, kStart), Verdict::kGoOn);
  EXPECT_EQ(FirstLook(candidate), 2);
  EXPECT_EQ(candidate.Judge(mismatch, kStart + 2000, kStart + 2000), Verdict::kRefuse);
}

TEST(CandidateWithASum, IsLookedAtAgainWhenItOrTheSumChanges) {
  Candidate candidate(Local(), StatOf(10), Nomination::kCreated, kStart, kWall);
  candidate.SeeSidecars(Sum(), kStart);
  EXPECT_EQ(candidate.Judge(Found(Outcome::kIncomplete), kStart, kStart), Verdict::kGoOn);
  EXPECT_FALSE(candidate.Next(kStart + 100, false).look);
  candidate.See(StatOf(11), kStart + 200);
  EXPECT_TRUE(candidate.Next(kStart + 200, false).look);
  EXPECT_EQ(candidate.Judge(Found(Outcome::kIncomplete), kStart + 200, kStart + 200), Verdict::kGoOn);
  EXPECT_FALSE(candidate.Next(kStart + 300, false).look);
  candidate.SeeSidecars({{"app.apk.sha256", StatOf(71)}}, kStart + 400);
  EXPECT_TRUE(candidate.Next(kStart + 400, false).look);
}

TEST(CandidateWithASum, OnAShareIsNotReadForEachSampleWhileItGrows) {
  Candidate candidate(Network(), StatOf(10), Nomination::kScanned, kStart, kWall);
  candidate.SeeSidecars(Sum(), kStart);
  EXPECT_TRUE(candidate.Next(kStart, false).look);
  EXPECT_EQ(candidate.Judge(Found(Outcome::kIncomplete, false), kStart, kStart), Verdict::kGoOn);
  candidate.See(StatOf(20), kStart + 5000);
  EXPECT_FALSE(candidate.Next(kStart + 5000, false).look);
  candidate.See(StatOf(20), kStart + 10'000);
  EXPECT_TRUE(candidate.Next(kStart + 10'000, false).look);
}

TEST(CandidateJudged, WholeButNotQuietLongEnoughIsNotAdmitted) {
  Candidate candidate(Local(), StatOf(10), Nomination::kClosed, kStart, kWall);
  EXPECT_EQ(candidate.Judge(Whole(), kStart, kStart + 5000), Verdict::kGoOn);
}

TEST(CandidateJudged, AnEventDuringTheLookMakesItCountForNothing) {
  Candidate candidate(Local(), StatOf(10), Nomination::kMovedIn, kStart, kWall);
  candidate.Nominate(Nomination::kClosed, kStart + 10);
  EXPECT_EQ(candidate.Judge(Whole(), kStart, kStart + 20), Verdict::kGoOn);
}

TEST(CandidateJudged, ChangedOrBeingWrittenStartsOverWithSettle) {
  Candidate changed(Local(), StatOf(10), Nomination::kMovedIn, kStart, kWall);
  EXPECT_EQ(changed.Judge(Found(Outcome::kChanged), kStart, kStart), Verdict::kListNow);
  EXPECT_EQ(FirstLook(changed), 2);
  for (const Nomination nomination : {Nomination::kMovedIn, Nomination::kCreated}) {
    Candidate written(Local(), StatOf(10), nomination, kStart, kWall);
    EXPECT_EQ(written.Judge(Found(Outcome::kBeingWritten), kStart, kStart), Verdict::kGoOn);
    EXPECT_EQ(written.Next(kStart + 1, false).reason, "because");
    EXPECT_EQ(FirstLook(written), 2);
  }
}

TEST(CandidateJudged, ASumDoesNotAskAWriterWithoutAPause) {
  Candidate candidate(Local(), StatOf(10), Nomination::kCreated, kStart, kWall);
  candidate.SeeSidecars(Sum(), kStart);
  EXPECT_EQ(candidate.Judge(Found(Outcome::kBeingWritten), kStart, kStart), Verdict::kGoOn);
  EXPECT_FALSE(candidate.Next(kStart + 1999, false).look);
  candidate.Nominate(Nomination::kClosed, kStart + 1999);  // the writer has gone: at once
  EXPECT_TRUE(candidate.Next(kStart + 1999, false).look);
}

TEST(CandidateJudged, IncompleteWaitsUntilItChangesOrRefuseAfter) {
  Candidate candidate(Local(), StatOf(10), Nomination::kClosed, kStart, kWall);
  EXPECT_EQ(candidate.Judge(Found(Outcome::kIncomplete), kStart + 2000, kStart + 2000), Verdict::kGoOn);
  const Candidate::Step step = candidate.Next(kStart + 3000, false);
  EXPECT_FALSE(step.look);
  EXPECT_EQ(step.at, kStart + 3'600'000);
  EXPECT_EQ(step.reason, "because");
  EXPECT_FALSE(candidate.Next(kStart + 3'599'999, false).look);
  EXPECT_TRUE(candidate.Next(kStart + 3'600'000, false).look);
  EXPECT_EQ(candidate.Judge(Found(Outcome::kIncomplete), kStart + 3'600'000, kStart + 3'600'000), Verdict::kRefuse);
}

TEST(CandidateJudged, IncompleteThatChangesIsLookedAtAgain) {
  Candidate candidate(Local(), StatOf(10), Nomination::kClosed, kStart, kWall);
  EXPECT_EQ(candidate.Judge(Found(Outcome::kIncomplete), kStart + 2000, kStart + 2000), Verdict::kGoOn);
  candidate.See(StatOf(20), kStart + 10'000);
  EXPECT_EQ(FirstLook(candidate), 12);
  EXPECT_EQ(candidate.Judge(Whole(), kStart + 12'000, kStart + 12'000), Verdict::kAdmit);
}

TEST(CandidateJudged, IncompleteThatWasMovedInIsRefusedOnceSettled) {
  Candidate candidate(Local(), StatOf(10), Nomination::kMovedIn, kStart, kWall);
  EXPECT_EQ(candidate.Judge(Found(Outcome::kIncomplete), kStart, kStart), Verdict::kGoOn);
  EXPECT_EQ(candidate.Next(kStart, false).at, kStart + 2000);
  EXPECT_EQ(FirstLook(candidate), 2);
  EXPECT_EQ(candidate.Judge(Found(Outcome::kIncomplete), kStart + 2000, kStart + 2000), Verdict::kRefuse);
}

TEST(CandidateJudged, IncompleteThatWasMovedInByAForeignOwnerWaitsForRefuseAfter) {
  Candidate candidate(Local(), StatOf(10), Nomination::kMovedIn, kStart, kWall);
  EXPECT_EQ(candidate.Judge(Found(Outcome::kCannotTell, false), kStart, kStart), Verdict::kGoOn);
  EXPECT_EQ(candidate.Judge(Found(Outcome::kIncomplete, false), kStart + 2000, kStart + 2000), Verdict::kGoOn);
  EXPECT_EQ(candidate.Next(kStart + 2000, false).at, kStart + 3'600'000);
}

TEST(CandidateJudged, NoArtifactIsRefusedOnceSettledAndNotBefore) {
  Candidate moved(Local(), StatOf(10), Nomination::kMovedIn, kStart, kWall);
  EXPECT_EQ(moved.Judge(Found(Outcome::kNotAnArtifact), kStart, kStart), Verdict::kGoOn);
  EXPECT_EQ(FirstLook(moved), 2);
  EXPECT_EQ(moved.Judge(Found(Outcome::kNotAnArtifact), kStart + 2000, kStart + 2000), Verdict::kRefuse);
  Candidate closed(Local(), StatOf(10), Nomination::kClosed, kStart, kWall);
  EXPECT_EQ(closed.Judge(Found(Outcome::kNotAnArtifact), kStart + 2000, kStart + 2000), Verdict::kRefuse);
}

TEST(CandidateJudged, ARefusalWaitsForItsSidecarsToSettleToo) {
  Candidate candidate(Local(), StatOf(10, kWall - 60'000), Nomination::kScanned, kStart, kWall);
  candidate.SeeSidecars({{"app.apk.commit", StatOf(3)}}, kStart);
  Candidate::Look refused = Whole();
  refused.refused = true;
  EXPECT_TRUE(candidate.Next(kStart, false).look);
  EXPECT_EQ(candidate.Judge(refused, kStart, kStart), Verdict::kGoOn);
  EXPECT_FALSE(candidate.Next(kStart + 1999, false).look);
  candidate.SeeSidecars({{"app.apk.commit", StatOf(41)}}, kStart + 1000);  // written to its end
  EXPECT_TRUE(candidate.Next(kStart + 1000, false).look);
  EXPECT_EQ(candidate.Judge(Whole(), kStart + 1000, kStart + 1000), Verdict::kAdmit);
}

TEST(CandidateJudged, UnreadableIsTriedEveryThirtySecondsAndRefusedAfterRefuseAfter) {
  Candidate candidate(Local(), StatOf(10), Nomination::kMovedIn, kStart, kWall);
  MonoMs now = kStart;
  int looks = 0;
  for (;; ++looks) {
    ASSERT_LT(looks, 200);
    ASSERT_TRUE(candidate.Next(now, false).look);
    if (candidate.Judge(Found(Outcome::kUnreadable, false), now, now) == Verdict::kRefuse) break;
    EXPECT_EQ(candidate.Next(now + 1, false).at, now + 30'000);
    EXPECT_EQ(candidate.Next(now + 1, false).reason, "because");
    now += 30'000;
  }
  EXPECT_EQ(now, kStart + 3'600'000);
  EXPECT_EQ(looks, 120);
}

TEST(CandidateJudged, ADiskOfOursThatIsFullSaysNothingAboutTheFile) {
  Candidate candidate(Local(), StatOf(10), Nomination::kMovedIn, kStart, kWall);
  MonoMs now = kStart;
  for (int look = 0; look < 500; ++look, now += 30'000) {
    ASSERT_TRUE(candidate.Next(now, false).look);
    ASSERT_EQ(candidate.Judge(Found(Outcome::kNoRoom, false), now, now), Verdict::kGoOn);
    EXPECT_EQ(candidate.Next(now + 1, false).at, now + 30'000);
    EXPECT_EQ(candidate.Next(now + 1, false).reason, "because");
  }
  ASSERT_TRUE(candidate.Next(now, false).look);
  EXPECT_EQ(candidate.Judge(Whole(), now, now), Verdict::kAdmit);
}

TEST(CandidateJudged, UnreadableThatIsMendedIsAdmitted) {
  Candidate candidate(Local(), StatOf(10), Nomination::kMovedIn, kStart, kWall);
  EXPECT_EQ(candidate.Judge(Found(Outcome::kUnreadable, false), kStart, kStart), Verdict::kGoOn);
  FileStat chmodded = StatOf(10);
  chmodded.ctime_ns += 1;
  candidate.See(chmodded, kStart + 5000);
  EXPECT_TRUE(candidate.Next(kStart + 5000, false).look);
  EXPECT_EQ(candidate.Judge(Whole(), kStart + 5000, kStart + 5000), Verdict::kAdmit);
}

TEST(CandidateJudged, WhatItsNameOrSizeRefusesIsNotRead) {
  Candidate candidate(Local(), StatOf(10), Nomination::kMovedIn, kStart, kWall);
  const Candidate::Step step = candidate.Next(kStart, true);
  ASSERT_TRUE(step.look);
  EXPECT_FALSE(step.request.read);
  EXPECT_TRUE(step.request.need_lease);
  Candidate::Look refused = Whole();
  refused.refused = true;
  EXPECT_EQ(candidate.Judge(refused, kStart, kStart), Verdict::kGoOn);
  EXPECT_EQ(candidate.Judge(refused, kStart + 2000, kStart + 2000), Verdict::kRefuse);
}

}  // namespace
}  // namespace tegodrop
