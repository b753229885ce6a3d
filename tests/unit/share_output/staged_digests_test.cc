// How far the digesting of a staged file goes its own way, and what waits for it.
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/share/local_output_folder.h"
#include "tests/fakes/task_queue.h"
#include "tests/unit/share_output/output_place.h"

namespace tegodrop::testing {
namespace {

// Workers whose lines stand still until they are let go on.
class HeldLines final : public TaskRunner {
 public:
  HandlePtr Submit(std::function<void()> work, std::function<void()> done) override {
    return at_once.Submit(std::move(work), std::move(done));
  }
  HandlePtr SubmitInLine(const void* line, std::function<void()> work, std::function<void()> done) override {
    return (line == nullptr ? at_once : in_line).Submit(std::move(work), std::move(done));
  }
  TaskQueue at_once;
  TaskQueue in_line;
};

class StagedDigestsTest : public ::testing::Test {
 protected:
  StagedDigestsTest() {
    const HandlePtr stage = folder->Stage("job.1.part", 0, [this](auto given) { file = std::move(*given); });
    calls.RunAll();
  }
  // How often it was answered so far.
  const int& Append(const std::shared_ptr<std::string>& bytes) {
    answers.push_back(std::make_unique<int>(0));
    last = file->Append(bytes, [&count = *answers.back()](const Status& status) { count += status ? 1 : 100; });
    return *answers.back();
  }

  OutputPlace place;
  TaskQueue calls;
  HeldLines writers;
  std::unique_ptr<OutputFolder> folder =
      MakeOutputFolderOn(place.path, ".tegodrop", OutputMemory{}, calls, writers, place.fs);
  std::unique_ptr<StagedFile> file;
  std::vector<std::unique_ptr<int>> answers;
  HandlePtr last;
};

TEST_F(StagedDigestsTest, StayBehindTheWritingByOneAppendAndNoMore) {
  const auto first = std::make_shared<std::string>("first ");
  const auto second = std::make_shared<std::string>("second ");
  const auto third = std::make_shared<std::string>("third");
  const int& one = Append(first);
  EXPECT_EQ(one, 0);
  writers.at_once.RunAll();
  EXPECT_EQ(one, 1) << "written is enough";
  const int& two = Append(second);
  writers.at_once.RunAll();
  EXPECT_EQ(place.Read(".tegodrop/staging/job.1.part"), "first second ");
  EXPECT_EQ(two, 0) << "the first bytes are not digested yet";
  writers.in_line.RunOne();
  EXPECT_EQ(two, 1);
  first->assign("not looked at any more");
  const int& three = Append(third);
  writers.in_line.RunAll();
  EXPECT_EQ(three, 0) << "not written yet";
  writers.at_once.RunAll();
  EXPECT_EQ(three, 1);
  std::optional<Result<StagedFacts>> facts;
  last = file->Finish([&](Result<StagedFacts> given) { facts = std::move(given); });
  writers.at_once.RunAll();
  EXPECT_FALSE(facts) << "only behind all digests";
  writers.in_line.RunAll();
  ASSERT_TRUE(facts && *facts);
  EXPECT_EQ((*facts)->sha256, Sha256Hex("first second third"));
}

TEST_F(StagedDigestsTest, ThoseOfWhatIsDroppedAreOverBeforeTheFileBeginsAnew) {
  Append(std::make_shared<std::string>("of another build"));
  writers.at_once.RunAll();
  int restarted = 0;
  last = file->Restart([&](const Status& status) { restarted += status ? 1 : 100; });
  writers.at_once.RunAll();
  EXPECT_EQ(restarted, 0);
  writers.in_line.RunAll();
  EXPECT_EQ(restarted, 1);
  Append(std::make_shared<std::string>("x"));
  writers.at_once.RunAll();
  std::optional<Result<StagedFacts>> facts;
  last = file->Finish([&](Result<StagedFacts> given) { facts = std::move(given); });
  writers.in_line.RunAll();
  ASSERT_TRUE(facts && *facts);
  EXPECT_EQ((*facts)->sha256, Sha256Hex("x"));
}

TEST_F(StagedDigestsTest, WhatIsSyncedNeedsNoDigest) {
  Append(std::make_shared<std::string>("1234"));
  writers.at_once.RunAll();
  std::optional<Result<std::uint64_t>> synced;
  last = file->Sync([&](const Result<std::uint64_t>& given) { synced = given; });
  writers.at_once.RunAll();
  ASSERT_TRUE(synced);
  EXPECT_EQ(synced->value(), 4U);
}

// The attempt is gone in the middle, with bytes that nobody has digested, and the next one goes on with what was
// synced.
TEST_F(StagedDigestsTest, ThoseOfAnEarlierAttemptAreNotInThatOfTheNext) {
  Append(std::make_shared<std::string>("0123"));
  writers.at_once.RunAll();
  const int& late = Append(std::make_shared<std::string>("of the earlier attempt"));
  writers.at_once.RunAll();
  std::unique_ptr<StagedFile> next;
  const HandlePtr resume = folder->Resume("job.1.part", 4, 8, [&](auto given) { next = std::move(*given); });
  writers.at_once.RunAll();
  ASSERT_TRUE(next);
  writers.in_line.RunAll();
  EXPECT_EQ(late, 1);
  last.reset();
  file = std::move(next);
  Append(std::make_shared<std::string>("abcd"));
  writers.at_once.RunAll();
  std::optional<Result<StagedFacts>> facts;
  last = file->Finish([&](Result<StagedFacts> given) { facts = std::move(given); });
  writers.in_line.RunAll();
  ASSERT_TRUE(facts && *facts);
  EXPECT_EQ((*facts)->sha256, Sha256Hex("0123abcd"));
}

TEST_F(StagedDigestsTest, NobodyIsAnsweredOnceTheFileIsGone) {
  const int& one = Append(std::make_shared<std::string>("x"));
  writers.at_once.RunAll();
  const int& two = Append(std::make_shared<std::string>("y"));
  writers.at_once.RunAll();
  last.reset();
  writers.in_line.RunOne();
  file.reset();
  writers.in_line.RunAll();
  EXPECT_EQ(one, 1);
  EXPECT_EQ(two, 0);
}

}  // namespace
}  // namespace tegodrop::testing
