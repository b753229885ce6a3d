// Between network and disk: few large appends, bounded memory, and errors that reach both sides.
#include "daemon/delivery/download_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "tests/fakes/fake_output_folder.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop::testing {
namespace {

using ::testing::Each;
using ::testing::Ge;
using ::testing::Le;
using ::testing::SizeIs;

constexpr std::size_t kPiece = 4096;
constexpr std::uint64_t kLimit = 64 << 20;

class DownloadSinkTest : public ::testing::Test {
 protected:
  DownloadSinkTest() { Open(kLimit); }
  void Open(std::uint64_t limit) {
    const HandlePtr handle = folder.Stage("s", 0, [&](Result<std::unique_ptr<StagedFile>> file) {
      sink = std::make_unique<DownloadSink>(std::move(*file), limit);
    });
    queue.RunAll();
    sink->OnReady([this] { ++resumed; });
  }
  FlowState Write(std::size_t size = kPiece) {
    const std::string bytes(size, 'x');
    return sink->Write(bytes.data(), bytes.size());
  }
  void Finish() {
    sink->Finish([this](Result<StagedFacts> given) { facts = std::move(given); });
    EXPECT_FALSE(facts.has_value()) << "answered inside the call";
    queue.RunAll();
  }

  TaskQueue queue;
  FakeOutputFolder folder{queue};
  std::unique_ptr<DownloadSink> sink;
  int resumed = 0;
  std::optional<Result<StagedFacts>> facts;
};

TEST_F(DownloadSinkTest, SmallWritesBecomeFewAppends) {
  for (int i = 0; i < 256; ++i) {
    ASSERT_EQ(Write(), FlowState::kGo);
    queue.RunAll();
  }
  EXPECT_THAT(folder.appended, SizeIs(16));
  EXPECT_THAT(folder.appended, Each(Ge(64U * 1024)));
  Finish();
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ((*facts)->size, 256 * kPiece);
  EXPECT_EQ((*facts)->sha256, Sha256Hex(std::string(256 * kPiece, 'x')));
}

TEST_F(DownloadSinkTest, SlowDiskMakesTheNetworkWaitAndThenGoOn) {
  std::size_t taken = 0;
  while (Write() == FlowState::kGo) taken += kPiece;
  EXPECT_LE(taken, 640U * 1024) << "more than that is never held";
  EXPECT_EQ(Write(), FlowState::kWait) << "none of it was taken";
  EXPECT_EQ(resumed, 0);
  queue.RunOne();
  EXPECT_EQ(resumed, 1);
  EXPECT_EQ(Write(), FlowState::kGo);
  Finish();
  EXPECT_EQ((*facts)->size, taken + kPiece);
  EXPECT_THAT(folder.appended, Each(Le(640U * 1024)));
  EXPECT_EQ(resumed, 1) << "a transfer that is over is not resumed";
}

TEST_F(DownloadSinkTest, FailedAppendWakesANetworkThatWaits) {
  folder.FailNext("Append", ENOSPC);
  while (Write() == FlowState::kGo) {
  }
  queue.RunAll();
  EXPECT_EQ(resumed, 1);
  EXPECT_EQ(Write(), FlowState::kFail);
  EXPECT_TRUE(sink->failed());
  EXPECT_EQ(sink->error().sys, ENOSPC);
}

TEST_F(DownloadSinkTest, FailureAfterTheLastByteReachesTheFinish) {
  folder.FailNext("Append", ENOSPC);
  ASSERT_EQ(Write(), FlowState::kGo);
  Finish();
  ASSERT_TRUE(facts.has_value());
  ASSERT_FALSE(*facts);
  EXPECT_EQ(facts->error().sys, ENOSPC);
}

TEST_F(DownloadSinkTest, FinishWaitsForTheAppendUnderWay) {
  ASSERT_EQ(Write(100'000), FlowState::kGo);
  ASSERT_EQ(Write(10), FlowState::kGo);
  Finish();
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ((*facts)->size, 100'010U);
}

TEST_F(DownloadSinkTest, EmptyBodyIsAnEmptyFile) {
  Finish();
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ((*facts)->size, 0U);
}

TEST_F(DownloadSinkTest, EndlessBodyIsStoppedAtTheLimit) {
  Open(10'000);
  ASSERT_TRUE(sink->Begin(200, {}));
  EXPECT_EQ(Write(), FlowState::kGo);
  EXPECT_EQ(Write(), FlowState::kGo);
  EXPECT_EQ(Write(), FlowState::kFail);
  EXPECT_EQ(sink->error().kind, ErrorKind::kCorrupt);
}

TEST_F(DownloadSinkTest, LengthAtTheLimitIsTakenAndOneMoreIsNot) {
  Open(10'000);
  EXPECT_TRUE(sink->Begin(200, {{"content-length", "10000"}}));
  Open(10'000);
  auto begun = sink->Begin(200, {{"content-length", "10001"}});
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().kind, ErrorKind::kCorrupt);
}

TEST_F(DownloadSinkTest, LengthThatIsNoNumberCountsAsNone) {
  ASSERT_TRUE(sink->Begin(200, {{"content-length", "12x"}}));
  EXPECT_FALSE(sink->total().has_value());
}

TEST_F(DownloadSinkTest, StoppedSinkAnswersNobody) {
  ASSERT_EQ(Write(100'000), FlowState::kGo);
  sink->Finish([this](Result<StagedFacts> given) { facts = std::move(given); });
  sink->Stop();
  queue.RunAll();
  EXPECT_FALSE(facts.has_value());
  EXPECT_EQ(resumed, 0);
}

}  // namespace
}  // namespace tegodrop::testing
