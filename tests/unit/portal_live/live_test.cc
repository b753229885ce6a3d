#include "tests/unit/portal_live/live_test.h"

#include <sstream>

#include "daemon/base/digest.h"
#include "daemon/net/curl_transfer.h"
#include "tests/portal/text.h"

namespace tegodrop::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::unique_ptr<Transfer> RealTransfer(EventLoop& loop) {
  auto made = MakeCurlTransfer(loop, {std::nullopt, std::nullopt, Secret(), "tegodrop/test"});
  EXPECT_TRUE(made) << made.error().message;
  return std::move(*made);
}

std::string TokenOf(Account account) {
  switch (account) {
    case Account::kNoToken:
      return "";
    case Account::kBrokenToken:
      return "rehearsal-key";
    case Account::kOtherToken:
      return "another-key:another-secret";
    default:
      return sim::ServerOptions().token;
  }
}

}  // namespace

// The two that begin when the request has left, so that a busy machine does not change what is known of it.
HandlePtr ImpatientTransfer::Start(HttpRequest request, std::function<void(Result<HttpAnswer>)> done) {
  EXPECT_TRUE(request.total_timeout.has_value() || request.url.empty());
  if (impatient) request.answer_timeout = request.stall_timeout = milliseconds(200);
  return real_.Start(std::move(request), std::move(done));
}

LiveTest::LiveTest() : real_(RealTransfer(loop_)), transfer_(*real_) {}

LiveTest::~LiveTest() {
  for (const std::string& line : log_.lines) ExpectNoSecrets(line);
}

void LiveTest::Connect(Account account) {
  const std::string url = account == Account::kNobody ? "http://127.0.0.1:1/frontend" : base();
  const std::string tenant = account == Account::kOtherTenant ? std::string(32, 'a') : Tenant();
  portal_ = MakePortalClient({url, tenant, Secret(TokenOf(account))}, transfer_, clock_, log_);
  administration_ = MakePortalAdministration({url, tenant, Secret(TokenOf(account))}, transfer_, clock_, log_);
}

void LiveTest::RunLoop() {
  const HandlePtr watchdog = loop_.After(seconds(120), [this] {
    ADD_FAILURE() << "nothing ended the loop";
    loop_.Stop();
  });
  loop_.Run();
}

void LiveTest::Set(const std::string& switches) const {
  const auto answer = Control("set", switches);
  EXPECT_EQ(answer.status, 200) << answer.body;
}

void LiveTest::OrderFault(const std::string& where, const std::string& action) const {
  const auto answer = Control("faults", R"({"where":")" + where + R"(","action":)" + action + "}");
  EXPECT_EQ(answer.status, 200) << answer.body;
}

std::string LiveTest::Effects() const {
  const rapidjson::Document state = State();
  std::ostringstream out;
  for (const auto& build : state["builds"].GetArray()) {
    out << "build " << build["id"].GetInt64() << (build["success"].IsTrue() ? " done" : "")
        << (build["signed"].IsTrue() ? " signed" : "") << (build["deleted"].IsTrue() ? " deleted" : "") << "\n";
  }
  for (const auto& key : state["signing_keys"].GetArray()) {
    out << "key " << key["key_id"].GetString() << (key["is_default"].IsTrue() ? " default" : "") << "\n";
  }
  for (const auto& one : state["applications"].GetArray()) {
    out << "application " << one["application_id"].GetString() << " " << one["alias"].GetString() << "\n";
  }
  for (const char* name : {"uploads_granted", "multipart_open", "uploads_aborted"}) {
    out << name << " " << state["counters"][name].GetInt64() << "\n";
  }
  return out.str();
}

std::int64_t LiveTest::RequestsSeen() const { return static_cast<std::int64_t>(State()["requests"].Size()); }

std::int64_t LiveTest::Now() const { return static_cast<std::int64_t>(State()["now"].GetDouble()); }

LiveTest::Upload LiveTest::Built(const std::string& more) const {
  Upload upload = Send("app-release.apk", sim::testing::MakeApk(), more);
  Advance(1000);
  return upload;
}

PartsUpload LiveTest::ReadyInParts() const {
  Set(R"({"multipart_threshold":100,"chunk_size":100})");
  PartsUpload upload;
  upload.bytes = sim::testing::MakeApk();
  const auto answer =
      Call("upload_application_build",
           R"({"file_name":"app-release.apk","platform":"android","version":"production","file_size":)" +
               std::to_string(upload.bytes.size()) + "}");
  EXPECT_EQ(answer.status, 200) << answer.body;
  const rapidjson::Document grant = sim::testing::Parsed(answer.body);
  upload.file_path = grant["file_path"].GetString();
  upload.upload_id = grant["upload_id"].GetString();
  upload.start_time = grant["start_time"].GetInt64();
  for (const auto& url : grant["part_urls"].GetArray()) {
    const std::size_t at = upload.parts.size() * 100;
    const auto part = sim::testing::Fetch(
        {.method = "PUT", .url = url.GetString(), .headers = {"Content-Type:"}, .body = upload.bytes.substr(at, 100)});
    EXPECT_EQ(part.status, 200) << part.body;
    upload.parts.push_back({static_cast<int>(upload.parts.size()) + 1, part.headers.at("etag")});
  }
  return upload;
}

std::string LiveTest::ApplicationId() const {
  const rapidjson::Document state = State();
  EXPECT_EQ(state["applications"].Size(), 1U);
  return state["applications"].Empty() ? "" : state["applications"][0]["application_id"].GetString();
}

void LiveTest::GiveSigningFile() const {
  const auto answer =
      Call("upload_code_signing_file", R"({"file":"release.jks","password":"Zebra9","application_id":")" +
                                           ApplicationId() + R"(","platform":"android","alias":"release"})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(Put(sim::testing::Parsed(answer.body)["url"].GetString(), "bytes of a key").status, 200);
}

void LiveTest::ExpectNoSecrets(const std::string& text) {
  const std::string token = sim::ServerOptions().token;
  for (const std::string& hidden :
       {token, Base64(token), token.substr(token.find(':') + 1), std::string("another-secret"),
        Base64("another-key:another-secret"), std::string("Zebra9"), std::string("X-Signature")}) {
    EXPECT_EQ(text.find(hidden), std::string::npos) << text;
  }
}

}  // namespace tegodrop::testing
