// A handle that is destroyed, wherever the request stands.
#include "tests/unit/net/net_test.h"

namespace tegodrop::testing {
namespace {

constexpr std::uint64_t kBig = 8 << 20;

class CancelTest : public NetTest {
 protected:
  // Starts a request whose `done` must not run.
  void Begin(HttpRequest request) {
    handle_ = transfer_->Start(std::move(request),
                               [](Result<HttpAnswer>) { ADD_FAILURE() << "done ran after the cancellation"; });
  }
  // The loop goes on for so long that a late callback would show.
  void RunOn() {
    const HandlePtr end = loop_.After(milliseconds(50), [&] { loop_.Stop(); });
    RunLoop();
  }
  // Another request works as if nothing had been.
  void ExpectUsable() {
    ScriptedServer server([](Peer& peer, int) {
      peer.ReadHead();
      peer.Send(Ok("fine"));
      peer.WaitForClose();
    });
    const auto answer = Ask(Get(server.Url("/")));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "fine");
  }
  // Cancels from the loop as soon as `when` holds.
  void CancelWhen(std::function<bool()> when) {
    std::function<void()> look = [&] {
      if (when()) {
        handle_.reset();
        return loop_.Stop();
      }
      poll_ = loop_.After(milliseconds(1), look);
    };
    look();
    RunLoop();
  }

  HandlePtr handle_;
  HandlePtr poll_;
};

TEST_F(CancelTest, AtOnce) {
  ScriptedServer server([](Peer& peer, int) { peer.WaitForClose(); });
  Begin(Get(server.Url("/")));
  handle_.reset();
  RunOn();
  EXPECT_EQ(server.connections(), 0);
  ExpectUsable();
}

TEST_F(CancelTest, WhileConnectingOrAwaitingTheAnswer) {
  ScriptedServer server([](Peer& peer, int) { peer.WaitForClose(); });
  Begin(Get(server.Url("/")));
  CancelWhen([&] { return server.connections() == 1; });
  RunOn();
  server.WaitUntilAllAreClosed();  // the connection is not kept
  ExpectUsable();
}

TEST_F(CancelTest, AfterTheRequestWasRead) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadHead();
    peer.WaitForClose();
  });
  Begin(Get(server.Url("/")));
  CancelWhen([&] { return !server.requests().empty(); });
  RunOn();
  server.WaitUntilAllAreClosed();
}

TEST_F(CancelTest, WhileSending) {
  ScriptedServer server([](Peer& peer, int) { peer.WaitForClose(); });
  auto source = std::make_shared<TestSource>(Pattern(kBig), 4096);
  Begin(Put(server.Url("/"), source, kBig));
  CancelWhen([&] { return source->given() > 100000; });
  const int reads = source->reads;
  EXPECT_EQ(source.use_count(), 1) << "the source must go with its request";
  RunOn();
  EXPECT_EQ(source->reads, reads);
  ExpectUsable();
}

TEST_F(CancelTest, WhileTheSourceOrTheSinkWaits) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadHead();
    peer.Send(Ok(Pattern(100000)));
    peer.WaitForClose();
  });
  auto source = std::make_shared<TestSource>(Pattern(100), 10);
  source->before = [] { return FlowState::kWait; };
  Begin(Put(server.Url("/"), source, 100));
  CancelWhen([&] { return source->reads > 0; });
  source->resume();
  auto sink = std::make_shared<TestSink>();
  bool waits = false;
  sink->before = [&](std::string_view) {
    waits = true;
    return FlowState::kWait;
  };
  Begin(Download(server.Url("/"), sink, 100000));
  CancelWhen([&] { return waits; });
  sink->resume();
  RunOn();
  EXPECT_EQ(sink->bytes, "");
}

TEST_F(CancelTest, InsideReadAlsoWhereThatDestroysTheSource) {
  ScriptedServer server([](Peer& peer, int) { peer.WaitForClose(); });
  for (const FlowState state : {FlowState::kGo, FlowState::kWait, FlowState::kFail}) {
    auto source = std::make_shared<TestSource>(Pattern(kBig), 1000);
    source->before = [this, raw = source.get(), state] {
      if (raw->reads < 3) return FlowState::kGo;
      handle_.reset();
      loop_.Stop();
      return state;
    };
    HttpRequest request = Put(server.Url("/"), source, kBig);
    source.reset();
    Begin(std::move(request));
    RunLoop();
    RunOn();
    EXPECT_EQ(handle_, nullptr);
  }
  ExpectUsable();
}

TEST_F(CancelTest, InsideBeginAndWrite) {
  class Breaker final : public BodySink {
   public:
    Breaker(std::function<void()> act, bool in_begin, FlowState state)
        : act_(std::move(act)), in_begin_(in_begin), state_(state) {}
    Status Begin(int, const std::vector<std::pair<std::string, std::string>>&) override {
      if (in_begin_) act_();
      return {};
    }
    FlowState Write(const char*, std::size_t) override {
      EXPECT_FALSE(in_begin_) << "called after the cancellation";
      act_();
      return state_;
    }
    void OnReady(std::function<void()>) override {}
    Error error() const override { return {}; }

   private:
    std::function<void()> act_;
    bool in_begin_;
    FlowState state_;
  };
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadHead();
    peer.Send(Ok(Pattern(100000)));
    peer.WaitForClose();
  });
  for (const bool in_begin : {true, false}) {
    for (const FlowState state : {FlowState::kGo, FlowState::kWait, FlowState::kFail}) {
      Begin(Download(server.Url("/"),
                     std::make_shared<Breaker>(
                         [this] {
                           handle_.reset();
                           loop_.Stop();
                         },
                         in_begin, state),
                     kBig));
      RunLoop();
      RunOn();
    }
  }
  ExpectUsable();
}

TEST_F(CancelTest, InsideProgressAndTheOneThatComesLast) {
  ScriptedServer server([](Peer& peer, int) {
    while (!peer.ReadRequest().empty()) peer.Send(Ok("x"));
  });
  for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{1}}) {
    HttpRequest request = Put(server.Url("/"), std::make_shared<TestSource>(Pattern(kBig)), kBig);
    request.progress = [this, at](std::uint64_t, std::uint64_t received) {
      if (received < at) return;
      handle_.reset();
      loop_.Stop();
    };
    Begin(std::move(request));
    RunLoop();
    RunOn();
  }
  ExpectUsable();
}

TEST_F(CancelTest, OneDoneCancelsTheOthersThatEndInTheSameTurn) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadHead();
    peer.server().WaitForTick();
    peer.Send(Ok("x"));
    peer.WaitForClose();
  });
  std::vector<HandlePtr> handles;
  int done = 0;
  for (int i = 0; i < 10; ++i) {
    handles.push_back(transfer_->Start(Get(server.Url("/")), [&](Result<HttpAnswer>) {
      ++done;
      handles.clear();
      loop_.Stop();
    }));
  }
  CancelWhen([&] { return server.requests().size() == 10; });
  for (int i = 0; i < 10; ++i) server.Tick();
  RunLoop();
  RunOn();
  EXPECT_EQ(done, 1);
}

TEST_F(CancelTest, TheTransferMayGoInsideADone) {
  ScriptedServer server([](Peer& peer, int) {
    while (!peer.ReadHead().empty()) peer.Send(Ok("x"));
  });
  handle_ = transfer_->Start(Get(server.Url("/")), [&](Result<HttpAnswer>) {
    handle_.reset();
    transfer_.reset();
    loop_.Stop();
  });
  RunLoop();
  RunOn();
  server.WaitUntilAllAreClosed();  // kept connections too
}

TEST_F(CancelTest, TheTransferMayGoInsideACallbackOfARequest) {
  ScriptedServer server([](Peer& peer, int) { peer.WaitForClose(); });
  auto source = std::make_shared<TestSource>(Pattern(kBig), 1000);
  source->before = [&] {
    handle_.reset();
    transfer_.reset();
    loop_.Stop();
    return FlowState::kWait;
  };
  Begin(Put(server.Url("/"), source, kBig));
  RunLoop();
  RunOn();
  server.WaitUntilAllAreClosed();
  EXPECT_EQ(source->reads, 1);
}

TEST_F(CancelTest, StartingInsideACallbackWorks) {
  ScriptedServer server([](Peer& peer, int) {
    while (!peer.ReadRequest().empty()) peer.Send(Ok("x"));
  });
  HandlePtr inner;
  int ended = 0;
  const auto done = [&](Result<HttpAnswer> answer) {
    EXPECT_TRUE(answer);
    if (++ended == 2) loop_.Stop();
  };
  auto source = std::make_shared<TestSource>(Pattern(100000), 1000);
  source->before = [&] {
    if (!inner) inner = transfer_->Start(Get(server.Url("/")), done);
    return FlowState::kGo;
  };
  handle_ = transfer_->Start(Put(server.Url("/"), source, 100000), done);
  RunLoop();
  EXPECT_EQ(ended, 2);
}

TEST_F(CancelTest, NoHandleOfLibuvStaysOpen) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadHead();
    peer.Send(Ok("x"));
    peer.ReadHead();
    peer.WaitForClose();
  });
  ASSERT_TRUE(Ask(Get(server.Url("/"))));
  Begin(Get(server.Url("/")));
  CancelWhen([&] { return server.requests().size() > 1; });
  poll_.reset();
  transfer_.reset();
  uv_run(loop_.uv(), UV_RUN_NOWAIT);
  int open = 0;
  uv_walk(
      loop_.uv(), [](uv_handle_t*, void* count) { ++*static_cast<int*>(count); }, &open);
  EXPECT_EQ(open, 1);  // the loop's own
}

}  // namespace
}  // namespace tegodrop::testing
