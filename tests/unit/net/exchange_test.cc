// Requests and answers between two sides that behave.
#include <set>

#include "tests/unit/net/net_test.h"

namespace tegodrop::testing {
namespace {

using ExchangeTest = NetTest;

TEST_F(ExchangeTest, GetGivesStatusHeadersInLowerCaseAndBody) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadHead();
    peer.Send("HTTP/1.1 200 OK\r\nX-One: first \r\nX-ONE: second\r\nETag: \"abc\"\r\nContent-Length: 5\r\n\r\nhello");
    peer.WaitForClose();
  });
  HttpRequest request = Get(server.Url("/a/../b?X-Sig=1%2F2"));
  request.headers.push_back({"Authorization", Secret("Bearer abc")});
  request.headers.push_back({"X-Empty", Secret("")});
  const auto answer = Ask(std::move(request));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "hello");
  EXPECT_EQ(answer->Header("x-one"), "first");
  EXPECT_EQ(answer->headers[1], (std::pair<std::string, std::string>("x-one", "second")));
  EXPECT_EQ(answer->Header("etag"), "\"abc\"");
  const std::string head = server.request();
  // A signature covers the path as it stands.
  EXPECT_EQ(head.substr(0, head.find("\r\n")), "GET /a/../b?X-Sig=1%2F2 HTTP/1.1");
  EXPECT_NE(head.find("\r\nAuthorization: Bearer abc\r\n"), std::string::npos);
  EXPECT_NE(head.find("\r\nX-Empty:\r\n"), std::string::npos);
  EXPECT_NE(head.find("\r\nUser-Agent: tegodrop/test\r\n"), std::string::npos);
  EXPECT_EQ(head.find("Expect"), std::string::npos);
  EXPECT_EQ(head.find("Upgrade"), std::string::npos);
}

TEST_F(ExchangeTest, PostSendsItsBodyWithoutHeadersThatNobodyAskedFor) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadRequest();
    peer.Send(Ok("{}"));
    peer.WaitForClose();
  });
  ASSERT_TRUE(Ask(Post(server.Url("/x"), "{\"a\":1}")));
  EXPECT_EQ(server.request().substr(0, 15), "POST /x HTTP/1.");
  EXPECT_NE(server.request().find("\r\nContent-Length: 7\r\n"), std::string::npos);
  EXPECT_EQ(server.request().find("Content-Type"), std::string::npos);
  EXPECT_EQ(server.request().substr(server.request().size() - 7), "{\"a\":1}");
}

TEST_F(ExchangeTest, PostOfTwoMebibytesAsksForNothingBeforehand) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadRequest();
    peer.Send(Ok(""));
    peer.WaitForClose();
  });
  HttpRequest request = Post(server.Url("/"), Pattern(2 << 20));
  request.headers.push_back({"content-type", Secret("application/json")});
  ASSERT_TRUE(Ask(std::move(request)));
  EXPECT_EQ(server.request().find("Expect"), std::string::npos);
  EXPECT_NE(server.request().find("content-type: application/json\r\n"), std::string::npos);
  EXPECT_EQ(server.request().substr(server.request().find("\r\n\r\n") + 4), Pattern(2 << 20));
}

TEST_F(ExchangeTest, PostWithoutABodySaysSo) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadRequest();
    peer.Send(Ok(""));
    peer.WaitForClose();
  });
  ASSERT_TRUE(Ask(Post(server.Url("/"), "")));
  EXPECT_NE(server.request().find("\r\nContent-Length: 0\r\n"), std::string::npos);
}

TEST_F(ExchangeTest, PutSendsABodyFromMemory) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadRequest();
    peer.Send(Ok(""));
    peer.WaitForClose();
  });
  HttpRequest request = Post(server.Url("/p"), "body");
  request.method = "PUT";
  ASSERT_TRUE(Ask(std::move(request)));
  EXPECT_EQ(server.request().substr(0, 7), "PUT /p ");
  EXPECT_EQ(server.request().substr(server.request().size() - 4), "body");
}

TEST_F(ExchangeTest, ARedirectIsAnAnswerAndNotFollowed) {
  ScriptedServer other([](Peer& peer, int) { peer.Send(Ok("wrong")); });
  ScriptedServer server([&](Peer& peer, int) {
    peer.ReadHead();
    peer.Send("HTTP/1.1 307 Temporary Redirect\r\nLocation: " + other.Url("/there?x") +
              "\r\nContent-Length: 0\r\n\r\n");
    peer.WaitForClose();
  });
  const auto answer = Ask(Get(server.Url("/")));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 307);
  EXPECT_EQ(answer->Header("location"), other.Url("/there?x"));
  EXPECT_EQ(other.connections(), 0);
}

TEST_F(ExchangeTest, InterimAnswersAndTrailersAreNotTheAnswer) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadHead();
    peer.Send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
    peer.Send("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Late: y\r\n\r\n");
    peer.WaitForClose();
  });
  const auto answer = Ask(Get(server.Url("/")));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->body, "abc");
  EXPECT_FALSE(answer->Header("link"));
  EXPECT_FALSE(answer->Header("x-late"));
}

TEST_F(ExchangeTest, ABodyThatEndsWithTheConnectionIsWhole) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadHead();
    peer.Send("HTTP/1.0 200 OK\r\n\r\nuntil the end");
  });
  const auto answer = Ask(Get(server.Url("/")));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "until the end");
}

TEST_F(ExchangeTest, AConnectionIsUsedAgain) {
  ScriptedServer server([](Peer& peer, int) {
    while (!peer.ReadHead().empty()) peer.Send(Ok("x"));
  });
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Ask(Get(server.Url("/"))));
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(ExchangeTest, AFreshConnectionIsNeitherAnUsedOneNorKept) {
  ScriptedServer server([](Peer& peer, int) {
    while (!peer.ReadHead().empty()) peer.Send(Ok("x"));
  });
  HttpRequest fresh = Get(server.Url("/"));
  fresh.fresh_connection = true;
  ASSERT_TRUE(Ask(Get(server.Url("/"))));
  ASSERT_TRUE(Ask(fresh));
  EXPECT_EQ(server.connections(), 2);
  ASSERT_TRUE(Ask(fresh));
  EXPECT_EQ(server.connections(), 3);
  ASSERT_TRUE(Ask(Get(server.Url("/"))));  // by the first one, which was kept
  EXPECT_EQ(server.connections(), 3);
}

TEST_F(ExchangeTest, AHundredRequestsRunBesideEachOther) {
  constexpr int kCount = 100;
  ScriptedServer server([](Peer& peer, int) {
    std::string head;
    while (!(head = peer.ReadHead()).empty()) peer.Send(Ok(head.substr(4, head.find(' ', 4) - 4)));
  });
  std::vector<HandlePtr> handles;
  std::set<std::string> bodies;
  int left = kCount;
  for (int i = 0; i < kCount; ++i) {
    handles.push_back(transfer_->Start(Get(server.Url("/" + std::to_string(i))), [&](Result<HttpAnswer> answer) {
      ASSERT_TRUE(answer) << answer.error().message;
      bodies.insert(answer->body);
      if (--left == 0) loop_.Stop();
    }));
  }
  RunLoop();
  EXPECT_EQ(bodies.size(), static_cast<std::size_t>(kCount));
}

TEST_F(ExchangeTest, ADoneMayStartTheNextRequestAndDestroyItsOwnHandle) {
  ScriptedServer server([](Peer& peer, int) {
    while (!peer.ReadHead().empty()) peer.Send(Ok("x"));
  });
  HandlePtr handle;
  int left = 20;
  std::function<void(Result<HttpAnswer>)> next = [&](Result<HttpAnswer> answer) {
    ASSERT_TRUE(answer);
    handle.reset();
    if (--left == 0) return loop_.Stop();
    handle = transfer_->Start(Get(server.Url("/")), next);
  };
  handle = transfer_->Start(Get(server.Url("/")), next);
  RunLoop();
  EXPECT_EQ(left, 0);
}

TEST_F(ExchangeTest, NothingIsActiveOnTheLoopWhenNoRequestIs) {
  ScriptedServer server([](Peer& peer, int) {
    while (!peer.ReadHead().empty()) peer.Send(Ok("x"));
  });
  ASSERT_TRUE(Ask(Get(server.Url("/"))));
  uv_run(loop_.uv(), UV_RUN_NOWAIT);
  int active = 0;  // of the kinds that wake a loop; its own async handle waits for others
  uv_walk(
      loop_.uv(),
      [](uv_handle_t* handle, void* count) {
        if (handle->type != UV_ASYNC && uv_is_active(handle) != 0) ++*static_cast<int*>(count);
      },
      &active);
  EXPECT_EQ(active, 0);
}

TEST_F(ExchangeTest, WhatIsNoUrlIsRejectedWithoutItsQuery) {
  for (const char* url : {"", "file:///etc/passwd", "ftp://127.0.0.1/x?secret", "http://a b/?secret", "://?secret"}) {
    const auto answer = Ask(Get(url));
    ASSERT_FALSE(answer) << url;
    EXPECT_EQ(answer.error().kind, ErrorKind::kRejected) << url;
    EXPECT_FALSE(answer.error().outcome_unknown);
    EXPECT_EQ(answer.error().message.find("secret"), std::string::npos) << answer.error().message;
  }
}

TEST_F(ExchangeTest, AHeaderThatWouldMakeAnotherIsNotSent) {
  ScriptedServer server([](Peer& peer, int) { peer.WaitForClose(); });
  HttpRequest request = Get(server.Url("/"));
  request.headers.push_back({"X-A", Secret("b\r\nX-Secret: c")});
  const auto answer = Ask(std::move(request));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kBug);
  EXPECT_EQ(answer.error().message.find("X-Secret"), std::string::npos);
  EXPECT_EQ(server.connections(), 0);
}

}  // namespace
}  // namespace tegodrop::testing
