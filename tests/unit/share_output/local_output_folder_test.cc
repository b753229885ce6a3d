// The output folder on its own threads and a real loop.
#include "daemon/share/local_output_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/loop/event_loop.h"
#include "daemon/loop/worker_pool.h"
#include "tests/unit/share_output/output_place.h"

namespace tegodrop::testing {
namespace {

using ::testing::IsEmpty;

class LocalOutputFolderTest : public ::testing::Test {
 protected:
  // Runs the loop until the answer of what `start` began is there.
  template <typename T, typename Start>
  T Await(Start start) {
    std::optional<T> answer;
    const HandlePtr handle = start([&](T given) {
      answer.emplace(std::move(given));
      loop.Stop();
    });
    EXPECT_FALSE(answer.has_value()) << "answered inside the call";
    loop.Run();
    return std::move(*answer);
  }
  std::unique_ptr<StagedFile> Stage(std::uint64_t size = 0) {
    auto file = Await<Result<std::unique_ptr<StagedFile>>>(
        [&](auto done) { return folder->Stage("job.1.part", size, std::move(done)); });
    EXPECT_TRUE(file) << file.error().message;
    return file ? std::move(*file) : nullptr;
  }
  Status Append(StagedFile& file, std::string bytes) {
    return Await<Status>(
        [&](auto done) { return file.Append(std::make_shared<std::string>(std::move(bytes)), std::move(done)); });
  }
  Result<StagedFacts> Finish(StagedFile& file) {
    return Await<Result<StagedFacts>>([&](auto done) { return file.Finish(std::move(done)); });
  }

  OutputPlace place;
  EventLoop loop;
  WorkerPool writers{loop, 2, "writers"};
  SystemClock clock;
  std::unique_ptr<OutputFolder> folder = Make("");
  std::unique_ptr<OutputFolder> Make(const std::string& known) {
    OutputMemory memory;
    memory.fs_type = known;
    memory.learned = [this](const std::string& fs_type) { learned.push_back(fs_type); };
    return MakeLocalOutputFolder(place.path, ".tegodrop", std::move(memory), loop, writers, place.fs, clock);
  }
  Result<std::vector<StagedEntry>> ListStaged(OutputFolder& in) {
    return Await<Result<std::vector<StagedEntry>>>([&](auto done) { return in.ListStaged(std::move(done)); });
  }
  std::vector<std::string> learned;
};

TEST_F(LocalOutputFolderTest, WhatItIsOnIsLearnedOnceAndAnotherOneIsRefusedUntilItIsAccepted) {
  place.fs.type = FsType{0x65735546, "fuse", false, {}};
  ASSERT_TRUE(ListStaged(*folder));
  ASSERT_TRUE(ListStaged(*folder));
  EXPECT_THAT(learned, ::testing::ElementsAre("fuse"));
  EXPECT_FALSE(folder->Accept()) << "nothing is wrong";
  // The next life, and the share is not mounted.
  files::remove_all(place.Path(".tegodrop"));
  place.fs.type = FsType{0xEF53, "ext4", true, {}};
  auto next = Make("fuse");
  const auto staged = Await<Result<std::unique_ptr<StagedFile>>>(
      [&](auto done) { return next->Stage("job.1.part", 0, std::move(done)); });
  ASSERT_FALSE(staged);
  EXPECT_EQ(staged.error().kind, ErrorKind::kLocalDisk);
  EXPECT_THAT(staged.error().message, ::testing::HasSubstr("is on ext4 now and was on fuse"));
  EXPECT_THAT(staged.error().message, ::testing::HasSubstr("tegodrop check --accept"));
  EXPECT_THAT(place.Names(), IsEmpty());
  EXPECT_FALSE(place.Has(".tegodrop")) << "nothing is written there";
  EXPECT_TRUE(next->Accept());
  ASSERT_TRUE(ListStaged(*next));
  EXPECT_THAT(learned, ::testing::ElementsAre("fuse", "ext4"));
}

TEST_F(LocalOutputFolderTest, OneOfTheSameKindWithoutTheRoomIsAnotherOneToo) {
  place.fs.type = FsType{0xEF53, "ext4", true, {}};
  auto next = Make("ext4");
  auto listed = ListStaged(*next);
  ASSERT_FALSE(listed);
  EXPECT_THAT(listed.error().message, ::testing::HasSubstr("has lost its .tegodrop"));
  // It comes back by itself.
  files::create_directory(place.Path(".tegodrop"));
  EXPECT_TRUE(ListStaged(*next));
  EXPECT_FALSE(next->Accept());
}

TEST_F(LocalOutputFolderTest, BytesArriveInOrderWithTheirDigest) {
  auto file = Stage();
  std::string all;
  for (int i = 0; i < 40; ++i) {
    const std::string piece(1000 + static_cast<std::size_t>(i), static_cast<char>('a' + i % 26));
    ASSERT_TRUE(Append(*file, piece));
    all += piece;
  }
  auto facts = Finish(*file);
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_EQ(facts->size, all.size());
  EXPECT_EQ(facts->sha256, Sha256Hex(all));
  ASSERT_TRUE(facts->crcs);
  EXPECT_EQ(facts->crcs->size(), all.size());
  EXPECT_EQ(place.Read(".tegodrop/staging/job.1.part"), all);
}

TEST_F(LocalOutputFolderTest, ExpectedSizeIsReservedWithTheFirstBytes) {
  auto file = Stage();
  file->Expect(1 << 20);
  EXPECT_EQ(place.fs.reserved, 0U);
  ASSERT_TRUE(Append(*file, "x"));
  EXPECT_EQ(place.fs.reserved, 1U << 20);
  place.fs.reserved = 0;
  ASSERT_TRUE(Append(*file, "x"));
  EXPECT_EQ(place.fs.reserved, 0U) << "once is enough";
}

TEST_F(LocalOutputFolderTest, FullDiskPassesThroughFromReserveAndFromWrite) {
  for (const char* call : {"Reserve", "WriteAt"}) {
    SCOPED_TRACE(call);
    auto file = Stage();
    file->Expect(1 << 20);
    place.fs.fail_every = call;
    place.fs.fail_every_errno = ENOSPC;
    auto appended = Append(*file, "x");
    place.fs.fail_every = "";
    ASSERT_FALSE(appended);
    EXPECT_EQ(appended.error().kind, ErrorKind::kLocalDisk);
    EXPECT_EQ(appended.error().sys, ENOSPC);
    EXPECT_FALSE(Append(*file, "y")) << "a hole would be left";
    EXPECT_FALSE(Finish(*file));
  }
}

TEST_F(LocalOutputFolderTest, FailedSyncOrCloseFailsTheFile) {
  for (const char* call : {"Sync", "Close", "SyncFolder"}) {
    SCOPED_TRACE(call);
    auto file = Stage();
    ASSERT_TRUE(Append(*file, "x"));
    place.fs.fail_every = call;
    auto facts = Finish(*file);
    place.fs.fail_every = "";
    ASSERT_FALSE(facts);
    EXPECT_EQ(facts.error().sys, EIO);
  }
}

TEST_F(LocalOutputFolderTest, DeliveryFromEndToEnd) {
  const std::string bytes = "PK the protected output";
  auto file = Stage(bytes.size());
  ASSERT_TRUE(Append(*file, bytes));
  ASSERT_TRUE(Finish(*file));
  auto checks = Await<Result<ProtectedFacts>>(
      [&](auto done) { return folder->CheckStaged("job.1.part", ArtifactKind::kApk, nullptr, std::move(done)); });
  ASSERT_TRUE(checks) << checks.error().message;
  auto name =
      Await<Result<std::string>>([&](auto done) { return folder->ChooseName("app.apk", kJob, std::move(done)); });
  ASSERT_EQ(name.value(), "app.apk");
  PublishRequest request = DeliveryOf("app.apk", bytes);
  request.staging_name = "job.1.part";
  auto outcome = Await<Result<PublishOutcome>>([&](auto done) { return folder->Publish(request, std::move(done)); });
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(*outcome, PublishOutcome::kPublished);
  EXPECT_EQ(place.Read("app.apk"), bytes);
  EXPECT_EQ(place.Names().size(), 4U);
  ASSERT_TRUE(Await<Status>([&](auto done) { return folder->Discard("job.1.part", std::move(done)); }));
  EXPECT_THAT(place.Names(".tegodrop/staging"), IsEmpty());
}

TEST_F(LocalOutputFolderTest, RecordReceiptAndQuarantineReachTheDisk) {
  auto file = Stage();
  ASSERT_TRUE(Append(*file, "x"));
  ASSERT_TRUE(Finish(*file));
  ASSERT_TRUE(Await<Status>([&](auto done) { return folder->Quarantine("job.1.part", "bad.apk", std::move(done)); }));
  ASSERT_TRUE(
      Await<Status>([&](auto done) { return folder->WriteRecord("a.failed.json", "{}", 0640, std::move(done)); }));
  ASSERT_TRUE(Await<Status>([&](auto done) { return folder->WriteReceipt("r", "{}", std::move(done)); }));
  EXPECT_TRUE(place.Has(".tegodrop/quarantine/bad.apk"));
  EXPECT_TRUE(place.Has("a.failed.json"));
  EXPECT_TRUE(place.Has(".tegodrop/receipts/r.json"));
}

TEST_F(LocalOutputFolderTest, WorkOutlivesWhoeverAskedForIt) {
  auto file = Stage();
  bool answered = false;
  HandlePtr append = file->Append(std::make_shared<std::string>(1 << 20, 'x'), [&](const Status&) { answered = true; });
  append.reset();
  file.reset();
  HandlePtr publish = folder->Publish(DeliveryOf("app.apk", "x"), [&](const auto&) { answered = true; });
  publish.reset();
  // A later answer of the same thread: what was dropped has been passed over by then.
  ASSERT_TRUE(Await<Status>([&](auto done) { return folder->Discard("job.1.part", std::move(done)); }));
  folder.reset();
  EXPECT_FALSE(answered);
}

}  // namespace
}  // namespace tegodrop::testing
