// Applications, deleted builds, signing with an application's own file, and the tenant's subscription.
#include <algorithm>

#include "tests/portal/text.h"
#include "tests/unit/portal_simulator/simulator_fixture.h"

namespace tegodrop::sim::testing {
namespace {

using Rulings = std::vector<std::string>;

class Managed : public SimulatorTest {
 protected:
  rapidjson::Document List() const { return Parsed(Call("get_applications", "{}").body); }
  // A build of a.apk that has ended well.
  Upload Built(const std::string& more = "") const {
    Upload upload = Send("a.apk", MakeApk(), more);
    Advance(1000);
    return upload;
  }
  std::string ApplicationId() const { return List()["applications"][0]["application_id"].GetString(); }
  HttpAnswer DeleteApplication(const std::string& id) const {
    return Call("delete_application", R"({"application_id":")" + id + "\"}");
  }
  HttpAnswer DeleteBuild(int64_t start_time, const std::string& name = "a.apk") const {
    return Call("delete_application_build", R"({"version":"production","platform":"android","start_time":)" +
                                                std::to_string(start_time) + R"(,"file_name":")" + name + "\"}");
  }
  HttpAnswer AskForSigningFile(const std::string& id, const std::string& platform = "android") const {
    return Call("upload_code_signing_file", R"({"file":"release.jks","password":"Zebra9","application_id":")" + id +
                                                R"(","platform":")" + platform + R"(","alias":"release"})");
  }
  void GiveSigningFile() const {
    HttpAnswer answer = AskForSigningFile(ApplicationId());
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(Put(Parsed(answer.body)["url"].GetString(), "bytes of a key").status, 200);
  }
  HttpAnswer Sign(int64_t start_time, const std::string& name = "a.apk") const {
    return Call("sign_application_build",
                R"({"platform":"android","name":")" + name + R"(","start_time":)" + std::to_string(start_time) + "}");
  }
};

TEST_F(Managed, AnApplicationAppearsWhenItsFirstBuildEndsWell) {
  EXPECT_EQ(List()["applications"].Size(), 0U);
  Send("a.apk", MakeApk());
  Send("broken.apk", "no archive");
  EXPECT_EQ(List()["applications"].Size(), 0U);
  Advance(1000);
  rapidjson::Document list = List();
  ASSERT_EQ(list["applications"].Size(), 1U);
  const rapidjson::Value& one = list["applications"][0];
  EXPECT_EQ(one.MemberCount(), 7U);
  EXPECT_STREQ(one["platform"].GetString(), "android");
  EXPECT_STREQ(one["build_name"].GetString(), "a");
  EXPECT_STREQ(one["build_id"].GetString(), "build-1");
  for (const char* text : {"build_version", "build_image", "application_id"}) EXPECT_TRUE(one[text].IsString()) << text;
  EXPECT_TRUE(one["creation_time"].IsInt64());
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(Managed, ALaterBuildBelongsToTheSameApplication) {
  Built();
  const std::string id = ApplicationId();
  Built();
  rapidjson::Document list = List();
  ASSERT_EQ(list["applications"].Size(), 1U);
  EXPECT_EQ(list["applications"][0]["application_id"].GetString(), id);
  EXPECT_STREQ(list["applications"][0]["build_id"].GetString(), "build-2");
}

TEST_F(Managed, AnApplicationCanBeDeletedSevenDaysAfterItsCreation) {
  Built();
  const std::string id = ApplicationId();
  HttpAnswer early = DeleteApplication(id);
  EXPECT_EQ(early.status, 400);
  EXPECT_NE(early.body.find("7 days"), std::string::npos);
  Control("set", R"({"refusal_status":409})");
  EXPECT_EQ(DeleteApplication(id).status, 409);
  Advance(7 * 24 * 3600);
  EXPECT_TRUE(Parsed(DeleteApplication(id).body)["success"].GetBool());
  EXPECT_EQ(DeleteApplication(id).status, 404);
  EXPECT_EQ(List()["applications"].Size(), 0U);
  EXPECT_EQ(History()["total_count"].GetInt64(), 1);
  EXPECT_EQ(Counter("applications_deleted"), 1);
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(Managed, ADeletedBuildLosesItsRowAndItsArtifact) {
  Upload upload = Built();
  const std::string url = DownloadUrl("a.apk", upload.start_time);
  EXPECT_TRUE(Parsed(DeleteBuild(upload.start_time).body)["success"].GetBool());
  EXPECT_EQ(History()["total_count"].GetInt64(), 0);
  EXPECT_EQ(AskForDownload("a.apk", upload.start_time).status, 404);
  EXPECT_EQ(Fetch({.url = url}).status, 404);
  EXPECT_EQ(DeleteBuild(upload.start_time).status, 404);
  EXPECT_EQ(Sign(upload.start_time).status, 404);
  rapidjson::Document state = State();
  EXPECT_EQ(state["counters"]["builds_deleted"].GetInt64(), 1);
  EXPECT_TRUE(state["builds"][0]["deleted"].GetBool());
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(Managed, ADeletedBuildMayStayInTheHistoryMarked) {
  StartWith({"delete_keeps_row=true"});
  Upload upload = Built();
  EXPECT_EQ(DeleteBuild(upload.start_time).status, 200);
  rapidjson::Document history = History();
  ASSERT_EQ(history["results"].Size(), 1U);
  EXPECT_TRUE(history["results"][0]["deleted"].GetBool());
  EXPECT_EQ(AskForDownload("a.apk", upload.start_time).status, 404);
  EXPECT_EQ(DeleteBuild(upload.start_time).status, 404);
}

TEST_F(Managed, ABuildInProgressAndAnUnknownOneAreNotDeleted) {
  Upload upload = Send("a.apk", MakeApk());
  EXPECT_EQ(DeleteBuild(upload.start_time).status, 400);
  EXPECT_EQ(DeleteBuild(upload.start_time + 1).status, 404);
  EXPECT_EQ(DeleteBuild(upload.start_time, "b.apk").status, 404);
  EXPECT_EQ(History()["total_count"].GetInt64(), 1);
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(Managed, AFailedBuildCanBeDeleted) {
  Upload upload = Send("a.apk", "no archive");
  Advance(1000);
  EXPECT_EQ(DeleteBuild(upload.start_time).status, 200);
  EXPECT_EQ(History()["total_count"].GetInt64(), 0);
}

TEST_F(Managed, SigningResetsTheBuildAndThenItIsSigned) {
  Upload upload = Built(R"(,"signing_key_id":"none")");
  GiveSigningFile();
  rapidjson::Document before = History();
  EXPECT_FALSE(before["results"][0]["signed"].GetBool());
  HttpAnswer answer = Sign(upload.start_time);
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(Parsed(answer.body)["success"].GetBool());
  EXPECT_STREQ(Parsed(answer.body)["message"].GetString(), "Build queued for signing");
  rapidjson::Document reset = History();
  EXPECT_TRUE(reset["results"][0]["success"].IsFalse());
  EXPECT_TRUE(reset["results"][0]["error_message"].IsNull());
  EXPECT_TRUE(reset["results"][0]["signing_error_message"].IsNull());
  EXPECT_EQ(AskForDownload("a.apk", upload.start_time).status, 404);
  EXPECT_EQ(Sign(upload.start_time).status, 400);
  EXPECT_EQ(DeleteBuild(upload.start_time).status, 400);
  Advance(999);
  EXPECT_TRUE(History()["results"][0]["success"].IsFalse());
  Advance(1);
  rapidjson::Document after = History();
  EXPECT_TRUE(after["results"][0]["success"].IsTrue());
  EXPECT_TRUE(after["results"][0]["signed"].IsTrue());
  const std::vector<std::string> names = NamesIn(Fetch({.url = DownloadUrl("a.apk", upload.start_time)}).body);
  EXPECT_EQ(std::count(names.begin(), names.end(), "META-INF/APPTEGO.SF"), 1);
  EXPECT_EQ(Counter("builds_finished"), 1);
  EXPECT_EQ(List()["applications"].Size(), 1U);
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(Managed, SigningNeedsAFileThatWasPut) {
  Upload upload = Built();
  EXPECT_EQ(Sign(upload.start_time).status, 400);
  EXPECT_EQ(AskForSigningFile(ApplicationId()).status, 200);
  EXPECT_EQ(Sign(upload.start_time).status, 400);
  EXPECT_TRUE(History()["results"][0]["success"].IsTrue());
}

TEST_F(Managed, SigningNeedsACompletedBuild) {
  Built();
  GiveSigningFile();
  Advance(2);
  Upload running = Send("a.apk", MakeApk());
  EXPECT_EQ(Sign(running.start_time).status, 400);
  EXPECT_EQ(Sign(running.start_time, "b.apk").status, 404);
  EXPECT_EQ(Sign(running.start_time + 5).status, 404);
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(Managed, ASigningFileBelongsToAnApplicationOfItsPlatform) {
  EXPECT_EQ(AskForSigningFile("nobodys").status, 404);
  Built();
  const std::string id = ApplicationId();
  EXPECT_EQ(AskForSigningFile(id, "ios").status, 400);
  HttpAnswer answer = AskForSigningFile(id);
  const std::string url = Parsed(answer.body)["url"].GetString();
  EXPECT_EQ(Put(url, "bytes of a key").status, 200);
  Digest digest;
  digest.Add("bytes of a key");
  EXPECT_EQ(State()["applications"][0]["signing_file_sha256"].GetString(), digest.Finish());
  Advance(7 * 24 * 3600);
  EXPECT_EQ(DeleteApplication(id).status, 200);
  EXPECT_EQ(AskForSigningFile(id).status, 404);
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(Managed, TheFileOfAnApplicationThatHasGoneIsRefused) {
  StartWith({"expires_in=1000000"});
  Built();
  const std::string id = ApplicationId();
  const std::string url = Parsed(AskForSigningFile(id).body)["url"].GetString();
  Advance(7 * 24 * 3600);
  EXPECT_EQ(DeleteApplication(id).status, 200);
  EXPECT_EQ(Put(url, "bytes of a key").status, 404);
}

TEST_F(Managed, TheSubscriptionTellsTheLimitOfConcurrentBuilds) {
  rapidjson::Document none = Parsed(Get("get_tenant_subscription").body);
  EXPECT_STREQ(none["plan"].GetString(), "TEAM");
  EXPECT_FALSE(none["custom_limits"].HasMember("concurrent_builds"));
  Control("set", R"({"concurrent_builds":3})");
  rapidjson::Document limited = Parsed(Get("get_tenant_subscription").body);
  EXPECT_EQ(limited["custom_limits"]["concurrent_builds"].GetInt64(), 3);
  Control("set", R"({"custom_limits":"null"})");
  EXPECT_TRUE(Parsed(Get("get_tenant_subscription").body)["custom_limits"].IsNull());
  Control("set", R"({"custom_limits":"none"})");
  EXPECT_FALSE(Parsed(Get("get_tenant_subscription").body).HasMember("custom_limits"));
  EXPECT_EQ(Counter("subscription_requests"), 4);
  EXPECT_EQ(Rules(), Rulings{});
  EXPECT_EQ(Fetch({.url = base() + "/get_tenant_subscription", .headers = {GoodHeaders()[0]}}).status, 400);
  EXPECT_EQ(Call("get_tenant_subscription", "{}").status, 405);
  EXPECT_EQ(Rules(), (Rulings{"tenant_missing", "method"}));
}

TEST_F(Managed, TheQuotaOfSevenDaysHasWordsOfItsOwn) {
  StartWith({"build_quota=2", "concurrent_builds=2"});
  constexpr char kBody[] = R"({"file_name":"a.apk","platform":"android","version":"staging"})";
  Send("a.apk", "x");
  Advance(1000);
  Upload second = Send("b.ipa", "x");
  HttpAnswer quota = Call("upload_application_build", kBody);
  EXPECT_EQ(quota.status, 429);
  EXPECT_NE(quota.body.find("quota"), std::string::npos);
  Control("set", R"({"build_quota":0,"concurrent_builds":1})");
  HttpAnswer limit = Call("upload_application_build", kBody);
  EXPECT_EQ(limit.status, 429);
  EXPECT_EQ(limit.body.find("quota"), std::string::npos);
  Control("set", R"({"build_quota":2,"concurrent_builds":0})");
  Advance(7 * 24 * 3600 - 1000);
  EXPECT_EQ(Call("upload_application_build", kBody).status, 200);
  EXPECT_EQ(Counter("answers_429"), 2);
  EXPECT_EQ(Counter("most_builds_at_once"), 1);
}

}  // namespace
}  // namespace tegodrop::sim::testing
