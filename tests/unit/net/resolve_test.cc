// A name server that takes its time, or knows no answer. libcurl asks through getaddrinfo, which is replaced here.
#include <dlfcn.h>
#include <netdb.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string_view>

#include "tests/unit/net/net_test.h"

namespace {

std::mutex gate;
std::condition_variable gate_opens;
bool gate_open = false;
std::atomic<int> asked = 0;
std::atomic<int> answered = 0;

}  // namespace

extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** result) {
  const std::string_view host = name == nullptr ? "" : name;
  if (host == "slow.test") {
    std::unique_lock lock(gate);
    ++asked;
    gate_opens.wait(lock, [] { return gate_open; });
    ++answered;
    gate_opens.notify_all();
    return EAI_NONAME;
  }
  if (host == "unknown.test") return EAI_NONAME;
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(name, service, hints, result);
}

namespace tegodrop::testing {
namespace {

class ResolveTest : public NetTest {
 protected:
  void SetUp() override { gate_open = false; }
  // No resolver's thread may outlive the test.
  void TearDown() override {
    std::unique_lock lock(gate);
    gate_open = true;
    gate_opens.notify_all();
    gate_opens.wait(lock, [] { return asked == answered; });
  }
  void RunUntilAsked(int count) {
    std::function<void()> look = [&] {
      if (asked >= count) return loop_.Stop();
      poll_ = loop_.After(milliseconds(1), look);
    };
    look();
    RunLoop();
  }
  HandlePtr poll_;
};

TEST_F(ResolveTest, AnUnknownHostIsRetried) {
  const auto answer = Ask(Get("http://unknown.test/?secret"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kRetry);
  EXPECT_FALSE(answer.error().outcome_unknown);
  EXPECT_EQ(answer.error().message, "GET http://unknown.test/: Could not resolve host: unknown.test");
}

TEST_F(ResolveTest, CancellingDoesNotWaitForTheNameServer) {
  const int before = asked;
  HandlePtr handle = transfer_->Start(Get("http://slow.test/"), [](Result<HttpAnswer>) { ADD_FAILURE(); });
  RunUntilAsked(before + 1);
  handle.reset();  // would wait for the gate, which opens only at the test's end
  EXPECT_LT(answered, asked);
}

TEST_F(ResolveTest, TheTimeToConnectCountsTheNameServersToo) {
  HttpRequest request = Get("http://slow.test/?secret");
  request.connect_timeout = milliseconds(100);
  const auto answer = Ask(std::move(request));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kRetry);
  EXPECT_EQ(answer.error().message, "GET http://slow.test/: no connection within 100ms");
  EXPECT_LT(answered, asked);
}

TEST_F(ResolveTest, DestroyingTheTransferDoesNotWaitForTheNameServer) {
  const int before = asked;
  HandlePtr handle = transfer_->Start(Get("http://slow.test/"), [](Result<HttpAnswer>) { ADD_FAILURE(); });
  RunUntilAsked(before + 1);
  handle.reset();
  transfer_.reset();
  EXPECT_LT(answered, asked);
}

TEST_F(ResolveTest, OthersGoOnMeanwhile) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadHead();
    peer.Send(Ok("fine"));
    peer.WaitForClose();
  });
  const int before = asked;
  const HandlePtr handle = transfer_->Start(Get("http://slow.test/"), [](Result<HttpAnswer>) {});
  RunUntilAsked(before + 1);
  ASSERT_TRUE(Ask(Get(server.Url("/"))));
}

}  // namespace
}  // namespace tegodrop::testing
