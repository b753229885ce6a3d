// Waiting for receipts: by a clock that the test steps.
#include "daemon/cli/submit/follow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/cli/drop_folder_fixture.h"

namespace tegodrop::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using End = Follower::End;

std::string ReceiptText(const std::string& state, const std::string& name = "app.apk", const std::string& sha = "aa") {
  return R"({"schema": "tegodrop-receipt/1", "state": ")" + state + R"(", "job": "j", "file_name": ")" + name +
         R"(", "sha256": ")" + sha + R"(", "trace": "/out/t", "failure": {"kind": "build_failed"}})";
}

class FollowTest : public DropFolderFixture {
 protected:
  End Follow(std::optional<std::chrono::milliseconds> timeout = std::nullopt) {
    Follower follower(fs, clock, desk, folder, ".tegodrop");
    return follower.Follow(all, timeout, [this](const Awaited& one) { told.push_back(one.submit_id); });
  }
  void At(MonoMs after, std::function<void()> what) {
    const MonoMs due = clock.Mono() + after;
    desk.while_asleep = [this, due, what = std::move(what)] {
      if (clock.Mono() < due) return;
      const auto now = what;  // this function ends with the next line
      desk.while_asleep = nullptr;
      now();
    };
  }

  std::vector<Awaited> all{{"id-1", "app.apk", "aa", {}, ""}};
  std::vector<std::string> told;
};

TEST_F(FollowTest, AReceiptThatIsThereEndsIt) {
  Put(".tegodrop/receipts/id-1.json", ReceiptText("delivered"));
  EXPECT_EQ(Follow(), End::kAll);
  ASSERT_TRUE(all[0].receipt);
  EXPECT_TRUE(all[0].receipt->passed());
  EXPECT_THAT(told, ElementsAre("id-1"));
  EXPECT_EQ(clock.Mono(), SteppedClock().Mono());
}

TEST_F(FollowTest, AFolderWithoutARoomIsWaitedFor) {
  At(3000, [&] { Put(".tegodrop/receipts/id-1.json", ReceiptText("failed")); });
  EXPECT_EQ(Follow(), End::kAll);
  EXPECT_TRUE(all[0].failed());
}

TEST_F(FollowTest, AFolderThatGoesAndComesBackIsWaitedFor) {
  std::filesystem::rename(folder, folder + "-away");
  At(3000, [&] {
    std::filesystem::rename(folder + "-away", folder);
    Put(".tegodrop/receipts/id-1.json", ReceiptText("delivered"));
  });
  EXPECT_EQ(Follow(), End::kAll);
  EXPECT_TRUE(all[0].receipt);
}

TEST_F(FollowTest, SeveralAreToldInTheOrderInWhichTheyCome) {
  all.push_back({"id-2", "b.apk", "bb", {}, ""});
  Put(".tegodrop/receipts/id-2.json", ReceiptText("delivered", "b.apk", "bb"));
  At(3000, [&] { Put(".tegodrop/receipts/id-1.json", ReceiptText("delivered")); });
  EXPECT_EQ(Follow(), End::kAll);
  EXPECT_THAT(told, ElementsAre("id-2", "id-1"));
}

TEST_F(FollowTest, TheTimeoutIsKeptToTheMoment) {
  const MonoMs begun = clock.Mono();
  EXPECT_EQ(Follow(std::chrono::milliseconds(1700)), End::kTimedOut);
  EXPECT_EQ(clock.Mono() - begun, 1700);
  EXPECT_TRUE(all[0].open());
}

TEST_F(FollowTest, AStopEndsIt) {
  desk.stopped = true;
  EXPECT_EQ(Follow(), End::kStopped);
}

TEST_F(FollowTest, LongWaitingIsTold) {
  EXPECT_EQ(Follow(seconds(9)), End::kTimedOut);
  EXPECT_EQ(desk.err, "");
  EXPECT_EQ(Follow(minutes(4)), End::kTimedOut);
  EXPECT_THAT(desk.err, HasSubstr("no receipt yet of app.apk"));
  EXPECT_THAT(desk.err, HasSubstr("after: keep"));
  EXPECT_EQ(std::count(desk.err.begin(), desk.err.end(), '\n'), 1);
}

TEST_F(FollowTest, WhereReceiptsCouldBeSeenNothingIsGuessed) {
  Put(".tegodrop/receipts/other.json", "x");
  EXPECT_EQ(Follow(seconds(20)), End::kTimedOut);
  EXPECT_THAT(desk.err, Not(HasSubstr("after: keep")));
}

TEST_F(FollowTest, WhatIsNoReceiptIsLookedAtAgainAndThenAFailure) {
  Put(".tegodrop/receipts/id-1.json", "not yet");
  At(3000, [&] { Put(".tegodrop/receipts/id-1.json", ReceiptText("delivered")); });
  EXPECT_EQ(Follow(), End::kAll);
  EXPECT_TRUE(all[0].receipt);

  all = {{"id-2", "app.apk", "aa", {}, ""}};
  Put(".tegodrop/receipts/id-2.json", "rubbish");
  EXPECT_EQ(Follow(), End::kAll);
  EXPECT_TRUE(all[0].failed());
  EXPECT_THAT(all[0].fault, HasSubstr("id-2.json is not its receipt"));
}

TEST_F(FollowTest, AReceiptOfSomethingElsePassesNoGate) {
  for (const std::string& foreign : {ReceiptText("delivered", "other.apk"), ReceiptText("delivered", "app.apk", "bb"),
                                     ReceiptText("delivered", "app.apk", "")}) {
    all = {{"id-1", "app.apk", "aa", {}, ""}};
    Put(".tegodrop/receipts/id-1.json", foreign);
    EXPECT_EQ(Follow(), End::kAll);
    EXPECT_TRUE(all[0].failed()) << foreign;
    EXPECT_FALSE(all[0].receipt) << foreign;
  }
}

TEST_F(FollowTest, AnEndlessReceiptAndALinkPassNoGate) {
  Put(".tegodrop/receipts/id-1.json", std::string(1 << 20, ' ') + ReceiptText("delivered"));
  EXPECT_EQ(Follow(), End::kAll);
  EXPECT_TRUE(all[0].failed());
  all = {{"id-2", "app.apk", "aa", {}, ""}};
  Put("elsewhere", ReceiptText("delivered"));
  std::filesystem::create_symlink("../../elsewhere", folder + "/.tegodrop/receipts/id-2.json");
  EXPECT_EQ(Follow(seconds(30)), End::kTimedOut);
}

TEST_F(FollowTest, AReceiptByItsIdAloneIsTakenAsItIs) {
  all = {{"id-1", "", "", {}, ""}};
  Put(".tegodrop/receipts/id-1.json", ReceiptText("duplicate"));
  EXPECT_EQ(Follow(), End::kAll);
  ASSERT_TRUE(all[0].receipt);
  EXPECT_EQ(all[0].receipt->state, Receipt::State::kDuplicate);
}

}  // namespace
}  // namespace tegodrop::testing
