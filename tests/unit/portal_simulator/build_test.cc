// Builds: their stages, their ends, and how the history shows them.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "tests/unit/portal_simulator/simulator_fixture.h"

namespace tegodrop::sim::testing {
namespace {

using Names = std::vector<std::string>;

bool Has(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Builds : public SimulatorTest {
 protected:
  std::string Stage() const { return History()["results"][0]["status_message"].GetString(); }
  std::string Download(const std::string& name, int64_t start_time) const {
    return Fetch({.url = DownloadUrl(name, start_time)}).body;
  }
};

constexpr char kSigned[] = R"(,"signing_key_id":"key-uuid-1234")";

TEST_F(Builds, ABuildRunsThroughItsStagesOnTheClock) {
  Upload upload = Send("a.apk", MakeApk(), kSigned);
  EXPECT_EQ(Stage(), "Queued");
  Advance(200);
  EXPECT_EQ(Stage(), "Analyzing");
  Advance(300);
  EXPECT_EQ(Stage(), "Protecting");
  EXPECT_EQ(AskForDownload("a.apk", upload.start_time).status, 404);
  Advance(400);
  EXPECT_EQ(Stage(), "Signing");
  EXPECT_TRUE(History()["results"][0]["success"].IsNull());
  EXPECT_TRUE(History()["results"][0]["end_time"].IsNull());
  EXPECT_TRUE(History()["still_waiting"].GetBool());
  Advance(100);
  EXPECT_EQ(Stage(), "Complete");
  EXPECT_FALSE(History()["still_waiting"].GetBool());
}

TEST_F(Builds, ARowHasTheFieldsOfThePageAndNoOthers) {
  Upload upload = Send("a.apk", MakeApk(), kSigned);
  Advance(1000);
  rapidjson::Document history = History();
  const rapidjson::Value& row = history["results"][0];
  EXPECT_EQ(row.MemberCount(), 13U);
  EXPECT_EQ(row["start_time"].GetInt64(), upload.start_time);
  EXPECT_GE(row["end_time"].GetInt64(), upload.start_time + 1000);
  EXPECT_STREQ(row["version"].GetString(), "production");
  EXPECT_STREQ(row["name"].GetString(), "a.apk");
  EXPECT_STREQ(row["platform"].GetString(), "android");
  EXPECT_TRUE(row["success"].GetBool());
  EXPECT_TRUE(row["signed"].GetBool());
  EXPECT_STREQ(row["signing_key_id"].GetString(), "key-uuid-1234");
  EXPECT_STREQ(row["signing_key_name"].GetString(), "Android release key");
  EXPECT_FALSE(row["deleted"].GetBool());
  EXPECT_TRUE(row["error_message"].IsNull());
  EXPECT_TRUE(row["signing_error_message"].IsNull());
  EXPECT_STREQ(row["status_message"].GetString(), "Complete");
  EXPECT_EQ(history["builds_used_android"].GetInt64(), 1);
  EXPECT_EQ(history["builds_used_apple"].GetInt64(), 0);
}

TEST_F(Builds, TheOutputIsTheSourceRewrittenWithItsNoteAndItsNewSignature) {
  const std::string source = MakeApk();
  Upload upload = Send("a.apk", source, kSigned);
  Advance(1000);
  const std::string output = Download("a.apk", upload.start_time);
  EXPECT_NE(output, source);
  Names names = NamesIn(output);
  for (const char* name : {"AndroidManifest.xml", "classes.dex", "META-INF/apptego-protection.txt",
                           "META-INF/APPTEGO.SF", "META-INF/APPTEGO.RSA"}) {
    EXPECT_TRUE(Has(names, name)) << name;
  }
  EXPECT_FALSE(Has(names, "META-INF/A.SF"));
}

TEST_F(Builds, WithoutAKeyTheOutputHasNoSignature) {
  Upload upload = Send("a.apk", MakeApk(), R"(,"signing_key_id":"none")");
  Advance(1000);
  Names names = NamesIn(Download("a.apk", upload.start_time));
  EXPECT_FALSE(Has(names, "META-INF/APPTEGO.SF"));
  EXPECT_FALSE(Has(names, "META-INF/MANIFEST.MF"));
  EXPECT_FALSE(History()["results"][0]["signed"].GetBool());
  EXPECT_TRUE(History()["results"][0]["signing_key_id"].IsNull());
}

TEST_F(Builds, AnIpaIsChangedInItsApplicationsFolder) {
  Upload upload = Send("a.ipa", MakeZip({"Payload/X.app/Info.plist", "Payload/X.app/_CodeSignature/CodeResources"}));
  Advance(1000);
  HttpAnswer answer = Call("download_application_build",
                           R"({"version":"production","platform":"ios","file_name":"a.ipa","start_time":)" +
                               std::to_string(upload.start_time) + "}");
  EXPECT_EQ(NamesIn(Fetch({.url = Parsed(answer.body)["url"].GetString()}).body),
            (Names{"Payload/X.app/Info.plist", "Payload/X.app/apptego-protection.txt"}));
  EXPECT_EQ(History()["builds_used_apple"].GetInt64(), 1);
}

TEST_F(Builds, DamagedAndForeignArchivesFailWithAnErrorMessage) {
  std::string damaged = MakeApk();
  damaged[45] = static_cast<char>(damaged[45] ^ 0x55);
  Send("no-zip.apk", "12345");
  Send("damaged.apk", damaged);
  Send("cut.apk", MakeApk().substr(0, 200));
  Send("foreign.aab", MakeApk());
  Send("foreign.ipa", MakeApk());
  Advance(1000);
  rapidjson::Document history = History();
  ASSERT_EQ(history["results"].Size(), 5U);
  for (const auto& row : history["results"].GetArray()) {
    EXPECT_TRUE(row["success"].IsFalse()) << row["name"].GetString();
    EXPECT_TRUE(row["error_message"].IsString()) << row["name"].GetString();
    EXPECT_STREQ(row["status_message"].GetString(), "Failed");
  }
}

TEST_F(Builds, HeldBuildsMakeNoProgress) {
  Send("a.apk", MakeApk());
  Control("set", R"({"hold_builds":true})");
  Advance(5000);
  EXPECT_EQ(Stage(), "Queued");
  Control("set", R"({"hold_builds":false})");
  EXPECT_EQ(Stage(), "Queued");
  Advance(1000);
  EXPECT_EQ(Stage(), "Complete");
}

TEST_F(Builds, TheyEndByThemselvesInRealTime) {
  Send("a.apk", MakeApk());
  Control("set", R"({"build_seconds":0.05})");
  while (Stage() != "Complete") {
  }
  EXPECT_EQ(Counter("builds_finished"), 1);
}

TEST_F(Builds, FailBuildGivesItsText) {
  StartWith({"fail_build=The dex is too old"});
  Send("a.apk", MakeApk());
  Advance(1000);
  EXPECT_STREQ(History()["results"][0]["error_message"].GetString(), "The dex is too old");
  EXPECT_TRUE(History()["results"][0]["success"].IsFalse());
}

TEST_F(Builds, SuccessWithASigningErrorIsNotSigned) {
  StartWith({"build_result=success_but_signing_error"});
  Send("a.apk", MakeApk(), kSigned);
  Advance(1000);
  rapidjson::Document history = History();
  EXPECT_TRUE(history["results"][0]["success"].IsTrue());
  EXPECT_TRUE(history["results"][0]["signed"].IsFalse());
  EXPECT_TRUE(history["results"][0]["signing_error_message"].IsString());
}

TEST_F(Builds, SigningMayFailTheBuild) {
  StartWith({"build_result=signing_failed"});
  Upload upload = Send("a.apk", MakeApk(), kSigned);
  Advance(1000);
  EXPECT_TRUE(History()["results"][0]["success"].IsFalse());
  EXPECT_TRUE(History()["results"][0]["signing_error_message"].IsString());
  EXPECT_TRUE(History()["results"][0]["error_message"].IsNull());
  EXPECT_EQ(AskForDownload("a.apk", upload.start_time).status, 404);
}

TEST_F(Builds, AResetForSigningLooksFailedWithoutAMessageAndEndsWell) {
  StartWith({"build_result=reset_for_signing"});
  Upload upload = Send("a.apk", MakeApk(), kSigned);
  Advance(1000);
  EXPECT_TRUE(History()["results"][0]["success"].IsFalse());
  EXPECT_TRUE(History()["results"][0]["error_message"].IsNull());
  EXPECT_TRUE(History()["results"][0]["signing_error_message"].IsNull());
  Advance(1000);
  EXPECT_TRUE(History()["results"][0]["success"].IsTrue());
  EXPECT_TRUE(Has(NamesIn(Download("a.apk", upload.start_time)), "META-INF/APPTEGO.SF"));
  EXPECT_EQ(Counter("builds_finished"), 1);
}

TEST_F(Builds, SignedWithoutSignatureLies) {
  StartWith({"build_result=signed_without_signature"});
  Upload upload = Send("a.apk", MakeApk(), kSigned);
  Advance(1000);
  EXPECT_TRUE(History()["results"][0]["signed"].IsTrue());
  EXPECT_FALSE(Has(NamesIn(Download("a.apk", upload.start_time)), "META-INF/APPTEGO.SF"));
}

TEST_F(Builds, UnchangedAndDamagedOutputs) {
  StartWith({"build_result=unchanged"});
  const std::string source = MakeApk();
  Upload upload = Send("a.apk", source);
  Advance(1000);
  EXPECT_EQ(Download("a.apk", upload.start_time), source);
  Control("set", R"({"build_result":"damaged"})");
  upload = Send("b.apk", source);
  Advance(1000);
  const std::string output = Download("b.apk", upload.start_time);
  EXPECT_FALSE(output.empty());
  EXPECT_EQ(output.rfind("PK\x05\x06"), std::string::npos);
}

class GivenOutputs : public Builds {
 protected:
  // A file with these bytes; the order for it.
  std::string Write(const std::string& name, const std::string& bytes) {
    const std::string path = ::testing::TempDir() + "/given-" + name;
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    paths_.push_back(path);
    return R"({"path":")" + path + "\"}";
  }
  void TearDown() override {
    for (const std::string& path : paths_) std::remove(path.c_str());
  }
  int64_t Left() const { return State()["outputs_left"].GetInt64(); }

 private:
  std::vector<std::string> paths_;
};

TEST_F(GivenOutputs, AreThoseOfTheNextBuildsInTheirOrderAndOfNoOthers) {
  EXPECT_EQ(Control("output", Write("1", "no archive at all")).status, 200);
  EXPECT_EQ(Control("output", Write("2", "")).status, 200);
  EXPECT_EQ(Left(), 2);
  Upload first = Send("a.apk", MakeApk(), kSigned);
  Advance(1000);
  EXPECT_EQ(Left(), 1);
  Upload second = Send("b.apk", MakeApk());
  Advance(1000);
  Upload third = Send("c.apk", MakeApk());
  Advance(1000);
  EXPECT_EQ(Download("a.apk", first.start_time), "no archive at all");
  EXPECT_EQ(Download("b.apk", second.start_time), "");
  EXPECT_TRUE(Has(NamesIn(Download("c.apk", third.start_time)), "META-INF/apptego-protection.txt"));
  rapidjson::Document state = State();
  EXPECT_EQ(state["builds"][0]["output_size"].GetInt64(), 17);
  EXPECT_STRNE(state["builds"][0]["output_sha256"].GetString(), state["builds"][0]["source_sha256"].GetString());
  EXPECT_EQ(Left(), 0);
  // The history says what the upload asked for.
  rapidjson::Document history = History();
  EXPECT_FALSE(history["results"][0]["signed"].GetBool());
  EXPECT_TRUE(history["results"][2]["signed"].GetBool());
  EXPECT_EQ(Rules(), Names{});
}

TEST_F(GivenOutputs, AreTheBytesOfTheMomentAndDamagedOnesLoseTheirEnd) {
  StartWith({"build_result=damaged"});
  EXPECT_EQ(Control("output", Write("1", std::string(100, 'x'))).status, 200);
  Write("1", "changed since");
  Upload upload = Send("a.apk", MakeApk());
  Advance(1000);
  EXPECT_EQ(Download("a.apk", upload.start_time), std::string(36, 'x'));
}

TEST_F(GivenOutputs, WaitForABuildThatSucceedsForGood) {
  EXPECT_EQ(Control("output", Write("1", "given")).status, 200);
  // What no build could take fails all the same.
  Send("no-zip.apk", "12345");
  Control("set", R"({"fail_build":"no luck"})");
  Send("failed.apk", MakeApk());
  Advance(1000);
  EXPECT_TRUE(History()["results"][1]["success"].IsFalse());
  Control("set", R"({"fail_build":"","build_result":"signing_failed"})");
  Send("unsigned.apk", MakeApk(), kSigned);
  Advance(1000);
  EXPECT_EQ(Left(), 1);
  Control("set", R"({"build_result":"reset_for_signing"})");
  Upload upload = Send("a.apk", MakeApk(), kSigned);
  Advance(1000);
  EXPECT_EQ(Left(), 1);
  Advance(1000);
  EXPECT_EQ(Download("a.apk", upload.start_time), "given");
  EXPECT_EQ(Left(), 0);
}

TEST_F(GivenOutputs, AnOrderThatCannotBeMeantIsRefused) {
  for (const std::string& body :
       {std::string("{}"), std::string(R"({"path":7})"), std::string(R"({"path":"here"})"),
        std::string(R"({"path":"/no/such/file"})"), R"({"path":")" + ::testing::TempDir() + "\"}",
        std::string(R"({"path":"/dev/null"})"), std::string(R"({"path":"/","times":2})")}) {
    EXPECT_EQ(Control("output", body).status, 400) << body;
  }
  EXPECT_EQ(Left(), 0);
}

TEST_F(Builds, ConcurrentBuildsLimitUploadRequestsAnd429SaysSo) {
  StartWith({"concurrent_builds=1"});
  Upload first = Grant("a.apk", 5);
  Grant("b.apk", 5);
  EXPECT_EQ(Put(first.url, "12345").status, 200);
  constexpr char kBody[] = R"({"file_name":"c.apk","platform":"android","version":"staging"})";
  HttpAnswer answer = Call("upload_application_build", kBody);
  EXPECT_EQ(answer.status, 429);
  EXPECT_TRUE(Parsed(answer.body)["message"].IsString());
  Advance(1000);
  EXPECT_EQ(Call("upload_application_build", kBody).status, 200);
  EXPECT_EQ(Rules(), Names{});
}

TEST_F(Builds, HistoryIsPagedInTheOrderAskedOfIt) {
  for (int i = 0; i < 8; ++i) {
    Send("a" + std::to_string(i) + ".apk", "x");
    Advance(1);
  }
  auto names = [&](const std::string& more) {
    Names out;
    rapidjson::Document history = History(more);
    for (const auto& row : history["results"].GetArray()) out.emplace_back(row["name"].GetString());
    return out;
  };
  EXPECT_EQ(names(""), (Names{"a7.apk", "a6.apk", "a5.apk", "a4.apk", "a3.apk", "a2.apk"}));
  EXPECT_EQ(names(R"(,"page":2)"), (Names{"a1.apk", "a0.apk"}));
  EXPECT_EQ(names(R"(,"page":3)"), Names{});
  rapidjson::Document history = History(R"(,"page":2,"page_size":3)");
  EXPECT_EQ(history["total_count"].GetInt64(), 8);
  EXPECT_EQ(history["total_pages"].GetInt64(), 3);
  EXPECT_EQ(history["page"].GetInt64(), 2);
  EXPECT_EQ(history["page_size"].GetInt64(), 3);
  Control("set", R"({"listing_order":"oldest"})");
  EXPECT_EQ(names(R"(,"page_size":2)"), (Names{"a0.apk", "a1.apk"}));
  Control("set", R"({"listing_order":"shuffled"})");
  Names all = names(R"(,"page_size":4)");
  for (const std::string& name : names(R"(,"page_size":4,"page":2)")) all.push_back(name);
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::unique(all.begin(), all.end()) - all.begin(), 8);
}

TEST_F(Builds, HistoryOfOneVersionHasNoOthersBuilds) {
  Send("a.apk", "x");
  HttpAnswer answer = Call("get_application_builds", R"({"version":"staging"})");
  EXPECT_EQ(Parsed(answer.body)["total_count"].GetInt64(), 0);
}

TEST_F(Builds, HistoryLagHidesWhatWasJustReceived) {
  StartWith({"history_lag=30"});
  Send("a.apk", MakeApk());
  EXPECT_EQ(History()["total_count"].GetInt64(), 0);
  Advance(30);
  EXPECT_EQ(History()["total_count"].GetInt64(), 1);
}

TEST_F(Builds, TheListingFailsBuildsOlderThanTheWorkerTimeout) {
  StartWith({"worker_timeout=100", "hold_builds=true"});
  Send("a.apk", MakeApk());
  Advance(99);
  EXPECT_TRUE(History()["results"][0]["success"].IsNull());
  Advance(1);
  EXPECT_TRUE(History()["results"][0]["success"].IsFalse());
}

TEST_F(Builds, TheDefaultKeySignsAndAFreePlanSkipsIt) {
  StartWith({"default_signing_key=key-uuid-5678,key-uuid-1234"});
  auto key = [&](const std::string& more) {
    HttpAnswer answer = Call("upload_application_build",
                             R"({"file_name":"a.apk","platform":"android","version":"production")" + more + "}");
    rapidjson::Document grant = Parsed(answer.body);
    return grant["signing_key_id"].IsNull() ? "null" : std::string(grant["signing_key_id"].GetString());
  };
  EXPECT_EQ(key(""), "key-uuid-1234");
  EXPECT_EQ(key(R"(,"signing_key_id":"none")"), "null");
  Control("set", R"({"plan":"FREE"})");
  EXPECT_EQ(key(""), "null");
  EXPECT_EQ(key(R"(,"signing_key_id":"key-uuid-1234")"), "null");
}

TEST_F(Builds, WithoutTheBuildsPermissionOnlyReadingIsLeft) {
  StartWith({"builds_permission=false"});
  EXPECT_EQ(
      Call("upload_application_build", R"({"file_name":"a.apk","platform":"android","version":"staging"})").status,
      403);
  EXPECT_EQ(Call("get_application_builds", R"({"version":"staging"})").status, 200);
  EXPECT_EQ(Rules(), Names{});
}

}  // namespace
}  // namespace tegodrop::sim::testing
