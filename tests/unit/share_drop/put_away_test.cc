// Where claimed artifacts go: under their names, or beside what has them; never twice, never over anything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <string>

#include "tests/unit/share_drop/drop_place.h"

namespace tegodrop::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Fault = FaultyFileSystem::Fault;

const std::string kJob = DropPlace::kJob;

void ClaimIt(DropPlace& place, FolderOps& ops, const std::string& name, const std::string& content) {
  place.Write(name, content);
  place.Write(name + ".commit", "commit");
  auto claimed = ops.Claim(place.RequestFor(name, {name + ".commit"}));
  ASSERT_TRUE(claimed) << claimed.error().message;
  ASSERT_EQ(*claimed, ClaimOutcome::kClaimed);
}

PutAwayRequest RequestFor(const std::string& name, Destination destination) {
  PutAwayRequest request;
  request.job = kJob;
  request.name = name;
  request.sidecars = {name + ".commit"};
  request.destination = destination;
  if (destination == Destination::kFailed) request.reason_json = "{\"job\": \"" + kJob + "\"}\n";
  return request;
}

class DropPutAwayTest : public ::testing::Test {
 protected:
  DropPutAwayTest() { EXPECT_TRUE(ops.Open("", "")); }
  void Claim(const std::string& name, const std::string& content) { ClaimIt(place, ops, name, content); }
  DropPlace place;
  FolderOps ops = place.Ops();
};

TEST_F(DropPutAwayTest, ADeliveredArtifactGoesToProcessedWithItsSidecars) {
  Claim("a.apk", "content");
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(ops.PutAway(RequestFor("a.apk", Destination::kProcessed)));
  EXPECT_THAT(place.Names(".tegodrop/processed"), UnorderedElementsAre("a.apk", "a.apk.commit"));
  EXPECT_THAT(place.Names(".tegodrop/claimed"), IsEmpty());
}

TEST_F(DropPutAwayTest, AFailedOneGoesToFailedBesideItsReason) {
  Claim("a.apk", "content");
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(ops.PutAway(RequestFor("a.apk", Destination::kFailed)));
  EXPECT_THAT(place.Names(".tegodrop/failed"), UnorderedElementsAre("a.apk", "a.apk.commit", "a.apk.reason.json"));
  EXPECT_EQ(place.Read(".tegodrop/failed/a.apk.reason.json"), "{\"job\": \"" + kJob + "\"}\n");
}

TEST_F(DropPutAwayTest, ADeletedOneIsGone) {
  Claim("a.apk", "content");
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(ops.PutAway(RequestFor("a.apk", Destination::kNowhere)));
  EXPECT_THAT(place.Names(), UnorderedElementsAre(".tegodrop"));
  EXPECT_THAT(place.Names(".tegodrop/claimed"), IsEmpty());
  EXPECT_THAT(place.Names(".tegodrop/processed"), IsEmpty());
}

TEST_F(DropPutAwayTest, ATakenNameGivesTheJobsNameToTheFileAndAllItsCompanions) {
  for (const char* taken : {"a.apk", "a.apk.reason.json", "a.apk.commit"}) {
    SCOPED_TRACE(taken);
    DropPlace own;
    FolderOps own_ops = own.Ops();
    ASSERT_TRUE(own_ops.Open("", ""));
    own.Write(std::string(".tegodrop/failed/") + taken, "earlier");
    ClaimIt(own, own_ops, "a.apk", "content");
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(own_ops.PutAway(RequestFor("a.apk", Destination::kFailed)));
    EXPECT_THAT(own.Names(".tegodrop/failed"),
                UnorderedElementsAre(taken, "a-" + kJob + ".apk", "a-" + kJob + ".apk.commit",
                                     "a-" + kJob + ".apk.reason.json"));
    EXPECT_EQ(own.Read(std::string(".tegodrop/failed/") + taken), "earlier");
    EXPECT_EQ(own.Read(".tegodrop/failed/a-" + kJob + ".apk"), "content");
  }
}

TEST_F(DropPutAwayTest, ALongNameLeavesRoomForItsReason) {
  const std::string name = std::string(251, 'n') + ".apk";
  place.Write(name, "content");
  ASSERT_EQ(*ops.Claim(place.RequestFor(name)), ClaimOutcome::kClaimed);
  PutAwayRequest request = RequestFor(name, Destination::kFailed);
  request.sidecars.clear();
  for (int i = 0; i < 2; ++i) {
    auto put = ops.PutAway(request);
    ASSERT_TRUE(put) << put.error().message;
  }
  const auto names = place.Names(".tegodrop/failed");
  ASSERT_EQ(names.size(), 2U);
  for (const std::string& one : names) EXPECT_NE(one.find(kJob), std::string::npos);
}

TEST_F(DropPutAwayTest, WhatElseStandsInTheJobsFolderGoesAlong) {
  Claim("a.apk", "content");
  place.Write(".tegodrop/claimed/" + kJob + "/a.apk.json", "{}");
  place.Write(".tegodrop/claimed/" + kJob + "/notes.txt", "notes");
  ASSERT_TRUE(ops.PutAway(RequestFor("a.apk", Destination::kProcessed)));
  EXPECT_THAT(place.Names(".tegodrop/processed"),
              UnorderedElementsAre("a.apk", "a.apk.commit", "a.apk.json", "notes.txt"));
  EXPECT_THAT(place.Names(".tegodrop/claimed"), IsEmpty());
}

TEST_F(DropPutAwayTest, CutAtEveryCallItIsWholeAfterTheNextTry) {
  for (const bool taken : {false, true}) {
    for (const Destination destination : {Destination::kProcessed, Destination::kFailed, Destination::kNowhere}) {
      for (const Fault fault : {Fault::kRefused, Fault::kAnswerLost, Fault::kDeath}) {
        bool cut = true;
        for (int call = 1; cut; ++call) {
          SCOPED_TRACE(::testing::Message() << "taken " << taken << " destination " << static_cast<int>(destination)
                                            << " fault " << static_cast<int>(fault) << " call " << call);
          ASSERT_LT(call, 200);
          DropPlace own(true);
          FolderOps own_ops = own.Ops();
          ASSERT_TRUE(own_ops.Open("", ""));
          const std::string part = destination == Destination::kFailed ? ".tegodrop/failed" : ".tegodrop/processed";
          if (taken) own.Write(part + "/a.apk", "earlier");
          ClaimIt(own, own_ops, "a.apk", "content");
          own.fs.FailAt(call, fault);
          (void)own_ops.PutAway(RequestFor("a.apk", destination));
          cut = own.fs.calls() >= call;
          own.fs.Heal();
          auto second = own_ops.PutAway(RequestFor("a.apk", destination));
          ASSERT_TRUE(second) << second.error().message;
          EXPECT_THAT(own.Names(".tegodrop/claimed"), IsEmpty());
          const std::string name = taken ? "a-" + kJob + ".apk" : "a.apk";
          std::set<std::string> expected;
          if (destination != Destination::kNowhere) expected = {name, name + ".commit"};
          if (destination == Destination::kFailed) expected.insert(name + ".reason.json");
          if (taken) expected.insert("a.apk");
          EXPECT_EQ(own.Names(part), expected);
          if (destination != Destination::kNowhere) {
            EXPECT_EQ(own.Read(part + "/" + name), "content");
          }
        }
      }
    }
  }
}

TEST_F(DropPutAwayTest, AMoveByLinkThatDiedHalfwayIsFinishedAndNotDoubled) {
  Claim("a.apk", "content");
  files::create_hard_link(place.Path(".tegodrop/claimed/" + kJob + "/a.apk"), place.Path(".tegodrop/processed/a.apk"));
  ASSERT_TRUE(ops.PutAway(RequestFor("a.apk", Destination::kProcessed)));
  EXPECT_THAT(place.Names(".tegodrop/processed"), UnorderedElementsAre("a.apk", "a.apk.commit"));
  EXPECT_EQ(place.Lstat(".tegodrop/processed/a.apk").st_nlink, 1U);
}

TEST_F(DropPutAwayTest, AnOrphanGoesToFailedUnlessItsArtifactCame) {
  place.Write("a.apk.commit", "commit");
  place.Write("b.apk.commit", "commit");
  place.Write("b.apk", "content");
  ASSERT_TRUE(ops.PutAwayOrphan("a.apk.commit", "{}\n"));
  ASSERT_TRUE(ops.PutAwayOrphan("a.apk.commit", "{}\n"));
  ASSERT_TRUE(ops.PutAwayOrphan("b.apk.commit", "{}\n"));
  EXPECT_FALSE(ops.PutAwayOrphan("b.apk", "{}\n"));
  EXPECT_THAT(place.Names(), UnorderedElementsAre(".tegodrop", "b.apk", "b.apk.commit"));
  EXPECT_THAT(place.Names(".tegodrop/failed"), UnorderedElementsAre("a.apk.commit", "a.apk.commit.reason.json"));
  place.Write("a.apk.commit", "another");
  ASSERT_TRUE(ops.PutAwayOrphan("a.apk.commit", "{\"other\": 1}\n"));
  EXPECT_EQ(place.Names(".tegodrop/failed").size(), 4U);
  EXPECT_EQ(place.Read(".tegodrop/failed/a.apk.commit"), "commit");
}

TEST_F(DropPutAwayTest, AnOrphanCutAtEveryCallIsWholeAfterTheNextTry) {
  for (const Fault fault : {Fault::kRefused, Fault::kAnswerLost, Fault::kDeath}) {
    bool cut = true;
    for (int call = 1; cut; ++call) {
      SCOPED_TRACE(::testing::Message() << "fault " << static_cast<int>(fault) << " call " << call);
      ASSERT_LT(call, 200);
      DropPlace own(true);
      FolderOps own_ops = own.Ops();
      ASSERT_TRUE(own_ops.Open("", ""));
      own.Write("a.apk.commit", "commit");
      own.fs.FailAt(call, fault, ENOSPC);
      (void)own_ops.PutAwayOrphan("a.apk.commit", "{}\n");
      cut = own.fs.calls() >= call;
      own.fs.Heal();
      const bool there = own.Names().contains("a.apk.commit");
      const bool moved = own.Names(".tegodrop/failed").contains("a.apk.commit");
      EXPECT_NE(there, moved) << "it stands in one place, whatever failed";
      ASSERT_TRUE(own_ops.PutAwayOrphan("a.apk.commit", "{}\n"));
      EXPECT_EQ(own.Names(".tegodrop/failed").count("a.apk.commit"), 1U);
      EXPECT_EQ(own.Read(".tegodrop/failed/a.apk.commit"), "commit");
      EXPECT_THAT(own.Names(), UnorderedElementsAre(".tegodrop"));
    }
  }
}

TEST_F(DropPutAwayTest, AReceiptCutAtEveryCallIsWholeOrNotThere) {
  for (const Fault fault : {Fault::kRefused, Fault::kAnswerLost, Fault::kDeath}) {
    for (const int error : {EIO, ENOSPC}) {
      bool cut = true;
      for (int call = 1; cut; ++call) {
        SCOPED_TRACE(::testing::Message() << "fault " << static_cast<int>(fault) << " call " << call);
        ASSERT_LT(call, 200);
        DropPlace own(true);
        FolderOps own_ops = own.Ops();
        ASSERT_TRUE(own_ops.Open("", ""));
        own.fs.FailAt(call, fault, error);
        const Status first = own_ops.WriteReceipt("s-1", "content");
        if (!first) {
          EXPECT_NE(first.error().sys, EEXIST) << "nobody else has it";
        }
        cut = own.fs.calls() >= call;
        own.fs.Heal();
        if (own.Names(".tegodrop/receipts").contains("s-1.json")) {
          EXPECT_EQ(own.Read(".tegodrop/receipts/s-1.json"), "content");
        }
        const Status second = own_ops.WriteReceipt("s-1", "content");
        ASSERT_TRUE(second) << second.error().message;
        EXPECT_EQ(own.Read(".tegodrop/receipts/s-1.json"), "content");
        EXPECT_THAT(own.Names(".tegodrop/receipts"), UnorderedElementsAre("s-1.json"));
      }
    }
  }
}

TEST_F(DropPutAwayTest, AReceiptThatIsThereIsLeftAlone) {
  ASSERT_TRUE(ops.WriteReceipt("s-1", "first"));
  EXPECT_TRUE(ops.WriteReceipt("s-1", "first"));
  auto other = ops.WriteReceipt("s-1", "second");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().sys, EEXIST);
  EXPECT_EQ(place.Read(".tegodrop/receipts/s-1.json"), "first");
  EXPECT_THAT(place.Names(".tegodrop/receipts"), UnorderedElementsAre("s-1.json"));
  EXPECT_EQ(place.Mode(".tegodrop/receipts/s-1.json"), 0640U);
}

TEST_F(DropPutAwayTest, ReasonsAndReceiptsInASharedFolderAreWritableByItsGroup) {
  DropPlace shared;
  ASSERT_EQ(chmod(shared.path.c_str(), 02775), 0);
  FolderOps shared_ops = shared.Ops();
  ASSERT_TRUE(shared_ops.Open("", ""));
  ASSERT_TRUE(shared_ops.WriteReceipt("s-1", "first"));
  EXPECT_EQ(shared.Mode(".tegodrop/receipts/s-1.json"), 0660U);
}

TEST_F(DropPutAwayTest, ASidecarWhoseArtifactCannotJustBeSeenIsNoOrphan) {
  place.Write("a.apk", "there");
  place.Write("a.apk.commit", "of a.apk");
  for (int call = 1; call < 20; ++call) {
    place.fs.FailAt(call, FaultyFileSystem::Fault::kRefused, ESTALE);
    (void)ops.PutAwayOrphan("a.apk.commit", "{}");
    place.fs.Heal();
    ASSERT_TRUE(place.Has("a.apk.commit")) << call;
  }
}

TEST_F(DropPutAwayTest, OnlyOldFilesOfProcessedAndReceiptsArePruned) {
  ASSERT_TRUE(ops.WriteReceipt("s-1", "{}"));
  place.Write(".tegodrop/processed/a.apk", "old");
  place.Write(".tegodrop/failed/b.apk", "kept for ever");
  files::create_directories(place.Path(".tegodrop/claimed/06fk"));
  place.Write(".tegodrop/claimed/.taken.06fj", "");
  place.Write(".tegodrop/claimed/.mark.06fk", "of a claim that stands");
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  auto none = ops.Prune(now - 60'000, now - 60'000);
  ASSERT_TRUE(none);
  EXPECT_EQ(*none, 0);
  auto receipts = ops.Prune(now - 60'000, now + 60'000);
  ASSERT_TRUE(receipts);
  EXPECT_EQ(*receipts, 2);
  EXPECT_THAT(place.Names(".tegodrop/receipts"), IsEmpty());
  EXPECT_THAT(place.Names(".tegodrop/claimed"), UnorderedElementsAre("06fk", ".mark.06fk"));
  EXPECT_EQ(*ops.Prune(now + 60'000, now + 60'000), 1);
  EXPECT_THAT(place.Names(".tegodrop/processed"), IsEmpty());
  EXPECT_THAT(place.Names(".tegodrop/failed"), UnorderedElementsAre("b.apk"));
}

}  // namespace
}  // namespace tegodrop::testing
