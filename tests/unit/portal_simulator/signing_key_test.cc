// Signing keys: what is listed, uploaded, made the default and deleted, and what a build is then signed with.
#include "tests/portal/text.h"
#include "tests/unit/portal_simulator/simulator_fixture.h"

namespace tegodrop::sim::testing {
namespace {

using Rulings = std::vector<std::string>;

class SigningKeys : public SimulatorTest {
 protected:
  struct Key {
    std::string id;
    std::string url;
  };

  HttpAnswer Ask(const std::string& file_name, const std::string& more = "",
                 const std::string& platform = "android") const {
    return Call("upload_signing_key", R"({"key_name":"A key","platform":")" + platform + R"(","file_name":")" +
                                          file_name + R"(","password":"Zebra9","alias":"release")" + more + "}");
  }
  Key Made(const std::string& more = "") const {
    HttpAnswer answer = Ask("release.jks", more);
    EXPECT_EQ(answer.status, 200) << answer.body;
    rapidjson::Document key = Parsed(answer.body);
    EXPECT_EQ(key.MemberCount(), 2U);
    return {key["key_id"].GetString(), key["url"].GetString()};
  }
  Key Uploaded(const std::string& more = "") const {
    Key key = Made(more);
    EXPECT_EQ(Put(key.url, "bytes of a key").status, 200);
    return key;
  }
  rapidjson::Document List() const { return Parsed(Call("get_signing_keys", "{}").body); }
  HttpAnswer SetDefault(const std::string& platform, const std::string& key) const {
    return Call("set_default_signing_key", R"({"platform":")" + platform + R"(","key_id":)" + key + "}");
  }
  HttpAnswer Delete(const std::string& id) const { return Call("delete_signing_key", R"({"key_id":")" + id + "\"}"); }
  HttpAnswer UploadWith(const std::string& key_field) const {
    return Call("upload_application_build",
                R"({"file_name":"a.apk","platform":"android","version":"production")" + key_field + "}");
  }
  // The signing_key_id of an upload's answer, or "null".
  std::string KeyOfAnUpload(const std::string& key_field = "") const {
    rapidjson::Document grant = Parsed(UploadWith(key_field).body);
    return grant["signing_key_id"].IsString() ? grant["signing_key_id"].GetString() : "null";
  }
  static std::string Quoted(const std::string& id) { return "\"" + id + "\""; }
};

TEST_F(SigningKeys, TheSwitchesSeedTheListWithTheFieldsOfThePage) {
  StartWith({"default_signing_key=key-uuid-1234"});
  rapidjson::Document keys = List();
  ASSERT_EQ(keys["signing_keys"].Size(), 2U);
  const rapidjson::Value& key = keys["signing_keys"][0];
  EXPECT_EQ(key.MemberCount(), 7U);
  EXPECT_STREQ(key["key_id"].GetString(), "key-uuid-1234");
  EXPECT_STREQ(key["key_name"].GetString(), "Android release key");
  EXPECT_STREQ(key["platform"].GetString(), "android");
  EXPECT_STREQ(key["file_name"].GetString(), "release.jks");
  EXPECT_TRUE(key["is_default"].GetBool());
  EXPECT_TRUE(key["uploaded_by"].IsString());
  EXPECT_TRUE(key["creation_time"].IsInt64());
  EXPECT_FALSE(keys["signing_keys"][1]["is_default"].GetBool());
}

TEST_F(SigningKeys, AnUploadedKeyIsListedAndSignsOnceItsFileIsThere) {
  Key key = Made();
  EXPECT_EQ(List()["signing_keys"].Size(), 3U);
  const std::string field = R"(,"signing_key_id":")" + key.id + "\"";
  EXPECT_EQ(UploadWith(field).status, 400);
  EXPECT_EQ(SetDefault("android", Quoted(key.id)).status, 400);
  EXPECT_EQ(Put(key.url, "bytes of a key").status, 200);
  EXPECT_EQ(KeyOfAnUpload(field), key.id);
  EXPECT_EQ(Counter("key_files_received"), 1);
  EXPECT_EQ(Counter("objects_received"), 0);
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(SigningKeys, TheStateShowsWhatWasSentButNoPassword) {
  Key key = Uploaded();
  const std::string state = Fetch({.url = base().substr(0, base().rfind('/')) + "/control/state"}).body;
  EXPECT_EQ(state.find("Zebra9"), std::string::npos);
  rapidjson::Document parsed = Parsed(state);
  const rapidjson::Value& shown = parsed["signing_keys"][2];
  Digest password, file;
  password.Add("Zebra9");
  file.Add("bytes of a key");
  EXPECT_EQ(shown["key_id"].GetString(), key.id);
  EXPECT_STREQ(shown["alias"].GetString(), "release");
  EXPECT_EQ(shown["password_sha256"].GetString(), password.Finish());
  EXPECT_EQ(shown["file_sha256"].GetString(), file.Finish());
}

TEST_F(SigningKeys, ADefaultIsUsedForItsPlatformUntilItIsCleared) {
  Key first = Uploaded(R"(,"is_default":true)");
  EXPECT_EQ(KeyOfAnUpload(), first.id);
  EXPECT_EQ(SetDefault("android", Quoted("key-uuid-1234")).status, 200);
  EXPECT_EQ(KeyOfAnUpload(), "key-uuid-1234");
  EXPECT_EQ(SetDefault("ios", Quoted("key-uuid-5678")).status, 200);
  EXPECT_EQ(SetDefault("android", "null").status, 200);
  EXPECT_EQ(KeyOfAnUpload(), "null");
  EXPECT_TRUE(List()["signing_keys"][1]["is_default"].GetBool());
  EXPECT_EQ(Parsed(Call("set_default_signing_key", R"({"platform":"ios"})").body)["success"].GetBool(), true);
  EXPECT_FALSE(List()["signing_keys"][1]["is_default"].GetBool());
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(SigningKeys, ADefaultWithoutItsFileSignsNothing) {
  Made(R"(,"is_default":true)");
  EXPECT_EQ(KeyOfAnUpload(), "null");
}

TEST_F(SigningKeys, ADeletedKeyIsGoneAndSoIsTheDefault) {
  Key key = Uploaded(R"(,"is_default":true)");
  EXPECT_TRUE(Parsed(Delete(key.id).body)["success"].GetBool());
  EXPECT_EQ(List()["signing_keys"].Size(), 2U);
  EXPECT_EQ(KeyOfAnUpload(), "null");
  EXPECT_EQ(Delete(key.id).status, 404);
  EXPECT_EQ(SetDefault("android", Quoted(key.id)).status, 404);
  EXPECT_EQ(Put(key.url, "bytes of a key").status, 404);
  EXPECT_EQ(Delete("key-uuid-1234").status, 200);
  EXPECT_EQ(Counter("keys_deleted"), 2);
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(SigningKeys, NewSeedsReplaceTheOldOnesAndLeaveWhatWasUploaded) {
  Key key = Uploaded(R"(,"is_default":true)");
  Control("set", R"({"signing_keys":"other:android:Another"})");
  rapidjson::Document keys = List();
  ASSERT_EQ(keys["signing_keys"].Size(), 2U);
  EXPECT_STREQ(keys["signing_keys"][0]["key_id"].GetString(), "other");
  EXPECT_EQ(KeyOfAnUpload(), key.id);
  Control("set", R"({"default_signing_key":"other"})");
  EXPECT_EQ(KeyOfAnUpload(), "other");
}

TEST_F(SigningKeys, KeysOfTheOtherPlatformAreRefusedWithoutBlame) {
  StartWith({"refusal_status=409"});
  EXPECT_EQ(SetDefault("ios", Quoted("key-uuid-1234")).status, 409);
  EXPECT_EQ(UploadWith(R"(,"signing_key_id":"key-uuid-5678")").status, 409);
  EXPECT_EQ(Ask("dist.mobileprovision", "", "ios").status, 409);
  EXPECT_EQ(Ask("release.jks", "", "ios").status, 409);
  EXPECT_EQ(Ask("release.txt").status, 409);
  EXPECT_EQ(Ask("dist.p12", "", "ios").status, 200);
  EXPECT_EQ(Ask("Release.KeyStore").status, 200);
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(SigningKeys, AFileOverTenMegabytesIsRefusedWhenItIsAnnounced) {
  EXPECT_EQ(Ask("r.jks", R"(,"file_size":10485761)").status, 400);
  EXPECT_EQ(Ask("r.jks", R"(,"file_size":10485760)").status, 200);
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(SigningKeys, AFileOverTenMegabytesIsRefusedByTheStore) {
  Key key = Made();
  HttpRequest put = {.method = "PUT", .url = key.url, .headers = {"Content-Type: application/octet-stream"}};
  put.generated_bytes = 10 * 1024 * 1024 + 1;
  EXPECT_EQ(Fetch(put).status, 400);
  EXPECT_EQ(Rules(), Rulings{"key_size"});
  put.generated_bytes = 10 * 1024 * 1024;
  EXPECT_EQ(Fetch(put).status, 200);
}

TEST_F(SigningKeys, AFileOfAnotherSizeThanAnnouncedIsRefused) {
  Key key = Made(R"(,"file_size":4)");
  EXPECT_EQ(Put(key.url, "12345").status, 400);
  EXPECT_EQ(Put(key.url, "").status, 400);
  EXPECT_EQ(Put(key.url, "1234").status, 200);
  EXPECT_EQ(Rules(), (Rulings{"size_differs", "size_differs"}));
}

TEST_F(SigningKeys, TheStoreTakesTheFileWithTheContentTypeOfThePageOrNone) {
  Key key = Made();
  auto put = [&](const char* type) {
    return Fetch({.method = "PUT", .url = key.url, .headers = {type}, .body = "1234"}).status;
  };
  EXPECT_EQ(put("Content-Type:"), 200);
  EXPECT_EQ(put("Content-Type: application/json"), 403);
  EXPECT_EQ(Rules(), Rulings{"storage_content_type"});
}

TEST_F(SigningKeys, TheUrlOfAFileExpires) {
  Key key = Made();
  Advance(3600);
  EXPECT_EQ(Put(key.url, "1234").status, 403);
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(SigningKeys, AFreePlanHasNoSigningAndSaysSo) {
  StartWith({"plan=FREE"});
  for (const HttpAnswer& answer :
       {Call("get_signing_keys", "{}"), Ask("release.jks"), SetDefault("android", "null"), Delete("key-uuid-1234"),
        Call("upload_code_signing_file", "{}"), Call("sign_application_build", "{}")}) {
    EXPECT_EQ(answer.status, 403);
    EXPECT_NE(answer.body.find("plan"), std::string::npos) << answer.body;
  }
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(SigningKeys, WithoutTheBuildsPermissionTheyAreOnlyListed) {
  StartWith({"builds_permission=false"});
  for (const char* endpoint :
       {"upload_signing_key", "set_default_signing_key", "delete_signing_key", "upload_code_signing_file",
        "sign_application_build", "delete_application_build", "delete_application"}) {
    HttpAnswer answer = Call(endpoint, "{}");
    EXPECT_EQ(answer.status, 403) << endpoint;
    EXPECT_NE(answer.body.find("Builds"), std::string::npos) << answer.body;
  }
  EXPECT_EQ(Call("get_signing_keys", "{}").status, 200);
  EXPECT_EQ(Call("get_applications", "{}").status, 200);
}

}  // namespace
}  // namespace tegodrop::sim::testing
