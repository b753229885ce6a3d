// Several hosts on one share: beats, records of claims, and what one that is gone has left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "daemon/base/digest.h"
#include "daemon/disk/layout.h"
#include "tests/unit/share_drop/drop_place.h"

namespace tegodrop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Fault = FaultyFileSystem::Fault;

const std::string kJob = DropPlace::kJob;
const std::string kNew = "fedcba9876543210";
const std::string kClaimed = ".tegodrop/claimed/" + kJob;
const std::string kTaken = ".tegodrop/claimed/" + kNew;

class HostsTest : public ::testing::Test {
 protected:
  HostsTest() {
    place.fs.type = FsType{0xFF534D42, "cifs", false, {}};
    EXPECT_TRUE(ops.Open("", ""));
  }
  // By a host that died afterwards.
  void Claim(const std::string& name, const std::vector<std::string>& sidecars = {}) {
    place.Write(name, kContent);
    for (const std::string& sidecar : sidecars) place.Write(sidecar, "of " + name);
    FolderOps host = place.Ops();
    ASSERT_TRUE(host.Open("", ""));
    auto claimed = host.Claim(place.RequestFor(name, sidecars));
    ASSERT_TRUE(claimed) << claimed.error().message;
    ASSERT_EQ(*claimed, ClaimOutcome::kClaimed);
    files::remove_all(place.spool);
  }
  ClaimRecord RecordOf(const std::string& name) const {
    ClaimRecord record;
    record.job = kJob;
    record.file_name = name;
    record.portal_url = "https://portal.example";
    record.tenant = "tenant-1";
    record.version = "production";
    record.start_time = 1'700'000'000;
    record.file_path = "tenant/uploads/a.apk";
    record.output_path = "/srv/out";
    return record;
  }
  static HostBeat Beat(const std::string& id, std::int64_t beat, std::vector<std::string> jobs) {
    return {id, "host of " + id, beat, std::move(jobs)};
  }

  const std::string kContent = MakeApk(3000);
  DropPlace place{true};
  FolderOps ops = place.Ops();
};

TEST_F(HostsTest, EachHostSeesTheBeatsOfTheOthersAndAllClaims) {
  Claim("a.apk");
  ASSERT_TRUE(ops.SeeHosts(Beat("one", 1, {kJob, "x"}), {}));
  const auto view = ops.SeeHosts(Beat("two", 7, {"y"}), {});
  ASSERT_TRUE(view) << view.error().message;
  EXPECT_THAT(view->claims, ElementsAre(kJob));
  EXPECT_THAT(view->others, ElementsAre(Beat("one", 1, {kJob, "x"})));
  const auto other = ops.SeeHosts(Beat("one", 2, {kJob}), {});
  EXPECT_THAT(other->others, ElementsAre(Beat("two", 7, {"y"}))) << "not its own";
  EXPECT_THAT(ops.SeeHosts(Beat("two", 8, {"y"}), {})->others, ElementsAre(Beat("one", 2, {kJob})));
}

TEST_F(HostsTest, AHostWithoutClaimsLeavesNoBeatAndThoseThatAreGoneAreRemoved) {
  ASSERT_TRUE(ops.SeeHosts(Beat("one", 1, {}), {}));
  EXPECT_FALSE(place.Has(".tegodrop/hosts")) << "a host alone leaves the room as it is";
  ASSERT_TRUE(ops.SeeHosts(Beat("one", 2, {kJob}), {}));
  ASSERT_TRUE(ops.SeeHosts(Beat("two", 2, {kJob}), {}));
  ASSERT_TRUE(ops.SeeHosts(Beat("one", 3, {}), {"two", "three"}));
  EXPECT_THAT(place.Names(".tegodrop/hosts"), IsEmpty());
}

TEST_F(HostsTest, WhatIsNoBeatIsPassedOver) {
  ASSERT_TRUE(ops.SeeHosts(Beat("one", 1, {kJob}), {}));
  place.Write(".tegodrop/hosts/broken.json", "{\"schema\": \"tegodrop-host/1\"");
  place.Write(".tegodrop/hosts/other.json", "{\"schema\": \"something else\"}");
  place.Write(".tegodrop/hosts/readme.txt", "hello");
  const auto view = ops.SeeHosts(Beat("two", 1, {"y"}), {});
  ASSERT_TRUE(view) << view.error().message;
  EXPECT_THAT(view->others, ElementsAre(Beat("one", 1, {kJob})));
}

TEST_F(HostsTest, OnALocalDiskThereAreNoOtherHosts) {
  place.fs.type.reset();
  ASSERT_TRUE(ops.Open("", ""));
  place.Write("a.apk", kContent);
  ASSERT_EQ(*ops.Claim(place.RequestFor("a.apk")), ClaimOutcome::kClaimed);
  const auto view = ops.SeeHosts(Beat("one", 1, {kJob}), {});
  ASSERT_TRUE(view);
  EXPECT_THAT(view->claims, IsEmpty());
  EXPECT_FALSE(place.Has(".tegodrop/hosts"));
  EXPECT_EQ(*ops.RecordClaim(RecordOf("a.apk")), ClaimHolder::kOurs);
  EXPECT_EQ(*ops.WhoHas(kJob), ClaimHolder::kOurs);
  EXPECT_THAT(place.Names(kClaimed), ElementsAre("a.apk"));
}

TEST_F(HostsTest, ARecordStandsBesideItsArtifactAndGoesAfterIt) {
  Claim("a.apk");
  EXPECT_EQ(*ops.RecordClaim(RecordOf("a.apk")), ClaimHolder::kOurs);
  ClaimRecord later = RecordOf("a.apk");
  later.delivering = true;
  EXPECT_EQ(*ops.RecordClaim(later), ClaimHolder::kOurs);
  EXPECT_EQ(ops.LookAtClaim(kJob)->record, later);
  PutAwayRequest away;
  away.job = kJob;
  away.name = "a.apk";
  for (int call = 1; call < 60; ++call) {
    place.fs.FailAt(call, Fault::kDeath);
    FolderOps dying = place.Ops();
    if (dying.Open("", "")) (void)dying.PutAway(away);
    place.fs.Heal();
    if (place.Has(kClaimed + "/a.apk")) {
      ASSERT_TRUE(place.Has(kClaimed + "/.claim.json")) << "an artifact without it was never sent: call " << call;
    }
  }
  ASSERT_TRUE(ops.PutAway(away));
  EXPECT_THAT(place.Names(".tegodrop/processed"), ElementsAre("a.apk"));
  EXPECT_THAT(place.Names(".tegodrop/claimed"), IsEmpty());
}

TEST_F(HostsTest, WhoeverLostItsClaimIsToldBeforeItGoesOnAndWhenItEnds) {
  Claim("a.apk");
  EXPECT_EQ(*ops.WhoHas(kJob), ClaimHolder::kOurs);
  ASSERT_TRUE(ops.TakeOver({kJob, kNew, false}));
  EXPECT_EQ(*ops.RecordClaim(RecordOf("a.apk")), ClaimHolder::kTakenOver);
  EXPECT_EQ(*ops.WhoHas(kJob), ClaimHolder::kTakenOver);
  EXPECT_EQ(*ops.WhoHas(kNew), ClaimHolder::kOurs);
  EXPECT_EQ(ops.OpenClaimed(kJob, "a.apk", false).error().kind, ErrorKind::kTakenOver) << "nor is there a copy of it";
  PutAwayRequest away;
  away.job = kNew;
  away.name = "a.apk";
  ASSERT_TRUE(ops.PutAway(away));
  EXPECT_EQ(*ops.WhoHas(kJob), ClaimHolder::kTakenOver) << "whenever it comes back";
  EXPECT_EQ(*ops.WhoHas(kNew), ClaimHolder::kGone);
}

TEST_F(HostsTest, OneThatSomebodyMovedAwayIsNoOtherHosts) {
  Claim("a.apk");
  files::rename(place.Path(kClaimed), place.Path("kept aside"));
  EXPECT_EQ(*ops.RecordClaim(RecordOf("a.apk")), ClaimHolder::kGone);
}

TEST_F(HostsTest, ADeletedArtifactGoesBeforeItsRecord) {
  for (int call = 1; call < 60; ++call) {
    Claim("a.apk", {"a.apk.commit"});
    ASSERT_EQ(*ops.RecordClaim(RecordOf("a.apk")), ClaimHolder::kOurs);
    PutAwayRequest away;
    away.job = kJob;
    away.name = "a.apk";
    away.sidecars = {"a.apk.commit"};
    away.destination = Destination::kNowhere;
    FolderOps dying = place.Ops();
    ASSERT_TRUE(dying.Open("", ""));
    place.fs.FailAt(call, Fault::kDeath);
    (void)dying.PutAway(away);
    place.fs.Heal();
    if (place.Has(kClaimed + "/a.apk") || place.Has(kClaimed + "/a.apk.commit")) {
      ASSERT_TRUE(place.Has(kClaimed + "/.claim.json")) << call;
    }
    ASSERT_TRUE(ops.PutAway(away));
    EXPECT_FALSE(place.Has(kClaimed));
  }
}

TEST_F(HostsTest, WhatIsTakenBackForAPersonHasItsRecordBeforeItStandsThereAgain) {
  Claim("a.apk");
  PutAwayRequest away;
  away.job = kJob;
  away.name = "a.apk";
  away.destination = Destination::kFailed;
  away.reason_json = "{\"job\": \"" + kJob + "\"}\n";
  ASSERT_TRUE(ops.PutAway(away));
  TakeBackRequest back;
  back.job = kJob;
  back.name = "a.apk";
  back.record = RecordOf("a.apk");
  for (int call = 1; call < 60; ++call) {
    FolderOps dying = place.Ops();
    ASSERT_TRUE(dying.Open("", ""));
    place.fs.FailAt(call, Fault::kDeath);
    (void)dying.TakeBack(back);
    place.fs.Heal();
    if (place.Has(kClaimed + "/a.apk")) {
      ASSERT_TRUE(place.Has(kClaimed + "/.claim.json")) << call;
    }
  }
  EXPECT_TRUE(*ops.TakeBack(back));
}

TEST_F(HostsTest, AClaimIsTakenOverWithAllThatItIs) {
  Claim("a.apk", {"a.apk.commit"});
  EXPECT_FALSE(ops.LookAtClaim(kJob)->record) << "nothing of it was sent";
  ASSERT_EQ(*ops.RecordClaim(RecordOf("a.apk")), ClaimHolder::kOurs);
  const auto taken = ops.TakeOver({kJob, kNew, false});
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_TRUE(taken->claim.whole);
  EXPECT_EQ(taken->claim.file_name, "a.apk");
  EXPECT_EQ(taken->claim.record, RecordOf("a.apk"));
  EXPECT_EQ(taken->inspection.outcome, Inspection::Outcome::kWhole) << taken->inspection.reason;
  EXPECT_EQ(taken->inspection.sha256, Sha256Hex(kContent));
  ASSERT_EQ(taken->inspection.sidecars.size(), 1U);
  EXPECT_EQ(*taken->inspection.sidecars[0].content, "of a.apk");
  EXPECT_THAT(place.Names(".tegodrop/claimed"), UnorderedElementsAre(kNew, ".taken." + kJob));
  EXPECT_THAT(place.Names(kTaken), UnorderedElementsAre("a.apk", "a.apk.commit", ".claim.json"));
  auto file = ops.OpenClaimed(kNew, "a.apk", false);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(ops.TakeOver({kJob, "third", false}).error().sys, ENOENT) << "one of several gets it";
}

TEST_F(HostsTest, OneThatWasDeliveringIsLeftUnlessAPersonKnowsBetter) {
  Claim("a.apk");
  ClaimRecord record = RecordOf("a.apk");
  record.delivering = true;
  ASSERT_EQ(*ops.RecordClaim(record), ClaimHolder::kOurs);
  EXPECT_EQ(ops.TakeOver({kJob, kNew, false}).error().sys, EBUSY);
  EXPECT_THAT(place.Names(".tegodrop/claimed"), ElementsAre(kJob)) << "as it was";
  EXPECT_EQ(*ops.WhoHas(kJob), ClaimHolder::kOurs);
  EXPECT_TRUE(ops.TakeOver({kJob, kNew, true}));
}

TEST_F(HostsTest, ARecordThatCannotBeReadLeavesTheClaimAsItIs) {
  Claim("a.apk");
  place.Write(kClaimed + "/.claim.json", "{\"schema\": \"tegodrop-claim/1\", \"job\": 5}");
  EXPECT_EQ(ops.LookAtClaim(kJob).error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(ops.TakeOver({kJob, kNew, true}).error().kind, ErrorKind::kCorrupt);
  EXPECT_THAT(place.Names(kClaimed), UnorderedElementsAre("a.apk", ".claim.json"));
}

TEST_F(HostsTest, AClaimThatWasNeverEndedIsUndone) {
  place.Write("a.apk", kContent);
  place.Write("a.apk.commit", "of a.apk");
  const ClaimRequest request = place.RequestFor("a.apk", {"a.apk.commit"});
  // Dead once its sidecar was moved.
  for (int call = 1; !place.Has(kClaimed + "/a.apk.commit"); ++call) {
    ASSERT_LT(call, 200);
    FolderOps dying = place.Ops();
    ASSERT_TRUE(dying.Open("", ""));
    place.fs.FailAt(call, Fault::kDeath);
    (void)dying.Claim(request);
    place.fs.Heal();
  }
  ASSERT_TRUE(place.Has("a.apk"));
  EXPECT_EQ(ops.LookAtClaim(kJob)->file_name, "a.apk");
  const auto taken = ops.TakeOver({kJob, kNew, false});
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_FALSE(taken->claim.whole);
  EXPECT_THAT(place.Names(), UnorderedElementsAre("a.apk", "a.apk.commit", ".tegodrop"));
  EXPECT_THAT(place.Names(".tegodrop/claimed"), ElementsAre(".taken." + kJob))
      << "its mark is gone too, which kept every other host from it";
}

TEST_F(HostsTest, OneInAFolderInsideIsUndoneThere) {
  files::create_directory(place.Path("team"));
  place.Write("team/a.apk", kContent);
  files::create_directory(place.Path(kClaimed));
  place.Write(kClaimed + "/a.apk.commit", "of team/a.apk");
  place.Write(".tegodrop/claimed/" + ClaimMarkPrefix(Sha256Hex("team/a.apk")) + kJob, "");
  FolderOps recursive({place.path, ".tegodrop", place.spool, true, true, true}, place.fs, place.clock, place.random);
  ASSERT_TRUE(recursive.Open("", ""));
  ASSERT_TRUE(recursive.TakeOver({kJob, kNew, false}));
  EXPECT_THAT(place.Names("team"), UnorderedElementsAre("a.apk", "a.apk.commit"));
  EXPECT_THAT(place.Names(".tegodrop/claimed"), ElementsAre(".taken." + kJob));
}

TEST_F(HostsTest, WhatIsLeftOfOneThatWasPutAwayFollowsIt) {
  Claim("a.apk", {"a.apk.commit"});
  ASSERT_EQ(*ops.RecordClaim(RecordOf("a.apk")), ClaimHolder::kOurs);
  files::rename(place.Path(kClaimed + "/a.apk"), place.Path(".tegodrop/processed/a.apk"));
  const auto taken = ops.TakeOver({kJob, kNew, false});
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_FALSE(taken->claim.whole);
  EXPECT_THAT(place.Names(), ElementsAre(".tegodrop")) << "a sidecar of yesterday would be taken for tomorrow's";
  EXPECT_THAT(place.Names(".tegodrop/claimed"), ElementsAre(".taken." + kJob));
}

TEST_F(HostsTest, OneThatWasDeliveringAndWhoseArtifactAPersonPutAwayIsClosed) {
  Claim("a.apk", {"a.apk.commit"});
  ClaimRecord record = RecordOf("a.apk");
  record.delivering = true;
  ASSERT_EQ(*ops.RecordClaim(record), ClaimHolder::kOurs);
  files::rename(place.Path(kClaimed + "/a.apk"), place.Path(".tegodrop/processed/a.apk"));
  const auto taken = ops.TakeOver({kJob, kNew, false});
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_FALSE(taken->claim.whole);
  EXPECT_THAT(place.Names(".tegodrop/processed"), UnorderedElementsAre("a.apk", "a.apk.commit"));
  EXPECT_THAT(place.Names(".tegodrop/claimed"), ElementsAre(".taken." + kJob));
}

TEST_F(HostsTest, NothingIsLostWhereverATakeoverDies) {
  for (int call = 1; call < 80; ++call) {
    Claim("a.apk", {"a.apk.commit"});
    ASSERT_EQ(*ops.RecordClaim(RecordOf("a.apk")), ClaimHolder::kOurs);
    place.fs.FailAt(call, Fault::kDeath);
    FolderOps dying = place.Ops();
    const bool took = dying.Open("", "") && dying.TakeOver({kJob, kNew, false});
    place.fs.Heal();
    const bool moved = place.Has(kTaken);
    EXPECT_NE(moved, place.Has(kClaimed)) << call;
    EXPECT_TRUE(!took || moved) << call;
    EXPECT_THAT(place.Names(moved ? kTaken : kClaimed), UnorderedElementsAre("a.apk", "a.apk.commit", ".claim.json"))
        << call;
    files::remove_all(place.Path(moved ? kTaken : kClaimed));
    files::remove(place.Path(".tegodrop/claimed/.taken." + kJob));
  }
}

}  // namespace
}  // namespace tegodrop::testing
