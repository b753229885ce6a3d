// The portal client: what leaves, and how every answer is taken.
#include "daemon/portal/portal_client.h"

#include <gtest/gtest.h>

#include <optional>

#include "daemon/base/digest.h"
#include "tests/fakes/fake_transfer.h"
#include "tests/fakes/recorded_log.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop {
namespace {

using testing::FakeTransfer;

constexpr char kGrant[] =
    R"({"url":"https://apps.example/put?X-Sig=SIGNEDQUERY","file_path":"t/a.apk","start_time":1700000000})";
constexpr char kTenant[] = "9f1c0a4e7b8d4a4db52e6a6d5c5c1f11";
constexpr char kKey[] = "the-token-key-1";
constexpr char kSecret[] = "the-token-secret-2";

class PortalClientTest : public ::testing::Test {
 protected:
  PortalClientTest() : client_(Make("https://app.example/frontend")) {}
  ~PortalClientTest() override {
    // Whatever happened: no credential and no signed query in any line or error.
    for (const std::string& line : log_.lines) ExpectClean(line);
    for (const std::string& message : messages_) ExpectClean(message);
  }

  std::unique_ptr<Portal> Make(const std::string& url) {
    return MakePortalClient({url, kTenant, Secret(std::string(kKey) + ":" + kSecret)}, transfer_, clock_, log_);
  }
  static void ExpectClean(const std::string& text) {
    for (const std::string& hidden :
         {std::string(kKey), std::string(kSecret), Base64(std::string(kKey) + ":" + kSecret), std::string("SIGNED")}) {
      EXPECT_EQ(text.find(hidden), std::string::npos) << text;
    }
  }
  static std::optional<std::string> Header(const HttpRequest& request, const std::string& name) {
    for (const HttpHeader& header : request.headers) {
      if (header.name == name) return std::string(header.value.Reveal());
    }
    return std::nullopt;
  }
  FakeTransfer::Call& Last() { return *transfer_.calls.back(); }

  // Asks for an upload and gives this answer to it.
  Result<UploadGrant> Upload(int status, const std::string& body,
                             std::vector<std::pair<std::string, std::string>> headers = {}) {
    std::optional<Result<UploadGrant>> result;
    const HandlePtr handle = client_->RequestUpload({"a.apk", "android", "production", 7, ""},
                                                    [&](Result<UploadGrant> answer) { result = std::move(answer); });
    EXPECT_FALSE(result.has_value());
    transfer_.AnswerStatus(Last(), status, body, std::move(headers));
    queue_.RunAll();
    if (!*result) messages_.push_back(result->error().message);
    return std::move(*result);
  }
  Error Refused(int status, const std::string& body, std::vector<std::pair<std::string, std::string>> headers = {}) {
    const Result<UploadGrant> result = Upload(status, body, std::move(headers));
    EXPECT_FALSE(result.has_value());
    return result ? Error{} : result.error();
  }
  Status Complete(Result<HttpAnswer> answer) {
    std::optional<Status> result;
    const HandlePtr handle =
        client_->CompleteMultipart("t/a.apk", "id", {{1, "\"e\""}}, [&](Status done) { result = std::move(done); });
    transfer_.Answer(Last(), std::move(answer));
    queue_.RunAll();
    if (!*result) messages_.push_back(result->error().message);
    return *result;
  }
  static Result<HttpAnswer> Answer(int status, const std::string& body) {
    HttpAnswer answer;
    answer.status = status;
    answer.body = body;
    return answer;
  }

  testing::TaskQueue queue_;
  FakeTransfer transfer_{queue_};
  testing::SteppedClock clock_;
  testing::RecordedLog log_;
  std::vector<std::string> messages_;
  std::unique_ptr<Portal> client_;
};

TEST_F(PortalClientTest, SendsCredentialsOnOneLineAndTheTenant) {
  const HandlePtr handle = client_->RequestUpload({"a.apk", "android", "production", 7, "none"}, [](auto) {});
  const HttpRequest& request = Last().request;
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url.Reveal(), "https://app.example/frontend/upload_application_build");
  EXPECT_EQ(Header(request, "Authorization"), "Bearer " + Base64(std::string(kKey) + ":" + kSecret));
  EXPECT_EQ(Header(request, "Authorization")->find('\n'), std::string::npos);
  EXPECT_EQ(Header(request, "tenant"), kTenant);
  EXPECT_EQ(Header(request, "Content-Type"), "application/json");
  EXPECT_EQ(request.body, R"({"file_name":"a.apk","platform":"android","version":"production","file_size":7,)"
                          R"("signing_key_id":"none"})");
  EXPECT_EQ(request.total_timeout, std::chrono::seconds(60));
  EXPECT_EQ(request.source, nullptr);
}

TEST_F(PortalClientTest, SendsEachCallToItsPlace) {
  std::vector<HandlePtr> handles;
  handles.push_back(client_->CompleteMultipart("p", "u", {{1, "\"e\""}}, [](auto) {}));
  EXPECT_EQ(Last().request.url.Reveal(), "https://app.example/frontend/complete_multipart_upload");
  EXPECT_EQ(Last().request.body, R"({"file_path":"p","upload_id":"u","parts":[{"PartNumber":1,"ETag":"\"e\""}]})");
  EXPECT_TRUE(Last().request.fresh_connection);
  handles.push_back(client_->AbortMultipart("p", "u", [](auto) {}));
  EXPECT_EQ(Last().request.url.Reveal(), "https://app.example/frontend/abort_multipart_upload");
  EXPECT_EQ(Last().request.body, R"({"file_path":"p","upload_id":"u"})");
  handles.push_back(client_->ListBuilds("staging", 2, 50, [](auto) {}));
  EXPECT_EQ(Last().request.url.Reveal(), "https://app.example/frontend/get_application_builds");
  EXPECT_EQ(Last().request.body, R"({"version":"staging","page":2,"page_size":50})");
  EXPECT_EQ(Last().request.answer_limit, 8U << 20U);
  handles.push_back(client_->RequestDownload({"staging", "ios", 5, "a.ipa"}, [](auto) {}));
  EXPECT_EQ(Last().request.url.Reveal(), "https://app.example/frontend/download_application_build");
  EXPECT_EQ(Last().request.body, R"({"version":"staging","platform":"ios","start_time":5,"file_name":"a.ipa"})");
  for (const auto& call : transfer_.calls) {
    EXPECT_EQ(call->request.method, "POST");
    EXPECT_TRUE(Header(call->request, "tenant").has_value());
    EXPECT_TRUE(call->request.total_timeout.has_value());
  }
}

TEST_F(PortalClientTest, AnotherTokenGoesWithEveryLaterCallAndTheOldOneStaysHidden) {
  client_->UseToken(Secret(std::string("another-key-9:another-secret-9")));
  const Error refused = Refused(500, std::string(R"({"message":"no )") + kSecret + R"( and no another-secret-9"})");
  EXPECT_EQ(Header(Last().request, "Authorization"), "Bearer " + Base64("another-key-9:another-secret-9"));
  EXPECT_EQ(refused.message.find("another-secret-9"), std::string::npos) << refused.message;
  EXPECT_EQ(refused.message.find(kSecret), std::string::npos) << refused.message;
}

TEST_F(PortalClientTest, ARetryIsKnownAsOneUntilItSucceeds) {
  Refused(503, "");
  EXPECT_FALSE(Last().request.again);
  Refused(503, "");
  EXPECT_TRUE(Last().request.again);
  EXPECT_TRUE(Upload(200, kGrant));
  EXPECT_TRUE(Last().request.again);
  EXPECT_TRUE(Upload(200, kGrant));
  EXPECT_FALSE(Last().request.again);
  Refused(429, "");
  Refused(429, "");
  EXPECT_FALSE(Last().request.again) << "waiting for quota is no failure";
}

TEST_F(PortalClientTest, AsksForTenantsWithoutATenant) {
  std::optional<Result<std::vector<TenantInfo>>> result;
  const HandlePtr handle = client_->ListTenants([&](auto tenants) { result = std::move(tenants); });
  EXPECT_EQ(Last().request.method, "GET");
  EXPECT_EQ(Last().request.url.Reveal(), "https://app.example/frontend/get_tenants");
  EXPECT_FALSE(Header(Last().request, "tenant").has_value());
  EXPECT_TRUE(Header(Last().request, "Authorization").has_value());
  EXPECT_TRUE(Last().request.body.empty());
  transfer_.AnswerStatus(Last(), 200, R"([{"tenant_id":"t","name":"n","plan":"TEAM"}])");
  queue_.RunAll();
  ASSERT_TRUE(result && result->has_value());
  EXPECT_EQ((*result)->at(0).plan, "TEAM");
}

TEST_F(PortalClientTest, TakesABaseUrlWithASlashAtItsEnd) {
  const auto client = Make("http://127.0.0.1:8080/frontend/");
  const HandlePtr handle = client->ListTenants([](auto) {});
  EXPECT_EQ(Last().request.url.Reveal(), "http://127.0.0.1:8080/frontend/get_tenants");
}

TEST_F(PortalClientTest, GivesTheGrant) {
  const Result<UploadGrant> grant = Upload(200, kGrant);
  ASSERT_TRUE(grant.has_value());
  EXPECT_EQ(grant->url->Reveal(), "https://apps.example/put?X-Sig=SIGNEDQUERY");
}

TEST_F(PortalClientTest, MapsEachStatusToItsReaction) {
  const struct {
    int status;
    ErrorKind kind;
  } rows[] = {{301, ErrorKind::kRetry},    {302, ErrorKind::kRetry},    {400, ErrorKind::kRejected},
              {401, ErrorKind::kSignIn},   {403, ErrorKind::kSignIn},   {404, ErrorKind::kRejected},
              {405, ErrorKind::kRejected}, {408, ErrorKind::kRetry},    {409, ErrorKind::kRejected},
              {413, ErrorKind::kRejected}, {422, ErrorKind::kRejected}, {429, ErrorKind::kSlowDown},
              {500, ErrorKind::kRetry},    {502, ErrorKind::kRetry},    {503, ErrorKind::kRetry},
              {504, ErrorKind::kRetry}};
  for (const auto& row : rows) {
    const Error error = Refused(row.status, R"({"message":"the portal's very words"})", {{"retry-after", "120"}});
    EXPECT_EQ(error.kind, row.kind) << row.status;
    EXPECT_EQ(error.http_status, row.status);
    EXPECT_EQ(error.retry_after, std::chrono::seconds(120)) << row.status;
    EXPECT_NE(error.message.find("the portal's very words"), std::string::npos) << error.message;
    EXPECT_NE(error.message.find("a.apk"), std::string::npos) << error.message;
    EXPECT_NE(error.message.find(std::to_string(row.status)), std::string::npos) << error.message;
    EXPECT_FALSE(error.outcome_unknown);
  }
}

TEST_F(PortalClientTest, NamesWhereARedirectLeadsWithoutItsQuery) {
  const Error error = Refused(302, "", {{"location", "https://login.example/in?state=SIGNED"}});
  EXPECT_NE(error.message.find("login.example/in"), std::string::npos) << error.message;
}

TEST_F(PortalClientTest, TakesAnAnswerThatIsNoneAsPassing) {
  for (const char* body : {"<html><head><title>Maintenance</title></head><body>x</body></html>", "", "{}", "[]",
                           R"({"error":"try later"})", R"({"success":false,"message":"try later"})"}) {
    const Error error = Refused(200, body);
    EXPECT_EQ(error.kind, ErrorKind::kRetry) << body;
    EXPECT_EQ(error.http_status, 200);
  }
  EXPECT_NE(Refused(200, "<title>Maintenance</title>").message.find("Maintenance"), std::string::npos);
  EXPECT_NE(Refused(200, R"({"error":"try later"})").message.find("try later"), std::string::npos);
}

TEST_F(PortalClientTest, RefusesAPlainHttpUrlInAGrant) {
  const Error error = Refused(200, R"({"url":"http://apps.example/put?X-Sig=SIGNED","file_path":"t","start_time":5})");
  EXPECT_EQ(error.kind, ErrorKind::kRetry);
  EXPECT_NE(error.message.find("apps.example/put"), std::string::npos) << error.message;
}

TEST_F(PortalClientTest, ShowsNoCredentialThatAnErrorPageRepeats) {
  const std::string token = std::string(kKey) + ":" + kSecret;
  const std::string echoed = "Authorization: Bearer " + Base64(token) + " or " + token + " or " + kSecret;
  for (const int status : {200, 302, 400, 401, 403, 404, 429, 500}) {
    Refused(status, echoed);
    Refused(status, "{\"message\":\"" + echoed + "\"}");
    Refused(status, "{\"error\":{\"request\":\"" + echoed + "\"}}");
    Refused(status, "<title>" + echoed + " https://x.example/?a=SIGNED</title>");
    // Cut anywhere, no half of it is left either.
    for (std::size_t before = 480; before < 600; before += 7) {
      const Error error = Refused(status, std::string(before, 'x') + Base64(token));
      EXPECT_EQ(error.message.find(Base64(token).substr(0, 12)), std::string::npos) << error.message;
    }
  }
}

TEST_F(PortalClientTest, KeepsMessagesShortAndOnOneLine) {
  const Error error = Refused(500, std::string(500'000, 'x') + "\n\x1b");
  EXPECT_LT(error.message.size(), 700U);
  const Error lines = Refused(400, "a\nb\x1b[2J");
  EXPECT_EQ(lines.message.find('\n'), std::string::npos);
  EXPECT_EQ(lines.message.find('\x1b'), std::string::npos);
}

TEST_F(PortalClientTest, PassesOnWhatTheTransferSays) {
  Error failed = MakeError(ErrorKind::kRetry, "cannot connect");
  failed.outcome_unknown = true;
  std::optional<Result<HistoryPage>> result;
  const HandlePtr handle = client_->ListBuilds("production", 1, 50, [&](auto answer) { result = std::move(answer); });
  transfer_.Answer(Last(), Fail(failed));
  queue_.RunAll();
  ASSERT_TRUE(result.has_value());
  ASSERT_FALSE(result->has_value());
  EXPECT_EQ(result->error().kind, ErrorKind::kRetry);
  EXPECT_NE(result->error().message.find("cannot connect"), std::string::npos);
  // A listing that may or may not have been asked for has changed nothing.
  EXPECT_FALSE(result->error().outcome_unknown);
}

TEST_F(PortalClientTest, TakesACutAnswerAsPassing) {
  std::optional<Result<Secret>> result;
  const HandlePtr handle =
      client_->RequestDownload({"production", "ios", 5, "a.ipa"}, [&](auto answer) { result = std::move(answer); });
  transfer_.Answer(Last(), Fail(ErrorKind::kCorrupt, "the answer was cut short"));
  queue_.RunAll();
  ASSERT_TRUE(result && !result->has_value());
  EXPECT_EQ(result->error().kind, ErrorKind::kRetry);
}

TEST_F(PortalClientTest, SaysOfCompleteWhetherItMayHaveTakenEffect) {
  EXPECT_TRUE(Complete(Answer(200, R"({"message":"Upload completed successfully"})")).has_value());
  Error lost = MakeError(ErrorKind::kRetry, "no answer");
  lost.outcome_unknown = true;
  EXPECT_TRUE(Complete(Fail(lost)).error().outcome_unknown);
  EXPECT_FALSE(Complete(Fail(ErrorKind::kRetry, "cannot connect")).error().outcome_unknown);
  for (const int status : {408, 500, 502, 503, 504}) {
    const Status done = Complete(Answer(status, "gateway"));
    EXPECT_EQ(done.error().kind, ErrorKind::kRetry);
    EXPECT_TRUE(done.error().outcome_unknown) << status;
  }
  for (const char* body : {"", "<Error><Message>InternalError</Message></Error>", R"({"error":"InternalError"})"}) {
    const Status done = Complete(Answer(200, body));
    ASSERT_FALSE(done.has_value()) << body;
    EXPECT_EQ(done.error().kind, ErrorKind::kRetry);
    EXPECT_TRUE(done.error().outcome_unknown) << body;
  }
  for (const int status : {400, 401, 403, 404, 429}) {
    EXPECT_FALSE(Complete(Answer(status, "{}")).error().outcome_unknown) << status;
  }
}

TEST_F(PortalClientTest, TellsOfAnOddRowOnceAndKeepsTheListing) {
  const std::string body = R"({"results":[{"name":"odd \u001b"},{"start_time":5,"name":"a.apk"}],"total_pages":1})";
  for (int round = 0; round < 3; ++round) {
    std::optional<Result<HistoryPage>> result;
    const HandlePtr handle = client_->ListBuilds("production", 1, 50, [&](auto answer) { result = std::move(answer); });
    transfer_.AnswerStatus(Last(), 200, body);
    queue_.RunAll();
    ASSERT_TRUE(result && result->has_value());
    EXPECT_EQ((*result)->rows.size(), 1U);
  }
  EXPECT_EQ(log_.Count("portal.odd_row"), 1);
}

TEST_F(PortalClientTest, NeverCallsBackAfterItsHandleIsGone) {
  bool called = false;
  HandlePtr handle = client_->RequestUpload({"a.apk", "android", "production", 7, ""}, [&](auto) { called = true; });
  transfer_.AnswerStatus(Last(), 200, kGrant);
  handle.reset();
  queue_.RunAll();
  EXPECT_FALSE(called);
}

TEST_F(PortalClientTest, LetsTheCallbackDestroyItsOwnHandle) {
  HandlePtr handle;
  std::string path;
  handle = client_->RequestUpload({"a.apk", "android", "production", 7, ""}, [&](Result<UploadGrant> grant) {
    handle.reset();
    path = grant->file_path;
  });
  transfer_.AnswerStatus(Last(), 200, kGrant);
  queue_.RunAll();
  EXPECT_EQ(path, "t/a.apk");
}

}  // namespace
}  // namespace tegodrop
