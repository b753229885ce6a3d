// Asking before the body is sent.
#include "tests/unit/net/net_test.h"

namespace tegodrop::testing {
namespace {

using ExpectTest = NetTest;

constexpr char kAsks[] = "\r\nExpect: 100-continue\r\n";

struct Sent {
  std::shared_ptr<TestSource> source = std::make_shared<TestSource>(Pattern(5000));
  HttpRequest request;
};

Sent Asking(const std::string& url) {
  Sent sent;
  sent.request = Put(url, sent.source, 5000);
  sent.request.expect_continue = true;
  return sent;
}

std::string BodyOf(Peer& peer) { return peer.ReadBody(5000); }

TEST_F(ExpectTest, TheBodyGoesWhenTheServerSaysContinue) {
  ScriptedServer server([](Peer& peer, int) {
    while (!peer.ReadHead().empty()) {
      peer.Send("HTTP/1.1 100 Continue\r\n\r\n");
      peer.Send(Ok(BodyOf(peer) == Pattern(5000) ? "stored" : "wrong"));
    }
  });
  for (int i = 0; i < 2; ++i) {
    Sent sent = Asking(server.Url("/"));
    sent.request.stall_timeout = milliseconds(500);
    const auto answer = Ask(std::move(sent.request));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "stored");
    EXPECT_NE(server.request().find(kAsks), std::string::npos);
  }
}

TEST_F(ExpectTest, AnEarlyRefusalCostsNoByte) {
  ScriptedServer server([](Peer& peer, int index) {
    peer.ReadHead();
    peer.Send(std::string("HTTP/1.1 403 Forbidden\r\n") + (index == 0 ? "Connection: close\r\n" : "") +
              "Content-Length: 7\r\n\r\nexpired");
    peer.WaitForClose();
  });
  for (int i = 0; i < 2; ++i) {
    Sent sent = Asking(server.Url("/"));
    const auto answer = Ask(std::move(sent.request));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 403);
    EXPECT_EQ(answer->body, "expired");
    EXPECT_EQ(sent.source->reads, 0);
  }
  EXPECT_EQ(server.connections(), 2);
  EXPECT_NE(server.request().find(kAsks), std::string::npos) << "a server that answers is asked again";
}

TEST_F(ExpectTest, AServerThatIgnoresItCostsOneSecondAndIsNotAskedAgain) {
  ScriptedServer server([](Peer& peer, int) {
    while (!peer.ReadRequest().empty()) peer.Send(Ok("stored"));
  });
  Sent first = Asking(server.Url("/one"));
  first.request.stall_timeout = milliseconds(700);  // the wait is no stall
  const auto begun = uv_hrtime();
  const auto answer = Ask(std::move(first.request));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_GE(uv_hrtime() - begun, 900U * 1000 * 1000);
  EXPECT_NE(server.request().find(kAsks), std::string::npos);
  ASSERT_TRUE(Ask(std::move(Asking(server.Url("/two")).request)));
  EXPECT_EQ(server.request().find("Expect"), std::string::npos);
  EXPECT_EQ(server.request().substr(0, 8), "PUT /two");
}

TEST_F(ExpectTest, AServerThatRefusesToBeAskedGetsTheBodyAndIsNotAskedAgain) {
  for (const bool closes : {false, true}) {
    ScriptedServer server([&](Peer& peer, int) {
      for (std::string head; !(head = peer.ReadHead()).empty();) {
        if (head.find("Expect") == std::string::npos) {
          peer.Send(Ok(BodyOf(peer) == Pattern(5000) ? "stored" : "wrong"));
          continue;
        }
        peer.Send(std::string("HTTP/1.1 417 Expectation Failed\r\n") + (closes ? "Connection: close\r\n" : "") +
                  "Content-Length: 0\r\n\r\n");
        if (closes) return;
      }
    });
    auto answer = Ask(std::move(Asking(server.Url("/")).request));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "stored");
    EXPECT_EQ(server.requests().size(), 2U);
    answer = Ask(std::move(Asking(server.Url("/")).request));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(server.requests().size(), 3U);
  }
}

TEST_F(ExpectTest, WithoutABodyThereIsNothingToAsk) {
  ScriptedServer server([](Peer& peer, int) {
    while (!peer.ReadRequest().empty()) peer.Send(Ok("stored"));
  });
  HttpRequest request = Put(server.Url("/"), std::make_shared<TestSource>(""), 0);
  request.expect_continue = true;
  ASSERT_TRUE(Ask(std::move(request)));
  EXPECT_EQ(server.request().find("Expect"), std::string::npos);
}

TEST_F(ExpectTest, ABodyFromMemoryMayAskToo) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadHead();
    peer.Send("HTTP/1.1 100 Continue\r\n\r\n");
    peer.Send(Ok(BodyOf(peer) == Pattern(5000) ? "stored" : "wrong"));
    peer.WaitForClose();
  });
  HttpRequest request = Post(server.Url("/"), Pattern(5000));
  request.expect_continue = true;
  const auto answer = Ask(std::move(request));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "stored");
}

}  // namespace
}  // namespace tegodrop::testing
