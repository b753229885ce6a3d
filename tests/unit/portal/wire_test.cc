// The portal's JSON: what is sent, byte for byte, and what is understood.
#include "daemon/portal/wire.h"

#include <gtest/gtest.h>

#include "daemon/base/text.h"
#include "tests/unit/portal/answers.h"

namespace tegodrop {
namespace {

TEST(WireRequests, AskForAnUploadAsThePageSays) {
  UploadRequest request{"app-release.apk", "android", "production", 52428800, "key-uuid-1234"};
  EXPECT_EQ(UploadBody(request),
            R"({"file_name":"app-release.apk","platform":"android","version":"production","file_size":52428800,)"
            R"("signing_key_id":"key-uuid-1234"})");
  request.signing_key = "none";
  EXPECT_EQ(UploadBody(request),
            R"({"file_name":"app-release.apk","platform":"android","version":"production","file_size":52428800,)"
            R"("signing_key_id":"none"})");
  request.signing_key = "";
  EXPECT_EQ(UploadBody(request),
            R"({"file_name":"app-release.apk","platform":"android","version":"production","file_size":52428800})");
}

TEST(WireRequests, CompleteAndAbortAsThePageSays) {
  const std::string path = "tenant-123/uploads/android/production/1700000000/app-release.apk";
  EXPECT_EQ(CompleteBody(path, "multipart-upload-id", {{1, "\"abc123\""}, {2, "\"def456\""}}),
            R"({"file_path":"tenant-123/uploads/android/production/1700000000/app-release.apk",)"
            R"("upload_id":"multipart-upload-id","parts":[{"PartNumber":1,"ETag":"\"abc123\""},)"
            R"({"PartNumber":2,"ETag":"\"def456\""}]})");
  EXPECT_EQ(AbortBody(path, "multipart-upload-id"),
            R"({"file_path":"tenant-123/uploads/android/production/1700000000/app-release.apk",)"
            R"("upload_id":"multipart-upload-id"})");
}

TEST(WireRequests, ListAndDownloadAsThePageSays) {
  EXPECT_EQ(HistoryBody({"production", 1, 50}), R"({"version":"production","page":1,"page_size":50})");
  EXPECT_EQ(DownloadBody({"production", "android", 1700000000, "app-release.apk"}),
            R"({"version":"production","platform":"android","start_time":1700000000,"file_name":"app-release.apk"})");
}

TEST(WireRequests, EscapeNamesAndStayUtf8) {
  UploadRequest request{"a\"b\\c\n\xC3\xA4.apk", "android", "staging", 1, ""};
  EXPECT_EQ(UploadBody(request),
            "{\"file_name\":\"a\\\"b\\\\c\\n\xC3\xA4.apk\",\"platform\":\"android\",\"version\":\"staging\","
            "\"file_size\":1}");
  request.file_name = "a\xFF\xC3";
  EXPECT_TRUE(IsUtf8(UploadBody(request)));
  EXPECT_NE(UploadBody(request).find("a\xEF\xBF\xBD\xEF\xBF\xBD"), std::string::npos);
}

TEST(WireAnswers, ReadTheSinglePutGrantOfThePage) {
  const Result<UploadGrant> grant = ReadUploadGrant(kGrant);
  ASSERT_TRUE(grant.has_value()) << grant.error().message;
  ASSERT_TRUE(grant->url.has_value());
  EXPECT_EQ(grant->url->Reveal(), "https://apps.apptego.com/signed-upload-url");
  EXPECT_FALSE(grant->multipart.has_value());
  EXPECT_EQ(grant->file_path, "tenant-123/uploads/android/production/1700000000/app-release.apk");
  EXPECT_EQ(grant->start_time, 1700000000);
  EXPECT_EQ(grant->expires_in, std::chrono::seconds(3600));
  EXPECT_EQ(grant->signing_key_id, "key-uuid-1234");
}

TEST(WireAnswers, ReadTheMultipartGrantOfThePage) {
  const Result<UploadGrant> grant = ReadUploadGrant(kMultipart);
  ASSERT_TRUE(grant.has_value()) << grant.error().message;
  EXPECT_FALSE(grant->url.has_value());
  ASSERT_TRUE(grant->multipart.has_value());
  EXPECT_EQ(grant->multipart->upload_id, "multipart-upload-id");
  EXPECT_EQ(grant->multipart->chunk_size, 10485760U);
  ASSERT_EQ(grant->multipart->part_urls.size(), 2U);
  EXPECT_EQ(grant->multipart->part_urls[1].Reveal(), "https://apps.apptego.com/signed-part-2");
  EXPECT_FALSE(grant->signing_key_id.has_value());
}

TEST(WireAnswers, ReadTheHistoryOfThePage) {
  const Result<HistoryReading> reading = ReadHistory(kHistory, kQuestion);
  ASSERT_TRUE(reading.has_value()) << reading.error().message;
  EXPECT_TRUE(reading->skipped.empty());
  EXPECT_EQ(reading->page.total_count, 1);
  EXPECT_EQ(reading->page.page, 1);
  EXPECT_EQ(reading->page.total_pages, 1);
  ASSERT_EQ(reading->page.rows.size(), 1U);
  const BuildRow& row = reading->page.rows[0];
  EXPECT_EQ(row.start_time, 1700000000);
  EXPECT_EQ(row.end_time, 1700000300);
  EXPECT_EQ(row.version, "production");
  EXPECT_EQ(row.name, "app-release.apk");
  EXPECT_EQ(row.platform, "android");
  EXPECT_EQ(row.success, true);
  EXPECT_EQ(row.signed_, true);
  EXPECT_FALSE(row.error_message.has_value());
  EXPECT_EQ(row.status_message, "Complete");
  EXPECT_EQ(row.signing_key_id, "key-uuid-1234");
  EXPECT_EQ(row.signing_key_name, "Android release key");
  EXPECT_FALSE(row.deleted);
  EXPECT_FALSE(row.signing_error_message.has_value());
}

TEST(WireAnswers, ReadTheOtherAnswersOfThePage) {
  EXPECT_TRUE(ReadDone(R"({ "message": "Upload completed successfully" })").has_value());
  EXPECT_TRUE(ReadDone(R"({ "message": "Upload aborted successfully" })").has_value());
  const Result<Secret> url = ReadDownload(R"({ "url": "https://apps.apptego.com/signed-download-url" })");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->Reveal(), "https://apps.apptego.com/signed-download-url");
}

TEST(WireAnswers, ReadTenantsBareOrWrapped) {
  const std::string list = R"([{"tenant_id":"t1","name":"One","plan":"TEAM"},{"id":"t2"},{"name":"no id"},7])";
  for (const std::string& body : {list, "{\"tenants\":" + list + "}", "{\"x\":1,\"results\":" + list + "}"}) {
    const Result<std::vector<TenantInfo>> tenants = ReadTenants(body);
    ASSERT_TRUE(tenants.has_value()) << body;
    ASSERT_EQ(tenants->size(), 2U);
    EXPECT_EQ((*tenants)[0].id, "t1");
    EXPECT_EQ((*tenants)[0].name, "One");
    EXPECT_EQ((*tenants)[0].plan, "TEAM");
    EXPECT_EQ((*tenants)[1].id, "t2");
  }
  EXPECT_FALSE(ReadTenants(R"({"tenants":7})").has_value());
  EXPECT_FALSE(ReadTenants("\"text\"").has_value());
}

// A grant with one part of it replaced.
std::string GrantWith(const std::string& from, const std::string& to, std::string grant = kGrant) {
  const std::size_t at = grant.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return grant.replace(at, from.size(), to);
}

TEST(WireOddities, TakeNumbersInOtherClothes) {
  for (const char* number : {"\"1700000000\"", "1700000000.0", "1.7e9", "\" 1700000000 \""}) {
    const auto grant = ReadUploadGrant(GrantWith("1700000000,", std::string(number) + ","));
    ASSERT_TRUE(grant.has_value()) << number << grant.error().message;
    EXPECT_EQ(grant->start_time, 1700000000) << number;
  }
  for (const char* number : {"1700000000.5", "\"soon\"", "true", "null", "0", "-5", "1e300", "18446744073709551615",
                             "[1700000000]", "\"\"", "\"17x\"", "99999999999999999999999"}) {
    const auto grant = ReadUploadGrant(GrantWith("1700000000,", std::string(number) + ","));
    ASSERT_FALSE(grant.has_value()) << number;
    EXPECT_EQ(grant.error().kind, ErrorKind::kRetry);
    EXPECT_NE(grant.error().message.find("start_time"), std::string::npos) << grant.error().message;
  }
}

TEST(WireOddities, GiveExpiryADefaultAndBounds) {
  const auto expiry = [](const std::string& to) {
    const auto grant = ReadUploadGrant(GrantWith("\"expires_in\": 3600", to));
    return grant.has_value() ? grant->expires_in.count() : -1;
  };
  EXPECT_EQ(expiry("\"x\": 1"), 3600);
  EXPECT_EQ(expiry("\"expires_in\": null"), 3600);
  EXPECT_EQ(expiry("\"expires_in\": \"900\""), 900);
  EXPECT_EQ(expiry("\"expires_in\": -1"), 60);
  EXPECT_EQ(expiry("\"expires_in\": 99999999999"), 7 * 24 * 3600);
}

TEST(WireOddities, SeeNoKeyInNoneOrEmptyOrNull) {
  for (const char* key : {"\"none\"", "\"\"", "null", "false"}) {
    const auto grant = ReadUploadGrant(GrantWith("\"key-uuid-1234\"", key));
    ASSERT_TRUE(grant.has_value());
    EXPECT_FALSE(grant->signing_key_id.has_value()) << key;
  }
  EXPECT_EQ(ReadUploadGrant(GrantWith("\"key-uuid-1234\"", "77"))->signing_key_id, "77");
}

TEST(WireOddities, RefuseAGrantWithoutWhatItMustHave) {
  const struct {
    const char* from;
    const char* to;
    const char* grant;
    const char* word;
  } rows[] = {
      {"\"url\"", "\"link\"", kGrant, "url"},
      {"\"https://apps.apptego.com/signed-upload-url\"", "null", kGrant, "url"},
      {"\"https://apps.apptego.com/signed-upload-url\"", "\"\"", kGrant, "url"},
      {"\"file_path\"", "\"path\"", kGrant, "file_path"},
      {"\"start_time\"", "\"time\"", kGrant, "start_time"},
      {"\"upload_id\"", "\"id\"", kMultipart, "upload_id"},
      {"\"part_urls\"", "\"urls\"", kMultipart, "part_urls"},
      {"10485760", "0", kMultipart, "chunk_size"},
      {"10485760", "-1", kMultipart, "chunk_size"},
      {"\"total_parts\": 2", "\"total_parts\": 3", kMultipart, "3 parts"},
      {"\"https://apps.apptego.com/signed-part-2\"", "7", kMultipart, "part URL"},
      {"https://apps.apptego.com/signed-part-2", "http://apps.apptego.com/signed-part-2", kMultipart, "https"},
      {"\"file_path\"", "\"path\"", kMultipart, "file_path"},
  };
  for (const auto& row : rows) {
    const auto grant = ReadUploadGrant(GrantWith(row.from, row.to, row.grant));
    ASSERT_FALSE(grant.has_value()) << row.from;
    EXPECT_EQ(grant.error().kind, ErrorKind::kRetry);
    EXPECT_NE(grant.error().message.find(row.word), std::string::npos) << grant.error().message;
  }
}

TEST(WireOddities, ObeyMultipartHoweverItIsSaid) {
  for (const char* yes : {"\"multipart\": 1", "\"multipart\": \"true\"", "\"x\": 0"}) {
    const auto grant = ReadUploadGrant(GrantWith("\"multipart\": true", yes, kMultipart));
    ASSERT_TRUE(grant.has_value()) << yes;
    EXPECT_TRUE(grant->multipart.has_value() && !grant->url.has_value());
  }
  const auto single = ReadUploadGrant(GrantWith("\"start_time\"", "\"multipart\": false, \"start_time\""));
  ASSERT_TRUE(single.has_value());
  EXPECT_TRUE(single->url.has_value());
}

TEST(WireOddities, TakeHttpsUrlsAndPlainOnesOfThisMachineAlone) {
  const auto url = [](const std::string& text) { return ReadDownload("{\"url\":\"" + text + "\"}"); };
  for (const char* good : {"https://a.example/x?sig=1", "HTTPS://a.example", "http://127.0.0.1:8080/x?sig=1",
                           "http://localhost/x", "http://[::1]:80/x", "http://127.1.2.3/", "https:\\/\\/a.example"}) {
    EXPECT_TRUE(url(good).has_value()) << good;
  }
  for (const char* bad :
       {"http://a.example/x?sig=SIGNED", "http://127.0.0.1.evil.example/?sig=SIGNED", "ftp://127.0.0.1/?sig=SIGNED",
        "http://127.0.0.1@evil.example/?sig=SIGNED", "https://user:pw@a.example/?sig=SIGNED", "https:///x?sig=SIGNED",
        "http://127.1/?sig=SIGNED", "http://127.0.0.256/?sig=SIGNED", "file:///etc/passwd?sig=SIGNED",
        "javascript:1?sig=SIGNED", "https://a.example/a b?sig=SIGNED", "https://a.example/\\n?sig=SIGNED",
        "https://a.example\\\\@b/?sig=SIGNED", "http://localhost.evil/?sig=SIGNED", "//a.example/?sig=SIGNED",
        "https://a.example:99999/?sig=SIGNED"}) {
    const auto read = url(bad);
    ASSERT_FALSE(read.has_value()) << bad;
    EXPECT_EQ(read.error().kind, ErrorKind::kRetry);
    EXPECT_EQ(read.error().message.find("SIGNED"), std::string::npos) << read.error().message;
    EXPECT_EQ(read.error().message.find("pw"), std::string::npos) << read.error().message;
  }
}

std::string Row(const std::string& members) {
  return "{\"results\":[{\"start_time\":5,\"name\":\"a.apk\"," + members + "}]}";
}

TEST(WireOddities, ReadTruthHoweverItIsWritten) {
  const struct {
    const char* json;
    std::optional<bool> value;
  } rows[] = {{"true", true},   {"false", false},    {"null", std::nullopt},      {"1", true},
              {"0", false},     {"\"true\"", true},  {"\"False\"", false},        {"1.0", true},
              {"\"0\"", false}, {"2", std::nullopt}, {"\"maybe\"", std::nullopt}, {"[]", std::nullopt}};
  for (const auto& row : rows) {
    const auto reading = ReadHistory(Row(std::string("\"success\":") + row.json), kQuestion);
    ASSERT_TRUE(reading.has_value());
    ASSERT_EQ(reading->page.rows.size(), 1U);
    EXPECT_EQ(reading->page.rows[0].success, row.value) << row.json;
  }
  EXPECT_EQ(ReadHistory(Row("\"x\":1"), kQuestion)->page.rows[0].success, std::nullopt);
}

TEST(WireOddities, LoseNoErrorThatIsNotWrittenAsText) {
  const auto message = [](const std::string& json) {
    return ReadHistory(Row("\"error_message\":" + json), kQuestion)->page.rows[0].error_message;
  };
  EXPECT_EQ(message("\"broken\""), "broken");
  EXPECT_EQ(message("{\"code\":7}"), "{\"code\":7}");
  EXPECT_EQ(message("7"), "7");
  EXPECT_EQ(message("false"), std::nullopt);
  EXPECT_EQ(message("null"), std::nullopt);
}

TEST(WireOddities, PassOverAnOddRowAndKeepTheOthers) {
  const auto reading = ReadHistory(
      R"({"results":[{"name":"x"},7,null,{"start_time":1},{"start_time":2,"name":""},{"start_time":"3","name":"ok"}],)"
      R"("total_count":6,"page":1,"total_pages":1})",
      kQuestion);
  ASSERT_TRUE(reading.has_value());
  ASSERT_EQ(reading->page.rows.size(), 1U);
  EXPECT_EQ(reading->page.rows[0].start_time, 3);
  EXPECT_EQ(reading->page.rows[0].version, "production");
  EXPECT_EQ(reading->skipped.size(), 5U);
  EXPECT_NE(reading->skipped[0].find("start_time"), std::string::npos);
}

TEST(WireOddities, RefuseAListThatIsNone) {
  for (const char* body : {"{}", R"({"results":{}})", R"({"results":null})", R"({"results":"none"})", "[]", "7"}) {
    const auto reading = ReadHistory(body, kQuestion);
    ASSERT_FALSE(reading.has_value()) << body;
    EXPECT_EQ(reading.error().kind, ErrorKind::kRetry);
  }
}

TEST(WireOddities, WorkOutHowManyPagesThereAre) {
  const auto pages = [](const std::string& rest, std::int64_t size = 2) {
    return ReadHistory(R"({"results":[{"start_time":1,"name":"a"},{"start_time":2,"name":"b"}])" + rest + "}",
                       {"production", 3, size})
        ->page;
  };
  EXPECT_EQ(pages(",\"total_pages\":9").total_pages, 9);
  EXPECT_EQ(pages(",\"total_pages\":0").total_pages, 1);
  EXPECT_EQ(pages(",\"total_count\":7").total_pages, 4);
  EXPECT_EQ(pages(",\"total_count\":7,\"page_size\":5").total_pages, 2);
  EXPECT_EQ(pages("").total_pages, 4);
  EXPECT_EQ(pages("", 50).total_pages, 3);
  EXPECT_EQ(pages("").page, 3);
  EXPECT_EQ(pages(",\"page\":1").page, 1);
}

TEST(WireOddities, SeeAFailureInTheBodyOfASuccess) {
  for (const char* body : {R"({"error":"InternalError"})", R"({"error":{"message":"InternalError"}})",
                           R"({"errors":["InternalError"]})", R"({"success":false,"message":"InternalError"})",
                           "<?xml version=\"1.0\"?><Error><Code>X</Code><Message>InternalError</Message></Error>",
                           "<html><head><title>InternalError</title></head></html>"}) {
    const Status done = ReadDone(body);
    ASSERT_FALSE(done.has_value()) << body;
    EXPECT_EQ(done.error().kind, ErrorKind::kRetry);
    EXPECT_NE(done.error().message.find("InternalError"), std::string::npos) << done.error().message;
  }
  for (const char* body : {"", "null", "\"done\"", "[]", "{"}) EXPECT_FALSE(ReadDone(body).has_value()) << body;
  for (const char* body : {"{}", R"({"error":null,"errors":[]})", R"({"success":true})", R"({"error":false})"}) {
    EXPECT_TRUE(ReadDone(body).has_value()) << body;
  }
}

TEST(WireOddities, TellThePortalsWordsWhereAPromiseIsBroken) {
  const auto grant = ReadUploadGrant(R"({"error": {"detail": "no control is enabled for android"}})");
  ASSERT_FALSE(grant.has_value());
  EXPECT_NE(grant.error().message.find("no control is enabled for android"), std::string::npos);
}

}  // namespace
}  // namespace tegodrop
