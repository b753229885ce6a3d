// Ordered troubles, and the switches that shape the wire.
#include <future>

#include "tests/unit/portal_simulator/simulator_fixture.h"

namespace tegodrop::sim::testing {
namespace {

using Rulings = std::vector<std::string>;

class FaultsOnTheWire : public SimulatorTest {
 protected:
  void Order(const std::string& order) const { EXPECT_EQ(Control("faults", order).status, 200) << order; }
  HttpAnswer List() const { return Call("get_application_builds", R"({"version":"production"})"); }
};

TEST_F(FaultsOnTheWire, AStatusWithItsHeadersAndBodyHitsAfterSkipAndThenIsGone) {
  Order(R"({"where":"list","skip":1,"times":2,
            "action":{"status":503,"headers":{"Retry-After":"7"},"body":"gone fishing"}})");
  EXPECT_EQ(List().status, 200);
  for (int i = 0; i < 2; ++i) {
    HttpAnswer answer = List();
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.headers["retry-after"], "7");
    EXPECT_EQ(answer.body, "gone fishing");
  }
  EXPECT_EQ(List().status, 200);
}

TEST_F(FaultsOnTheWire, TheyAreConsumedInOrderAndOnlyWhereTheyBelong) {
  Order(R"({"where":"list","action":{"status":500}})");
  Order(R"({"where":"list","action":{"status":502}})");
  EXPECT_GT(Grant("a.apk", 5).start_time, 0);
  EXPECT_EQ(List().status, 500);
  EXPECT_EQ(List().status, 502);
  EXPECT_EQ(List().status, 200);
}

TEST_F(FaultsOnTheWire, AnyHitsWhateverComes) {
  Order(R"({"where":"any","times":2,"action":{"status":500}})");
  EXPECT_EQ(List().status, 500);
  EXPECT_EQ(Fetch({.url = base() + "/get_tenants"}).status, 500);
  EXPECT_EQ(List().status, 200);
}

TEST_F(FaultsOnTheWire, WrongOrdersAreRefused) {
  for (const char* order :
       {R"({})", R"({"where":"lists","action":{"status":500}})", R"({"where":"list"})",
        R"({"where":"list","action":{}})", R"({"where":"list","action":{"status":99}})",
        R"({"where":"list","action":{"stall":false}})", R"({"where":"list","times":0,"action":{"status":500}})",
        R"({"where":"list","action":{"close_after_bytes":-1}})", R"({"where":"list","acton":{"status":500}})",
        R"({"where":"list","action":{"status":500,"header":{}}})"}) {
    EXPECT_EQ(Control("faults", order).status, 400) << order;
  }
  EXPECT_EQ(List().status, 200);
}

TEST_F(FaultsOnTheWire, ClearingLeavesNone) {
  Order(R"({"where":"list","action":{"status":500}})");
  EXPECT_EQ(Control("clear_faults", "{}").status, 200);
  EXPECT_EQ(List().status, 200);
}

TEST_F(FaultsOnTheWire, ALostAnswerHasItsEffect) {
  Upload upload = Grant("a.apk", 5);
  Order(R"({"where":"put","action":{"lost_answer":true}})");
  EXPECT_EQ(Put(upload.url, "12345").code, CURLE_GOT_NOTHING);
  EXPECT_EQ(Counter("builds_queued"), 1);
}

TEST_F(FaultsOnTheWire, APutIsCutAfterItsBytesAndStoresNothing) {
  for (int bytes : {0, 1, 70'000, 99'999, 100'000}) {
    Upload upload = Grant("a" + std::to_string(bytes) + ".apk", 100'000);
    Order(R"({"where":"put","action":{"close_after_bytes":)" + std::to_string(bytes) + "}}");
    HttpAnswer answer = Put(upload.url, std::string(100'000, 'x'));
    EXPECT_NE(answer.code, CURLE_OK) << bytes;
    // No answer but, to a client that asked, the leave to go on.
    EXPECT_LT(answer.status, 200) << bytes;
  }
  EXPECT_EQ(Counter("objects_received"), 0);
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(FaultsOnTheWire, ADownloadIsCutAtExactlyThatByte) {
  Upload upload = Send("a.apk", MakeApk());
  Control("advance", R"({"seconds":1000})");
  const std::string url = DownloadUrl("a.apk", upload.start_time);
  const std::string whole = Fetch({.url = url}).body;
  for (size_t bytes : {size_t{0}, size_t{1}, whole.size() - 1}) {
    Order(R"({"where":"get","action":{"close_after_bytes":)" + std::to_string(bytes) + "}}");
    HttpAnswer answer = Fetch({.url = url});
    EXPECT_EQ(answer.code, CURLE_PARTIAL_FILE) << bytes;
    EXPECT_EQ(answer.body, whole.substr(0, bytes));
    EXPECT_EQ(answer.headers["content-length"], std::to_string(whole.size()));
  }
  ExpectCounterComesTo("downloads_completed", 1);
  EXPECT_EQ(Fetch({.url = url}).body, whole);
}

TEST_F(FaultsOnTheWire, AnAnswerOfACallIsCut) {
  Order(R"({"where":"list","action":{"close_after_bytes":3}})");
  HttpAnswer answer = List();
  EXPECT_EQ(answer.code, CURLE_PARTIAL_FILE);
  EXPECT_EQ(answer.body, "{\"r");
}

TEST_F(FaultsOnTheWire, AStallLastsUntilTheClientGivesUpAndHoldsUpNobodyElse) {
  Order(R"({"where":"list","action":{"stall":true}})");
  HttpRequest request = {.method = "POST", .url = base() + "/get_application_builds", .headers = GoodHeaders()};
  request.body = R"({"version":"production"})";
  request.timeout_ms = 300;
  std::future<HttpAnswer> stalled = std::async(std::launch::async, [request] { return Fetch(request); });
  while (Counter("list_requests") == 0) {
  }
  EXPECT_EQ(List().status, 200);
  EXPECT_EQ(stalled.get().code, CURLE_OPERATION_TIMEDOUT);
}

TEST_F(FaultsOnTheWire, TransfersStallAfterTheirBytes) {
  Upload upload = Send("a.apk", MakeApk());
  Control("advance", R"({"seconds":1000})");
  Order(R"({"where":"get","action":{"stall":true,"after_bytes":7}})");
  HttpAnswer got = Fetch({.url = DownloadUrl("a.apk", upload.start_time), .timeout_ms = 200});
  EXPECT_EQ(got.code, CURLE_OPERATION_TIMEDOUT);
  EXPECT_EQ(got.body.size(), 7U);
  Upload second = Grant("b.apk", 5);
  Order(R"({"where":"put","action":{"stall":true,"after_bytes":5}})");
  HttpRequest put = {.method = "PUT", .url = second.url, .headers = {"Content-Type: application/octet-stream"}};
  put.body = "12345";
  put.timeout_ms = 200;
  EXPECT_EQ(Fetch(put).code, CURLE_OPERATION_TIMEDOUT);
  EXPECT_EQ(Counter("objects_received"), 1);
}

TEST_F(FaultsOnTheWire, TheSimulatorEndsAtOnceWithAStalledConnection) {
  Order(R"({"where":"list","action":{"stall":true}})");
  std::future<HttpAnswer> stalled = std::async(std::launch::async, [this] { return List(); });
  while (Counter("list_requests") == 0) {
  }
  const auto before = std::chrono::steady_clock::now();
  StartWith({});
  EXPECT_LT(std::chrono::steady_clock::now() - before, kEndsWithin);
  EXPECT_NE(stalled.get().code, CURLE_OK);
}

TEST_F(FaultsOnTheWire, ARefusalReachesAClientThatDoesNotWaitForContinue) {
  Upload upload = Grant("a.apk", 3'000'000);
  Order(R"({"where":"put","times":2,"action":{"status":403,"body":"no"}})");
  for (const char* expect : {"Expect:", "Expect: 100-continue"}) {
    HttpRequest request = {.method = "PUT", .url = upload.url};
    request.headers = {"Content-Type: application/octet-stream", expect};
    request.generated_bytes = 3'000'000;
    HttpAnswer answer = Fetch(request);
    EXPECT_EQ(answer.status, 403) << expect;
    EXPECT_EQ(answer.body, "no") << expect;
  }
  // The one who asked first has sent nothing.
  EXPECT_EQ(Counter("body_bytes_received"),
            3'000'000 + static_cast<int64_t>(State()["requests"][0]["bytes_received"].GetInt64()));
}

TEST_F(FaultsOnTheWire, APortalThatIsDownClosesEverythingButTheControls) {
  Upload upload = Grant("a.apk", 5);
  Control("set", R"({"portal_down":true})");
  EXPECT_EQ(List().code, CURLE_GOT_NOTHING);
  EXPECT_NE(Put(upload.url, "12345").code, CURLE_OK);
  EXPECT_EQ(Counter("list_requests"), 0);
  Control("set", R"({"portal_down":false})");
  EXPECT_EQ(List().status, 200);
  EXPECT_EQ(Put(upload.url, "12345").status, 200);
}

TEST_F(FaultsOnTheWire, ErrorBodiesHaveTheShapeThatIsSet) {
  auto body = [&](const char* shape) {
    EXPECT_EQ(Control("set", std::string(R"({"error_body":")") + shape + "\"}").status, 200);
    return AskForDownload("a.apk", 1).body;
  };
  EXPECT_EQ(body("message"), R"({"message":"There is no such completed build"})");
  EXPECT_EQ(body("error"), R"({"error":"There is no such completed build"})");
  EXPECT_EQ(body("detail"), R"({"detail":"There is no such completed build"})");
  EXPECT_EQ(body("text"), "There is no such completed build");
  EXPECT_NE(body("html").find("<h1>There is no such completed build</h1>"), std::string::npos);
  EXPECT_EQ(body("empty"), "");
}

TEST_F(FaultsOnTheWire, SettingIsAllOrNothingAndSaysWhatIsAllowed) {
  HttpAnswer answer = Control("set", R"({"build_seconds":5,"listing_order":"random"})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("'newest'"), std::string::npos) << answer.body;
  EXPECT_EQ(State()["settings"]["build_seconds"].GetDouble(), 1000);
}

TEST_F(FaultsOnTheWire, UploadsAndDownloadsKeepToTheirRate) {
  StartWith({"upload_bytes_per_second=1000000", "download_bytes_per_second=1000"});
  Upload upload = Grant("a.apk", 300'000);
  auto seconds = [](auto work) {
    const auto before = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
  };
  EXPECT_GE(seconds([&] { EXPECT_EQ(Put(upload.url, std::string(300'000, 'x')).status, 200); }), 0.3);
  Upload apk = Send("b.apk", MakeApk());
  Control("advance", R"({"seconds":1000})");
  const std::string url = DownloadUrl("b.apk", apk.start_time);
  size_t size = 0;
  const double took = seconds([&] { size = Fetch({.url = url}).body.size(); });
  EXPECT_GT(size, 300U);
  EXPECT_GE(took, (static_cast<double>(size) - 50) / 1000);
}

}  // namespace
}  // namespace tegodrop::sim::testing
