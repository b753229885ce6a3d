// TLS with an authority of our own.
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "tests/unit/net/net_test.h"
#include "tests/unit/net/test_ca.h"

namespace tegodrop::testing {
namespace {

class TlsTest : public NetTest {
 protected:
  static std::string Write(const std::string& name, const std::string& text) {
    const std::string path = std::string(std::getenv("TEST_TMPDIR")) + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  void Trust(const std::string& path) { UseSettings({path, std::nullopt, Secret(), "tegodrop/test"}); }
  static std::string Url(const ScriptedServer& server, const std::string& host) {
    return "https://" + host + ":" + std::to_string(server.port()) + "/?secret";
  }
  static void Serve(Peer& peer, int) {
    std::string request;
    while (!(request = peer.ReadRequest()).empty()) {
      peer.Send(Ok(std::to_string(request.size() - request.find("\r\n\r\n") - 4)));
    }
  }
  void ExpectRefused(const Result<HttpAnswer>& answer) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::kRetry);
    EXPECT_FALSE(answer.error().outcome_unknown);
    EXPECT_NE(answer.error().message.find("ca_file"), std::string::npos) << answer.error().message;
    EXPECT_EQ(answer.error().message.find("secret"), std::string::npos);
  }

  TestCa ca_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_{ca_.ServerContext("IP:127.0.0.1"), SSL_CTX_free};
};

TEST_F(TlsTest, AServerOfTheFilesAuthorityIsTrustedAndItsConnectionKept) {
  ScriptedServer server(&Serve, context_.get());
  Trust(Write("ca.pem", "a comment\n" + ca_.Pem()));
  for (int i = 0; i < 3; ++i) {
    const auto answer =
        Ask(Put(Url(server, "127.0.0.1"), std::make_shared<TestSource>(Pattern(3 << 20), 50000), 3 << 20));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "3145728");
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(TlsTest, WithoutTheFileItIsRefused) {
  ScriptedServer server(&Serve, context_.get());
  ExpectRefused(Ask(Post(Url(server, "127.0.0.1"), "{}")));
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(TlsTest, AnotherAuthoritysFileDoesNotHelp) {
  ScriptedServer server(&Serve, context_.get());
  const TestCa other("another authority");
  Trust(Write("other.pem", other.Pem()));
  ExpectRefused(Ask(Post(Url(server, "127.0.0.1"), "{}")));
}

TEST_F(TlsTest, ACertificateForAnotherHostIsRefused) {
  ScriptedServer server(&Serve, context_.get());
  Trust(Write("ca.pem", ca_.Pem()));
  ExpectRefused(Ask(Post(Url(server, "localhost"), "{}")));
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(TlsTest, TheFileMayHoldSeveralAuthorities) {
  ScriptedServer server(&Serve, context_.get());
  const TestCa other("another authority");
  Trust(Write("two.pem", other.Pem() + ca_.Pem()));
  ASSERT_TRUE(Ask(Post(Url(server, "127.0.0.1"), "{}")));
}

TEST_F(TlsTest, AFileThatIsNoPemWithACertificateIsRejected) {
  const std::string half = ca_.Pem().substr(0, 200);
  for (const std::string& path : {Write("empty.pem", ""), Write("text.pem", "hello"), Write("half.pem", half),
                                  std::string("/no/such/file.pem"), std::string("/tmp")}) {
    const auto made = MakeCurlTransfer(loop_, {path, std::nullopt, Secret(), "x"});
    ASSERT_FALSE(made) << path;
    EXPECT_EQ(made.error().kind, ErrorKind::kRejected) << path;
    EXPECT_NE(made.error().message.find(path), std::string::npos);
  }
}

TEST_F(TlsTest, NoKeysAreLoggedWhateverTheEnvironmentSays) {
  // BUILD.bazel sets it, from before the process began.
  EXPECT_EQ(std::getenv("SSLKEYLOGFILE"), nullptr) << "the first MakeCurlTransfer forgets it";
  ScriptedServer server(&Serve, context_.get());
  Trust(Write("ca.pem", ca_.Pem()));
  ASSERT_TRUE(Ask(Post(Url(server, "127.0.0.1"), "{}")));
  EXPECT_NE(access("keys_of_tls_test.log", F_OK), 0);
}

TEST_F(TlsTest, AnEarlyRefusalIsHeardOverTlsToo) {
  ScriptedServer server(
      [](Peer& peer, int) {
        peer.ReadHead();
        peer.ReadBody(100000);
        peer.Send("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 7\r\n\r\nexpired");
        peer.WaitForClose();
      },
      context_.get());
  Trust(Write("ca.pem", ca_.Pem()));
  const auto answer = Ask(Put(Url(server, "127.0.0.1"), std::make_shared<TestSource>(Pattern(8 << 20)), 8 << 20));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 403);
}

TEST_F(TlsTest, ASinkThatWaitsGetsEveryByteOverTlsToo) {
  ScriptedServer server(
      [](Peer& peer, int) {
        peer.ReadHead();
        peer.Send(Ok(Pattern(1 << 20)));
        peer.WaitForClose();
      },
      context_.get());
  Trust(Write("ca.pem", ca_.Pem()));
  auto sink = std::make_shared<TestSink>();
  std::vector<HandlePtr> later;
  int calls = 0;
  sink->before = [&](std::string_view) {
    if (++calls % 2 == 0) return FlowState::kGo;
    later.push_back(loop_.After(milliseconds(0), [&] { sink->resume(); }));
    return FlowState::kWait;
  };
  const auto answer = Ask(Download(Url(server, "127.0.0.1"), sink, 1 << 20));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(sink->bytes == Pattern(1 << 20));
}

TEST_F(TlsTest, AHandshakeThatHangsCountsAsConnecting) {
  ScriptedServer server([](Peer& peer, int) { peer.Hold(); });
  HttpRequest request = Get(Url(server, "127.0.0.1"));
  request.connect_timeout = milliseconds(200);
  const auto answer = Ask(std::move(request));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kRetry);
  EXPECT_NE(answer.error().message.find("no connection within 200ms"), std::string::npos) << answer.error().message;
}

}  // namespace
}  // namespace tegodrop::testing
