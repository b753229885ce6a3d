// Bodies that wait, fail, are cut, or are longer than they may be.
#include "tests/unit/net/net_test.h"

namespace tegodrop::testing {
namespace {

using BodiesTest = NetTest;

constexpr std::size_t kBig = 3 << 20;

void TakeAndAnswer(Peer& peer, int) {
  while (!peer.ReadRequest().empty()) peer.Send(Ok("stored"));
}

// The part of a request behind its headers.
std::string BodyOf(const std::string& request) { return request.substr(request.find("\r\n\r\n") + 4); }

TEST_F(BodiesTest, PutStreamsItsSourceWithALengthAndNeverChunked) {
  ScriptedServer server(TakeAndAnswer);
  auto source = std::make_shared<TestSource>(Pattern(kBig));
  const auto answer = Ask(Put(server.Url("/o?sig"), source, kBig));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "stored");
  const std::string seen = server.request();
  EXPECT_EQ(seen.substr(0, 12), "PUT /o?sig H");
  EXPECT_NE(seen.find("\r\nContent-Length: 3145728\r\n"), std::string::npos);
  EXPECT_EQ(seen.find("Transfer-Encoding"), std::string::npos);
  EXPECT_EQ(seen.find("Expect"), std::string::npos);
  EXPECT_EQ(seen.find("Content-Type"), std::string::npos);
  EXPECT_TRUE(BodyOf(seen) == Pattern(kBig));
}

TEST_F(BodiesTest, PutOfNothingSaysLengthZero) {
  ScriptedServer server(TakeAndAnswer);
  ASSERT_TRUE(Ask(Put(server.Url("/o"), std::make_shared<TestSource>(""), 0)));
  EXPECT_NE(server.request().find("\r\nContent-Length: 0\r\n"), std::string::npos);
}

TEST_F(BodiesTest, ASourceThatWaitsIsAskedAgainAfterResume) {
  ScriptedServer server(TakeAndAnswer);
  auto source = std::make_shared<TestSource>(Pattern(200000), 10000);
  std::vector<HandlePtr> later;
  bool wait = false;
  source->before = [&] {
    wait = !wait;
    if (!wait) return FlowState::kGo;
    later.push_back(loop_.After(milliseconds(1), [&] { source->resume(); }));
    return FlowState::kWait;
  };
  const auto answer = Ask(Put(server.Url("/o"), source, 200000));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(BodyOf(server.request()) == Pattern(200000));
  EXPECT_GE(later.size(), 20U);
}

TEST_F(BodiesTest, AResumeInsideReadOrForNothingDoesNoHarm) {
  ScriptedServer server(TakeAndAnswer);
  auto source = std::make_shared<TestSource>(Pattern(100000), 20000);
  bool wait = false;
  source->before = [&] {
    source->resume();
    wait = !wait;
    return wait ? FlowState::kWait : FlowState::kGo;
  };
  const auto answer = Ask(Put(server.Url("/o"), source, 100000));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(BodyOf(server.request()) == Pattern(100000));
  source->resume();  // the request is gone
}

TEST_F(BodiesTest, ASourceThatFailsEndsTheRequestWithItsError) {
  ScriptedServer server(TakeAndAnswer);
  auto source = std::make_shared<TestSource>(Pattern(kBig), 100000);
  source->before = [&] { return source->reads > 5 ? FlowState::kFail : FlowState::kGo; };
  const auto answer = Ask(Put(server.Url("/o"), source, kBig));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kLocalDisk);
  EXPECT_EQ(answer.error().message, "the file went away");
  EXPECT_FALSE(answer.error().outcome_unknown);
}

TEST_F(BodiesTest, ASourceThatEndsTooSoonIsABugAndNotAnEndlessWait) {
  ScriptedServer server(TakeAndAnswer);
  const auto answer = Ask(Put(server.Url("/o"), std::make_shared<TestSource>(Pattern(1000)), 2000));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kBug);
  EXPECT_FALSE(answer.error().outcome_unknown);
}

TEST_F(BodiesTest, ProgressCountsBothWays) {
  ScriptedServer server(TakeAndAnswer);
  HttpRequest request = Put(server.Url("/o"), std::make_shared<TestSource>(Pattern(kBig)), kBig);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> told;
  request.progress = [&](std::uint64_t sent, std::uint64_t received) { told.emplace_back(sent, received); };
  ASSERT_TRUE(Ask(std::move(request)));
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back(), (std::pair<std::uint64_t, std::uint64_t>(kBig, 6)));
  EXPECT_LT(told.size(), 50U) << "a few times a second";
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
}

// -- answers

void SendPattern(Peer& peer, int) {
  while (!peer.ReadHead().empty()) peer.Send(Ok(Pattern(kBig)));
}

TEST_F(BodiesTest, ASinkTakesTheBodyAfterBegin) {
  ScriptedServer server(SendPattern);
  auto sink = std::make_shared<TestSink>();
  const auto answer = Ask(Download(server.Url("/"), sink, kBig));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->sink_bytes, kBig);
  EXPECT_EQ(answer->body, "");
  EXPECT_TRUE(sink->bytes == Pattern(kBig));
  EXPECT_EQ(sink->begun, 200);
  EXPECT_EQ(sink->begin_headers, answer->headers);
}

TEST_F(BodiesTest, ASinkThatWaitsIsOfferedTheSameBytesAgain) {
  ScriptedServer server(SendPattern);
  auto sink = std::make_shared<TestSink>();
  std::vector<HandlePtr> later;
  std::string refused;
  int calls = 0;
  sink->before = [&](std::string_view data) {
    EXPECT_EQ(data.substr(0, refused.size()), refused);
    refused.clear();
    if (++calls % 3 != 0) return FlowState::kGo;
    refused = std::string(data);
    later.push_back(loop_.After(milliseconds(0), [&] { sink->resume(); }));
    return FlowState::kWait;
  };
  const auto answer = Ask(Download(server.Url("/"), sink, kBig));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(sink->bytes == Pattern(kBig));
  EXPECT_GT(later.size(), 10U);
}

TEST_F(BodiesTest, ASinkThatWaitsForTheLastBytesStillEnds) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{10000}, std::size_t{40000}}) {
    ScriptedServer server([&](Peer& peer, int) {
      peer.ReadHead();
      peer.Send(Ok(Pattern(size)));
      peer.WaitForClose();
    });
    auto sink = std::make_shared<TestSink>();
    HandlePtr later;
    int waits = 0;
    sink->before = [&](std::string_view data) {
      if (sink->bytes.size() + data.size() < size || ++waits > 3) return FlowState::kGo;
      later = loop_.After(milliseconds(5), [&] { sink->resume(); });
      return FlowState::kWait;
    };
    const auto answer = Ask(Download(server.Url("/"), sink, size));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->sink_bytes, size);
    EXPECT_TRUE(sink->bytes == Pattern(size));
  }
}

TEST_F(BodiesTest, ASinkThatFailsEndsTheRequestWithItsError) {
  ScriptedServer server(SendPattern);
  auto sink = std::make_shared<TestSink>();
  sink->before = [&](std::string_view) { return sink->bytes.size() > 100000 ? FlowState::kFail : FlowState::kGo; };
  const auto answer = Ask(Download(server.Url("/"), sink, kBig));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "the disk is full");
}

TEST_F(BodiesTest, ASinkThatFailsWhenItIsOfferedTheBytesAgainEndsTheRequestToo) {
  ScriptedServer server(SendPattern);
  auto sink = std::make_shared<TestSink>();
  HandlePtr later;
  sink->before = [&](std::string_view) {
    if (later) return FlowState::kFail;
    later = loop_.After(milliseconds(1), [&] { sink->resume(); });
    return FlowState::kWait;
  };
  const auto answer = Ask(Download(server.Url("/"), sink, kBig));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kLocalDisk);
}

TEST_F(BodiesTest, ASinkMayRefuseTheAnswerInBegin) {
  ScriptedServer server(SendPattern);
  auto sink = std::make_shared<TestSink>();
  sink->begin_result = Fail(ErrorKind::kCorrupt, "not the range that was asked for");
  const auto answer = Ask(Download(server.Url("/"), sink, kBig));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "not the range that was asked for");
  EXPECT_EQ(sink->bytes, "");
}

TEST_F(BodiesTest, BeginRunsForAnEmptyBodyAndForPartialContent) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadHead();
    peer.Send("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-5/6\r\nContent-Length: 0\r\n\r\n");
    peer.WaitForClose();
  });
  auto sink = std::make_shared<TestSink>();
  ASSERT_TRUE(Ask(Download(server.Url("/"), sink, 10)));
  EXPECT_EQ(sink->begun, 206);
}

TEST_F(BodiesTest, OtherStatusesGoIntoTheBodyAndNotIntoTheSink) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadHead();
    peer.Send("HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\n\r\nexpired");
    peer.WaitForClose();
  });
  auto sink = std::make_shared<TestSink>();
  const auto answer = Ask(Download(server.Url("/"), sink, 3));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 403);
  EXPECT_EQ(answer->body, "expired");
  EXPECT_EQ(sink->begun, 0);
}

TEST_F(BodiesTest, ALengthOverTheSinksLimitFailsBeforeTheSinkIsAsked) {
  ScriptedServer server(SendPattern);
  auto sink = std::make_shared<TestSink>();
  const auto answer = Ask(Download(server.Url("/x?sig=secret"), sink, kBig - 1));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(answer.error().http_status, 200);
  EXPECT_NE(answer.error().message.find("3145727"), std::string::npos);
  EXPECT_NE(answer.error().message.find(server.Url("/x")), std::string::npos);
  EXPECT_EQ(answer.error().message.find("secret"), std::string::npos);
  EXPECT_EQ(sink->begun, 0);
}

TEST_F(BodiesTest, AChunkedBodyOverTheSinksLimitIsStoppedAtTheLimit) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadHead();
    peer.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 100; ++i) peer.Send("3e8\r\n" + std::string(1000, 'x') + "\r\n");
    peer.WaitForClose();
  });
  auto sink = std::make_shared<TestSink>();
  const auto answer = Ask(Download(server.Url("/"), sink, 50000));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kCorrupt);
  EXPECT_LE(sink->bytes.size(), 50000U);
}

TEST_F(BodiesTest, AnAnswerOverItsLimitIsCorruptWithAndWithoutALength) {
  ScriptedServer server([](Peer& peer, int index) {
    peer.ReadHead();
    peer.Send(index == 0 ? Ok(std::string(2000, 'x')) : "HTTP/1.1 200 OK\r\n\r\n" + std::string(2000, 'x'));
  });
  for (int i = 0; i < 2; ++i) {
    HttpRequest request = Get(server.Url("/"));
    request.answer_limit = 1999;
    const auto answer = Ask(std::move(request));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::kCorrupt);
  }
}

TEST_F(BodiesTest, ASinksBodyThatIsCutShortIsCorrupt) {
  ScriptedServer server([](Peer& peer, int index) {
    peer.ReadHead();
    peer.Send(index == 0 ? "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789"
                         : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n");
  });
  for (int i = 0; i < 2; ++i) {
    auto sink = std::make_shared<TestSink>();
    const auto answer = Ask(Download(server.Url("/"), sink, 1000));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::kCorrupt);
    EXPECT_NE(answer.error().message.find("cut short after 10 bytes"), std::string::npos) << answer.error().message;
    EXPECT_EQ(sink->bytes, "0123456789");
  }
}

TEST_F(BodiesTest, AnAnswersBodyThatIsCutShortIsRetriedBecauseItsOutcomeIsUnknown) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadRequest();
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
  });
  const auto answer = Ask(Post(server.Url("/"), "{}"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kRetry);
  EXPECT_TRUE(answer.error().outcome_unknown);
  EXPECT_EQ(answer.error().http_status, 200);
}

TEST_F(BodiesTest, ADownloadThatIsResetIsRetried) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadHead();
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
    peer.Reset();
  });
  const auto answer = Ask(Download(server.Url("/"), std::make_shared<TestSink>(), 1000));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kRetry);
}

}  // namespace
}  // namespace tegodrop::testing
