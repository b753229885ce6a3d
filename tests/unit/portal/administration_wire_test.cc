// The coding of the commands' calls: what leaves byte by byte, and what is made of answers from somebody else.
#include "daemon/portal/administration_wire.h"

#include <gtest/gtest.h>

namespace tegodrop {
namespace {

// kBug where there is none.
template <typename T>
Error ErrorOf(const Result<T>& result) {
  return result ? Error{} : result.error();
}

SigningKeyUpload Key() { return {"Release \"1\"", "android", "release.jks", Secret("p\"\\\n"), "rel", 4096, true}; }

TEST(AdministrationBodies, HaveTheFieldsOfThePageAndNoOthers) {
  EXPECT_EQ(DeleteApplicationBody("app-1"), R"({"application_id":"app-1"})");
  EXPECT_EQ(DeleteBuildBody({"production", "android", 1700000000, "a.apk"}),
            R"({"version":"production","platform":"android","start_time":1700000000,"file_name":"a.apk"})");
  EXPECT_EQ(SignBody({"android", "a.apk", 1700000000}),
            R"({"platform":"android","name":"a.apk","start_time":1700000000})");
  EXPECT_EQ(DefaultKeyBody("ios", "key-1"), R"({"platform":"ios","key_id":"key-1"})");
  EXPECT_EQ(NoDefaultKeyBody("ios"), R"({"platform":"ios"})");
  EXPECT_EQ(DeleteKeyBody("key-1"), R"({"key_id":"key-1"})");
  EXPECT_EQ(SigningKeyBody(Key()), R"({"key_name":"Release \"1\"","platform":"android","file_name":"release.jks",)"
                                   R"("password":"p\"\\\n","alias":"rel","file_size":4096,"is_default":true})");
  EXPECT_EQ(SigningFileBody({"release.jks", Secret("pw"), "app-1", "android", "rel"}),
            R"({"file":"release.jks","password":"pw","application_id":"app-1","platform":"android","alias":"rel"})");
}

TEST(AdministrationBodies, LeaveAnEmptyAliasOut) {
  SigningKeyUpload key = Key();
  key.alias.clear();
  EXPECT_EQ(SigningKeyBody(key).find("alias"), std::string::npos);
  EXPECT_EQ(SigningFileBody({"a.p12", Secret("pw"), "app-1", "ios", ""}).find("alias"), std::string::npos);
}

TEST(ReadApplications, TakesThePagesExample) {
  const auto read = ReadApplications(R"({"applications":[{"platform":"android","build_version":"1.0.0",)"
                                     R"("build_id":"build-identifier","build_name":"MyApp",)"
                                     R"("build_image":"https://example.com/icon.png?X-Sig=1",)"
                                     R"("creation_time":1700000000,"application_id":"app-uuid-1234"}]})");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->rows.size(), 1U);
  const ApplicationRecord& one = read->rows[0];
  EXPECT_EQ(one.application_id, "app-uuid-1234");
  EXPECT_EQ(one.platform, "android");
  EXPECT_EQ(one.build_version, "1.0.0");
  EXPECT_EQ(one.build_id, "build-identifier");
  EXPECT_EQ(one.build_name, "MyApp");
  ASSERT_TRUE(one.build_image);
  EXPECT_EQ(one.build_image->Reveal(), "https://example.com/icon.png?X-Sig=1");
  EXPECT_EQ(one.creation_time, 1700000000);
}

TEST(ReadApplications, TakesNullMissingAndOtherwiseWrittenFields) {
  const auto read =
      ReadApplications(R"({"applications":[{"application_id":17,"platform":null,"build_id":42,"extra":{"a":[1]},)"
                       R"("creation_time":"1700000000","build_image":false}]})");
  ASSERT_TRUE(read && read->rows.size() == 1U);
  const ApplicationRecord& one = read->rows[0];
  EXPECT_EQ(one.application_id, "17");
  EXPECT_EQ(one.platform, std::nullopt);
  EXPECT_EQ(one.build_version, std::nullopt);
  EXPECT_EQ(one.build_name, std::nullopt);
  EXPECT_EQ(one.build_id, "42");
  EXPECT_EQ(one.creation_time, 1700000000);
  EXPECT_FALSE(one.build_image);
}

TEST(ReadApplications, PassesOverRowsWithoutAnIdAndSaysSo) {
  const auto read = ReadApplications(
      R"({"applications":[{"build_name":"x"},7,null,[],{"application_id":""},{"application_id":"app-1"}]})");
  ASSERT_TRUE(read);
  ASSERT_EQ(read->rows.size(), 1U);
  EXPECT_EQ(read->rows[0].application_id, "app-1");
  ASSERT_EQ(read->skipped.size(), 5U);
  EXPECT_NE(read->skipped[0].find("application_id"), std::string::npos);
}

TEST(ReadApplications, KeepsTheRowAsThePortalWroteItButForQueries) {
  const auto read = ReadApplications(R"({"applications":[{"application_id":"a","extra":{"n":[1,null,"x?y"]},"t":1.5,)"
                                     R"("build_image":"https://h.example/i.png?X-Sig=1&b=2","name":"q?r"}]})");
  ASSERT_TRUE(read && read->rows.size() == 1U);
  EXPECT_EQ(read->rows[0].json, R"({"application_id":"a","extra":{"n":[1,null,"x?y"]},"t":1.5,)"
                                "\"build_image\":\"https://h.example/i.png?\u2026\",\"name\":\"q?r\"}");
}

TEST(ReadBuildListing, HasEachRowReadAndAsItWasWrittenAndTheRestOfTheAnswer) {
  const auto read =
      ReadBuildListing(R"({"results":[{"start_time":1700000000,"name":"a.apk","more":true},{"name":"b"},7],)"
                       R"("total_count":3,"page":2,"total_pages":4,"still_waiting":false})",
                       {"staging", 2, 3});
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->listing.builds.size(), 1U);
  EXPECT_EQ(read->listing.builds[0].row.version, "staging");
  EXPECT_EQ(read->listing.builds[0].row.start_time, 1700000000);
  EXPECT_EQ(read->listing.builds[0].json, R"({"start_time":1700000000,"name":"a.apk","more":true})");
  EXPECT_EQ(read->skipped.size(), 2U);
  EXPECT_EQ(read->listing.total_count, 3);
  EXPECT_EQ(read->listing.page, 2);
  EXPECT_EQ(read->listing.total_pages, 4);
  EXPECT_EQ(read->listing.json, R"({"total_count":3,"page":2,"total_pages":4,"still_waiting":false})");
}

TEST(ReadBuildListing, WantsTheListOfResults) {
  EXPECT_EQ(ErrorOf(ReadBuildListing("{}", {"staging", 1, 50})).kind, ErrorKind::kRetry);
  EXPECT_EQ(ErrorOf(ReadBuildListing("<html>", {"staging", 1, 50})).kind, ErrorKind::kRetry);
}

TEST(ReadSigningKeys, TakesThePagesExample) {
  const auto read = ReadSigningKeys(R"({"signing_keys":[{"key_id":"key-uuid-1234","key_name":"Android release key",)"
                                    R"("platform":"android","file_name":"release.jks","is_default":true,)"
                                    R"("uploaded_by":"user@example.com","creation_time":1700000000}]})");
  ASSERT_TRUE(read && read->rows.size() == 1U);
  const SigningKeyRecord& one = read->rows[0];
  EXPECT_EQ(one.key_id, "key-uuid-1234");
  EXPECT_EQ(one.key_name, "Android release key");
  EXPECT_EQ(one.platform, "android");
  EXPECT_EQ(one.file_name, "release.jks");
  EXPECT_EQ(one.is_default, true);
  EXPECT_EQ(one.uploaded_by, "user@example.com");
  EXPECT_EQ(one.creation_time, 1700000000);
}

TEST(ReadSigningKeys, TellsADefaultThatIsNotSaidFromOneThatIsNot) {
  const auto read = ReadSigningKeys(
      R"({"signing_keys":[{"key_id":"a"},{"key_id":"b","is_default":0},{"key_id":"c","is_default":"true"}]})");
  ASSERT_TRUE(read && read->rows.size() == 3U);
  EXPECT_EQ(read->rows[0].is_default, std::nullopt);
  EXPECT_EQ(read->rows[1].is_default, false);
  EXPECT_EQ(read->rows[2].is_default, true);
}

TEST(ReadLists, TakeAnEmptyOneAndABareOne) {
  EXPECT_TRUE(ReadApplications(R"({"applications":[]})")->rows.empty());
  EXPECT_EQ(ReadApplications(R"([{"application_id":"a"}])")->rows.size(), 1U);
  EXPECT_EQ(ReadSigningKeys(R"({"data":[{"key_id":"a"}]})")->rows.size(), 1U);
}

TEST(ReadSigningKeyGrant, TakesThePagesExample) {
  const auto read = ReadSigningKeyGrant(R"({"key_id":"key-1","url":"https://apps.apptego.com/put?X-Sig=1"})");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->key_id, "key-1");
  EXPECT_EQ(read->url.Reveal(), "https://apps.apptego.com/put?X-Sig=1");
}

TEST(ReadSigningKeyGrant, SaysWhatIsMissing) {
  EXPECT_NE(ReadSigningKeyGrant(R"({"url":"https://a.example/"})").error().message.find("key_id"), std::string::npos);
  EXPECT_NE(ReadSigningKeyGrant(R"({"key_id":"k","url":""})").error().message.find("url"), std::string::npos);
  EXPECT_NE(ReadSigningKeyGrant(R"({"key_id":"k","url":null,"message":"no room"})").error().message.find("no room"),
            std::string::npos);
}

TEST(ReadUrls, RefuseWhatNoSignedUrlMayBeWithoutShowingItsQuery) {
  for (const std::string url : {"http://apps.example/put?X-Sig=SIGNED", "https://u:p@apps.example/put?X-Sig=SIGNED",
                                "file:///etc/passwd?SIGNED", "https:///put?SIGNED", "https://a.example/ b?SIGNED"}) {
    for (const Error& error : {ReadUrl(R"({"url":")" + url + "\"}").error(),
                               ReadSigningKeyGrant(R"({"key_id":"k","url":")" + url + "\"}").error()}) {
      EXPECT_EQ(error.kind, ErrorKind::kRetry) << url;
      EXPECT_EQ(error.message.find("SIGNED"), std::string::npos) << error.message;
    }
  }
  EXPECT_EQ(ReadUrl(R"({"url":"http://127.0.0.1:8080/put?X-Sig=1"})")->Reveal(), "http://127.0.0.1:8080/put?X-Sig=1");
}

TEST(ReadUrls, AreNoneWhereTheAnswerSaysThatItFailed) {
  for (const char* failed : {R"("success":false)", R"("error":"no room")", R"("errors":["no room"])"}) {
    const std::string body = std::string(R"({"key_id":"k","url":"https://a.example/put",)") + failed + "}";
    EXPECT_FALSE(ReadUrl(body)) << failed;
    EXPECT_FALSE(ReadSigningKeyGrant(body)) << failed;
  }
  EXPECT_TRUE(ReadUrl(R"({"url":"https://a.example/put","success":true,"error":null,"errors":[]})"));
}

TEST(ReadSubscription, TakesPlanAndLimitWhereTheyAre) {
  const auto both = ReadSubscription(R"({"plan":"TEAM","custom_limits":{"concurrent_builds":3,"x":1},"y":null})");
  ASSERT_TRUE(both);
  EXPECT_EQ(both->plan, "TEAM");
  EXPECT_EQ(both->concurrent_builds, 3);
  EXPECT_EQ(ReadSubscription(R"({"custom_limits":{"concurrent_builds":"4"}})")->concurrent_builds, 4);
  for (const char* none : {"{}", R"({"plan":null,"custom_limits":null})", R"({"plan":"","custom_limits":[]})",
                           R"({"custom_limits":{"concurrent_builds":null}})", R"({"custom_limits":"none"})",
                           R"({"custom_limits":{"concurrent_builds":{"a":1}}})"}) {
    const auto read = ReadSubscription(none);
    ASSERT_TRUE(read) << none;
    EXPECT_EQ(read->plan, std::nullopt) << none;
    EXPECT_EQ(read->concurrent_builds, std::nullopt) << none;
  }
  EXPECT_EQ(ReadSubscription(R"({"error":"try later"})").error().kind, ErrorKind::kRetry);
}

TEST(HostileAnswers, AreErrorsToRetryInEveryReader) {
  const std::string deep = std::string(5000, '[') + std::string(5000, ']');
  const std::string many = "[" + std::string(300000, ' ') + [] {
    std::string out;
    for (int i = 0; i < 100'001; ++i) out += i == 0 ? "1" : ",1";
    return out;
  }() + "]";
  for (const std::string& body :
       {std::string(), std::string("   "), std::string("null"), std::string("7"), std::string("\"text\""),
        std::string("{"), std::string("{} {}"), std::string("{\"a\":1,\"a\":2}"), std::string("{\"a\":\"\xFF\"}"),
        std::string("{\"url\":\"https://a.example/\"}\0", 30), deep, "{\"applications\":" + deep + "}", many,
        std::string("<html><title>Maintenance</title></html>")}) {
    for (const Error& error :
         {ErrorOf(ReadApplications(body)), ErrorOf(ReadSigningKeys(body)), ErrorOf(ReadSigningKeyGrant(body)),
          ErrorOf(ReadUrl(body)), ErrorOf(ReadSubscription(body))}) {
      EXPECT_EQ(error.kind, ErrorKind::kRetry) << body.substr(0, 60);
      EXPECT_FALSE(error.message.empty());
    }
  }
  EXPECT_NE(ReadUrl("<title>Maintenance</title>").error().message.find("Maintenance"), std::string::npos);
}

}  // namespace
}  // namespace tegodrop
