// The way back out of failed/, and again from any point; and receipts that are ours to remove.
#include <gtest/gtest.h>

#include "daemon/base/digest.h"
#include "tests/unit/share_drop/drop_place.h"

namespace tegodrop::testing {
namespace {

constexpr char kReason[] = "{\n    \"schema\": \"tegodrop-reason/1\",\n    \"job\": \"0123456789abcdef\"\n}\n";
constexpr char kOtherReason[] = "{\n    \"schema\": \"tegodrop-reason/1\",\n    \"job\": \"fedcba9876543210\"\n}\n";

class TakeBackTest : public ::testing::Test {
 protected:
  // Claimed, failed and put away with its sidecar.
  static void PutAwayFailed(DropPlace& place, FolderOps& ops) {
    place.Write("app.apk", "artifact");
    place.Write("app.apk.commit", "abc");
    ASSERT_TRUE(ops.Open("", ""));
    ASSERT_TRUE(ops.Claim(place.RequestFor("app.apk", {"app.apk.commit"})));
    PutAwayRequest away;
    away.job = DropPlace::kJob;
    away.name = "app.apk";
    away.sidecars = {"app.apk.commit"};
    away.destination = Destination::kFailed;
    away.reason_json = kReason;
    ASSERT_TRUE(ops.PutAway(away));
  }
  static TakeBackRequest Request() {
    TakeBackRequest request;
    request.job = DropPlace::kJob;
    request.name = "app.apk";
    request.sidecars = {"app.apk.commit"};
    request.size = 8;
    request.sha256 = Sha256Hex("artifact");
    return request;
  }
  static void ExpectBack(const DropPlace& place) {
    const std::string claimed = place.Room("claimed/" + std::string(DropPlace::kJob) + "/");
    EXPECT_EQ(place.Read(claimed + "app.apk"), "artifact");
    EXPECT_EQ(place.Read(claimed + "app.apk.commit"), "abc");
  }

  DropPlace place{true};
};

TEST_F(TakeBackTest, BringsArtifactAndSidecarsBackAndTakesTheReasonAway) {
  auto ops = place.Ops();
  PutAwayFailed(place, ops);
  const auto back = ops.TakeBack(Request());
  ASSERT_TRUE(back && *back);
  ExpectBack(place);
  EXPECT_TRUE(place.Names(place.Room("failed")).empty());
  const auto again = ops.TakeBack(Request());
  EXPECT_TRUE(again && *again) << "safe to do again";
  ExpectBack(place);
}

TEST_F(TakeBackTest, FindsItUnderTheNameThatTellsTheJob) {
  auto ops = place.Ops();
  ASSERT_TRUE(ops.Open("", ""));
  place.Write(place.Room("failed/app.apk"), "of another job");
  place.Write(place.Room("failed/app.apk.reason.json"), kOtherReason);
  PutAwayFailed(place, ops);
  ASSERT_TRUE(place.Has(place.Room("failed/app-0123456789abcdef.apk")));
  const auto back = ops.TakeBack(Request());
  ASSERT_TRUE(back && *back);
  ExpectBack(place);
  EXPECT_EQ(place.Names(place.Room("failed")), (std::set<std::string>{"app.apk", "app.apk.reason.json"}));
}

TEST_F(TakeBackTest, NeverTakesWhatIsAnotherJobs) {
  auto ops = place.Ops();
  ASSERT_TRUE(ops.Open("", ""));
  place.Write(place.Room("failed/app.apk"), "of another job");
  place.Write(place.Room("failed/app.apk.reason.json"), kOtherReason);
  const auto back = ops.TakeBack(Request());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_FALSE(*back);
  EXPECT_EQ(place.Read(place.Room("failed/app.apk")), "of another job");
}

TEST_F(TakeBackTest, OneThatWasTakenAwayIsNotToBeHad) {
  auto ops = place.Ops();
  PutAwayFailed(place, ops);
  files::remove(place.Path(place.Room("failed/app.apk")));
  const auto back = ops.TakeBack(Request());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_FALSE(*back);
  EXPECT_TRUE(place.Has(place.Room("failed/app.apk.reason.json"))) << "nothing is touched";
}

TEST_F(TakeBackTest, CutAtEveryCallItIsWholeAfterTheNextTry) {
  using Fault = FaultyFileSystem::Fault;
  for (const Fault fault : {Fault::kRefused, Fault::kAnswerLost, Fault::kDeath}) {
    bool cut = true;
    for (int call = 1; cut; ++call) {
      DropPlace own(true);
      auto ops = own.Ops();
      PutAwayFailed(own, ops);
      own.fs.FailAt(call, fault);
      (void)ops.TakeBack(Request());
      cut = own.fs.calls() >= call;
      own.fs.Heal();
      const auto back = ops.TakeBack(Request());
      ASSERT_TRUE(back && *back) << "call " << call;
      ExpectBack(own);
      EXPECT_TRUE(own.Names(own.Room("failed")).empty()) << "call " << call;
    }
  }
}

TEST_F(TakeBackTest, WhereTheFolderIsNotChangedTheSameBytesAreCopiedAgain) {
  auto ops = place.Ops(false);
  place.Write("app.apk", "artifact");
  ASSERT_TRUE(ops.Open("", ""));
  const auto before = place.Everything();
  TakeBackRequest request = Request();
  request.copy = true;
  for (int i = 0; i < 2; ++i) {
    const auto back = ops.TakeBack(request);
    ASSERT_TRUE(back && *back);
    EXPECT_EQ(place.ReadPath(place.spool + "/0123456789abcdef/app.apk"), "artifact");
  }
  EXPECT_EQ(place.Everything(), before);
}

TEST_F(TakeBackTest, OtherBytesUnderItsNameAreAnotherArtifact) {
  auto ops = place.Ops(false);
  ASSERT_TRUE(ops.Open("", ""));
  TakeBackRequest request = Request();
  request.copy = true;
  for (const char* content : {"ARTIFACT", "longer than before"}) {
    place.Write("app.apk", content);
    const auto back = ops.TakeBack(request);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_FALSE(*back) << content;
    EXPECT_FALSE(files::exists(place.spool + "/0123456789abcdef"));
  }
  files::remove(place.Path("app.apk"));
  const auto back = ops.TakeBack(request);
  EXPECT_TRUE(back && !*back);
}

TEST_F(TakeBackTest, OnlyItsOwnReceiptsGo) {
  auto ops = place.Ops();
  ASSERT_TRUE(ops.Open("", ""));
  ASSERT_TRUE(ops.WriteReceipt("submit-1", kOtherReason));
  ASSERT_TRUE(ops.WriteReceipt("submit-1-0123456789abcdef", kReason));
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(ops.RemoveReceipts({"submit-1", "submit-1-0123456789abcdef", "../id"}, DropPlace::kJob));
    EXPECT_EQ(place.Names(place.Room("receipts")), std::set<std::string>{"submit-1.json"});
  }
}

TEST_F(TakeBackTest, AFolderThatIsAwayIsAnError) {
  auto ops = place.Ops();
  EXPECT_FALSE(ops.TakeBack(Request()));
  EXPECT_FALSE(ops.RemoveReceipts({"a"}, DropPlace::kJob));
}

}  // namespace
}  // namespace tegodrop::testing
