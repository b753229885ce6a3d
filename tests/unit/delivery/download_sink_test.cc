// Between network and disk: few large appends, bounded memory, and errors that reach both sides.
#include "daemon/delivery/download_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/fakes/fake_output_folder.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop::testing {
namespace {

using ::testing::Each;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::SizeIs;

constexpr std::size_t kPiece = 4096;
constexpr std::uint64_t kLimit = 64 << 20;
constexpr std::uint64_t kPaceBytes = 128 * 1024;
constexpr char kEtag[] = "\"an-etag\"";

class DownloadSinkTest : public ::testing::Test {
 protected:
  DownloadSinkTest() { Open(kLimit); }
  void Open(std::uint64_t limit) {
    const HandlePtr handle = folder.Stage("s", 0, [&](Result<std::unique_ptr<StagedFile>> file) {
      DownloadSink::Plan plan;
      plan.limit = limit;
      plan.kept = kept;
      plan.pace = {kPaceBytes, std::chrono::seconds(5)};
      plan.on_synced = [this](std::uint64_t bytes) { synced.push_back(bytes); };
      plan.on_whole = [this] { ++whole; };
      sink = std::make_unique<DownloadSink>(std::move(*file), clock, std::move(plan));
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
  SteppedClock clock;
  FakeOutputFolder folder{queue};
  std::unique_ptr<DownloadSink> sink;
  int resumed = 0;
  int whole = 0;  // how often the sink was given all instead of the rest
  KeptBytes kept;
  std::vector<std::uint64_t> synced;
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
  EXPECT_LE(taken, 224U * 1024) << "more than that is never held";
  EXPECT_EQ(Write(), FlowState::kWait) << "none of it was taken";
  EXPECT_EQ(resumed, 0);
  queue.RunOne();
  EXPECT_EQ(resumed, 1);
  EXPECT_EQ(Write(), FlowState::kGo);
  Finish();
  EXPECT_EQ((*facts)->size, taken + kPiece);
  EXPECT_THAT(folder.appended, Each(Le(224U * 1024)));
  EXPECT_EQ(resumed, 1) << "a transfer that is over is not resumed";
}

// The file digests an append only when the next one comes, and by then the buffers have gone round.
TEST_F(DownloadSinkTest, MemoryServesAgainOnlyWhenItsBytesAreDigested) {
  std::string all;
  for (char letter = 'a'; letter <= 'j'; ++letter) {
    const std::string bytes(100'000, letter);
    ASSERT_EQ(sink->Write(bytes.data(), bytes.size()), FlowState::kGo);
    all += bytes;
    // Until here one is written while another comes.
    if (letter % 2 == 0) queue.RunAll();
  }
  Finish();
  ASSERT_TRUE(*facts);
  EXPECT_EQ(folder.staged["s"], all);
  EXPECT_EQ((*facts)->sha256, Sha256Hex(all));
  EXPECT_THAT(folder.buffers, SizeIs(3));
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

TEST_F(DownloadSinkTest, ManyBytesAreSyncedNowAndThenButNotOften) {
  ASSERT_TRUE(sink->Begin(200, {{"content-length", "1000000"}, {"etag", kEtag}}));
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(Write(), FlowState::kGo);
    queue.RunAll();
  }
  EXPECT_THAT(synced, IsEmpty()) << "the last time is not long ago";
  clock.Step(std::chrono::seconds(5));
  for (int i = 0; i < 16; ++i) {
    ASSERT_EQ(Write(), FlowState::kGo);
    queue.RunAll();
  }
  ASSERT_THAT(synced, SizeIs(1));
  EXPECT_GE(synced[0], kPaceBytes);
  EXPECT_EQ(folder.synced["s"], synced[0]);
  clock.Step(std::chrono::seconds(5));
  for (int i = 0; i < 16; ++i) {
    ASSERT_EQ(Write(), FlowState::kGo);
    queue.RunAll();
  }
  EXPECT_THAT(synced, SizeIs(1)) << "not enough has come since";
}

TEST_F(DownloadSinkTest, LineFasterThanTheDiskIsSyncedToo) {
  ASSERT_TRUE(sink->Begin(200, {{"content-length", "60000000"}, {"etag", kEtag}}));
  clock.Step(std::chrono::seconds(5));
  for (int turn = 0; turn < 5; ++turn) {
    while (Write() == FlowState::kGo) {
    }
    ASSERT_TRUE(queue.RunOne());
  }
  EXPECT_THAT(synced, SizeIs(1));
}

TEST_F(DownloadSinkTest, WhatCannotBeAskedForAgainIsNotSyncedOnTheWay) {
  const std::vector<std::vector<std::pair<std::string, std::string>>> answers{
      {{"content-length", "1000000"}},
      {{"content-length", "1000000"}, {"etag", "W/\"weak\""}},
      {{"content-length", "1000000"}, {"etag", "\"one\""}, {"etag", "\"two\""}},
      {{"etag", kEtag}}};
  for (const auto& headers : answers) {
    Open(kLimit);
    ASSERT_TRUE(sink->Begin(200, headers));
    clock.Step(std::chrono::seconds(60));
    for (int i = 0; i < 100; ++i) {
      ASSERT_EQ(Write(), FlowState::kGo);
      queue.RunAll();
    }
    EXPECT_THAT(synced, IsEmpty());
    EXPECT_EQ(sink->Keepable(1000).etag, "");
  }
}

TEST_F(DownloadSinkTest, NetworkGoesOnWhileTheDiskSyncsUpToTheBound) {
  ASSERT_TRUE(sink->Begin(200, {{"content-length", "10000000"}, {"etag", kEtag}}));
  clock.Step(std::chrono::seconds(60));
  ASSERT_EQ(Write(kPaceBytes), FlowState::kGo);
  queue.RunOne();  // the append; the sync is under way now
  ASSERT_EQ(folder.calls.back(), "Sync s");
  std::size_t taken = 0;
  while (Write() == FlowState::kGo) taken += kPiece;
  EXPECT_GE(taken, 160U * 1024);
  EXPECT_LE(taken, 224U * 1024);
  queue.RunAll();
  EXPECT_EQ(resumed, 1);
}

TEST_F(DownloadSinkTest, FailedSyncOnTheWayFailsTheDownloadAndIsNotTriedAgain) {
  folder.FailNext("Sync", EIO);
  ASSERT_TRUE(sink->Begin(200, {{"content-length", "10000000"}, {"etag", kEtag}}));
  clock.Step(std::chrono::seconds(60));
  ASSERT_EQ(Write(kPaceBytes), FlowState::kGo);
  queue.RunAll();
  EXPECT_EQ(Write(), FlowState::kFail);
  EXPECT_EQ(sink->error().sys, EIO);
  Finish();
  EXPECT_FALSE(*facts);
  EXPECT_THAT(synced, IsEmpty());
  EXPECT_EQ(std::count(folder.calls.begin(), folder.calls.end(), "Sync s"), 1);
}

TEST_F(DownloadSinkTest, BrokenOffItKeepsAllThatCameSynced) {
  ASSERT_TRUE(sink->Begin(200, {{"content-length", "10000000"}, {"etag", kEtag}}));
  ASSERT_EQ(Write(100'000), FlowState::kGo);
  ASSERT_EQ(Write(10), FlowState::kGo);
  std::optional<Result<std::uint64_t>> kept_bytes;
  sink->Sync([&](const Result<std::uint64_t>& bytes) { kept_bytes = bytes; });
  EXPECT_FALSE(kept_bytes.has_value()) << "answered inside the call";
  queue.RunAll();
  ASSERT_TRUE(kept_bytes.has_value());
  EXPECT_EQ(kept_bytes->value(), 100'010U);
  EXPECT_EQ(folder.synced["s"], 100'010U);
}

TEST_F(DownloadSinkTest, WholeOutputInsteadOfTheRestWaitsUntilNothingReliesOnWhatWasKept) {
  kept = {kEtag, 10'000'000, 5};
  Open(kLimit);
  folder.staged["s"] = "PPPPP";
  ASSERT_TRUE(sink->Begin(200, {{"content-length", "1000000"}, {"etag", "\"another\""}}));
  EXPECT_EQ(whole, 1);
  EXPECT_EQ(sink->first(), 0U);
  while (Write() == FlowState::kGo) {
  }
  queue.RunAll();
  EXPECT_EQ(folder.staged["s"], "PPPPP");
  sink->Restart();
  queue.RunAll();
  EXPECT_EQ(resumed, 1);
  Finish();
  ASSERT_TRUE(*facts);
  EXPECT_EQ((*facts)->sha256, Sha256Hex(std::string((*facts)->size, 'x')));
  EXPECT_GE((*facts)->size, 160U * 1024);
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
