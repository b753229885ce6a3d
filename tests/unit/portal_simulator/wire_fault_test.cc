// Troubles of the connection and of the bytes on it, for calls, objects, parts and downloads alike.
#include <chrono>

#include "tests/unit/portal_simulator/simulator_fixture.h"

namespace tegodrop::sim::testing {
namespace {

using Rulings = std::vector<std::string>;

bool IsReset(CURLcode code) { return code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR; }

class WireFaults : public SimulatorTest {
 protected:
  void Order(const std::string& order) const { EXPECT_EQ(Control("faults", order).status, 200) << order; }
  // An order for one request; `action` without its braces.
  void Order(const std::string& where, const std::string& action) const {
    Order(R"({"where":")" + where + R"(","action":{)" + action + "}}");
  }
  HttpAnswer List() const { return Call("get_application_builds", R"({"version":"production"})"); }
  // Where a whole protected build is to be had.
  std::string BuiltUrl() const {
    Upload upload = Send("a.apk", MakeApk());
    Advance(1000);
    return DownloadUrl("a.apk", upload.start_time);
  }
  // A part's URL of an upload in parts of 10 bytes.
  std::string PartUrl() const {
    Control("set", R"({"multipart_threshold":20,"chunk_size":10})");
    HttpAnswer answer = Call("upload_application_build",
                             R"({"file_name":"p.apk","platform":"android","version":"production","file_size":25})");
    return Parsed(answer.body)["part_urls"][0].GetString();
  }
  HttpAnswer PutPart(const std::string& url) const {
    return Fetch({.method = "PUT", .url = url, .headers = {"Content-Type:"}, .body = "aaaaaaaaaa"});
  }
};

TEST_F(WireFaults, AResetIsNoOrderlyEnd) {
  Order("list", R"("close_after_bytes":0)");
  Order("list", R"("close_after_bytes":0,"reset":true)");
  Order("list", R"("lost_answer":true,"reset":true)");
  // The headers have come: only the body is cut.
  EXPECT_EQ(List().code, CURLE_PARTIAL_FILE);
  EXPECT_TRUE(IsReset(List().code));
  EXPECT_TRUE(IsReset(List().code));
  EXPECT_EQ(List().status, 200);
}

TEST_F(WireFaults, AnObjectIsCutByAResetInTheMiddleAndNotStored) {
  Upload upload = Grant("a.apk", 3'000'000);
  Order("put", R"("close_after_bytes":1000000,"reset":true)");
  HttpRequest put = {.method = "PUT", .url = upload.url, .headers = {"Content-Type: application/octet-stream"}};
  put.generated_bytes = 3'000'000;
  EXPECT_TRUE(IsReset(Fetch(put).code));
  EXPECT_EQ(Counter("objects_received"), 0);
  EXPECT_EQ(Fetch(put).status, 200);
}

TEST_F(WireFaults, APartIsCutLikeAnObject) {
  const std::string url = PartUrl();
  Order("part", R"("close_after_bytes":5,"reset":true)");
  EXPECT_NE(PutPart(url).code, CURLE_OK);
  EXPECT_EQ(Counter("parts_received"), 0);
  Order("part", R"("lost_answer":true)");
  EXPECT_EQ(PutPart(url).code, CURLE_GOT_NOTHING);
  EXPECT_EQ(Counter("parts_received"), 1);
  EXPECT_EQ(PutPart(url).status, 200);
}

TEST_F(WireFaults, ASigningFileIsCutAndComesAgain) {
  HttpAnswer answer = Call("upload_signing_key", R"({"key_name":"n","platform":"android","file_name":"r.jks",
                                                     "password":"p","alias":"a","file_size":5})");
  const std::string url = Parsed(answer.body)["url"].GetString();
  Order("key_put", R"("close_after_bytes":3)");
  EXPECT_NE(Put(url, "12345").code, CURLE_OK);
  EXPECT_EQ(Counter("key_files_received"), 0);
  EXPECT_EQ(Put(url, "12345").status, 200);
}

TEST_F(WireFaults, ACallIsCutInItsRequestWithoutEffect) {
  constexpr char kBody[] = R"({"file_name":"a.apk","platform":"android","version":"staging"})";
  Order("upload_request", R"("close_after_bytes":10,"of":"request")");
  EXPECT_EQ(Call("upload_application_build", kBody).code, CURLE_GOT_NOTHING);
  Order("upload_request", R"("close_after_bytes":0,"of":"request","reset":true)");
  EXPECT_TRUE(IsReset(Call("upload_application_build", kBody).code));
  // A body that is shorter than that is cut at its end.
  Order("upload_request", R"("close_after_bytes":10000,"of":"request")");
  EXPECT_EQ(Call("upload_application_build", kBody).code, CURLE_GOT_NOTHING);
  EXPECT_EQ(Counter("uploads_granted"), 0);
  EXPECT_EQ(Counter("upload_requests"), 3);
}

TEST_F(WireFaults, ACallStallsInItsRequestWithoutEffect) {
  Order("list", R"("stall":true,"after_bytes":5,"of":"request")");
  HttpRequest request = {.method = "POST", .url = base() + "/get_application_builds", .headers = GoodHeaders()};
  request.body = R"({"version":"production"})";
  request.timeout_ms = 200;
  EXPECT_EQ(Fetch(request).code, CURLE_OPERATION_TIMEDOUT);
}

TEST_F(WireFaults, TheAnswerOfAnObjectIsCutAfterItsEffect) {
  Upload upload = Grant("a.apk", 5);
  Order("put", R"("close_after_bytes":0,"of":"answer")");
  EXPECT_EQ(Put(upload.url, "12345").code, CURLE_GOT_NOTHING);
  EXPECT_EQ(Counter("objects_received"), 1);
}

TEST_F(WireFaults, AnAnswerStallsAfterItsBytes) {
  Order("list", R"("stall":true,"after_bytes":4)");
  HttpRequest request = {.method = "POST", .url = base() + "/get_application_builds", .headers = GoodHeaders()};
  request.body = R"({"version":"production"})";
  request.timeout_ms = 300;
  HttpAnswer answer = Fetch(request);
  EXPECT_EQ(answer.code, CURLE_OPERATION_TIMEDOUT);
  EXPECT_EQ(answer.body, "{\"re");
}

TEST_F(WireFaults, AnEarlyRefusalComesBeforeTheBodyWasRead) {
  Upload upload = Grant("a.apk", 64'000'000);
  Order("put", R"("status":403,"early":true,"body":"no")");
  // A client that sends its first bytes only: were the body awaited, there would be no answer.
  const std::string answer = SendRaw(base(), "PUT " + TargetOf(upload.url) +
                                                 " HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n"
                                                 "Content-Length: 64000000\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 403")) << answer;
  EXPECT_NE(answer.find("Connection: close"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nno")) << answer;
  EXPECT_EQ(Counter("objects_received"), 0);
}

TEST_F(WireFaults, AnIgnoredExpectDelaysTheClientUntilItSendsUnasked) {
  Upload upload = Grant("a.apk", 5);
  Order("put", R"("ignore_expect":true)");
  HttpRequest put = {.method = "PUT", .url = upload.url};
  put.headers = {"Content-Type: application/octet-stream", "Expect: 100-continue"};
  put.body = "12345";
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(Fetch(put).status, 200);
  // libcurl gives up after a second.
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(900));
  EXPECT_EQ(Counter("objects_received"), 1);
}

TEST_F(WireFaults, GarbageIsNoHttpAndHasNoEffect) {
  Upload upload = Grant("a.apk", 5);
  for (const char* where : {"put", "list", "get"}) {
    Order(where, R"("garbage":"\u0016\u0003 this is no HTTP\r\n\r\n")");
  }
  const std::string got = SendRaw(
      base(), "PUT " + TargetOf(upload.url) +
                  " HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: 5\r\n\r\n12345");
  EXPECT_EQ(got, "\x16\x03 this is no HTTP\r\n\r\n");
  EXPECT_EQ(Counter("objects_received"), 0);
  EXPECT_EQ(List().code, CURLE_UNSUPPORTED_PROTOCOL);
  EXPECT_EQ(Fetch({.url = upload.url}).code, CURLE_UNSUPPORTED_PROTOCOL);
}

TEST_F(WireFaults, AnErrorInsideA200HasNoEffect) {
  Upload upload = Grant("a.apk", 5);
  Order("put", R"("status":200,"body":"<Error><Code>InternalError</Code></Error>")");
  HttpAnswer answer = Put(upload.url, "12345");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.count("etag"), 0U);
  EXPECT_NE(answer.body.find("<Error>"), std::string::npos);
  EXPECT_EQ(Counter("objects_received"), 0);
}

TEST_F(WireFaults, ADownloadIsShortAndItsLengthAgrees) {
  const std::string url = BuiltUrl();
  const std::string whole = Fetch({.url = url}).body;
  Order("get", R"("short_by":7)");
  HttpAnswer answer = Fetch({.url = url});
  EXPECT_EQ(answer.code, CURLE_OK);
  EXPECT_EQ(answer.body, whole.substr(0, whole.size() - 7));
  EXPECT_EQ(answer.headers["content-length"], std::to_string(whole.size() - 7));
  Order("get", R"("short_by":1000000000)");
  EXPECT_EQ(Fetch({.url = url}).body, "");
}

TEST_F(WireFaults, ADownloadIsLongerAndItsLengthAgrees) {
  const std::string url = BuiltUrl();
  const std::string whole = Fetch({.url = url}).body;
  Order("get", R"("longer_by":300000)");
  HttpAnswer answer = Fetch({.url = url});
  EXPECT_EQ(answer.code, CURLE_OK);
  EXPECT_EQ(answer.body, whole + std::string(300'000, '\0'));
}

TEST_F(WireFaults, ADownloadHasOneWrongByte) {
  const std::string url = BuiltUrl();
  std::string expected = Fetch({.url = url}).body;
  Order("get", R"("corrupt_at":11)");
  expected[11] = static_cast<char>(expected[11] ^ 0x20);
  EXPECT_EQ(Fetch({.url = url}).body, expected);
  Order("list", R"("corrupt_at":0,"short_by":1)");
  const std::string list = List().body;
  EXPECT_EQ(list.front(), '{' ^ 0x20);
  EXPECT_NE(list.back(), '}');
}

TEST_F(WireFaults, ADripSlowsOneRequestBothWays) {
  auto seconds = [](auto work) {
    const auto before = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
  };
  Upload upload = Grant("a.apk", 1000);
  Order("put", R"("drip":5000)");
  EXPECT_GE(seconds([&] { EXPECT_EQ(Put(upload.url, std::string(1000, 'x')).status, 200); }), 0.2);
  Order("list", R"("drip":1000)");
  size_t size = 0;
  const double took = seconds([&] { size = List().body.size(); });
  EXPECT_GT(size, 200U);
  EXPECT_GE(took, (static_cast<double>(size) - 50) / 1000);
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(WireFaults, EveryEndpointTakesOrders) {
  for (const char* where : {"upload_request", "complete", "abort", "list", "download_request", "delete_build",
                            "applications", "delete_application", "signing_keys", "upload_key", "default_key",
                            "delete_key", "signing_file", "sign_build"}) {
    Order(where, R"("status":599)");
  }
  for (const char* endpoint :
       {"upload_application_build", "complete_multipart_upload", "abort_multipart_upload", "get_application_builds",
        "download_application_build", "delete_application_build", "get_applications", "delete_application",
        "get_signing_keys", "upload_signing_key", "set_default_signing_key", "delete_signing_key",
        "upload_code_signing_file", "sign_application_build"}) {
    EXPECT_EQ(Call(endpoint, "{}").status, 599) << endpoint;
  }
  Order("subscription", R"("status":599)");
  EXPECT_EQ(Get("get_tenant_subscription").status, 599);
  EXPECT_EQ(State()["faults_left"].GetInt64(), 0);
}

TEST_F(WireFaults, WrongOrdersAreRefused) {
  for (const char* action : {R"({"drip":0})", R"({"garbage":""})", R"({"short_by":0})", R"({"ignore_expect":false})",
                             R"({"close_after_bytes":1,"of":"both"})", R"({"reset":true})", R"({"corrupt_at":-1})",
                             R"({"content_range":"bytes 0-1/2"})", R"({"etag":"x"})"}) {
    EXPECT_EQ(Control("faults", std::string(R"({"where":"list","action":)") + action + "}").status, 400) << action;
  }
}

TEST_F(WireFaults, AnObjectsAnswerSaysAnotherRangeAndAnotherEtag) {
  for (const char* action : {R"({"content_range":5})", R"({"etag":"a\nb"})"}) {
    EXPECT_EQ(Control("faults", std::string(R"({"where":"get","action":)") + action + "}").status, 400) << action;
  }
  const std::string url = BuiltUrl();
  Order("get", R"("content_range":"bytes 1-2/3","etag":"\"other\"")");
  HttpAnswer answer = Fetch({.url = url, .headers = {"Range: bytes=10-"}});
  EXPECT_EQ(answer.status, 206);
  EXPECT_EQ(answer.headers["content-range"], "bytes 1-2/3");
  EXPECT_EQ(answer.headers["etag"], "\"other\"");
  Order("get", R"("content_range":"","etag":"")");
  answer = Fetch({.url = url, .headers = {"Range: bytes=10-"}});
  EXPECT_EQ(answer.status, 206);
  EXPECT_EQ(answer.headers.count("content-range") + answer.headers.count("etag"), 0U);
  Order("get", R"("content_range":"bytes 1-2/3")");
  answer = Fetch({.url = url});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.count("content-range"), 0U) << "only a part has one";
}

TEST_F(WireFaults, TheLogSaysWhichPartWasAskedForAndHowMuchWasSent) {
  const std::string url = BuiltUrl();
  const auto size = static_cast<int64_t>(Fetch({.url = url}).body.size());
  Fetch({.url = url, .headers = {"Range: bytes=10-"}});
  Order("get", R"("close_after_bytes":5)");
  Fetch({.url = url});
  const auto state = State();
  const auto& requests = state["requests"];
  const auto& whole = requests[requests.Size() - 3];
  const auto& rest = requests[requests.Size() - 2];
  EXPECT_TRUE(whole["range"].IsNull());
  EXPECT_EQ(whole["bytes_sent"].GetInt64(), size);
  EXPECT_STREQ(rest["range"].GetString(), "bytes=10-");
  EXPECT_EQ(rest["bytes_sent"].GetInt64(), size - 10);
  EXPECT_LE(requests[requests.Size() - 1]["bytes_sent"].GetInt64(), 5);
}

}  // namespace
}  // namespace tegodrop::sim::testing
