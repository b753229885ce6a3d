// What is taken from a share: read once, claimed there, and sent from the spool.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/digest.h"
#include "tests/unit/share_drop/drop_place.h"

namespace tegodrop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Fault = FaultyFileSystem::Fault;
using Outcome = Inspection::Outcome;

const std::string kClaimed = std::string(".tegodrop/claimed/") + DropPlace::kJob;

class SpooledTest : public ::testing::Test {
 protected:
  SpooledTest() {
    place.fs.type = FsType{0xFF534D42, "cifs", false, {}};
    EXPECT_TRUE(ops.Open("", ""));
    place.Write("a.apk", kContent);
  }
  Inspection Look(FolderOps& in) { return in.Inspect(LookRequest()); }
  InspectRequest LookRequest() {
    InspectRequest request;
    request.name = "a.apk";
    request.kind = ArtifactKind::kApk;
    request.expected = place.Stat("a.apk");
    request.full_crc = true;
    return request;
  }
  ClaimRequest Request() {
    ClaimRequest request = place.RequestFor("a.apk");
    request.sha256 = Sha256Hex(kContent);
    return request;
  }
  // Everything in the spool but folders, by its path below it.
  std::set<std::string> Spooled() {
    std::set<std::string> names;
    if (!files::exists(place.spool)) return names;
    for (const auto& entry : files::recursive_directory_iterator(place.spool)) {
      if (!entry.is_directory()) names.insert(entry.path().lexically_relative(place.spool));
    }
    return names;
  }
  std::string Claimed(FolderOps& in) {
    auto file = in.OpenClaimed(DropPlace::kJob, "a.apk", false);
    EXPECT_TRUE(file) << file.error().message;
    if (!file) return "";
    std::string content(kContent.size() + 1, '\0');
    auto count = place.fs.ReadAt(file->get(), content.data(), content.size(), 0);
    EXPECT_TRUE(count);
    return content.substr(0, *count);
  }

  const std::string kContent = MakeApk(3000);
  const std::string kCopy = std::string(DropPlace::kJob) + "/a.apk";
  DropPlace place{true};
  FolderOps ops = place.Ops();
};

TEST_F(SpooledTest, AFolderOnAShareSaysThatItSpools) {
  EXPECT_TRUE(ops.Open("", "")->spools);
  place.fs.type.reset();
  EXPECT_FALSE(ops.Open("", "")->spools);
}

TEST_F(SpooledTest, WhatWasLookedAtIsWhatIsSentWhateverBecomesOfTheShare) {
  const Inspection seen = Look(ops);
  ASSERT_EQ(seen.outcome, Outcome::kWhole) << seen.reason;
  EXPECT_EQ(seen.sha256, Sha256Hex(kContent));
  EXPECT_EQ(*ops.Claim(Request()), ClaimOutcome::kClaimed);
  EXPECT_THAT(Spooled(), ElementsAre(kCopy));
  EXPECT_THAT(place.Names(kClaimed), ElementsAre("a.apk"));
  place.Write(kClaimed + "/a.apk", "somebody wrote into it on the server");
  EXPECT_EQ(Claimed(ops), kContent);
}

TEST_F(SpooledTest, TheShareIsReadOnce) {
  int opened = 0;
  ASSERT_EQ(Look(ops).outcome, Outcome::kWhole);
  const ClaimRequest request = Request();
  place.fs.before_call = [&](std::string_view call) { opened += call == "OpenFileAt" || call == "ReadAt" ? 1 : 0; };
  EXPECT_EQ(*ops.Claim(request), ClaimOutcome::kClaimed);
  EXPECT_EQ(opened, 0);
}

TEST_F(SpooledTest, WhoeverLosesTheClaimDropsTheCopy) {
  ASSERT_EQ(Look(ops).outcome, Outcome::kWhole);
  const ClaimRequest request = Request();
  files::remove(place.Path("a.apk"));
  EXPECT_EQ(*ops.Claim(request), ClaimOutcome::kGone);
  EXPECT_THAT(Spooled(), IsEmpty());
}

TEST_F(SpooledTest, AFileThatChangedAfterTheLookIsNotClaimedAndItsCopyGoes) {
  ASSERT_EQ(Look(ops).outcome, Outcome::kWhole);
  const ClaimRequest request = Request();
  place.Write("a.apk", kContent + "more");
  EXPECT_EQ(*ops.Claim(request), ClaimOutcome::kChanged);
  EXPECT_THAT(Spooled(), IsEmpty());
  EXPECT_THAT(place.Names(), UnorderedElementsAre(".tegodrop", "a.apk"));
}

TEST_F(SpooledTest, ALookThatFindsNoArtifactLeavesNoCopy) {
  place.Write("a.apk", kContent.substr(0, kContent.size() / 2));
  EXPECT_EQ(Look(ops).outcome, Outcome::kIncomplete);
  place.Write("a.apk", MakeZip({{"readme.txt", "no app", true}}));
  EXPECT_EQ(Look(ops).outcome, Outcome::kNotAnArtifact);
  EXPECT_THAT(Spooled(), IsEmpty());
}

TEST_F(SpooledTest, ASpoolThatIsFullSaysNothingAboutTheFileAndAShareThatCannotBeReadDoes) {
  for (const char* ours : {"Reserve", "WriteAt", "Sync"}) {
    place.fs.fail_every = ours;
    place.fs.fail_every_errno = ENOSPC;
    EXPECT_EQ(Look(ops).outcome, Outcome::kNoRoom) << ours;
    EXPECT_THAT(Spooled(), IsEmpty()) << ours;
  }
  place.fs.fail_every = "ReadAt";
  place.fs.fail_every_errno = EIO;
  EXPECT_EQ(Look(ops).outcome, Outcome::kUnreadable);
  EXPECT_THAT(Spooled(), IsEmpty());
  place.fs.fail_every.clear();
  EXPECT_EQ(Look(ops).outcome, Outcome::kWhole);
}

TEST_F(SpooledTest, TwoLooksAtOnceDoNotDisturbEachOther) {
  const std::string other = MakeApk(9000);
  place.Write("b.apk", other);
  InspectRequest second = LookRequest();
  second.name = "b.apk";
  second.expected = place.Stat("b.apk");
  Inspection between;
  // The other one begins and ends in the middle of the first.
  bool begun = false;
  place.fs.before_call = [&](std::string_view call) {
    if (call != "WriteAt" || begun) return;
    begun = true;
    between = ops.Inspect(second);
  };
  const Inspection first = Look(ops);
  place.fs.before_call = nullptr;
  EXPECT_EQ(first.outcome, Outcome::kWhole) << first.reason;
  EXPECT_EQ(first.sha256, Sha256Hex(kContent));
  EXPECT_EQ(between.outcome, Outcome::kWhole) << between.reason;
  EXPECT_EQ(between.sha256, Sha256Hex(other));
}

TEST_F(SpooledTest, WhatIsPutAwayIsAsOldAsThatAlsoWhereTheShareKeepsNoTimeOfMoves) {
  ASSERT_EQ(Look(ops).outcome, Outcome::kWhole);
  ASSERT_EQ(*ops.Claim(Request()), ClaimOutcome::kClaimed);
  const std::string claimed = place.Path(kClaimed + "/a.apk");
  const timespec long_ago[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, claimed.c_str(), long_ago, 0), 0);
  place.fs.ctime_is_mtime = true;  // as sshfs shows it
  PutAwayRequest request;
  request.job = DropPlace::kJob;
  request.name = "a.apk";
  ASSERT_TRUE(ops.PutAway(request));
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  place.clock.SetWall(now);
  EXPECT_EQ(*ops.Prune(now - 60'000, 0), 0);
  EXPECT_THAT(place.Names(".tegodrop/processed"), ElementsAre("a.apk"));
  EXPECT_EQ(*ops.Prune(now + 60'000, 0), 1);
}

TEST_F(SpooledTest, AShareWhoseClockIsWrongIsPrunedByItsOwn) {
  ASSERT_TRUE(ops.WriteReceipt("s-1", "{}"));
  // The share's clock is the machine's; ours is thirty days ahead.
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  const WallMs month = 30LL * 24 * 3600 * 1000;
  place.clock.SetWall(now + month);
  EXPECT_EQ(*ops.Prune(0, now + month - 60'000), 0) << "a minute old at most";
  EXPECT_THAT(place.Names(".tegodrop/receipts"), ElementsAre("s-1.json"));
  EXPECT_EQ(*ops.Prune(0, now + month + 60'000), 1);
  EXPECT_THAT(place.Names(".tegodrop/receipts"), IsEmpty());
}

TEST_F(SpooledTest, ASecondLookReplacesTheCopyOfTheFirst) {
  ASSERT_EQ(Look(ops).outcome, Outcome::kWhole);
  ASSERT_EQ(Look(ops).outcome, Outcome::kWhole);
  EXPECT_EQ(Spooled().size(), 1U);
}

TEST_F(SpooledTest, WhatIsRefusedIsClaimedWithoutACopy) {
  ASSERT_EQ(Look(ops).outcome, Outcome::kWhole);
  ClaimRequest request = Request();
  request.sha256.clear();
  EXPECT_EQ(*ops.Claim(request), ClaimOutcome::kClaimed);
  EXPECT_THAT(Spooled(), IsEmpty());
}

TEST_F(SpooledTest, ACopyThatIsLostIsMadeAgainFromWhatWasClaimed) {
  ASSERT_EQ(Look(ops).outcome, Outcome::kWhole);
  ASSERT_EQ(*ops.Claim(Request()), ClaimOutcome::kClaimed);
  files::remove_all(place.spool);
  FolderOps later = place.Ops();
  ASSERT_TRUE(later.Open("", ""));
  EXPECT_EQ(Claimed(later), kContent);
}

TEST_F(SpooledTest, PutAwayTakesTheCopyAlong) {
  ASSERT_EQ(Look(ops).outcome, Outcome::kWhole);
  ASSERT_EQ(*ops.Claim(Request()), ClaimOutcome::kClaimed);
  PutAwayRequest request;
  request.job = DropPlace::kJob;
  request.name = "a.apk";
  ASSERT_TRUE(ops.PutAway(request));
  EXPECT_THAT(place.Names(".tegodrop/processed"), ElementsAre("a.apk"));
  EXPECT_THAT(Spooled(), IsEmpty());
  EXPECT_FALSE(files::exists(place.spool + "/" + DropPlace::kJob));
}

TEST_F(SpooledTest, WhatFailedComesBackAndIsCopiedAfresh) {
  ASSERT_EQ(Look(ops).outcome, Outcome::kWhole);
  ASSERT_EQ(*ops.Claim(Request()), ClaimOutcome::kClaimed);
  PutAwayRequest away;
  away.job = DropPlace::kJob;
  away.name = "a.apk";
  away.destination = Destination::kFailed;
  away.reason_json = std::string("{\"job\": \"") + DropPlace::kJob + "\"}";
  ASSERT_TRUE(ops.PutAway(away));
  TakeBackRequest back;
  back.job = DropPlace::kJob;
  back.name = "a.apk";
  auto taken = ops.TakeBack(back);
  ASSERT_TRUE(taken && *taken);
  EXPECT_EQ(Claimed(ops), kContent);
}

TEST_F(SpooledTest, CopiesThatNobodyClaimedGoWhenTheFolderIsOpened) {
  ASSERT_EQ(Look(ops).outcome, Outcome::kWhole);
  EXPECT_EQ(Spooled().size(), 1U);
  FolderOps later = place.Ops();
  ASSERT_TRUE(later.Open("", ""));
  EXPECT_THAT(Spooled(), IsEmpty());
}

TEST_F(SpooledTest, CutAtAnyCallItIsThereOnceAndWhole) {
  for (int call = 1;; ++call) {
    SCOPED_TRACE(call);
    files::remove_all(place.path + "/.tegodrop");
    files::remove_all(place.spool);
    place.Write("a.apk", kContent);
    FolderOps first = place.Ops();
    ASSERT_TRUE(first.Open("", ""));
    const ClaimRequest request = Request();
    const InspectRequest look = LookRequest();
    place.fs.FailAt(call, Fault::kDeath);
    bool claimed = first.Inspect(look).outcome == Outcome::kWhole;
    if (claimed) {
      const auto outcome = first.Claim(request);
      claimed = outcome && *outcome == ClaimOutcome::kClaimed;
    }
    const bool reached = place.fs.calls() >= call;
    place.fs.Heal();
    FolderOps second = place.Ops();
    ASSERT_TRUE(second.Open("", ""));
    auto has = second.HasClaimed(DropPlace::kJob, "a.apk", false);
    ASSERT_TRUE(has) << has.error().message;
    EXPECT_TRUE(*has || !claimed);
    EXPECT_NE(*has, place.Has("a.apk")) << "in exactly one place";
    if (*has) {
      EXPECT_EQ(Claimed(second), kContent);
    } else {
      EXPECT_EQ(place.Read("a.apk"), kContent);
      EXPECT_THAT(Spooled(), IsEmpty());
    }
    if (!reached) {
      EXPECT_TRUE(claimed);
      break;
    }
  }
}

// Another host on the same share.
struct OtherHost {
  explicit OtherHost(DropPlace& place)
      : ops({place.path, ".tegodrop", place.scratch.Path("other"), true}, fs, place.clock, place.random) {
    fs.type = place.fs.type;
    EXPECT_TRUE(ops.Open("", ""));
  }
  // Takes what it sees now; nothing where there is nothing to take.
  bool Takes(DropPlace& place) {
    if (!place.Has("a.apk")) return false;
    std::vector<std::string> sidecars;
    for (const char* name : {"a.apk.commit", "a.apk.json"}) {
      if (place.Has(name)) sidecars.emplace_back(name);
    }
    ClaimRequest request = place.RequestFor("a.apk", sidecars);
    request.job = "fedcba9876543210";
    const auto outcome = ops.Claim(request);
    return outcome && *outcome == ClaimOutcome::kClaimed;
  }

  FaultyFileSystem fs;
  FolderOps ops;
};

TEST_F(SpooledTest, NoHostTakesAnArtifactFromWhichAnotherOneHasMovedTheSidecars) {
  for (const bool dies : {false, true}) {
    for (int call = 1;; ++call) {
      SCOPED_TRACE((dies ? "dies at " : "is disturbed at ") + std::to_string(call));
      DropPlace own(true);
      own.fs.type = place.fs.type;
      FolderOps first = own.Ops();
      ASSERT_TRUE(first.Open("", ""));
      OtherHost other(own);
      own.Write("a.apk", kContent);
      own.Write("a.apk.commit", "commit");
      own.Write("a.apk.json", "{}");
      const ClaimRequest mine = own.RequestFor("a.apk", {"a.apk.commit", "a.apk.json"});
      bool reached = false;
      bool other_has = false;
      own.fs.before_call = [&, calls = 0](std::string_view) mutable {
        if (++calls != call) return;
        reached = true;
        if (!dies) other_has = other.Takes(own);
      };
      if (dies) own.fs.FailAt(call, Fault::kDeath);
      auto outcome = first.Claim(mine);
      bool i_have = outcome && *outcome == ClaimOutcome::kClaimed;
      own.fs.before_call = nullptr;
      own.fs.Heal();
      if (dies) {
        other_has = other.Takes(own);
        FolderOps again = own.Ops();
        ASSERT_TRUE(again.Open("", ""));
        i_have = *again.HasClaimed(mine.job, "a.apk", false);
      }
      EXPECT_FALSE(i_have && other_has);
      // What nobody has got yet stands there with its sidecars, and is got by whoever comes next.
      if (!i_have && !other_has) other_has = other.Takes(own);
      EXPECT_TRUE(i_have || other_has);
      const std::string winner = i_have ? mine.job : "fedcba9876543210";
      EXPECT_THAT(own.Names(own.Room("claimed/" + winner)),
                  UnorderedElementsAre("a.apk", "a.apk.commit", "a.apk.json"));
      EXPECT_THAT(own.Names(own.Room("claimed")), ElementsAre(winner)) << "no mark is left, and nothing half taken";
      EXPECT_THAT(own.Names(), ElementsAre(".tegodrop"));
      if (HasFailure()) return;
      if (!reached) break;
      ASSERT_LT(call, 200);
    }
  }
}

TEST_F(SpooledTest, WhileAnotherHostTakesItTheReasonNamesWhatToDoIfThatHostIsGone) {
  place.Write("a.apk.commit", "commit");
  OtherHost other(place);
  ClaimRequest theirs = place.RequestFor("a.apk", {"a.apk.commit"});
  theirs.job = "fedcba9876543210";
  // It dies when it has moved the sidecar.
  other.fs.before_call = [&](std::string_view) {
    if (!place.Has("a.apk.commit")) other.fs.FailAt(1, Fault::kDeath);
  };
  EXPECT_FALSE(other.ops.Claim(theirs));
  ASSERT_FALSE(place.Has("a.apk.commit"));
  const auto outcome = ops.Claim(place.RequestFor("a.apk"));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().sys, EBUSY);
  EXPECT_THAT(outcome.error().message, ::testing::HasSubstr("another host is taking it"));
  EXPECT_THAT(outcome.error().message, ::testing::HasSubstr("'tegodrop retry fedcba9876543210'"));
  EXPECT_TRUE(place.Has("a.apk"));
}

TEST_F(SpooledTest, AFolderThatIsKeptIsReadOnceToo) {
  FolderOps keeping = place.Ops(false);
  ASSERT_TRUE(keeping.Open("", ""));
  ASSERT_EQ(Look(keeping).outcome, Outcome::kWhole);
  ClaimRequest request = Request();
  request.copy = true;
  bool read = false;
  place.fs.before_call = [&](std::string_view call) { read = read || call == "ReadAt"; };
  EXPECT_EQ(*keeping.Claim(request), ClaimOutcome::kClaimed);
  EXPECT_FALSE(read);
  EXPECT_THAT(Spooled(), ElementsAre(kCopy));
  EXPECT_TRUE(place.Has("a.apk"));
}

}  // namespace
}  // namespace tegodrop::testing
