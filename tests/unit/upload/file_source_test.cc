#include "daemon/upload/file_source.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "tests/fakes/stepped_clock.h"
#include "tests/fakes/task_queue.h"
#include "tests/unit/upload/scratch_file.h"
#include "tests/unit/upload/watched_file_system.h"

namespace tegodrop {
namespace {

using testing::RandomBytes;
using testing::ScratchFile;

constexpr std::uint64_t kMemory = FileSource::kMostBlocks * BlockReader::kBlockSize;

struct Sending {
  explicit Sending(std::string bytes) : content(std::move(bytes)), file(content) {}

  void Begin(std::string sha256 = "") {
    FileToSend what{std::make_shared<const Fd>(file.Open()), {}, sha256.empty() ? Sha256Hex(content) : sha256};
    what.opened = *fs.Stat(what.file->get());
    source = std::make_shared<FileSource>(
        std::move(what), fs, queue,
        [this](Status checked) {
          ++gate_calls;
          gate = std::move(checked);
        },
        rate);
    source->OnReady([this] { ++resumed; });
  }
  // Takes what there is in pieces of `room` bytes, at most `most` in all; answers what ended it.
  FlowState Take(std::uint64_t most = UINT64_MAX, std::size_t room = 10'000) {
    std::string buffer(room, '\0');
    while (taken.size() < most && taken.size() < content.size()) {
      std::size_t given = 0;
      const auto ask = static_cast<std::size_t>(std::min<std::uint64_t>(room, most - taken.size()));
      const FlowState state = source->Read(buffer.data(), ask, &given);
      if (state != FlowState::kGo) {
        EXPECT_EQ(given, 0U);
        return state;
      }
      EXPECT_GT(given, 0U);
      EXPECT_LE(given, ask);
      taken.append(buffer, 0, given);
    }
    return FlowState::kGo;
  }
  // Works and takes in turn until neither moves.
  FlowState TakeAll() {
    for (;;) {
      const FlowState state = Take();
      if (state == FlowState::kGo || queue.size() == 0) return state;
      queue.RunAll();
    }
  }

  RateLimit* rate = nullptr;
  std::string content;
  ScratchFile file;
  testing::WatchedFileSystem fs;
  testing::TaskQueue queue;
  std::shared_ptr<FileSource> source;
  std::string taken;
  std::optional<Status> gate;
  int gate_calls = 0;
  int resumed = 0;
};

TEST(FileSource, GivesEveryByteInOrderOnceTheGateIsOpen) {
  Sending sending(RandomBytes(5 * 1024 * 1024 + 12'345));
  sending.Begin();
  EXPECT_EQ(sending.TakeAll(), FlowState::kWait);
  ASSERT_TRUE(sending.gate.has_value());
  ASSERT_TRUE(sending.gate->has_value()) << sending.gate->error().message;
  EXPECT_FALSE(sending.source->gave_all());
  sending.source->OpenGate();
  EXPECT_EQ(sending.TakeAll(), FlowState::kGo);
  EXPECT_TRUE(sending.source->gave_all());
  EXPECT_TRUE(sending.taken == sending.content);
  EXPECT_EQ(sending.gate_calls, 1);
}

TEST(FileSource, HoldsTheLastChunkBackAndAsksOnlyWhenItIsWanted) {
  for (const std::size_t size : {std::size_t{1}, FileSource::kLastChunk, FileSource::kLastChunk + 1,
                                 BlockReader::kBlockSize, BlockReader::kBlockSize + 1, 3 * BlockReader::kBlockSize}) {
    Sending sending(RandomBytes(size));
    sending.Begin();
    sending.queue.RunAll();
    EXPECT_EQ(sending.gate_calls, 0) << "nobody has taken a byte of " << size;
    EXPECT_EQ(sending.TakeAll(), FlowState::kWait) << size;
    EXPECT_EQ(sending.taken.size(), size - std::min(size, FileSource::kLastChunk)) << size;
    EXPECT_EQ(sending.gate_calls, 1) << size;
    ASSERT_TRUE(sending.gate && *sending.gate) << size;
    sending.source->OpenGate();
    EXPECT_EQ(sending.TakeAll(), FlowState::kGo) << size;
    EXPECT_TRUE(sending.taken == sending.content) << size;
  }
}

TEST(FileSource, ReadsNoFurtherAheadThanItsBlocks) {
  Sending sending(RandomBytes(4 * 1024 * 1024));
  sending.Begin();
  sending.queue.RunAll();
  EXPECT_EQ(sending.fs.read_end, kMemory) << "all blocks are filled before the first byte is taken";
  for (std::uint64_t taken = 0; taken < 3 * 1024 * 1024; taken += 100'000) {
    sending.Take(taken);
    sending.queue.RunAll();
    EXPECT_LE(sending.fs.read_end - sending.taken.size(), kMemory);
    EXPECT_GE(sending.fs.read_end - sending.taken.size(), kMemory - BlockReader::kBlockSize);
  }
}

TEST(FileSource, ResumesAWaitingTransferOnceForEachWait) {
  Sending sending(RandomBytes(2 * BlockReader::kBlockSize));
  sending.Begin();
  EXPECT_EQ(sending.Take(), FlowState::kWait);
  EXPECT_EQ(sending.resumed, 0);
  sending.queue.RunAll();
  EXPECT_EQ(sending.resumed, 1) << "the second block finds nobody waiting";
  EXPECT_EQ(sending.TakeAll(), FlowState::kWait);
  const int before = sending.resumed;
  sending.source->OpenGate();
  EXPECT_EQ(sending.resumed, before + 1);
}

TEST(FileSource, ShortReadsAreFilledUp) {
  Sending sending(RandomBytes(700'000));
  sending.fs.largest_read = 1000;
  sending.Begin();
  EXPECT_EQ(sending.TakeAll(), FlowState::kWait);
  ASSERT_TRUE(sending.gate && *sending.gate);
  sending.source->OpenGate();
  EXPECT_EQ(sending.TakeAll(), FlowState::kGo);
  EXPECT_TRUE(sending.taken == sending.content);
}

TEST(FileSource, AWrongDigestIsCorruptAndTheLastChunkStays) {
  Sending sending(RandomBytes(300'000));
  sending.Begin(std::string(64, '0'));
  EXPECT_EQ(sending.TakeAll(), FlowState::kFail);
  ASSERT_TRUE(sending.gate && !*sending.gate);
  EXPECT_EQ(sending.gate->error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(sending.source->error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(sending.taken.size(), sending.content.size() - FileSource::kLastChunk);
}

TEST(FileSource, NoChangeOfTheFileIsSentWhole) {
  const auto change_after_half = [](const std::function<void(Sending&)>& change) {
    Sending sending(RandomBytes(3 * 1024 * 1024));
    sending.Begin();
    sending.queue.RunAll();
    sending.Take(sending.content.size() / 2);
    sending.queue.RunAll();
    change(sending);
    EXPECT_EQ(sending.TakeAll(), FlowState::kFail);
    EXPECT_TRUE(sending.gate && !*sending.gate);
    EXPECT_LT(sending.taken.size(), sending.content.size());
    return sending.gate && !*sending.gate ? sending.gate->error() : Error{};
  };
  EXPECT_EQ(change_after_half([](Sending& s) { s.file.Overwrite(3'000'000, "other"); }).kind, ErrorKind::kCorrupt);
  EXPECT_EQ(change_after_half([](Sending& s) { s.file.Truncate(2'900'000); }).kind, ErrorKind::kCorrupt);
  // Already read and sent, so that only the stat can tell: the next try from the start finds what it has become.
  EXPECT_EQ(change_after_half([](Sending& s) { s.file.Append("more"); }).kind, ErrorKind::kRetry);
  EXPECT_EQ(change_after_half([](Sending& s) { s.file.Overwrite(0, "other"); }).kind, ErrorKind::kRetry);
  EXPECT_EQ(change_after_half([](Sending& s) { s.file.Overwrite(0, s.content.substr(0, 100)); }).kind,
            ErrorKind::kRetry);
}

TEST(FileSource, AModeOrALinkMoreIsNoChange) {
  Sending sending(RandomBytes(1000));
  sending.Begin();
  sending.queue.RunAll();
  sending.file.SetMode(0640);
  sending.TakeAll();
  ASSERT_TRUE(sending.gate);
  EXPECT_TRUE(*sending.gate);
}

TEST(FileSource, AReadErrorIsTheLocalDiskAtOnce) {
  Sending sending(RandomBytes(2 * 1024 * 1024));
  sending.fs.fail_reads_beyond = BlockReader::kBlockSize;
  sending.Begin();
  sending.queue.RunAll();
  ASSERT_TRUE(sending.gate && !*sending.gate) << "told before the transfer comes to that place";
  EXPECT_EQ(sending.gate->error().kind, ErrorKind::kLocalDisk);
  EXPECT_EQ(sending.Take(), FlowState::kFail);
  EXPECT_TRUE(sending.taken.empty());
}

TEST(FileSource, AFailingLastStatIsTheLocalDisk) {
  Sending sending(RandomBytes(1000));
  sending.fs.fail_stat = 2;  // the first is the opening's
  sending.Begin();
  EXPECT_EQ(sending.TakeAll(), FlowState::kFail);
  ASSERT_TRUE(sending.gate && !*sending.gate);
  EXPECT_EQ(sending.gate->error().kind, ErrorKind::kLocalDisk);
}

TEST(FileSource, StoppedItGivesNothingAndCallsNobody) {
  Sending sending(RandomBytes(1024 * 1024));
  sending.Begin();
  sending.queue.RunOne();
  sending.source->Stop();
  sending.queue.RunAll();
  EXPECT_EQ(sending.Take(), FlowState::kWait);
  EXPECT_EQ(sending.gate_calls, 0);
  EXPECT_EQ(sending.resumed, 0);
}

TEST(FileSource, MayBeDestroyedByItsOwnGateCallback) {
  for (const bool right : {true, false}) {
    const std::string content = RandomBytes(1000);
    ScratchFile file(content);
    testing::WatchedFileSystem fs;
    testing::TaskQueue queue;
    FileToSend what{std::make_shared<const Fd>(file.Open()), {}, right ? Sha256Hex(content) : "wrong"};
    what.opened = *fs.Stat(what.file->get());
    std::unique_ptr<FileSource> source;
    int calls = 0;
    source = std::make_unique<FileSource>(std::move(what), fs, queue, [&](Status) {
      ++calls;
      source.reset();
    });
    char byte = 0;
    std::size_t given = 0;
    EXPECT_EQ(source->Read(&byte, 1, &given), FlowState::kWait);
    queue.RunAll();
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(source, nullptr);
  }
}

TEST(FileSource, ALimitedLineGivesAsMuchAsItHasRoomForAndThenResumes) {
  testing::SteppedClock clock;
  RateLimit limit(400'000, clock, clock);
  Sending sending(RandomBytes(300'000));
  sending.rate = &limit;
  sending.Begin();
  sending.queue.RunAll();
  EXPECT_EQ(sending.TakeAll(), FlowState::kWait);
  EXPECT_TRUE(sending.taken.empty());
  const int resumed = sending.resumed;
  clock.Step(std::chrono::milliseconds(100));
  EXPECT_GT(sending.resumed, resumed);
  for (int i = 0; i < 10 && sending.TakeAll() != FlowState::kGo && !sending.gate; ++i) {
    EXPECT_LE(sending.taken.size(), 40'000U * static_cast<unsigned>(i + 1));
    clock.Step(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(sending.taken.size(), 300'000U - FileSource::kLastChunk);
  ASSERT_TRUE(sending.gate);
  sending.source->OpenGate();
  for (int i = 0; i < 4 && sending.TakeAll() != FlowState::kGo; ++i) clock.Step(std::chrono::milliseconds(100));
  EXPECT_EQ(sending.taken, sending.content) << "what came back for want of a block was not lost";
}

TEST(FileSource, OneThatIsStoppedLeavesTheLine) {
  testing::SteppedClock clock;
  RateLimit limit(400'000, clock, clock);
  Sending sending(RandomBytes(300'000));
  sending.rate = &limit;
  sending.Begin();
  sending.queue.RunAll();
  EXPECT_EQ(sending.Take(), FlowState::kWait);
  const int resumed = sending.resumed;
  sending.source->Stop();
  clock.Step(std::chrono::milliseconds(200));
  EXPECT_EQ(sending.resumed, resumed);
}

}  // namespace
}  // namespace tegodrop
