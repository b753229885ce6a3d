// The commands' client: what leaves, how answers are taken, and that no password comes back in words.
#include "daemon/portal/administration_client.h"

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

class AdministrationClientTest : public ::testing::Test {
 protected:
  FakeTransfer::Call& Last() { return *transfer_.calls.back(); }

  std::unique_ptr<PortalAdministration> Make(const std::string& token) {
    return MakePortalAdministration(
        {"https://app.example/frontend/", "9f1c0a4e7b8d4a4db52e6a6d5c5c1f11", Secret(token)}, transfer_, clock_, log_);
  }
  std::string Body() { return Last().request.body; }
  std::string Url() { return std::string(Last().request.url.Reveal()); }
  bool HasHeader(const std::string& name) {
    for (const HttpHeader& header : Last().request.headers) {
      if (header.name == name) return true;
    }
    return false;
  }

  // Uploads a key with this password and gives this answer.
  Error KeyRefused(const std::string& password, int status, const std::string& body,
                   std::vector<std::pair<std::string, std::string>> headers = {}) {
    std::optional<Result<SigningKeyGrant>> result;
    const HandlePtr handle = client_->UploadSigningKey({"K", "android", "r.jks", Secret(password), "rel", 4, false},
                                                       [&](auto grant) { result = std::move(grant); });
    transfer_.AnswerStatus(Last(), status, body, std::move(headers));
    queue_.RunAll();
    EXPECT_TRUE(result && !result->has_value());
    return result && !result->has_value() ? result->error() : Error{};
  }
  Status Deleted(Result<HttpAnswer> answer) {
    std::optional<Status> result;
    const HandlePtr handle = client_->DeleteApplication("app-1", [&](Status done) { result = std::move(done); });
    transfer_.Answer(Last(), std::move(answer));
    queue_.RunAll();
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
  std::unique_ptr<PortalAdministration> client_ = Make("the-token-key-1:the-token-secret-2");
};

TEST_F(AdministrationClientTest, SendsEachCallToItsPlace) {
  const auto nothing = [](const auto&) {};
  const std::string base = "https://app.example/frontend/";
  std::vector<HandlePtr> handles;
  const auto expect = [&](HandlePtr handle, const std::string& path, const std::string& body, bool fresh) {
    handles.push_back(std::move(handle));
    EXPECT_EQ(Url(), base + path);
    EXPECT_EQ(Body(), body);
    EXPECT_EQ(Last().request.method, body.empty() ? "GET" : "POST");
    EXPECT_EQ(Last().request.fresh_connection, fresh) << path;
    EXPECT_TRUE(HasHeader("Authorization") && HasHeader("tenant"));
    EXPECT_EQ(HasHeader("Content-Type"), !body.empty());
    EXPECT_TRUE(Last().request.total_timeout.has_value());
  };
  expect(client_->ListApplications(nothing), "get_applications", "{}", false);
  expect(client_->DeleteApplication("app-1", nothing), "delete_application", R"({"application_id":"app-1"})", true);
  expect(client_->DeleteBuild({"staging", "ios", 5, "a.ipa"}, nothing), "delete_application_build",
         R"({"version":"staging","platform":"ios","start_time":5,"file_name":"a.ipa"})", true);
  expect(client_->SignBuild({"ios", "a.ipa", 5}, nothing), "sign_application_build",
         R"({"platform":"ios","name":"a.ipa","start_time":5})", true);
  expect(client_->ListSigningKeys(nothing), "get_signing_keys", "{}", false);
  expect(client_->UploadSigningKey({"K", "ios", "a.p12", Secret("pw"), "", 4, false}, nothing), "upload_signing_key",
         R"({"key_name":"K","platform":"ios","file_name":"a.p12","password":"pw","file_size":4,"is_default":false})",
         true);
  expect(client_->SetDefaultSigningKey("ios", "key-1", nothing), "set_default_signing_key",
         R"({"platform":"ios","key_id":"key-1"})", true);
  expect(client_->ClearDefaultSigningKey("ios", nothing), "set_default_signing_key", R"({"platform":"ios"})", true);
  expect(client_->DeleteSigningKey("key-1", nothing), "delete_signing_key", R"({"key_id":"key-1"})", true);
  expect(client_->UploadSigningFile({"a.p12", Secret("pw"), "app-1", "ios", ""}, nothing), "upload_code_signing_file",
         R"({"file":"a.p12","password":"pw","application_id":"app-1","platform":"ios"})", true);
  expect(client_->GetSubscription(nothing), "get_tenant_subscription", "", false);
}

TEST_F(AdministrationClientTest, SendsNothingWhereThePageForbidsIt) {
  std::optional<Status> result;
  const HandlePtr handle = client_->DeleteSigningKey("", [&](Status done) { result = std::move(done); });
  EXPECT_FALSE(result);
  EXPECT_TRUE(Last().request.url.empty());
  EXPECT_TRUE(Last().request.body.empty());
  EXPECT_TRUE(Last().request.headers.empty());
  transfer_.Answer(Last(), Fail(ErrorKind::kRejected, "this is no URL that can be asked"));
  queue_.RunAll();
  ASSERT_TRUE(result && !result->has_value());
  EXPECT_EQ(result->error().message, "cannot ask for deleting the signing key \"\": the key id is missing");
}

TEST_F(AdministrationClientTest, SendsNothingWithoutAToken) {
  for (const char* token : {"", ":", "key", "key:", ":secret", "key:sec ret", "key:secret\n"}) {
    const auto client = Make(token);
    std::optional<Result<Subscription>> result;
    const HandlePtr handle = client->GetSubscription([&](auto answer) { result = std::move(answer); });
    EXPECT_TRUE(Last().request.url.empty() && Last().request.headers.empty()) << token;
    transfer_.Answer(Last(), Fail(ErrorKind::kRejected, "no URL"));
    queue_.RunAll();
    ASSERT_TRUE(result && !result->has_value()) << token;
    EXPECT_EQ(result->error().kind, ErrorKind::kSignIn);
  }
}

TEST_F(AdministrationClientTest, SaysOfADeletionWhetherItMayHaveTakenEffect) {
  EXPECT_TRUE(Deleted(Answer(200, R"({"success":true})")));
  EXPECT_TRUE(Deleted(Answer(200, R"({"success":null,"message":"gone"})")));
  Error lost = MakeError(ErrorKind::kRetry, "no answer");
  EXPECT_FALSE(Deleted(Fail(lost)).error().outcome_unknown);
  lost.outcome_unknown = true;
  EXPECT_TRUE(Deleted(Fail(lost)).error().outcome_unknown);
  for (const int status : {302, 408, 500, 502, 503, 504}) {
    EXPECT_TRUE(Deleted(Answer(status, "gateway")).error().outcome_unknown) << status;
  }
  for (const char* body : {"", "OK", "[]", R"({"success":false})", R"({"error":"InternalError"})"}) {
    EXPECT_TRUE(Deleted(Answer(200, body)).error().outcome_unknown) << body;
  }
  for (const int status : {400, 401, 403, 404, 409, 422, 429}) {
    EXPECT_FALSE(Deleted(Answer(status, "{}")).error().outcome_unknown) << status;
  }
}

TEST_F(AdministrationClientTest, ShowsNoPasswordThatAnAnswerRepeats) {
  const struct {
    const char* password;
    std::vector<std::string> echoes;  // inside the quotes of a JSON text, and plainly
  } rows[] = {
      {"Zebra9", {"Zebra9", "the password ZEBRA9 is weak", "x?y=Zebra9", "\\u005aebra9"}},
      {"a", {"a bad one"}},
      {"Ze bra\"9\\&<",
       {R"(Ze bra\"9\\&<)", R"({\"password\":\"Ze bra\\\"9\\\\&<\"})", R"(Ze bra&quot;9\\&amp;&lt;)",
        R"(Ze bra&#34;9\\&#38;&#x3c;)", "p=Ze%20bra%229%5C%26%3C", "p=Ze+bra%229%5c%26%3c"}},
      {"\\\\", {"anything"}},
      {"p?ssword", {"is p?ssword right"}},
  };
  for (const auto& row : rows) {
    std::vector<std::string> echoes = row.echoes;
    echoes.push_back("Basic " + Base64(row.password));
    for (const std::string& echo : echoes) {
      for (const int status : {200, 400, 403, 404, 429, 500}) {
        for (const std::string& body :
             {"{\"message\":\"" + echo + "\"}", "{\"x\":[{\"" + echo + "\":1}]}", "<p>" + echo + "</p>", echo}) {
          // An escape is none outside of JSON.
          if (body.front() != '{' && echo.find("\\u") != std::string::npos) continue;
          const Error error = KeyRefused(row.password, status, body);
          EXPECT_NE(error.message.find("its words are left out"), std::string::npos) << body << "\n" << error.message;
        }
      }
    }
  }
}

TEST_F(AdministrationClientTest, ARedirectThatRepeatsThePasswordIsNotNamed) {
  const Error error = KeyRefused("Zebra9", 302, "", {{"location", "https://login.example/Zebra9"}});
  EXPECT_EQ(error.message.find("Zebra9"), std::string::npos) << error.message;
  EXPECT_NE(error.message.find("redirects"), std::string::npos) << error.message;
}

TEST_F(AdministrationClientTest, LeavingWordsOutChangesNoReaction) {
  EXPECT_EQ(KeyRefused("Zebra9", 404, R"({"message":"Zebra9"})").kind, ErrorKind::kRejected);
  EXPECT_EQ(KeyRefused("Zebra9", 404, "<p>Zebra9</p>").kind, ErrorKind::kRetry);
  EXPECT_EQ(KeyRefused("Zebra9", 429, "Zebra9", {{"retry-after", "9"}}).retry_after, std::chrono::seconds(9));
}

TEST_F(AdministrationClientTest, KeepsTheWordsThatRepeatNoPassword) {
  const Error error = KeyRefused("Zebra9", 400, R"({"message":"The alias is unknown"})");
  EXPECT_NE(error.message.find("The alias is unknown"), std::string::npos) << error.message;
}

TEST_F(AdministrationClientTest, LogsNeitherPasswordNorToken) {
  KeyRefused("Zebra9", 500, "Zebra9 the-token-secret-2");
  KeyRefused("Zebra9", 200, R"({"key_id":"Zebra9"})");
  EXPECT_FALSE(log_.lines.empty());
  EXPECT_FALSE(log_.Contains("Zebra9"));
  EXPECT_FALSE(log_.Contains("the-token-secret-2"));
}

TEST_F(AdministrationClientTest, TellsOfOddRowsOnceAndKeepsTheOthers) {
  for (int round = 0; round < 3; ++round) {
    std::optional<Result<std::vector<SigningKeyRecord>>> result;
    const HandlePtr handle = client_->ListSigningKeys([&](auto keys) { result = std::move(keys); });
    transfer_.AnswerStatus(Last(), 200, R"({"signing_keys":[{"key_name":"odd"},{"key_id":"key-1"}]})");
    queue_.RunAll();
    ASSERT_TRUE(result && result->has_value());
    EXPECT_EQ((*result)->size(), 1U);
  }
  EXPECT_EQ(log_.Count("portal.odd_row"), 1);
}

TEST_F(AdministrationClientTest, NeverCallsBackAfterItsHandleIsGone) {
  bool called = false;
  HandlePtr handle = client_->DeleteApplication("app-1", [&](Status) { called = true; });
  transfer_.AnswerStatus(Last(), 200, R"({"success":true})");
  handle.reset();
  queue_.RunAll();
  EXPECT_FALSE(called);
}

TEST_F(AdministrationClientTest, LetsTheCallbackDestroyItsOwnHandle) {
  HandlePtr handle;
  bool done = false;
  handle = client_->DeleteApplication("app-1", [&](const Status& status) {
    handle.reset();
    done = status.has_value();
  });
  transfer_.AnswerStatus(Last(), 200, R"({"success":true})");
  queue_.RunAll();
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace tegodrop
