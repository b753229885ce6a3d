// The sender of parts on a real loop, with real threads that read and hash.
#include <gtest/gtest.h>

#include <memory>

#include "daemon/loop/event_loop.h"
#include "daemon/loop/worker_pool.h"
#include "daemon/upload/parts_sender.h"
#include "tests/unit/upload/rig.h"

namespace tegodrop {
namespace {

// A store on a real loop: takes some bytes of each part at each turn.
class LoopTransfer final : public Transfer {
 public:
  explicit LoopTransfer(EventLoop& loop) : loop_(loop) {}

  HandlePtr Start(HttpRequest request, std::function<void(Result<HttpAnswer>)> done) override {
    auto call = std::make_shared<Call>();
    call->request = std::move(request);
    call->done = std::move(done);
    call->request.source->OnReady([this, weak = std::weak_ptr<Call>(call)] { Later(weak); });
    Later(call);
    return std::make_unique<CallHandle>(call);
  }
  std::uint64_t taken = 0;
  std::uint64_t stop_at = UINT64_MAX;  // bytes; then `stopped` runs
  std::function<void()> stopped;

 private:
  struct Call {
    HttpRequest request;
    std::function<void(Result<HttpAnswer>)> done;
    std::uint64_t sent = 0;
    bool live = true;
  };
  class CallHandle final : public Handle {
   public:
    explicit CallHandle(std::shared_ptr<Call> call) : call_(std::move(call)) {}
    ~CallHandle() override { call_->live = false; }

   private:
    std::shared_ptr<Call> call_;
  };
  void Later(std::weak_ptr<Call> weak) {
    loop_.Post([this, weak = std::move(weak)] {
      if (const auto call = weak.lock()) Go(call);
    });
  }
  void Go(const std::shared_ptr<Call>& call) {
    char buffer[10'000];
    std::size_t given = 0;
    while (call->live && call->sent < call->request.source_size) {
      const auto room = std::min<std::uint64_t>(sizeof buffer, call->request.source_size - call->sent);
      if (call->request.source->Read(buffer, static_cast<std::size_t>(room), &given) != FlowState::kGo) return;
      call->sent += given;
      taken += given;
      if (taken >= stop_at && stopped) return std::exchange(stopped, nullptr)();
    }
    if (!std::exchange(call->live, false)) return;
    HttpAnswer answer;
    answer.status = 200;
    answer.headers.emplace_back("etag", "\"e\"");
    const auto done = std::move(call->done);
    done(std::move(answer));
  }

  EventLoop& loop_;
};

struct Threads {
  explicit Threads(std::uint64_t chunk_size) {
    what.job = "job";
    what.file_name = "app.apk";
    what.file = std::make_shared<const Fd>(file.Open());
    what.opened = *fs.Stat(what.file->get());
    what.sha256 = Sha256Hex(content);
    what.chunk_size = chunk_size;
    for (std::uint64_t at = 0; at < content.size(); at += chunk_size) what.urls.emplace_back(std::string("https://x/"));
    what.expires_at = clock.Wall() + 3'600'000;
    what.most_at_once = 4;
  }

  std::unique_ptr<PartsSender> Make() {
    PartsSender::Events events;
    events.record = [this](std::vector<UploadedPart> parts, std::function<void(Status)> then) {
      EXPECT_FALSE(recording) << "one at a time";
      recording = true;
      loop.Post([this, parts = std::move(parts), then = std::move(then)] {
        recording = false;
        recorded = parts;
        then({});
      });
    };
    events.done = [this](Status status) {
      ++done_calls;
      result = std::move(status);
      sender.reset();
      loop.Stop();
    };
    return std::make_unique<PartsSender>(UploadWorld{portal, transfer, loop, pool, fs, clock, random, log},
                                         std::move(what), std::move(events));
  }

  const std::string content = testing::RandomBytes(3 * 1024 * 1024 + 5);
  testing::ScratchFile file{content};
  testing::WatchedFileSystem fs;
  testing::TaskQueue queue;
  testing::FakePortal portal{queue};
  testing::SteppedClock clock;
  testing::SeededRandom random;
  testing::RecordedLog log;
  EventLoop loop;
  WorkerPool pool{loop, 2, "send"};
  LoopTransfer transfer{loop};
  PartsToSend what;
  std::vector<UploadedPart> recorded;
  bool recording = false;
  int done_calls = 0;
  std::optional<Status> result;
  std::unique_ptr<PartsSender> sender;
};

TEST(UploadPartsThreads, ReadAndHashBesideTheSending) {
  for (const std::uint64_t chunk_size : {300'000U, 77'777U, 4'000'000U}) {
    Threads world(chunk_size);
    world.sender = world.Make();
    world.sender->Begin();
    world.loop.Run();
    ASSERT_EQ(world.done_calls, 1);
    EXPECT_TRUE(world.result->has_value()) << world.result->error().message;
    EXPECT_EQ(world.transfer.taken, world.content.size());
    for (const UploadedPart& part : world.recorded) {
      const auto at = static_cast<std::size_t>(part.number - 1) * chunk_size;
      EXPECT_EQ(part.sha256, Sha256Hex(world.content.substr(at, chunk_size))) << part.number;
    }
  }
}

TEST(UploadPartsThreads, MayGoAtAnyMomentWhileWorkersRead) {
  for (const std::uint64_t at : {1U, 10'000U, 300'000U, 1'000'000U, 3'000'000U}) {
    Threads world(300'000);
    world.transfer.stop_at = at;
    world.transfer.stopped = [&] {
      world.sender.reset();
      world.loop.Stop();
    };
    world.sender = world.Make();
    world.sender->Begin();
    world.loop.Run();
    EXPECT_EQ(world.done_calls, 0);
  }
}

}  // namespace
}  // namespace tegodrop
