// The other side, or the way to it, breaks.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/net/net_test.h"

namespace tegodrop::testing {
namespace {

using FaultsTest = NetTest;

// Lets the server go one step on, again and again.
class Ticks {
 public:
  Ticks(EventLoop& loop, ScriptedServer& server, milliseconds every) : loop_(loop), server_(server), every_(every) {
    Next();
  }

 private:
  void Next() {
    timer_ = loop_.After(every_, [this] {
      server_.Tick();
      Next();
    });
  }
  EventLoop& loop_;
  ScriptedServer& server_;
  milliseconds every_;
  HandlePtr timer_;
};

// Far more than fits into the sockets between two sides on loopback.
constexpr std::uint64_t kHuge = 24 << 20;

void ExpectRetry(const Result<HttpAnswer>& answer, bool unknown) {
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kRetry) << answer.error().message;
  EXPECT_EQ(answer.error().outcome_unknown, unknown) << answer.error().message;
  EXPECT_EQ(answer.error().message.find("secret"), std::string::npos) << answer.error().message;
}

const std::string& HugePattern() {
  static const std::string pattern = Pattern(kHuge);
  return pattern;
}

std::shared_ptr<TestSource> Huge() { return std::make_shared<TestSource>(HugePattern()); }

TEST_F(FaultsTest, NobodyListening) {
  std::string url;
  {
    ScriptedServer gone([](Peer&, int) {});
    url = gone.Url("/x?secret");
  }
  const auto answer = Ask(Get(url));
  ExpectRetry(answer, false);
  EXPECT_NE(answer.error().message.find("GET http://127.0.0.1"), std::string::npos);
}

TEST_F(FaultsTest, ClosedBeforeAnyAnswer) {
  ScriptedServer server([](Peer& peer, int) { peer.ReadRequest(); });
  ExpectRetry(Ask(Post(server.Url("/?secret"), "{}")), true);
  ExpectRetry(Ask(Post(server.Url("/?secret"), "")), true);
}

TEST_F(FaultsTest, AnAnswerThatIsNoHttp) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadRequest();
    peer.Send("SSH-2.0-OpenSSH_9.2\r\n");
  });
  ExpectRetry(Ask(Post(server.Url("/?secret"), "{}")), true);
}

TEST_F(FaultsTest, APutThatIsResetInTheMiddleIsKnownNotToHaveHappened) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadHead();
    peer.ReadBody(1 << 20);
    peer.Reset();
  });
  ExpectRetry(Ask(Put(server.Url("/?secret"), Huge(), kHuge)), false);
}

TEST_F(FaultsTest, APutThatIsClosedInTheMiddleIsKnownNotToHaveHappened) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadHead();
    peer.ReadBody(1 << 20);  // all that was sent, so that the close is a FIN
  });
  auto source = std::make_shared<TestSource>(HugePattern(), 1 << 14);
  HandlePtr later;
  source->before = [&] {
    if (source->given() != 1 << 20 || later) return FlowState::kGo;
    later = loop_.After(milliseconds(100), [&] { source->resume(); });
    return FlowState::kWait;
  };
  const auto answer = Ask(Put(server.Url("/?secret"), source, kHuge));
  ExpectRetry(answer, false);
  EXPECT_EQ(answer.error().message.find("no byte"), std::string::npos) << "noticed by its time-out only";
}

TEST_F(FaultsTest, APutThatWasReadWholeAndNotAnsweredIsUnknown) {
  ScriptedServer server([](Peer& peer, int index) {
    peer.ReadRequest();
    if (index == 1) peer.Reset();
  });
  for (int i = 0; i < 2; ++i) {
    HttpRequest request = Put(server.Url("/?secret"), std::make_shared<TestSource>(Pattern(1 << 20)), 1 << 20);
    request.fresh_connection = true;
    ExpectRetry(Ask(std::move(request)), true);
  }
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(FaultsTest, APutWhoseLastByteIsHeldBackIsNotUnknown) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadHead();
    peer.ReadBody(999);
    peer.Reset();
  });
  auto source = std::make_shared<TestSource>(Pattern(1000), 999);
  source->before = [&] { return source->given() == 999 ? FlowState::kWait : FlowState::kGo; };
  ExpectRetry(Ask(Put(server.Url("/?secret"), source, 1000)), false);
}

// -- early answers

// Ticks once the source was not asked for a while: the sockets are full, and libcurl waits.
class TickWhenFull {
 public:
  TickWhenFull(EventLoop& loop, ScriptedServer& server, const TestSource& source)
      : loop_(loop), server_(server), source_(source) {
    Look();
  }

 private:
  void Look() {
    const int before = source_.reads;
    timer_ = loop_.After(milliseconds(50), [this, before] {
      if (before == 0 || source_.reads != before) return Look();
      server_.Tick();
    });
  }
  EventLoop& loop_;
  ScriptedServer& server_;
  const TestSource& source_;
  HandlePtr timer_;
};

const std::vector<std::string>& Refusals() {
  static const std::vector<std::string> refusals = {
      "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 7\r\n\r\nexpired",
      "HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\n\r\nexpired",
      "HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\nexpired",
      "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nexpired\r\n0\r\n\r\n",
  };
  return refusals;
}

TEST_F(FaultsTest, AnEarlyRefusalWithACloseIsAnAnswerHoweverItIsSent) {
  for (const std::string& refusal : Refusals()) {
    ScriptedServer server([&](Peer& peer, int) {
      peer.ReadHead();
      peer.server().WaitForTick();
      peer.Send(refusal);
      // The body is unread: the kernel sends a reset behind the answer.
    });
    auto source = Huge();
    TickWhenFull tick(loop_, server, *source);
    const auto answer = Ask(Put(server.Url("/"), source, kHuge));
    ASSERT_TRUE(answer) << refusal << answer.error().message;
    EXPECT_EQ(answer->status, 403) << refusal;
    EXPECT_EQ(answer->body, "expired") << refusal;
    EXPECT_LT(source->given(), kHuge);
  }
}

// The reset may come between libcurl's look for an answer and its send: then the answer is lost in the kernel.
TEST_F(FaultsTest, AnEarlyRefusalWithAResetAtTheWorstMomentIsRetriedAndNotUnknown) {
  for (const std::string& refusal : Refusals()) {
    ScriptedServer server([&](Peer& peer, int) {
      peer.ReadHead();
      peer.ReadBody(100000);
      peer.Send(refusal);
    });
    const auto answer = Ask(Put(server.Url("/"), Huge(), kHuge));
    if (answer) {
      EXPECT_EQ(answer->status, 403);
    } else {
      ExpectRetry(answer, false);
    }
  }
}

TEST_F(FaultsTest, AnEarlyRefusalEndsTheSendingAlsoWhereTheServerGoesOnReading) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadHead();
    peer.ReadBody(100000);
    peer.Send("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 7\r\n\r\nexpired");
    peer.WaitForClose();  // as a lingering close does
  });
  auto source = Huge();
  const auto answer = Ask(Put(server.Url("/"), source, kHuge));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 403);
  EXPECT_EQ(answer->body, "expired");
  EXPECT_LT(source->given(), kHuge);
}

TEST_F(FaultsTest, AnEarlyRefusalIsHeardWhileTheSourceWaits) {
  ScriptedServer server([](Peer& peer, int index) {
    peer.ReadHead();
    peer.ReadBody(1000);
    peer.Send(std::string("HTTP/1.1 403 Forbidden\r\n") + (index == 0 ? "" : "Connection: close\r\n") +
              "Content-Length: 7\r\n\r\nexpired");
    peer.WaitForClose();
  });
  for (int i = 0; i < 2; ++i) {
    auto source = std::make_shared<TestSource>(Pattern(2000), 1000);
    source->before = [&] { return source->given() == 1000 ? FlowState::kWait : FlowState::kGo; };
    const auto answer = Ask(Put(server.Url("/"), source, 2000));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 403);
    EXPECT_EQ(answer->body, "expired");
  }
  EXPECT_EQ(server.connections(), 2) << "a connection with half a request on it was used again";
}

TEST_F(FaultsTest, ASuccessBeforeTheLastByteIsNotBelieved) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadHead();
    peer.ReadBody(1000);
    peer.Send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    peer.Finish();
    peer.WaitForClose();
  });
  ExpectRetry(Ask(Put(server.Url("/?secret"), Huge(), kHuge)), false);
}

// -- connections that were used before

TEST_F(FaultsTest, AConnectionThatWasClosedWhileIdleIsNotUsedAgain) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadRequest();
    peer.Send(Ok("x"));
  });
  for (int i = 0; i < 5; ++i) {
    const auto put = Ask(Put(server.Url("/"), std::make_shared<TestSource>(Pattern(1000)), 1000));
    ASSERT_TRUE(put) << put.error().message;
    server.WaitUntilAllAreClosed();
  }
  EXPECT_EQ(server.connections(), 5);
  EXPECT_EQ(server.requests().size(), 5U);
}

TEST_F(FaultsTest, AConnectionThatIsClosedJustNowLosesARequestButNeverDoublesOne) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadRequest();
    peer.Send(Ok("x"));
  });
  std::size_t stored = 0;
  for (int i = 0; i < 50; ++i) {
    const auto put = Ask(Put(server.Url("/?secret"), std::make_shared<TestSource>(Pattern(100000)), 100000));
    if (put) {
      ++stored;
    } else {
      EXPECT_EQ(put.error().kind, ErrorKind::kRetry) << put.error().message;
    }
  }
  EXPECT_GT(stored, 0U);
  EXPECT_EQ(server.requests().size(), stored);
}

// Serves one request on each connection, reads a second one in part and breaks off.
std::function<void(Peer&, int)> DieOnSecond(std::size_t body_bytes_read) {
  return [body_bytes_read](Peer& peer, int) {
    peer.ReadRequest();
    peer.Send(Ok("x"));
    if (peer.ReadHead().empty()) return;
    peer.ReadBody(body_bytes_read);
    peer.Reset();
  };
}

TEST_F(FaultsTest, APostIsNeverSentASecondTimeOnItsOwn) {
  for (const char* body : {"", "{\"complete\":true}"}) {
    ScriptedServer server(DieOnSecond(std::string(body).size()));
    ASSERT_TRUE(Ask(Post(server.Url("/?secret"), body)));
    ExpectRetry(Ask(Post(server.Url("/?secret"), body)), true);
    EXPECT_EQ(server.requests().size(), 2U);
  }
}

TEST_F(FaultsTest, APutFromASourceIsNeverSentASecondTimeOnItsOwn) {
  for (const std::uint64_t size : {std::uint64_t{1000}, kHuge}) {
    ScriptedServer server(DieOnSecond(1000));
    ASSERT_TRUE(Ask(Get(server.Url("/"))));
    auto source = std::make_shared<TestSource>(HugePattern().substr(0, size));
    ExpectRetry(Ask(Put(server.Url("/?secret"), source, size)), size == 1000);
    EXPECT_EQ(server.requests().size(), 2U);
  }
}

TEST_F(FaultsTest, AGetIsSentAgainOnANewConnection) {
  ScriptedServer server([](Peer& peer, int index) {
    peer.ReadHead();
    peer.Send(Ok("x"));
    if (peer.ReadHead().empty()) return;
    if (index > 0) peer.Send(Ok("again"));
  });
  ASSERT_TRUE(Ask(Get(server.Url("/"))));
  const auto answer = Ask(Get(server.Url("/")));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "x");
  EXPECT_EQ(server.connections(), 2);
}

// -- time

TEST_F(FaultsTest, AServerThatNeverAcceptsIsGivenUp) {
  // A full backlog: the kernel drops what comes after it.
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(listen(listener, 0), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length), 0);
  const int filler = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(connect(filler, reinterpret_cast<sockaddr*>(&address), length), 0);
  HttpRequest request = Get("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/?secret");
  request.connect_timeout = milliseconds(200);
  const auto answer = Ask(std::move(request));
  ExpectRetry(answer, false);
  EXPECT_NE(answer.error().message.find("no connection within 200ms"), std::string::npos) << answer.error().message;
  close(filler);
  close(listener);
}

TEST_F(FaultsTest, AServerThatStopsReadingStallsThePut) {
  ScriptedServer server([](Peer& peer, int) { peer.Hold(); });
  HttpRequest request = Put(server.Url("/?secret"), Huge(), kHuge);
  request.stall_timeout = milliseconds(300);
  const auto answer = Ask(std::move(request));
  ExpectRetry(answer, false);
  EXPECT_NE(answer.error().message.find("no byte could be sent for 300ms"), std::string::npos);
}

TEST_F(FaultsTest, AnAnswerThatStopsInItsBodyStalls) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadHead();
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nxyz");
    peer.Hold();
  });
  HttpRequest request = Download(server.Url("/?secret"), std::make_shared<TestSink>(), 1000);
  request.stall_timeout = milliseconds(200);
  const auto answer = Ask(std::move(request));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kRetry);
  EXPECT_EQ(answer.error().http_status, 200);
  EXPECT_NE(answer.error().message.find("no byte came for 200ms"), std::string::npos);
}

TEST_F(FaultsTest, ABodyThatTricklesDoesNotStall) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadHead();
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    for (int i = 0; i < 10; ++i) {
      peer.server().WaitForTick();
      peer.Send("x");
    }
    peer.WaitForClose();
  });
  Ticks ticks(loop_, server, milliseconds(60));
  HttpRequest request = Get(server.Url("/"));
  request.stall_timeout = milliseconds(400);
  const auto answer = Ask(std::move(request));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "xxxxxxxxxx");
}

TEST_F(FaultsTest, TimeThatOurOwnSideTakesDoesNotCount) {
  ScriptedServer server([](Peer& peer, int) {
    while (!peer.ReadRequest().empty()) peer.Send(Ok("stored"));
  });
  auto source = std::make_shared<TestSource>(Pattern(1000), 500);
  HandlePtr later;
  source->before = [&] {
    if (later) return FlowState::kGo;
    later = loop_.After(milliseconds(400), [&] { source->resume(); });
    return FlowState::kWait;
  };
  HttpRequest put = Put(server.Url("/"), source, 1000);
  put.stall_timeout = milliseconds(150);
  auto answer = Ask(std::move(put));
  ASSERT_TRUE(answer) << answer.error().message;

  auto sink = std::make_shared<TestSink>();
  later.reset();
  sink->before = [&](std::string_view) {
    if (later) return FlowState::kGo;
    later = loop_.After(milliseconds(400), [&] { sink->resume(); });
    return FlowState::kWait;
  };
  HttpRequest get = Download(server.Url("/"), sink, 1000);
  get.stall_timeout = milliseconds(150);
  answer = Ask(std::move(get));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(sink->bytes, "stored");
}

TEST_F(FaultsTest, AnAnswerThatNeverComesIsUnknown) {
  ScriptedServer server([](Peer& peer, int) { peer.Hold(); });
  for (const bool streamed : {false, true}) {
    HttpRequest request = streamed ? Put(server.Url("/?secret"), std::make_shared<TestSource>("abc"), 3)
                                   : Post(server.Url("/?secret"), "abc");
    request.stall_timeout = milliseconds(50);  // nothing is being sent: it must not be this
    request.answer_timeout = milliseconds(200);
    const auto answer = Ask(std::move(request));
    ExpectRetry(answer, true);
    EXPECT_NE(answer.error().message.find("no answer within 200ms"), std::string::npos) << answer.error().message;
  }
}

TEST_F(FaultsTest, ASlowAnswerMayTakeLongerThanAStall) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadRequest();
    peer.server().WaitForTick();
    peer.Send(Ok("done"));
    peer.WaitForClose();
  });
  Ticks ticks(loop_, server, milliseconds(300));
  HttpRequest request = Post(server.Url("/"), "complete");
  request.stall_timeout = milliseconds(100);
  const auto answer = Ask(std::move(request));
  ASSERT_TRUE(answer) << answer.error().message;
}

TEST_F(FaultsTest, TheTotalTimeCountsWhateverHappens) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadHead();
    peer.Hold();
  });
  auto source = std::make_shared<TestSource>("abc");
  source->before = [] { return FlowState::kWait; };
  HttpRequest request = Put(server.Url("/?secret"), source, 3);
  request.total_timeout = milliseconds(150);
  const auto answer = Ask(std::move(request));
  ExpectRetry(answer, false);
  EXPECT_NE(answer.error().message.find("not finished within 150ms"), std::string::npos);
}

}  // namespace
}  // namespace tegodrop::testing
