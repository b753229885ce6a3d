// A staged file that is gone on with: cut, digested again, and out of reach for whoever wrote it before.
#include "daemon/share/staged_writer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/share_output/output_place.h"

namespace tegodrop::testing {
namespace {

constexpr char kPart[] = "job.1.part";

class StagedWriterTest : public ::testing::Test {
 protected:
  std::shared_ptr<StagedWriter> New() {
    auto file = ops->Stage(kPart, 0);
    EXPECT_TRUE(file);
    return std::make_shared<StagedWriter>(ops, place.fs, std::move(*file));
  }
  std::shared_ptr<StagedWriter> After(std::vector<std::shared_ptr<StagedWriter>> before) {
    return std::make_shared<StagedWriter>(ops, place.fs, std::move(before));
  }
  // As a staged file does, but one after the other.
  static Status Take(StagedWriter& writer, std::uint64_t reserve, const std::string& bytes) {
    writer.Digest(bytes);
    return writer.Append(reserve, bytes);
  }
  std::string Staged() const { return place.Read(std::string(".tegodrop/staging/") + kPart); }

  OutputPlace place;
  std::shared_ptr<OutputOps> ops = std::make_shared<OutputOps>(place.path, ".tegodrop", place.fs);
};

TEST_F(StagedWriterTest, GoesOnBehindTheOffsetWithTheDigestOfTheWhole) {
  place.Stage(kPart, "0123456789");
  auto writer = After({});
  ASSERT_TRUE(writer->Open(kPart, 4, 8).value());
  EXPECT_EQ(Staged(), "0123");
  ASSERT_TRUE(Take(*writer, 8, "abcd"));
  auto facts = writer->Finish();
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->size, 8U);
  EXPECT_EQ(facts->sha256, Sha256Hex("0123abcd"));
  EXPECT_EQ(Staged(), "0123abcd");
}

TEST_F(StagedWriterTest, KnowsTheCrcsOfAllOfItWhetherItGoesOnOrBeginsAnew) {
  const std::string kept(BlockCrcs::kBlock, 'k');
  const std::string more(BlockCrcs::kBlock, 'm');
  const auto none = [](std::uint32_t, std::uint64_t, std::uint64_t) { return std::optional<std::uint32_t>(); };
  const auto crc_of = [](const std::string& bytes) { return BlockCrcs::Crc(0, bytes.data(), bytes.size()); };
  place.Stage(kPart, kept);
  auto writer = After({});
  ASSERT_TRUE(writer->Open(kPart, kept.size(), 2 * kept.size()).value());
  ASSERT_TRUE(Take(*writer, 0, more));
  auto facts = writer->Finish();
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->crcs->Of(0, 2 * kept.size(), none), crc_of(kept + more));

  place.Stage(kPart, kept);
  auto restarted = After({});
  ASSERT_TRUE(restarted->Open(kPart, kept.size(), 2 * kept.size()).value());
  ASSERT_TRUE(restarted->Restart());
  ASSERT_TRUE(Take(*restarted, 0, more));
  facts = restarted->Finish();
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->crcs->size(), more.size());
  EXPECT_EQ(facts->crcs->Of(0, more.size(), none), crc_of(more));
}

TEST_F(StagedWriterTest, FileThatIsGoneOrShorterIsNotGoneOnWith) {
  EXPECT_FALSE(After({})->Open(kPart, 4, 8).value());
  place.Stage(kPart, "012");
  EXPECT_FALSE(After({})->Open(kPart, 4, 8).value());
  EXPECT_EQ(Staged(), "012");
}

TEST_F(StagedWriterTest, FullDiskShowsBeforeTheRestTravels) {
  place.Stage(kPart, "0123");
  place.fs.free_bytes = 20 << 20;
  auto opened = After({})->Open(kPart, 4, 100 << 20);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().sys, ENOSPC);
  EXPECT_TRUE(After({})->Open(kPart, 4, 4 + (2 << 20)).value());
}

TEST_F(StagedWriterTest, RestartBeginsTheFileAndItsDigestAnew) {
  auto writer = New();
  ASSERT_TRUE(Take(*writer, 0, "of another build"));
  ASSERT_TRUE(writer->Restart());
  ASSERT_TRUE(Take(*writer, 0, "x"));
  auto facts = writer->Finish();
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->sha256, Sha256Hex("x"));
  EXPECT_EQ(Staged(), "x");
}

TEST_F(StagedWriterTest, EarlierWriterNeverTouchesTheFileAgain) {
  auto first = New();
  ASSERT_TRUE(first->Append(0, "0123456789"));
  auto second = After({first});
  ASSERT_TRUE(second->Open(kPart, 4, 100).value());
  EXPECT_FALSE(first->Append(0, "late"));
  EXPECT_FALSE(first->Restart());
  EXPECT_FALSE(first->Sync());
  EXPECT_FALSE(first->Finish());
  EXPECT_EQ(Staged(), "0123");
  ASSERT_TRUE(Take(*second, 0, "ab"));
  EXPECT_EQ(Staged(), "0123ab");
}

TEST_F(StagedWriterTest, OneThatWasTakenOverBeforeItBeganDoesNothing) {
  place.Stage(kPart, "0123456789");
  auto first = After({});
  auto second = After({first});
  ASSERT_TRUE(second->Open(kPart, 6, 10).value());
  EXPECT_FALSE(first->Open(kPart, 2, 10));
  EXPECT_EQ(Staged(), "012345");
}

// The earlier attempt's append is in the middle of its write when the file is taken over.
TEST_F(StagedWriterTest, AppendUnderWayEndsBeforeTheFileIsCut) {
  auto first = New();
  ASSERT_TRUE(first->Append(0, "0123"));
  std::promise<void> writing;
  std::promise<void> taking_over;
  std::atomic<bool> first_write = true;
  std::atomic<bool> written = false;
  place.fs.before_call = [&](std::string_view call) {
    if (call == "WriteAt" && first_write.exchange(false)) {
      writing.set_value();
      taking_over.get_future().wait();
      written = true;
    }
    EXPECT_TRUE(written || (call != "OpenToWriteAt" && call != "CutTo")) << call;
  };
  std::thread late([&] { (void)first->Append(0, "late bytes"); });
  writing.get_future().wait();
  auto second = After({first});
  auto opened = std::async(std::launch::async, [&] {
    taking_over.set_value();
    return second->Open(kPart, 4, 100).value_or(false);
  });
  late.join();
  EXPECT_TRUE(opened.get());
  EXPECT_EQ(Staged(), "0123");
}

TEST_F(StagedWriterTest, AfterAFailedSyncNothingWorksAndNoneIsTriedAgain) {
  for (const char* call : {"Sync", "SyncFolder", "CutTo"}) {
    SCOPED_TRACE(call);
    auto writer = New();
    ASSERT_TRUE(Take(*writer, 0, "x"));
    place.fs.fail_every = call;
    const bool cut = std::string(call) == "CutTo";
    EXPECT_FALSE(cut ? writer->Restart().has_value() : writer->Sync().has_value());
    place.fs.fail_every = "";
    place.fs.FailAt(0, FaultyFileSystem::Fault::kRefused);
    EXPECT_FALSE(writer->Sync());
    EXPECT_FALSE(writer->Append(0, "y"));
    EXPECT_FALSE(writer->Finish());
    EXPECT_EQ(place.fs.calls(), 0);
  }
}

TEST_F(StagedWriterTest, NameIsSyncedWithTheFirstBytesOnly) {
  auto writer = New();
  int folders = 0;
  place.fs.before_call = [&](std::string_view call) { folders += call == "SyncFolder" ? 1 : 0; };
  ASSERT_TRUE(Take(*writer, 0, "x"));
  EXPECT_EQ(writer->Sync().value(), 1U);
  EXPECT_EQ(folders, 1);
  ASSERT_TRUE(writer->Append(0, "y"));
  EXPECT_EQ(writer->Sync().value(), 2U);
  EXPECT_EQ(folders, 1);
}

}  // namespace
}  // namespace tegodrop::testing
