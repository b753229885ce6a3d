// Claims: an artifact and its sidecars move as one, or stay; cut at every call they are whole after the next try.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <future>
#include <string>
#include <string_view>

#include "daemon/base/digest.h"
#include "tests/unit/share_drop/drop_place.h"

namespace tegodrop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Fault = FaultyFileSystem::Fault;

const std::string kClaimed = std::string(".tegodrop/claimed/") + DropPlace::kJob;

class DropClaimTest : public ::testing::Test {
 protected:
  DropClaimTest() { EXPECT_TRUE(ops.Open("", "")); }
  ClaimOutcome Claim(const ClaimRequest& request) {
    auto outcome = ops.Claim(request);
    EXPECT_TRUE(outcome) << outcome.error().message;
    return outcome ? *outcome : ClaimOutcome::kGone;
  }
  DropPlace place;
  FolderOps ops = place.Ops();
};

TEST_F(DropClaimTest, TakesTheArtifactAndItsSidecarsAndNothingElse) {
  place.Write("a.apk", "content");
  place.Write("a.apk.commit", "commit");
  place.Write("b.apk", "other");
  EXPECT_EQ(Claim(place.RequestFor("a.apk", {"a.apk.commit"})), ClaimOutcome::kClaimed);
  EXPECT_THAT(place.Names(kClaimed), UnorderedElementsAre("a.apk", "a.apk.commit"));
  EXPECT_THAT(place.Names(), UnorderedElementsAre(".tegodrop", "b.apk"));
  EXPECT_EQ(place.Read(kClaimed + "/a.apk"), "content");
  EXPECT_TRUE(*ops.HasClaimed(DropPlace::kJob, "a.apk", false));
  EXPECT_FALSE(*ops.HasClaimed("another", "a.apk", false));
  EXPECT_TRUE(ops.OpenClaimed(DropPlace::kJob, "a.apk", false));
}

TEST_F(DropClaimTest, AgainIsTheSameAnswer) {
  place.Write("a.apk", "content");
  const ClaimRequest request = place.RequestFor("a.apk");
  EXPECT_EQ(Claim(request), ClaimOutcome::kClaimed);
  EXPECT_EQ(Claim(request), ClaimOutcome::kClaimed);
  place.Write("a.apk", "the next one");  // is another artifact
  EXPECT_EQ(Claim(request), ClaimOutcome::kClaimed);
  EXPECT_EQ(place.Read("a.apk"), "the next one");
  EXPECT_EQ(place.Read(kClaimed + "/a.apk"), "content");
}

TEST_F(DropClaimTest, GoneOrChangedLeavesEverythingWhereItStood) {
  place.Write("a.apk", "content");
  place.Write("a.apk.commit", "commit");
  const ClaimRequest request = place.RequestFor("a.apk", {"a.apk.commit"});
  place.Write("a.apk", "changed!");
  EXPECT_EQ(Claim(request), ClaimOutcome::kChanged);
  EXPECT_THAT(place.Names(), UnorderedElementsAre(".tegodrop", "a.apk", "a.apk.commit"));
  files::remove(place.Path("a.apk"));
  EXPECT_EQ(Claim(request), ClaimOutcome::kGone);
  EXPECT_THAT(place.Names(), UnorderedElementsAre(".tegodrop", "a.apk.commit"));
  EXPECT_THAT(place.Names(".tegodrop/claimed"), IsEmpty());
}

TEST_F(DropClaimTest, SidecarsThatCameWentOrChangedSinceTheyWereReadAreAChange) {
  place.Write("a.apk", "content");
  const ClaimRequest without = place.RequestFor("a.apk");
  place.Write("a.apk.commit", "late");
  EXPECT_EQ(Claim(without), ClaimOutcome::kChanged);
  const ClaimRequest with = place.RequestFor("a.apk", {"a.apk.commit"});
  place.Write("a.apk.commit", "other words");
  EXPECT_EQ(Claim(with), ClaimOutcome::kChanged);
  files::remove(place.Path("a.apk.commit"));
  EXPECT_EQ(Claim(with), ClaimOutcome::kChanged);
  EXPECT_THAT(place.Names(".tegodrop/claimed"), IsEmpty());
  EXPECT_EQ(Claim(place.RequestFor("a.apk")), ClaimOutcome::kClaimed);
}

TEST_F(DropClaimTest, OfTwoHostsOneGetsTheArtifactWithAllItsSidecars) {
  // The first stops before its call of one number while the second goes as far as that of the other; then the first
  // goes on to its end, and after it the second.
  const auto race = [](int first_stops, int second_stops) {
    DropPlace own(true);
    FaultyFileSystem other_fs;
    FolderOps first = own.Ops();
    FolderOps second({own.path, ".tegodrop", own.spool, true}, other_fs, own.clock, own.random);
    EXPECT_TRUE(first.Open("", ""));
    EXPECT_TRUE(second.Open("", ""));
    own.Write("a.apk", "content");
    own.Write("a.apk.commit", "commit");
    own.Write("a.apk.json", "{}");
    const ClaimRequest mine = own.RequestFor("a.apk", {"a.apk.commit", "a.apk.json"});
    ClaimRequest theirs = mine;
    theirs.job = "fedcba9876543210";
    std::promise<void> stopped;
    std::promise<void> go_on;
    std::future<Result<ClaimOutcome>> their_answer;
    int calls = 0;
    int other_calls = 0;
    other_fs.before_call = [&](std::string_view) {
      if (++other_calls != second_stops) return;
      stopped.set_value();
      go_on.get_future().wait();
    };
    own.fs.before_call = [&](std::string_view) {
      if (++calls != first_stops) return;
      their_answer = std::async(std::launch::async, [&] {
        auto answer = second.Claim(theirs);
        if (other_calls < second_stops) stopped.set_value();
        return answer;
      });
      stopped.get_future().wait();
    };
    const auto my_answer = first.Claim(mine);
    own.fs.before_call = nullptr;
    if (!their_answer.valid()) return false;
    go_on.set_value();
    const auto answer = their_answer.get();
    EXPECT_TRUE(my_answer && answer);
    if (!my_answer || !answer) return false;
    const std::string which = std::to_string(first_stops) + ", " + std::to_string(second_stops);
    const bool i_won = *my_answer == ClaimOutcome::kClaimed;
    EXPECT_NE(i_won, *answer == ClaimOutcome::kClaimed) << which;
    const std::string winner = i_won ? mine.job : theirs.job;
    EXPECT_THAT(own.Names(own.Room("claimed/" + winner)), UnorderedElementsAre("a.apk", "a.apk.commit", "a.apk.json"))
        << which;
    EXPECT_THAT(own.Names(own.Room("claimed")), ElementsAre(winner)) << which;
    EXPECT_THAT(own.Names(), ElementsAre(".tegodrop")) << which;
    return !HasFailure();
  };
  int most = 0;
  while (race(most + 1, 1)) ++most;
  EXPECT_GT(most, 10);
  for (int first = 1; first <= most && !HasFailure(); ++first) {
    for (int second = 1; second <= most && !HasFailure(); ++second) race(first, second);
  }
}

TEST_F(DropClaimTest, AFileThatTakesTheNameJustBeforeTheRenameIsPutBack) {
  place.Write("a.apk", "content");
  place.Write("a.apk.commit", "commit");
  const ClaimRequest request = place.RequestFor("a.apk", {"a.apk.commit"});
  place.fs.before_call = [&](std::string_view call) {
    if (call != "RenameAt") return;
    place.Write("new", "another");
    files::rename(place.Path("new"), place.Path("a.apk"));
  };
  EXPECT_EQ(Claim(request), ClaimOutcome::kChanged);
  EXPECT_EQ(place.Read("a.apk"), "another");
  EXPECT_EQ(place.Read("a.apk.commit"), "commit");
  EXPECT_THAT(place.Names(".tegodrop/claimed"), IsEmpty());
}

TEST_F(DropClaimTest, WhatCannotBePutBackUnderItsNameStandsBesideIt) {
  place.Write("a.apk", "content");
  place.Write("a.apk.commit", "commit");
  const ClaimRequest request = place.RequestFor("a.apk", {"a.apk.commit"});
  bool renamed = false;
  place.fs.before_call = [&](std::string_view call) {
    if (call == "RenameAt") {
      place.Write("new", "second");
      files::rename(place.Path("new"), place.Path("a.apk"));
      renamed = true;
    } else if (renamed && call == "StatAt" && !place.Has("a.apk")) {
      place.Write("a.apk", "third");
    }
  };
  EXPECT_EQ(Claim(request), ClaimOutcome::kChanged);
  EXPECT_EQ(place.Read("a.apk"), "third");
  EXPECT_EQ(place.Read("a-0123456789abcdef.apk"), "second");
  EXPECT_THAT(place.Names(".tegodrop/claimed"), IsEmpty());
}

TEST_F(DropClaimTest, CutAtEveryCallItIsWholeAfterTheNextTry) {
  for (const bool linked : {false, true}) {
    for (const Fault fault : {Fault::kRefused, Fault::kAnswerLost, Fault::kDeath}) {
      bool cut = true;
      for (int call = 1; cut; ++call) {
        SCOPED_TRACE(::testing::Message()
                     << "linked " << linked << " fault " << static_cast<int>(fault) << " call " << call);
        ASSERT_LT(call, 200);
        DropPlace own(true);
        FolderOps own_ops = own.Ops();
        ASSERT_TRUE(own_ops.Open("", ""));
        own.Write("a.apk", "content");
        own.Write("a.apk.commit", "commit");
        if (linked) files::create_hard_link(own.Path("a.apk"), own.scratch.Path("other-name"));
        const auto request_now = [&] {
          ClaimRequest made = own.RequestFor("a.apk", {"a.apk.commit"});
          made.sha256 = Sha256Hex("content");
          return made;
        };
        const ClaimRequest request = request_now();
        own.fs.FailAt(call, fault);
        auto first = own_ops.Claim(request);
        cut = own.fs.calls() >= call;
        own.fs.Heal();
        if (!cut) {
          EXPECT_TRUE(first);
        }
        auto second = own_ops.Claim(request);
        ASSERT_TRUE(second) << second.error().message;
        if (*second != ClaimOutcome::kClaimed) {
          // A lost answer may look like a change: then nothing has moved, and a fresh claim takes it.
          ASSERT_EQ(own.Read("a.apk"), "content");
          ASSERT_EQ(*own_ops.Claim(request_now()), ClaimOutcome::kClaimed);
        }
        EXPECT_THAT(own.Names(), UnorderedElementsAre(".tegodrop"));
        EXPECT_EQ(own.Read(kClaimed + "/a.apk"), "content");
        EXPECT_EQ(own.Read(kClaimed + "/a.apk.commit"), "commit");
        if (linked) {
          EXPECT_EQ(own.Lstat(kClaimed + "/a.apk").st_nlink, 1U);
        }
      }
    }
  }
}

TEST_F(DropClaimTest, AHardLinkBecomesAFileOfItsOwn) {
  place.Write("a.apk", "content");
  ASSERT_EQ(chmod(place.Path("a.apk").c_str(), 0644), 0);
  files::create_hard_link(place.Path("a.apk"), place.scratch.Path("build-output"));
  ClaimRequest request = place.RequestFor("a.apk");
  request.sha256 = Sha256Hex("content");
  EXPECT_EQ(Claim(request), ClaimOutcome::kClaimed);
  std::ofstream(place.scratch.Path("build-output")) << "the next build";
  EXPECT_EQ(place.Read(kClaimed + "/a.apk"), "content");
  EXPECT_EQ(place.Mode(kClaimed + "/a.apk"), 0644U);
  EXPECT_THAT(place.Names(kClaimed), UnorderedElementsAre("a.apk"));
}

TEST_F(DropClaimTest, AHardLinkWhoseContentIsNotTheInspectedOneIsPutBack) {
  place.Write("a.apk", "content");
  files::create_hard_link(place.Path("a.apk"), place.scratch.Path("build-output"));
  ClaimRequest request = place.RequestFor("a.apk");
  request.sha256 = Sha256Hex("what was inspected");
  EXPECT_EQ(Claim(request), ClaimOutcome::kChanged);
  EXPECT_EQ(place.Read("a.apk"), "content");
}

TEST_F(DropClaimTest, ALostRoomIsAnErrorAndNoProofThatNothingWasClaimed) {
  place.Write("a.apk", "content");
  EXPECT_EQ(Claim(place.RequestFor("a.apk")), ClaimOutcome::kClaimed);
  files::rename(place.Path(".tegodrop/claimed"), place.Path(".tegodrop/moved-away"));
  auto has = ops.HasClaimed(DropPlace::kJob, "a.apk", false);
  ASSERT_FALSE(has);
  EXPECT_EQ(has.error().kind, ErrorKind::kLocalDisk) << "it may be put back";
  auto put = ops.PutAway({DropPlace::kJob, "a.apk", {}, Destination::kProcessed, "", false});
  EXPECT_FALSE(put);
}

TEST_F(DropClaimTest, SidecarsOfAClaimThatDiedBeforeItsArtifactGoBackBesideIt) {
  place.Write("a.apk", "content");
  files::create_directories(place.Path(kClaimed));
  place.Write(kClaimed + "/a.apk.commit", "commit");
  auto has = ops.HasClaimed(DropPlace::kJob, "a.apk", false);
  ASSERT_TRUE(has);
  EXPECT_FALSE(*has);
  EXPECT_EQ(place.Read("a.apk.commit"), "commit");
  EXPECT_FALSE(files::exists(place.Path(kClaimed)));
}

TEST_F(DropClaimTest, WhatMayNotBeReadWasClaimedAllTheSame) {
  place.Write("a.apk", "content");
  EXPECT_EQ(Claim(place.RequestFor("a.apk")), ClaimOutcome::kClaimed);
  ASSERT_EQ(chmod(place.Path(kClaimed + "/a.apk").c_str(), 0), 0);
  auto has = ops.HasClaimed(DropPlace::kJob, "a.apk", false);
  ASSERT_TRUE(has);
  EXPECT_TRUE(*has);
}

TEST_F(DropClaimTest, AFolderOpenedForItsJobsMustHaveItsRoom) {
  FolderOpsSettings settings{place.path, ".tegodrop", place.spool, true, false};
  FolderOps for_jobs(settings, place.fs, place.clock, place.random);
  EXPECT_TRUE(for_jobs.Open("", ""));
  files::rename(place.Path(".tegodrop"), place.Path("away"));
  auto opened = for_jobs.Open("", "");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kCorrupt);
  EXPECT_FALSE(files::exists(place.Path(".tegodrop"))) << "nothing is made in what may be an empty mount point";
}

TEST_F(DropClaimTest, ARoomReplacedByALinkLeadsNowhere) {
  place.Write("a.apk", "content");
  const ClaimRequest request = place.RequestFor("a.apk");
  files::rename(place.Path(".tegodrop"), place.Path("old-room"));
  files::create_directories(place.scratch.Path("trap/claimed"));
  files::create_symlink(place.scratch.Path("trap"), place.Path(".tegodrop"));
  EXPECT_FALSE(ops.Claim(request));
  EXPECT_EQ(place.Read("a.apk"), "content");
  EXPECT_TRUE(files::is_empty(place.scratch.Path("trap/claimed")));
}

TEST_F(DropClaimTest, NamesThatArePathsAreRefused) {
  place.Write("a.apk", "content");
  ClaimRequest request = place.RequestFor("a.apk");
  for (const std::string& bad : {std::string("../x"), std::string(".."), std::string(), std::string("a/b")}) {
    ClaimRequest job = request;
    job.job = bad;
    EXPECT_FALSE(ops.Claim(job));
    ClaimRequest name = request;
    name.name = bad;
    EXPECT_FALSE(ops.Claim(name));
    EXPECT_FALSE(ops.OpenClaimed(bad, "a.apk", false));
    EXPECT_FALSE(ops.WriteReceipt(bad, "{}"));
    EXPECT_FALSE(ops.PutAway({bad, "a.apk", {}, Destination::kProcessed, "", false}));
  }
  EXPECT_EQ(place.Read("a.apk"), "content");
}

TEST_F(DropClaimTest, ACopyLeavesTheFolderAsItWas) {
  DropPlace kept;
  FolderOps kept_ops = kept.Ops(false);
  ASSERT_TRUE(kept_ops.Open("", ""));
  kept.Write("a.apk", "content");
  kept.Write("a.apk.commit", "commit");
  const auto before = kept.Everything();
  ClaimRequest request = kept.RequestFor("a.apk", {"a.apk.commit"});
  request.copy = true;
  request.sha256 = Sha256Hex("content");
  ASSERT_EQ(*kept_ops.Claim(request), ClaimOutcome::kClaimed);
  ASSERT_EQ(*kept_ops.Claim(request), ClaimOutcome::kClaimed);
  EXPECT_EQ(kept.ReadPath(kept.spool + "/" + DropPlace::kJob + "/a.apk"), "content");
  EXPECT_TRUE(*kept_ops.HasClaimed(DropPlace::kJob, "a.apk", true));
  ASSERT_TRUE(kept_ops.PutAway({DropPlace::kJob, "a.apk", {"a.apk.commit"}, Destination::kProcessed, "", true}));
  ASSERT_TRUE(kept_ops.PutAway({DropPlace::kJob, "a.apk", {"a.apk.commit"}, Destination::kProcessed, "", true}));
  EXPECT_FALSE(*kept_ops.HasClaimed(DropPlace::kJob, "a.apk", true));
  EXPECT_TRUE(files::is_empty(kept.spool));
  EXPECT_EQ(kept.Everything(), before);
}

TEST_F(DropClaimTest, ACopyThatIsNotOfTheInspectedBytesLeavesNothingBehind) {
  DropPlace kept;
  FolderOps kept_ops = kept.Ops(false);
  ASSERT_TRUE(kept_ops.Open("", ""));
  kept.Write("a.apk", "content");
  ClaimRequest request = kept.RequestFor("a.apk");
  request.copy = true;
  request.sha256 = Sha256Hex("what was inspected");
  EXPECT_EQ(*kept_ops.Claim(request), ClaimOutcome::kChanged);
  EXPECT_TRUE(files::is_empty(kept.spool));
  files::remove(kept.Path("a.apk"));
  EXPECT_EQ(*kept_ops.Claim(request), ClaimOutcome::kGone);
  EXPECT_TRUE(files::is_empty(kept.spool));
}

TEST_F(DropClaimTest, ACopyCutAtEveryCallIsWholeOrNotThere) {
  for (const Fault fault : {Fault::kRefused, Fault::kAnswerLost, Fault::kDeath}) {
    bool cut = true;
    for (int call = 1; cut; ++call) {
      SCOPED_TRACE(::testing::Message() << "fault " << static_cast<int>(fault) << " call " << call);
      ASSERT_LT(call, 100);
      DropPlace own(true);
      FolderOps own_ops = own.Ops(false);
      ASSERT_TRUE(own_ops.Open("", ""));
      own.Write("a.apk", "content");
      ClaimRequest request = own.RequestFor("a.apk");
      request.copy = true;
      own.fs.FailAt(call, fault, ENOSPC);
      (void)own_ops.Claim(request);
      cut = own.fs.calls() >= call;
      own.fs.Heal();
      const std::string copy = own.spool + "/" + DropPlace::kJob + "/a.apk";
      if (files::exists(copy)) {
        EXPECT_EQ(own.ReadPath(copy), "content");
      }
      ASSERT_EQ(*own_ops.Claim(request), ClaimOutcome::kClaimed);
      EXPECT_EQ(own.ReadPath(copy), "content");
      EXPECT_EQ(own.Read("a.apk"), "content");
    }
  }
}

}  // namespace
}  // namespace tegodrop::testing
