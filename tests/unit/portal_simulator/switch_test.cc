// The switches for what the page leaves open: the look of answers, pages, ETags, Retry-After.
#include <set>

#include "tests/portal/dressing.h"
#include "tests/unit/portal_simulator/simulator_fixture.h"

namespace tegodrop::sim::testing {
namespace {

using Names = std::vector<std::string>;

class Switches : public SimulatorTest {
 protected:
  void Set(const std::string& switches) const { EXPECT_EQ(Control("set", "{" + switches + "}").status, 200); }
  HttpAnswer Upload() const {
    return Call("upload_application_build",
                R"({"file_name":"a.apk","platform":"android","version":"production","file_size":20})");
  }
  Names Rows(int page, int size) const {
    Names names;
    rapidjson::Document history =
        History(",\"page\":" + std::to_string(page) + ",\"page_size\":" + std::to_string(size));
    for (const auto& row : history["results"].GetArray()) names.emplace_back(row["name"].GetString());
    return names;
  }
  void SendSeveral(int count) const {
    for (int i = 0; i < count; ++i) {
      Send("a" + std::to_string(i) + ".apk", "x");
      Advance(1);
    }
  }
};

TEST_F(Switches, RetryAfterComesWithA429AsSecondsOrAsADate) {
  StartWith({"build_quota=1"});
  Send("a.apk", "x");
  EXPECT_EQ(Upload().headers.count("retry-after"), 0U);
  Set(R"("retry_after":"seconds","retry_after_seconds":17)");
  HttpAnswer answer = Upload();
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.headers["retry-after"], "17");
  EXPECT_EQ(Call("get_application_builds", R"({"version":"production"})").headers.count("retry-after"), 0U);
  Set(R"("retry_after":"date")");
  EXPECT_TRUE(Upload().headers["retry-after"].ends_with(" GMT"));
}

TEST_F(Switches, RetryAfterComesWithA503Too) {
  Settings settings;
  settings.retry_after = "seconds";
  Reply unavailable = {.status = 503};
  Dress(settings, &unavailable);
  EXPECT_EQ(unavailable.headers, (HeaderList{{"Retry-After", "5"}}));
  Reply refused = {.status = 403};
  Dress(settings, &refused);
  EXPECT_TRUE(refused.headers.empty());
}

TEST_F(Switches, RefusalsWithoutAStatusOnThePageHaveTheOneThatIsSet) {
  for (int status : {400, 403, 409, 422}) {
    Set(R"("controls_enabled":false,"refusal_status":)" + std::to_string(status));
    EXPECT_EQ(Upload().status, status);
    Set(R"("controls_enabled":true,"refusal_status":")" + std::to_string(status) + "\"");
    EXPECT_EQ(Call("upload_application_build",
                   R"({"file_name":"a.apk","platform":"android","version":"staging","file_size":9999999999})")
                  .status,
              status);
  }
  EXPECT_EQ(Control("set", R"({"refusal_status":429})").status, 400);
  EXPECT_EQ(Rules(), Names{});
}

TEST_F(Switches, ASingleAnswerMaySayThatItIsNotMultipart) {
  EXPECT_FALSE(Parsed(Upload().body).HasMember("multipart"));
  Set(R"("multipart_false":true)");
  EXPECT_TRUE(Parsed(Upload().body)["multipart"].IsFalse());
}

TEST_F(Switches, EveryObjectOfEveryAnswerMayHaveFieldsThatNobodyKnows) {
  Send("a.apk", "x");
  Set(R"("extra_fields":true)");
  rapidjson::Document history = History();
  EXPECT_TRUE(history["x_internal"].IsObject());
  EXPECT_TRUE(history["results"][0]["x_nothing"].IsNull());
  EXPECT_STREQ(history["results"][0]["name"].GetString(), "a.apk");
  EXPECT_TRUE(Parsed(Upload().body)["x_internal"]["url"].IsString());
  EXPECT_TRUE(Parsed(Get("get_tenants").body)["tenants"][0].HasMember("x_number"));
  HttpAnswer refused = AskForDownload("b.apk", 1);
  EXPECT_EQ(refused.status, 404);
  EXPECT_TRUE(Parsed(refused.body).HasMember("x_number"));
}

TEST_F(Switches, FieldsThatAClientCanDoWithoutMayBeNull) {
  Send("a.apk", "x");
  Set(R"("null_fields":true)");
  rapidjson::Document history = History();
  EXPECT_TRUE(history["still_waiting"].IsNull());
  EXPECT_TRUE(history["results"][0]["status_message"].IsNull());
  EXPECT_TRUE(history["results"][0]["start_time"].IsInt64());
  rapidjson::Document single = Parsed(Upload().body);
  EXPECT_TRUE(single["part_urls"].IsNull());
  EXPECT_TRUE(single["multipart"].IsNull());
  EXPECT_TRUE(single["url"].IsString());
  Set(R"("multipart_threshold":10)");
  rapidjson::Document parts = Parsed(Upload().body);
  EXPECT_TRUE(parts["url"].IsNull());
  EXPECT_TRUE(parts["multipart"].IsTrue());
}

TEST_F(Switches, StatusMessagesMayBeWordsThatNobodyKnows) {
  Send("a.apk", MakeApk());
  auto word = [&](const char* kind) {
    Set(std::string(R"("status_words":")") + kind + "\"");
    rapidjson::Document history = History();
    const rapidjson::Value& found = history["results"][0]["status_message"];
    return found.IsString() ? found.GetString() : std::string("(null)");
  };
  EXPECT_EQ(word("known"), "Queued");
  EXPECT_EQ(word("null"), "(null)");
  EXPECT_EQ(word("misleading"), "Complete");
  const std::string running = word("unknown");
  EXPECT_FALSE((std::set<std::string>{"Queued", "Analyzing", "Protecting", "Signing", "Complete"}.count(running)));
  Advance(1000);
  EXPECT_EQ(word("misleading"), "Failed");
  EXPECT_NE(word("unknown"), running);
  EXPECT_STREQ(State()["builds"][0]["status_message"].GetString(), "Complete");
}

TEST_F(Switches, APageMayHaveFewerRowsThanWereAskedFor) {
  SendSeveral(5);
  Set(R"("page_limit":2)");
  EXPECT_EQ(Rows(1, 50), (Names{"a4.apk", "a3.apk"}));
  EXPECT_EQ(Rows(3, 50), (Names{"a0.apk"}));
  rapidjson::Document history = History(R"(,"page_size":50)");
  EXPECT_EQ(history["page_size"].GetInt64(), 2);
  EXPECT_EQ(history["total_pages"].GetInt64(), 3);
}

TEST_F(Switches, RowsMayComeAgainOnTheNextPageAndNoneIsLeftOut) {
  SendSeveral(5);
  Set(R"("repeated_rows":1)");
  EXPECT_EQ(Rows(1, 3), (Names{"a4.apk", "a3.apk", "a2.apk"}));
  EXPECT_EQ(Rows(2, 3), (Names{"a2.apk", "a1.apk", "a0.apk"}));
  EXPECT_EQ(Rows(3, 3), (Names{"a0.apk"}));
  EXPECT_EQ(History(R"(,"page":2,"page_size":3)")["total_pages"].GetInt64(), 2);
  EXPECT_EQ(Rows(1, 1), (Names{"a4.apk"}));
  EXPECT_EQ(Rows(2, 1), (Names{"a3.apk"}));
}

TEST_F(Switches, DownloadsHaveTheEtagThatIsSetAndOnlyAStrongOneContinuesARange) {
  auto upload = Send("a.apk", MakeApk());
  Advance(1000);
  const std::string url = DownloadUrl("a.apk", upload.start_time);
  auto ranged = [&](const std::string& etag) {
    return Fetch({.url = url, .headers = {"Range: bytes=1-", "If-Range: " + etag}}).status;
  };
  const std::string strong = Fetch({.url = url}).headers["etag"];
  EXPECT_EQ(strong.front(), '"');
  EXPECT_EQ(ranged(strong), 206);
  Set(R"("download_etag":"weak")");
  EXPECT_EQ(Fetch({.url = url}).headers["etag"], "W/" + strong);
  EXPECT_EQ(ranged("W/" + strong), 200);
  Set(R"("download_etag":"none")");
  EXPECT_EQ(Fetch({.url = url}).headers.count("etag"), 0U);
  EXPECT_EQ(ranged(strong), 200);
  Set(R"("download_etag":"changes")");
  const std::string first = Fetch({.url = url}).headers["etag"];
  EXPECT_NE(Fetch({.url = url}).headers["etag"], first);
  EXPECT_EQ(ranged(first), 200);
}

}  // namespace
}  // namespace tegodrop::sim::testing
