// Signed URLs: what goes in, what comes out, and what convicts.
#include "tests/portal/text.h"
#include "tests/unit/portal_simulator/simulator_fixture.h"

namespace tegodrop::sim::testing {
namespace {

using Rulings = std::vector<std::string>;

struct PutCase {
  const char* name;
  void (*change)(HttpRequest*);
  long status;
  const char* rule;
};

void PrintTo(const PutCase& one, std::ostream* out) { *out << one.name; }

class PutRules : public SimulatorTest, public ::testing::WithParamInterface<PutCase> {};

TEST_P(PutRules, ConvictAndStoreNothing) {
  Upload upload = Grant("a.apk", 5);
  HttpRequest request = {.method = "PUT", .url = upload.url, .headers = {"Content-Type: application/octet-stream"}};
  request.body = "12345";
  GetParam().change(&request);
  EXPECT_EQ(Fetch(request).status, GetParam().status);
  EXPECT_EQ(Rules(), Rulings{GetParam().rule});
  EXPECT_EQ(Counter("objects_received"), 0);
}

INSTANTIATE_TEST_SUITE_P(
    All, PutRules,
    ::testing::Values(
        PutCase{"authorization", [](HttpRequest* r) { r->headers.emplace_back("Authorization: Bearer x"); }, 400,
                "storage_authorization"},
        PutCase{"tenant", [](HttpRequest* r) { r->headers.emplace_back("tenant: x"); }, 403, "storage_tenant"},
        PutCase{"no_content_type", [](HttpRequest* r) { r->headers[0] = "Content-Type:"; }, 403,
                "storage_content_type"},
        PutCase{"json", [](HttpRequest* r) { r->headers[0] = "Content-Type: application/json"; }, 403,
                "storage_content_type"},
        PutCase{"chunked", [](HttpRequest* r) { r->chunked = true; }, 411, "content_length"},
        PutCase{"post", [](HttpRequest* r) { r->method = "POST"; }, 403, "url_method"},
        PutCase{"get",
                [](HttpRequest* r) {
                  r->method = "GET";
                  r->body.reset();
                },
                403, "url_method"},
        PutCase{"other_signature", [](HttpRequest* r) { r->url.back() = r->url.back() == '0' ? '1' : '0'; }, 403,
                "url_altered"},
        PutCase{"other_path", [](HttpRequest* r) { r->url.replace(r->url.find("a.apk"), 5, "b.apk"); }, 403,
                "url_altered"},
        PutCase{"later_expiry", [](HttpRequest* r) { r->url.insert(r->url.find("X-Expires=") + 10, "9"); }, 403,
                "url_altered"},
        PutCase{"more_query", [](HttpRequest* r) { r->url += "&x=1"; }, 403, "url_altered"},
        PutCase{"made_a_part", [](HttpRequest* r) { r->url += "&partNumber=1&uploadId=x"; }, 403, "url_altered"},
        PutCase{"no_query", [](HttpRequest* r) { r->url.resize(r->url.find('?')); }, 403, "url_altered"}),
    [](const auto& info) { return info.param.name; });

using Objects = SimulatorTest;

TEST_F(Objects, AnObjectIsStoredWithItsDigestAndQueuesOneBuild) {
  Upload upload = Grant("a b+c.apk", 5);
  HttpAnswer answer = Put(upload.url, "12345");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers["etag"].front(), '"');
  rapidjson::Document state = State();
  EXPECT_EQ(state["counters"]["builds_queued"].GetInt64(), 1);
  ASSERT_EQ(state["objects"].Size(), 1U);
  Digest digest;
  digest.Add("12345");
  EXPECT_EQ(state["objects"][0]["sha256"].GetString(), digest.Finish());
  EXPECT_EQ(state["objects"][0]["key"].GetString(), upload.file_path);
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(Objects, NothingIsQueuedByAnUploadRequestAlone) {
  Grant("a.apk", 5);
  EXPECT_EQ(Counter("builds_queued"), 0);
  EXPECT_EQ(History()["total_count"].GetInt64(), 0);
}

TEST_F(Objects, AnotherSizeThanDeclaredConvicts) {
  Upload upload = Grant("a.apk", 5);
  EXPECT_EQ(Put(upload.url, "1234").status, 200);
  EXPECT_EQ(Rules(), Rulings{"size_differs"});
}

TEST_F(Objects, APutCutShortStoresNothingAndConvictsNobody) {
  Upload upload = Grant("a.apk", 5);
  SendRaw(base(), "PUT " + TargetOf(upload.url) +
                      " HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: 5\r\n\r\n123");
  EXPECT_EQ(Counter("puts_started"), 1);
  EXPECT_EQ(Counter("objects_received"), 0);
  EXPECT_EQ(Put(upload.url, "12345").status, 200);
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(Objects, ASecondPutConvictsAndQueuesASecondBuild) {
  Upload upload = Send("a.apk", "12345");
  EXPECT_EQ(Put(upload.url, "12345").status, 200);
  EXPECT_EQ(Rules(), Rulings{"put_twice"});
  EXPECT_EQ(Counter("builds_queued"), 2);
  EXPECT_EQ(State()["objects"][0]["puts"].GetInt64(), 2);
}

TEST_F(Objects, ASecondPutQueuesNothingWhenSwitchedOff) {
  StartWith({"second_put_queues=false"});
  Upload upload = Send("a.apk", "12345");
  EXPECT_EQ(Put(upload.url, "12345").status, 200);
  EXPECT_EQ(Rules(), Rulings{"put_twice"});
  EXPECT_EQ(Counter("builds_queued"), 1);
}

TEST_F(Objects, UploadsOfOneSecondShareAnIdentityAndUsingItTwiceConvicts) {
  StartWith({"fixed_start_time=1700000000", "fixed_start_time_answers=2"});
  Upload first = Grant("a.apk", 5);
  Upload second = Grant("a.apk", 5);
  EXPECT_EQ(first.start_time, 1700000000);
  EXPECT_EQ(second.start_time, 1700000000);
  EXPECT_EQ(first.file_path, second.file_path);
  EXPECT_GT(Grant("a.apk", 5).start_time, 1700000000);
  EXPECT_EQ(Put(second.url, "12345").status, 200);
  EXPECT_EQ(Rules(), Rulings{});
  EXPECT_EQ(Put(first.url, "54321").status, 200);
  EXPECT_EQ(Rules(), Rulings{"identity_in_use"});
  EXPECT_EQ(Counter("builds_queued"), 2);
}

TEST_F(Objects, StartTimesAreDifferentWhenSwitchedSo) {
  StartWith({"unique_start_time=true"});
  const int64_t first = Grant("a.apk", 5).start_time;
  EXPECT_GT(Grant("a.apk", 5).start_time, first);
}

TEST_F(Objects, AnUploadUrlExpiresAnHourAfterTheAnswer) {
  Upload early = Grant("a.apk", 5);
  Upload late = Grant("b.apk", 5);
  Control("advance", R"({"seconds":3598})");
  EXPECT_EQ(Put(early.url, "12345").status, 200);
  Control("advance", R"({"seconds":2})");
  HttpAnswer answer = Put(late.url, "12345");
  EXPECT_EQ(answer.status, 403);
  EXPECT_NE(answer.body.find("<Code>AccessDenied</Code>"), std::string::npos) << answer.body;
  EXPECT_EQ(Counter("objects_received"), 1);
  EXPECT_EQ(Rules(), Rulings{});
}

class Downloads : public SimulatorTest {
 protected:
  void SetUp() override {
    StartWith({});
    Prepare();
  }
  void Prepare() {
    Upload upload = Send("a.apk", MakeApk());
    Control("advance", R"({"seconds":1000})");
    url_ = DownloadUrl("a.apk", upload.start_time);
    whole_ = Fetch({.url = url_});
    ASSERT_EQ(whole_.status, 200);
    etag_ = whole_.headers["etag"];
  }
  HttpAnswer Get(std::vector<std::string> headers) const { return Fetch({.url = url_, .headers = std::move(headers)}); }

  std::string url_;
  HttpAnswer whole_;
  std::string etag_;
};

TEST_F(Downloads, AWholeOneHasLengthStrongEtagAndSaysItTakesRanges) {
  EXPECT_EQ(whole_.headers["content-length"], std::to_string(whole_.body.size()));
  EXPECT_EQ(whole_.headers["accept-ranges"], "bytes");
  ASSERT_FALSE(etag_.empty());
  EXPECT_EQ(etag_.front(), '"');
  EXPECT_EQ(Get({}).headers["etag"], etag_);
  ExpectCounterComesTo("downloads_completed", 2);
}

TEST_F(Downloads, ARangeGivesThoseBytes) {
  HttpAnswer answer = Get({"Range: bytes=10-19"});
  EXPECT_EQ(answer.status, 206);
  EXPECT_EQ(answer.body, whole_.body.substr(10, 10));
  EXPECT_EQ(answer.headers["content-range"], "bytes 10-19/" + std::to_string(whole_.body.size()));
  EXPECT_EQ(Get({"Range: bytes=10-"}).body, whole_.body.substr(10));
  EXPECT_EQ(Get({"Range: bytes=-7"}).body, whole_.body.substr(whole_.body.size() - 7));
  EXPECT_EQ(Get({"Range: bytes=10-999999"}).body, whole_.body.substr(10));
}

TEST_F(Downloads, ARangeBehindTheEndIs416WithTheSize) {
  HttpAnswer answer = Get({"Range: bytes=" + std::to_string(whole_.body.size()) + "-"});
  EXPECT_EQ(answer.status, 416);
  EXPECT_EQ(answer.headers["content-range"], "bytes */" + std::to_string(whole_.body.size()));
}

TEST_F(Downloads, WhatIsNoSingleRangeIsIgnored) {
  for (const char* range : {"bytes=1-2,4-5", "bytes=5-1", "bytes=", "bytes=a-b", "items=1-2", "bytes=1"}) {
    EXPECT_EQ(Get({std::string("Range: ") + range}).status, 200) << range;
  }
}

TEST_F(Downloads, IfRangeWithAnotherEtagGivesTheWhole) {
  EXPECT_EQ(Get({"Range: bytes=10-", "If-Range: " + etag_}).status, 206);
  EXPECT_EQ(Get({"Range: bytes=10-", "If-Range: \"another\""}).status, 200);
  EXPECT_EQ(Get({"Range: bytes=10-", "If-Range: W/" + etag_}).status, 200);
}

TEST_F(Downloads, RangesAreNotHonouredWhenSwitchedOff) {
  Control("set", R"({"honour_range":false})");
  HttpAnswer answer = Get({"Range: bytes=10-"});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, whole_.body);
  EXPECT_EQ(answer.headers.count("accept-ranges"), 0U);
}

TEST_F(Downloads, CredentialsOrAnotherMethodConvict) {
  EXPECT_EQ(Get({"Authorization: Bearer x"}).status, 400);
  EXPECT_EQ(Get({"tenant: x"}).status, 403);
  EXPECT_EQ(Fetch({.method = "HEAD", .url = url_}).status, 403);
  EXPECT_EQ(Put(url_, "x").status, 403);
  EXPECT_EQ(Rules(), (Rulings{"storage_authorization", "storage_tenant", "url_method", "url_method"}));
}

TEST_F(Downloads, ADownloadUrlExpires) {
  Control("advance", R"({"seconds":3600})");
  EXPECT_EQ(Get({}).status, 403);
  EXPECT_EQ(Rules(), Rulings{});
}

}  // namespace
}  // namespace tegodrop::sim::testing
