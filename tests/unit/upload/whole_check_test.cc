// What an artifact and its parts hash to, read beside their sending.
#include "daemon/upload/whole_check.h"

#include <gtest/gtest.h>

#include "daemon/base/digest.h"
#include "daemon/loop/event_loop.h"
#include "daemon/loop/worker_pool.h"
#include "tests/fakes/task_queue.h"
#include "tests/unit/upload/scratch_file.h"
#include "tests/unit/upload/watched_file_system.h"

namespace tegodrop {
namespace {

using testing::RandomBytes;

struct Check {
  explicit Check(std::string bytes) : content(std::move(bytes)), file(content) {}
  void Start(std::uint64_t size, std::uint64_t chunk_size, std::size_t short_reads = SIZE_MAX) {
    fs.largest_read = short_reads;
    check = std::make_unique<WholeCheck>(std::make_shared<const Fd>(file.Open()), size, chunk_size, fs, queue,
                                         [this](Result<WholeDigests> found) {
                                           result = std::move(found);
                                           ++calls;
                                           check.reset();  // as its owner does
                                         });
  }

  const std::string content;
  testing::ScratchFile file;
  testing::TaskQueue queue;
  testing::WatchedFileSystem fs;
  std::unique_ptr<WholeCheck> check;
  std::optional<Result<WholeDigests>> result;
  int calls = 0;
};

TEST(WholeCheck, HashesTheWholeAndEachPart) {
  struct Row {
    std::size_t size;
    std::size_t chunk_size;
    std::size_t short_reads;
  };
  constexpr std::size_t kBlock = 256 * 1024;
  constexpr std::size_t kStep = WholeCheck::kStep;
  for (const Row& row : {Row{1, 1, SIZE_MAX}, Row{10, 3, SIZE_MAX}, Row{9, 3, 2}, Row{1000, 1000, 7},
                         Row{1000, 5000, SIZE_MAX}, Row{kBlock * 3 + 1, kBlock, SIZE_MAX},
                         Row{kBlock * 3 + 5, kBlock + 1, SIZE_MAX}, Row{2 * kStep + 3, kStep, SIZE_MAX},
                         Row{2 * kStep + 3, kStep - 1, SIZE_MAX}, Row{kStep * 2, 3'000'000, SIZE_MAX}}) {
    Check check(RandomBytes(row.size));
    check.Start(row.size, row.chunk_size, row.short_reads);
    EXPECT_EQ(check.calls, 0) << "never inside the call";
    check.queue.RunAll();
    ASSERT_EQ(check.calls, 1);
    ASSERT_TRUE(check.result->has_value()) << check.result->error().message;
    EXPECT_EQ((*check.result)->sha256, Sha256Hex(check.content));
    std::vector<std::string> parts;
    for (std::size_t at = 0; at < row.size; at += row.chunk_size) {
      parts.push_back(Sha256Hex(check.content.substr(at, row.chunk_size)));
    }
    EXPECT_EQ((*check.result)->parts, parts) << row.size << " in " << row.chunk_size;
  }
}

TEST(WholeCheck, ReadsInStepsThatAStopNeedNotWaitFor) {
  constexpr std::uint64_t kMost = WholeCheck::kStep + 256 * 1024;  // to the end of a block
  Check check(RandomBytes(2 * WholeCheck::kStep));
  check.Start(check.content.size(), 1'000'000);
  check.queue.RunOne();
  EXPECT_LE(check.fs.read_end, kMost);
  EXPECT_EQ(check.calls, 0);
  check.check.reset();
  check.queue.RunAll();
  EXPECT_EQ(check.calls, 0) << "destroyed: nothing is told";
  EXPECT_LE(check.fs.read_end, kMost) << "and nothing more is read";
}

TEST(WholeCheck, AFileThatEndsEarlyIsCorrupt) {
  Check check(RandomBytes(1000));
  check.Start(1001, 100);
  check.queue.RunAll();
  ASSERT_FALSE(check.result->has_value());
  EXPECT_EQ(check.result->error().kind, ErrorKind::kCorrupt);
}

TEST(WholeCheck, AFileThatCannotBeReadIsTheLocalDisk) {
  Check check(RandomBytes(1000));
  check.fs.fail_reads_beyond = 500;
  check.Start(1000, 100);
  check.queue.RunAll();
  ASSERT_FALSE(check.result->has_value());
  EXPECT_EQ(check.result->error().kind, ErrorKind::kLocalDisk);
}

TEST(WholeCheckThreads, MayGoWhileAWorkerReads) {
  const std::string content = RandomBytes(3 * WholeCheck::kStep);
  testing::ScratchFile file(content);
  testing::WatchedFileSystem fs;
  for (int wait = 0; wait < 6; ++wait) {
    EventLoop loop;
    WorkerPool pool(loop, 2, "read");
    int calls = 0;
    auto check = std::make_unique<WholeCheck>(std::make_shared<const Fd>(file.Open()), content.size(), 777'777, fs,
                                              pool, [&](Result<WholeDigests> found) {
                                                ++calls;
                                                EXPECT_TRUE(found.has_value());
                                                loop.Stop();
                                              });
    const HandlePtr soon = wait < 5 ? loop.After(std::chrono::milliseconds(wait),
                                                 [&] {
                                                   if (calls == 0) check.reset();
                                                   loop.Stop();
                                                 })
                                    : nullptr;
    loop.Run();
    const int before = calls;
    check.reset();
    EXPECT_EQ(calls, before);
    if (wait == 5) {
      EXPECT_EQ(calls, 1);
    }
  }
}

}  // namespace
}  // namespace tegodrop
