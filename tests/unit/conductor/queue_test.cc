#include "daemon/conductor/queue.h"

#include <gtest/gtest.h>

#include <chrono>

namespace tegodrop {
namespace {

using Indices = std::vector<std::size_t>;

TEST(UploadQueue, TheUrgentGoFirstThenTheOldest) {
  UploadQueue queue;
  const std::vector<QueuedUpload> waiting{{"a", 0}, {"a", 5}, {"a", 0}, {"a", 5}};
  EXPECT_EQ(queue.Pick(waiting, {}, 3), (Indices{1, 3, 0}));
}

TEST(UploadQueue, NothingBeginsWhereNothingIsFree) {
  UploadQueue queue;
  EXPECT_TRUE(queue.Pick({{"a", 0}}, {}, 0).empty());
  EXPECT_TRUE(queue.Pick({{"a", 0}}, {}, -3).empty());
  EXPECT_TRUE(queue.Pick({}, {}, 3).empty());
}

TEST(UploadQueue, FoldersTakeTurnsAlsoOverManyTurns) {
  UploadQueue queue;
  std::vector<QueuedUpload> waiting(500, QueuedUpload{"big", 0});
  for (int i = 0; i < 3; ++i) waiting.push_back({"small", 0});
  std::string order;
  for (int i = 0; i < 8; ++i) {
    const Indices picked = queue.Pick(waiting, {}, 1);
    ASSERT_EQ(picked.size(), 1U);
    const std::size_t at = picked.front();
    order += waiting[at].folder == "big" ? 'b' : 's';
    waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(at));
  }
  EXPECT_EQ(order, "bsbsbsbb");
}

TEST(UploadQueue, ALateDropOfAnotherFolderIsNextHoweverManyWait) {
  UploadQueue queue;
  std::vector<QueuedUpload> waiting(500, QueuedUpload{"big", 0});
  for (int i = 0; i < 10; ++i) queue.Pick(waiting, {}, 2);
  waiting.push_back({"late", 0});
  EXPECT_EQ(queue.Pick(waiting, {{"big", 1}}, 1), (Indices{500}));
}

TEST(UploadQueue, TheFolderWithTheFewestRunningComesFirst) {
  UploadQueue queue;
  queue.Pick({{"b", 0}}, {}, 1);  // served last
  const std::vector<QueuedUpload> waiting{{"a", 0}, {"b", 0}};
  EXPECT_EQ(queue.Pick(waiting, {{"a", 1}}, 1), (Indices{1}));
  EXPECT_EQ(queue.Pick(waiting, {{"a", 1}, {"b", 1}}, 1), (Indices{0}));
}

TEST(UploadQueue, PriorityCountsMoreThanTurns) {
  UploadQueue queue;
  const std::vector<QueuedUpload> waiting{{"a", 0}, {"b", 1}, {"b", 1}};
  EXPECT_EQ(queue.Pick(waiting, {{"b", 4}}, 2), (Indices{1, 2}));
}

}  // namespace
}  // namespace tegodrop
