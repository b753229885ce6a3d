// The handle destroyed at every turn of the loop, and the same source under real threads.
#include <gtest/gtest.h>

#include <memory>

#include "daemon/loop/event_loop.h"
#include "daemon/loop/worker_pool.h"
#include "daemon/upload/file_source.h"
#include "tests/unit/upload/rig.h"

namespace tegodrop {
namespace {

using testing::RandomBytes;
using testing::Rig;

// One turn of an upload that goes well but for one full disk at its end; false when nothing is left to do.
bool Turn(Rig& rig, bool& answered) {
  if (!rig.transfer.calls.empty() && !answered) {
    auto& call = *rig.transfer.calls.back();
    if (call.live) rig.transfer.Send(call, call.sent.size() + 100'000);
    if (call.sent.size() == call.request.source_size) {
      rig.record.fail_next = MakeError(ErrorKind::kLocalDisk, "full");
      rig.transfer.AnswerStatus(call, 200);
      answered = true;
    }
  }
  if (rig.queue.RunOne()) return true;
  if (rig.clock.pending() == 0) return false;
  rig.clock.Step(std::chrono::seconds(5));
  return true;
}

TEST(UploadCancel, IsSafeAtEveryTurnAndNeverCallsDone) {
  int turns = 0;
  bool finished = false;
  for (; !finished; ++turns) {
    ASSERT_LT(turns, 200);
    Rig rig(RandomBytes(700'000));
    rig.portal.uploads.answers = {testing::Grant(100), testing::Grant(101)};
    rig.record.fail_next = MakeError(ErrorKind::kRejected, kIdentityTaken);  // asked twice, with a timer between
    rig.Start();
    bool answered = false;
    for (int i = 0; i < turns && Turn(rig, answered); ++i) {
    }
    finished = rig.done_calls == 1;
    if (finished) {
      EXPECT_TRUE(rig.result->has_value());
      break;
    }
    rig.handle.reset();
    rig.queue.RunAll();
    rig.clock.Step(std::chrono::minutes(1));
    rig.queue.RunAll();
    EXPECT_EQ(rig.done_calls, 0) << turns;
    EXPECT_EQ(rig.clock.pending(), 0U) << turns;
    if (!rig.transfer.calls.empty()) {
      EXPECT_FALSE(rig.transfer.calls.back()->live) << turns;
      // What a restart relies on: a row without last_chunk_left means that the object is not there.
      if (rig.row().last_chunk_left == 0) {
        EXPECT_LT(rig.transfer.calls.back()->sent.size(), rig.content.size());
      }
    }
  }
  EXPECT_GT(turns, 15) << "the upload has more steps than that";
}

TEST(UploadCancel, StopsTheSendingWhileTheLastChunksRowIsWritten) {
  Rig rig(RandomBytes(700'000));
  rig.StartToPut();
  rig.SendToGate();
  rig.transfer.Send(*rig.transfer.calls.back());
  rig.queue.RunOne();  // the check; the Save is asked for
  rig.handle.reset();
  rig.queue.RunAll();
  EXPECT_EQ(rig.done_calls, 0);
  EXPECT_NE(rig.row().last_chunk_left, 0) << "a Save cannot be cancelled";
  EXPECT_EQ(rig.transfer.calls.back()->sent.size(), rig.content.size() - 64 * 1024);
}

// A connection that takes 10,000 bytes at a time on a real loop, from a source that is read by real threads.
class Reader {
 public:
  Reader(EventLoop& loop, FileSource& source, std::uint64_t size) : loop_(loop), source_(source), size_(size) {
    source_.OnReady([this] { loop_.Post([this] { Go(); }); });
  }
  void Go() {
    char buffer[10'000];
    std::size_t given = 0;
    while (taken.size() < size_ && source_.Read(buffer, sizeof buffer, &given) == FlowState::kGo) {
      taken.append(buffer, given);
    }
    if (taken.size() == size_) loop_.Stop();
  }
  std::string taken;

 private:
  EventLoop& loop_;
  FileSource& source_;
  const std::uint64_t size_;
};

TEST(UploadThreads, ReadAndHashBesideTheSending) {
  const std::string content = RandomBytes(4 * 1024 * 1024 + 3);
  testing::ScratchFile file(content);
  testing::WatchedFileSystem fs;
  EventLoop loop;
  WorkerPool pool(loop, 2, "read");
  FileToSend what{std::make_shared<const Fd>(file.Open()), {}, Sha256Hex(content)};
  what.opened = *fs.Stat(what.file->get());
  FileSource source(std::move(what), fs, pool, [&](Status checked) {
    ASSERT_TRUE(checked.has_value()) << checked.error().message;
    source.OpenGate();
  });
  Reader reader(loop, source, content.size());
  loop.Post([&] { reader.Go(); });
  loop.Run();
  EXPECT_TRUE(reader.taken == content);
}

TEST(UploadThreads, ASourceMayGoWhileAWorkerReadsForIt) {
  const std::string content = RandomBytes(2 * 1024 * 1024);
  testing::ScratchFile file(content);
  testing::WatchedFileSystem fs;
  for (int blocks = 0; blocks < 8; ++blocks) {
    EventLoop loop;
    WorkerPool pool(loop, 2, "read");
    FileToSend what{std::make_shared<const Fd>(file.Open()), {}, Sha256Hex(content)};
    what.opened = *fs.Stat(what.file->get());
    int gate_calls = 0;
    auto source = std::make_unique<FileSource>(std::move(what), fs, pool, [&](Status) { ++gate_calls; });
    char byte = 0;
    std::size_t given = 0;
    int resumes = 0;
    source->OnReady([&] {
      if (++resumes < blocks) {
        source->Read(&byte, 1, &given);
        return;
      }
      loop.Stop();
    });
    EXPECT_EQ(source->Read(&byte, 1, &given), FlowState::kWait);
    if (blocks > 0) {
      const HandlePtr last = loop.After(std::chrono::milliseconds(blocks), [&] { loop.Stop(); });
      loop.Run();
    }
    source.reset();
    EXPECT_EQ(gate_calls, 0);
  }
}

}  // namespace
}  // namespace tegodrop
