// One look through a listing: as few pages as needed, and a listing that moves meanwhile is noticed.
#include "daemon/tracking/tracker.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/fakes/fake_portal.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop {
namespace {

using testing::FakePortal;
using testing::TaskQueue;

BuildRow Row(std::int64_t start_time, const std::string& name = "app.apk") {
  BuildRow row;
  row.start_time = start_time;
  row.version = "production";
  row.platform = "android";
  row.name = name;
  return row;
}

BuildIdentity Identity(std::int64_t start_time, const std::string& name = "app.apk") {
  return {"production", "android", start_time, name};
}

HistoryPage Page(std::int64_t page, std::int64_t total_pages, std::int64_t total_count, std::vector<BuildRow> rows) {
  HistoryPage out;
  out.page = page;
  out.total_pages = total_pages;
  out.total_count = total_count;
  out.rows = std::move(rows);
  return out;
}

class TrackerTest : public ::testing::Test {
 protected:
  void Look(std::vector<BuildIdentity> awaited) {
    handle = tracker.Look("production", std::move(awaited), [this](Result<HistoryLook> look) {
      EXPECT_FALSE(result) << "done ran twice";
      result = std::move(look);
    });
    EXPECT_FALSE(result) << "done ran inside the call";
    queue.RunAll();
  }

  TaskQueue queue;
  FakePortal portal{queue};
  Tracker tracker{portal};
  HandlePtr handle;
  std::optional<Result<HistoryLook>> result;
};

TEST_F(TrackerTest, StopsAtThePageThatShowsTheLastAwaitedBuild) {
  portal.listings.answers.push_back(Page(1, 3, 130, {Row(5), Row(4)}));
  portal.listings.answers.push_back(Page(2, 3, 130, {Row(3)}));
  Look({Identity(4), Identity(3)});
  ASSERT_TRUE(result && *result);
  ASSERT_EQ((*result)->found.size(), 2U);
  EXPECT_EQ((*result)->found[0].value().start_time, 4);
  EXPECT_EQ((*result)->found[1].value().start_time, 3);
  EXPECT_TRUE((*result)->complete);
  ASSERT_EQ(portal.listings_asked.size(), 2U);
  EXPECT_EQ(portal.listings_asked[0].page_size, 50);
  EXPECT_EQ(portal.listings_asked[1].page, 2);
}

TEST_F(TrackerTest, TellsBuildsOfTheSameSecondApartByName) {
  portal.listings.answers.push_back(Page(1, 1, 2, {Row(7, "other.apk"), Row(7, "app.apk")}));
  Look({Identity(7, "app.apk")});
  ASSERT_TRUE(result && *result);
  ASSERT_EQ((*result)->found.size(), 1U);
  EXPECT_EQ((*result)->found[0].value().name, "app.apk");
}

TEST_F(TrackerTest, AOnePageListingWithoutTheBuildIsComplete) {
  portal.listings.answers.push_back(Page(1, 1, 1, {Row(1)}));
  Look({Identity(9)});
  ASSERT_TRUE(result && *result);
  EXPECT_FALSE((*result)->found.front());
  EXPECT_TRUE((*result)->complete);
  EXPECT_EQ(portal.listings_asked.size(), 1U);
}

TEST_F(TrackerTest, AnEmptyListingIsComplete) {
  portal.listings.answers.push_back(Page(1, 0, 0, {}));
  Look({Identity(9)});
  ASSERT_TRUE(result && *result);
  EXPECT_TRUE((*result)->complete);
}

TEST_F(TrackerTest, AChangedCountMeansStartingOver) {
  portal.listings.answers.push_back(Page(1, 2, 60, {Row(3)}));
  portal.listings.answers.push_back(Page(2, 2, 61, {Row(1)}));  // one row moved from page 1 to page 2 unseen
  portal.listings.answers.push_back(Page(1, 2, 61, {Row(9)}));
  Look({Identity(9)});
  ASSERT_TRUE(result && *result);
  EXPECT_TRUE((*result)->found.front());
  EXPECT_EQ(portal.listings_asked[2].page, 1);
}

TEST_F(TrackerTest, AChangedFirstRowUnderTheSameCountMeansStartingOver) {
  portal.listings.answers.push_back(Page(1, 2, 60, {Row(3)}));
  portal.listings.answers.push_back(Page(2, 2, 60, {Row(1)}));
  portal.listings.answers.push_back(Page(1, 2, 60, {Row(4)}));  // the check of the first page
  portal.listings.answers.push_back(Page(1, 2, 60, {Row(4)}));
  portal.listings.answers.push_back(Page(2, 2, 60, {Row(2)}));
  portal.listings.answers.push_back(Page(1, 2, 60, {Row(4)}));
  Look({Identity(9)});
  ASSERT_TRUE(result && *result);
  EXPECT_TRUE((*result)->complete) << "the second reading was steady";
  EXPECT_EQ(portal.listings_asked.size(), 6U);
}

TEST_F(TrackerTest, AListingThatNeverHoldsStillIsNotComplete) {
  for (int i = 0; i < 3; ++i) {
    portal.listings.answers.push_back(Page(1, 2, 60 + i, {Row(3)}));
    portal.listings.answers.push_back(Page(2, 2, 90 + i, {Row(1)}));
  }
  Look({Identity(9), Identity(3)});
  ASSERT_TRUE(result && *result);
  EXPECT_FALSE((*result)->complete);
  EXPECT_FALSE((*result)->found[0]);
  EXPECT_TRUE((*result)->found[1]) << "what was seen counts all the same";
}

BuildRow Done(std::int64_t start_time, std::int64_t seconds) {
  BuildRow row = Row(start_time);
  row.success = true;
  row.end_time = start_time + seconds;
  return row;
}

TEST_F(TrackerTest, TeachesFromThePagesThatItReads) {
  portal.listings.answers.push_back(Page(1, 3, 130, {Row(9000), Done(8000, 300)}));
  portal.listings.answers.push_back(Page(2, 3, 130, {Done(7000, 300), Done(6000, 310), Row(5000)}));
  Look({Identity(5000)});
  ASSERT_TRUE(result && *result);
  EXPECT_EQ((*result)->times.Count("android"), 3U);
  ASSERT_TRUE((*result)->times.Of("android"));
  EXPECT_NEAR((*result)->times.Of("android")->median(), 303, 1);
  EXPECT_EQ((*result)->times.Count("ios"), 0U);
}

TEST_F(TrackerTest, TeachesEachBuildOnceHoweverOftenItsPageIsRead) {
  for (int i = 0; i < 2; ++i) {
    portal.listings.answers.push_back(Page(1, 2, 60, {Row(3000 + i), Done(2000, 300)}));
    portal.listings.answers.push_back(Page(2, 2, 60, {Done(2000, 300)}));
    portal.listings.answers.push_back(Page(1, 2, 60, {Row(3001), Done(2000, 300)}));
  }
  Look({Identity(9)});
  ASSERT_TRUE(result && *result);
  EXPECT_EQ((*result)->times.Count("android"), 1U);
}

TEST_F(TrackerTest, AnErrorOnAnyPageIsTheAnswer) {
  portal.listings.answers.push_back(Page(1, 2, 60, {Row(3)}));
  portal.listings.answers.push_back(Fail(ErrorKind::kSlowDown, "too many requests"));
  Look({Identity(9)});
  ASSERT_TRUE(result);
  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().kind, ErrorKind::kSlowDown);
}

TEST_F(TrackerTest, DestroyingTheHandleSilencesTheLook) {
  handle = tracker.Look("production", {Identity(1)}, [&](Result<HistoryLook>) { FAIL() << "done after the end"; });
  portal.listings.answers.push_back(Page(1, 1, 1, {Row(1)}));
  portal.Pump();
  handle.reset();
  queue.RunAll();
}

TEST_F(TrackerTest, DoneMayDestroyTheHandle) {
  portal.listings.answers.push_back(Page(1, 1, 1, {Row(1)}));
  bool ran = false;
  handle = tracker.Look("production", {Identity(1)}, [&](Result<HistoryLook>) {
    handle.reset();
    ran = true;
  });
  queue.RunAll();
  EXPECT_TRUE(ran);
}

// Ten thousand of one listing, most of which share their second or their name.
TEST_F(TrackerTest, ManyAwaitedBuildsAreFoundByThePagesAloneAndInTheirOrder) {
  constexpr int kPages = 200;
  const auto identity = [](int number) {
    return Identity(number % 100, "app-" + std::to_string(number / 100) + ".apk");
  };
  std::vector<BuildIdentity> awaited;
  for (int i = 0; i < kPages * 50; ++i) awaited.push_back(identity(i));
  for (int page = kPages; page > 0; --page) {
    std::vector<BuildRow> rows;
    for (int i = page * 50 - 1; i >= (page - 1) * 50; --i)
      rows.push_back(Row(identity(i).start_time, identity(i).name));
    portal.listings.answers.push_back(Page(kPages + 1 - page, kPages + 5, kPages * 50 + 250, std::move(rows)));
  }
  Look(awaited);
  ASSERT_TRUE(result && *result);
  EXPECT_EQ(portal.listings_asked.size(), static_cast<std::size_t>(kPages)) << "what lies behind them is not asked for";
  ASSERT_EQ((*result)->found.size(), awaited.size());
  for (std::size_t i = 0; i < awaited.size(); ++i) ASSERT_TRUE(Matches((*result)->found[i].value(), awaited[i])) << i;
}

TEST_F(TrackerTest, ABuildThatIsAwaitedTwiceIsFoundForBoth) {
  portal.listings.answers.push_back(Page(1, 1, 1, {Row(7)}));
  Look({Identity(7), Identity(7)});
  ASSERT_TRUE(result && *result);
  for (const auto& row : (*result)->found) EXPECT_TRUE(row && Matches(*row, Identity(7)));
  EXPECT_TRUE((*result)->complete);
}

TEST_F(TrackerTest, ABuildOfTheSameNameAndSecondOnAnotherPlatformIsAnotherOne) {
  BuildRow other = Row(7);
  other.platform = "ios";
  portal.listings.answers.push_back(Page(1, 1, 1, {other}));
  Look({Identity(7)});
  ASSERT_TRUE(result && *result);
  EXPECT_FALSE((*result)->found.front());
}

}  // namespace
}  // namespace tegodrop
