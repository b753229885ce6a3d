// Proxies: only from the settings, never for this machine. BUILD.bazel sets the environment's.
#include <cstdlib>

#include "tests/unit/net/net_test.h"

namespace tegodrop::testing {
namespace {

class ProxyTest : public NetTest {
 protected:
  void UseProxy(const ScriptedServer& proxy, std::string user_password = "") {
    UseSettings({std::nullopt, proxy.Url(""), Secret(std::move(user_password)), "tegodrop/test"});
  }
  static void Answer(Peer& peer, int) {
    while (!peer.ReadHead().empty()) peer.Send(Ok("here"));
  }
};

TEST_F(ProxyTest, TheEnvironmentsProxiesDoNotCount) {
  ASSERT_NE(std::getenv("http_proxy"), nullptr);
  ASSERT_NE(std::getenv("ALL_PROXY"), nullptr);
  ScriptedServer server(&Answer);
  const auto answer = Ask(Get(server.Url("/")));
  ASSERT_TRUE(answer) << answer.error().message;
}

TEST_F(ProxyTest, ARemoteHostIsAskedThroughTheProxyWhateverNoProxySays) {
  ASSERT_STREQ(std::getenv("no_proxy"), "*");
  ScriptedServer proxy(&Answer);
  UseProxy(proxy, "anna:pass:word");
  const auto answer = Ask(Get("http://portal.example/x"));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(proxy.request().substr(0, 33), "GET http://portal.example/x HTTP/");
  EXPECT_NE(proxy.request().find("Proxy-Authorization: Basic YW5uYTpwYXNzOndvcmQ="), std::string::npos);
}

TEST_F(ProxyTest, ATunnelCarriesNoHeaderOfTheRequestAndARefusalNamesNoPassword) {
  ScriptedServer proxy([](Peer& peer, int) {
    peer.ReadHead();
    peer.Send("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    peer.WaitForClose();
  });
  UseProxy(proxy, "anna:password");
  HttpRequest request = Post("https://portal.example/x?secret", "");
  request.headers.push_back({"Authorization", Secret("Bearer token")});
  const auto answer = Ask(std::move(request));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kRetry);
  EXPECT_FALSE(answer.error().outcome_unknown);
  EXPECT_NE(answer.error().message.find("407"), std::string::npos) << answer.error().message;
  EXPECT_EQ(answer.error().message.find("password"), std::string::npos);
  EXPECT_EQ(answer.error().message.find("secret"), std::string::npos);
  EXPECT_EQ(proxy.request().substr(0, 31), "CONNECT portal.example:443 HTTP");
  EXPECT_EQ(proxy.request().find("Bearer"), std::string::npos);
}

TEST_F(ProxyTest, ThisMachineIsNeverAskedThroughTheProxy) {
  ScriptedServer proxy(&Answer);
  ScriptedServer server(&Answer);
  UseProxy(proxy);
  const std::string port = ":" + std::to_string(server.port()) + "/";
  for (const char* host : {"127.0.0.1", "localhost", "LOCALHOST.", "127.1", "127.0.0.2"}) {
    // Some of them reach no server; what counts is where they do not go.
    (void)Ask(Get(std::string("http://") + host + port));
  }
  (void)Ask(Get("http://[::1]" + port));
  EXPECT_EQ(proxy.connections(), 0);
  EXPECT_GT(server.connections(), 0);
}

}  // namespace
}  // namespace tegodrop::testing
