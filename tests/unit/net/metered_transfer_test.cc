// What moves is counted, over requests and over their repetitions.
#include "daemon/net/metered_transfer.h"

#include <gtest/gtest.h>

#include "tests/fakes/fake_transfer.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop::testing {
namespace {

class MeteredTransferTest : public ::testing::Test {
 protected:
  // Starts a request and gives its progress as the transfer below would.
  std::function<void(std::uint64_t, std::uint64_t)> Start() {
    HttpRequest request;
    request.progress = [this](std::uint64_t sent, std::uint64_t) { told = sent; };
    handles.push_back(metered.Start(std::move(request), [](const Result<HttpAnswer>&) {}));
    return below.calls.back()->request.progress;
  }

  TaskQueue queue;
  FakeTransfer below{queue};
  MeteredTransfer metered{below};
  std::vector<HandlePtr> handles;
  std::uint64_t told = 0;
};

TEST_F(MeteredTransferTest, AddsWhatEachRequestMoves) {
  const auto one = Start();
  const auto two = Start();
  one(100, 0);
  two(30, 5);
  one(250, 10);
  EXPECT_EQ(metered.moved().sent, 280U);
  EXPECT_EQ(metered.moved().received, 15U);
  EXPECT_EQ(told, 250U) << "whoever asked is told as before";
}

TEST_F(MeteredTransferTest, WhatIsSentOnceMoreCountsAgain) {
  const auto one = Start();
  one(100, 0);
  one(40, 0);
  EXPECT_EQ(metered.moved().sent, 140U);
}

}  // namespace
}  // namespace tegodrop::testing
