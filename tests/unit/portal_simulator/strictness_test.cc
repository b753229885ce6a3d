// Every rule of the portal's page convicts who breaks it, and only that.
#include <functional>

#include "tests/portal/text.h"
#include "tests/unit/portal_simulator/simulator_fixture.h"

namespace tegodrop::sim::testing {
namespace {

constexpr char kGoodUpload[] =
    R"({"file_name":"a.apk","platform":"android","version":"production","file_size":10,"signing_key_id":"none"})";

struct BodyCase {
  const char* name;
  const char* endpoint;
  std::string body;
  const char* rule;
};

void PrintTo(const BodyCase& one, std::ostream* out) { *out << one.name; }

class BodyRules : public SimulatorTest, public ::testing::WithParamInterface<BodyCase> {};

TEST_P(BodyRules, ConvictAndRefuse) {
  HttpAnswer answer = Call(GetParam().endpoint, GetParam().body);
  EXPECT_EQ(answer.status, 400) << answer.body;
  EXPECT_EQ(Rules(), std::vector<std::string>{GetParam().rule});
  EXPECT_EQ(Counter("uploads_granted"), 0);
}

std::string UploadWith(const std::string& fields) { return "{" + fields + "}"; }

constexpr char kUpload[] = "upload_application_build";
constexpr char kList[] = "get_application_builds";
constexpr char kDownload[] = "download_application_build";
constexpr char kComplete[] = "complete_multipart_upload";
constexpr char kAbort[] = "abort_multipart_upload";
constexpr char kDeleteBuild[] = "delete_application_build";
constexpr char kSignBuild[] = "sign_application_build";
constexpr char kKey[] = "upload_signing_key";
constexpr char kDefaultKey[] = "set_default_signing_key";
constexpr char kFile[] = "upload_code_signing_file";

// A signing key with a text in place of another.
std::string KeyWith(const std::string& old_text, const std::string& new_text) {
  std::string body =
      R"({"key_name":"n","platform":"android","file_name":"r.jks","password":"p","alias":"a","file_size":9})";
  return body.replace(body.find(old_text), old_text.size(), new_text);
}

std::string FileWith(const std::string& old_text, const std::string& new_text) {
  std::string body = R"({"file":"f","password":"p","application_id":"x","platform":"android","alias":"a"})";
  return body.replace(body.find(old_text), old_text.size(), new_text);
}

INSTANTIATE_TEST_SUITE_P(
    All, BodyRules,
    ::testing::Values(
        BodyCase{"not_json", kUpload, "file_name=a.apk", "body"}, BodyCase{"an_array", kUpload, "[]", "body"},
        BodyCase{"two_documents", kUpload, "{} {}", "body"}, BodyCase{"empty", kList, "", "body"},
        BodyCase{"not_utf8", kList, "{\"version\":\"\xff\"}", "body"},
        BodyCase{"twice", kList, R"({"version":"production","version":"production"})", "body"},
        BodyCase{"no_version", kList, "{}", "field_missing"},
        BodyCase{"unknown_version", kList, R"({"version":"prod"})", "field_value"},
        BodyCase{"version_not_a_text", kList, R"({"version":1})", "field_type"},
        BodyCase{"unknown_field", kList, R"({"version":"production","size":6})", "field_unknown"},
        BodyCase{"page_0", kList, R"({"version":"production","page":0})", "field_value"},
        BodyCase{"page_as_text", kList, R"({"version":"production","page":"1"})", "field_type"},
        BodyCase{"page_as_fraction", kList, R"({"version":"production","page":1.0})", "field_type"},
        BodyCase{"page_size_0", kList, R"({"version":"production","page_size":0})", "field_value"},
        BodyCase{"page_size_51", kList, R"({"version":"production","page_size":51})", "field_value"},
        BodyCase{"no_file_name", kUpload, UploadWith(R"("platform":"ios","version":"production")"), "field_missing"},
        BodyCase{"no_platform", kUpload, UploadWith(R"("file_name":"a.apk","version":"production")"), "field_missing"},
        BodyCase{"unknown_platform", kUpload,
                 UploadWith(R"("file_name":"a.apk","platform":"Android","version":"production")"), "field_value"},
        BodyCase{"apk_for_ios", kUpload, UploadWith(R"("file_name":"a.apk","platform":"ios","version":"production")"),
                 "file_name"},
        BodyCase{"ipa_for_android", kUpload,
                 UploadWith(R"("file_name":"a.ipa","platform":"android","version":"production")"), "file_name"},
        BodyCase{"zip", kUpload, UploadWith(R"("file_name":"a.zip","platform":"android","version":"production")"),
                 "file_name"},
        BodyCase{"ending_alone", kUpload,
                 UploadWith(R"("file_name":".apk","platform":"android","version":"production")"), "file_name"},
        BodyCase{"control_byte_in_name", kUpload,
                 UploadWith(R"("file_name":"a\n.apk","platform":"android","version":"production")"), "file_name"},
        BodyCase{"file_size_as_text", kUpload,
                 UploadWith(R"("file_name":"a.apk","platform":"android","version":"production","file_size":"10")"),
                 "field_type"},
        BodyCase{"file_size_0", kUpload,
                 UploadWith(R"("file_name":"a.apk","platform":"android","version":"production","file_size":0)"),
                 "field_value"},
        BodyCase{"null_key", kUpload,
                 UploadWith(R"("file_name":"a.apk","platform":"android","version":"staging","signing_key_id":null)"),
                 "field_type"},
        BodyCase{"start_time_as_text", kDownload,
                 R"({"version":"staging","platform":"android","start_time":"1","file_name":"a.apk"})", "field_type"},
        BodyCase{"no_start_time", kDownload, R"({"version":"staging","platform":"android","file_name":"a.apk"})",
                 "field_missing"},
        BodyCase{"name_for_file_name", kDownload,
                 R"({"version":"staging","platform":"android","start_time":1,"file_name":"a.apk","name":"a.apk"})",
                 "field_unknown"},
        BodyCase{"no_upload_id", kComplete, R"({"file_path":"x","parts":[]})", "field_missing"},
        BodyCase{"parts_not_a_list", kComplete, R"({"file_path":"x","upload_id":"y","parts":{}})", "field_type"},
        BodyCase{"part_with_more", kComplete,
                 R"({"file_path":"x","upload_id":"y","parts":[{"PartNumber":1,"ETag":"e","Size":1}]})", "field_type"},
        BodyCase{"part_number_as_text", kComplete,
                 R"({"file_path":"x","upload_id":"y","parts":[{"PartNumber":"1","ETag":"e"}]})", "field_type"},
        BodyCase{"delete_build_without_name", kDeleteBuild,
                 R"({"version":"staging","platform":"android","start_time":1})", "field_missing"},
        BodyCase{"delete_build_with_name", kDeleteBuild,
                 R"({"version":"staging","platform":"android","start_time":1,"file_name":"a.apk","name":"a.apk"})",
                 "field_unknown"},
        BodyCase{"sign_with_version", kSignBuild,
                 R"({"platform":"android","name":"a.apk","start_time":1,"version":"staging"})", "field_unknown"},
        BodyCase{"sign_with_file_name", kSignBuild, R"({"platform":"android","name":"a","start_time":"1"})",
                 "field_type"},
        BodyCase{"sign_without_name", kSignBuild, R"({"platform":"android","start_time":1})", "field_missing"},
        BodyCase{"applications_with_a_page", "get_applications", R"({"page":1})", "field_unknown"},
        BodyCase{"applications_without_a_body", "get_applications", "", "body"},
        BodyCase{"keys_with_a_platform", "get_signing_keys", R"({"platform":"ios"})", "field_unknown"},
        BodyCase{"delete_application_by_name", "delete_application", R"({"application_id":1})", "field_type"},
        BodyCase{"delete_no_application", "delete_application", "{}", "field_missing"},
        BodyCase{"delete_no_key", "delete_signing_key", R"({"key_id":null})", "field_type"},
        BodyCase{"delete_an_empty_key", "delete_signing_key", R"({"key_id":""})", "field_value"},
        BodyCase{"key_without_a_name", kKey, KeyWith(R"("key_name":"n",)", ""), "field_missing"},
        BodyCase{"key_without_a_password", kKey, KeyWith(R"("password":"p",)", ""), "field_missing"},
        BodyCase{"key_with_an_empty_password", kKey, KeyWith(R"("p")", R"("")"), "field_value"},
        BodyCase{"android_key_without_an_alias", kKey, KeyWith(R"("alias":"a",)", ""), "field_missing"},
        BodyCase{"key_of_no_platform", kKey, KeyWith("android", "linux"), "field_value"},
        BodyCase{"key_with_a_fraction_of_bytes", kKey, KeyWith(":9", ":9.0"), "field_type"},
        BodyCase{"key_of_no_bytes", kKey, KeyWith(":9", ":0"), "field_value"},
        BodyCase{"default_as_text", kKey, KeyWith(":9", R"(:9,"is_default":"true")"), "field_type"},
        BodyCase{"key_with_more", kKey, KeyWith(":9", R"(:9,"key_id":"x")"), "field_unknown"},
        BodyCase{"key_without_a_file_name", kKey, KeyWith("r.jks", ".jks"), "file_name"},
        BodyCase{"default_key_as_number", kDefaultKey, R"({"platform":"ios","key_id":1})", "field_type"},
        BodyCase{"default_key_without_a_platform", kDefaultKey, R"({"key_id":"x"})", "field_missing"},
        BodyCase{"file_field_missing", kFile, FileWith(R"("file":"f",)", ""), "field_missing"},
        BodyCase{"file_without_a_password", kFile, FileWith(R"("password":"p",)", ""), "field_missing"},
        BodyCase{"file_without_an_application", kFile, FileWith(R"("application_id":"x",)", ""), "field_missing"},
        BodyCase{"file_without_an_alias", kFile, FileWith(R"(,"alias":"a")", ""), "field_missing"},
        BodyCase{"file_with_a_size", kFile, FileWith(R"("a"})", R"("a","file_size":1})"), "field_unknown"},
        BodyCase{"abort_with_parts", kAbort, R"({"file_path":"x","upload_id":"y","parts":[]})", "field_unknown"}),
    [](const auto& info) { return info.param.name; });

struct HeaderCase {
  const char* name;
  std::function<void(HttpRequest*)> change;
  long status;
  const char* rule;  // "": refused, but no violation
};

void PrintTo(const HeaderCase& one, std::ostream* out) { *out << one.name; }

class HeaderRules : public SimulatorTest, public ::testing::WithParamInterface<HeaderCase> {};

TEST_P(HeaderRules, ConvictAndRefuse) {
  HttpRequest request = {.method = "POST", .url = base() + "/upload_application_build", .headers = GoodHeaders()};
  request.body = kGoodUpload;
  GetParam().change(&request);
  EXPECT_EQ(Fetch(request).status, GetParam().status);
  std::vector<std::string> expected;
  if (*GetParam().rule != '\0') expected.emplace_back(GetParam().rule);
  EXPECT_EQ(Rules(), expected);
  EXPECT_EQ(Counter("uploads_granted"), 0);
}

void Authorize(HttpRequest* request, const std::string& value) { request->headers[0] = "Authorization: " + value; }

const std::string kWrapped = Base64("key:secret").substr(0, 8) + "\r\n " + Base64("key:secret").substr(8);

INSTANTIATE_TEST_SUITE_P(
    All, HeaderRules,
    ::testing::Values(
        HeaderCase{"put", [](HttpRequest* r) { r->method = "PUT"; }, 405, "method"},
        HeaderCase{"query", [](HttpRequest* r) { r->url += "?version=production"; }, 400, "query"},
        HeaderCase{"empty_query", [](HttpRequest* r) { r->url += "?"; }, 400, "query"},
        HeaderCase{"slash_at_the_end", [](HttpRequest* r) { r->url += "/"; }, 404, "path"},
        HeaderCase{"not_on_the_page", [](HttpRequest* r) { r->url += "s"; }, 404, "path"},
        HeaderCase{"no_authorization", [](HttpRequest* r) { r->headers.erase(r->headers.begin()); }, 401,
                   "authorization_missing"},
        HeaderCase{"basic", [](HttpRequest* r) { Authorize(r, "Basic " + Base64("key:secret")); }, 401,
                   "authorization_form"},
        HeaderCase{"token_not_coded", [](HttpRequest* r) { Authorize(r, "Bearer rehearsal-key:rehearsal-secret"); },
                   401, "authorization_form"},
        HeaderCase{"newline_in_the_token", [](HttpRequest* r) { Authorize(r, "Bearer " + Base64("key:secret\n")); },
                   401, "authorization_form"},
        // The HTTP library drops a header that goes on in the next line.
        HeaderCase{"wrapped", [](HttpRequest* r) { Authorize(r, "Bearer " + kWrapped); }, 401, "authorization_missing"},
        HeaderCase{"two_authorizations", [](HttpRequest* r) { r->headers.push_back(r->headers[0]); }, 401,
                   "authorization_form"},
        HeaderCase{"another_token", [](HttpRequest* r) { Authorize(r, "Bearer " + Base64("key:secret")); }, 401, ""},
        HeaderCase{"no_tenant", [](HttpRequest* r) { r->headers.erase(r->headers.begin() + 1); }, 400,
                   "tenant_missing"},
        HeaderCase{"short_tenant", [](HttpRequest* r) { r->headers[1] = "tenant: 9f1c0a4e"; }, 400, "tenant_form"},
        HeaderCase{"another_tenant", [](HttpRequest* r) { r->headers[1] = "tenant: 00000000000000000000000000000000"; },
                   403, ""},
        HeaderCase{"no_content_type", [](HttpRequest* r) { r->headers[2] = "Content-Type:"; }, 415, "content_type"},
        HeaderCase{"form", [](HttpRequest* r) { r->headers[2] = "Content-Type: application/x-www-form-urlencoded"; },
                   415, "content_type"}),
    [](const auto& info) { return info.param.name; });

using Strictness = SimulatorTest;

TEST_F(Strictness, AFaultlessCallIsNotConvicted) {
  EXPECT_EQ(Call("upload_application_build", kGoodUpload).status, 200);
  EXPECT_EQ(Rules(), std::vector<std::string>{});
}

TEST_F(Strictness, APathInFileNameIsCutOffAsThePageSaysAndConvicted) {
  Upload upload = Grant("builds/today/a.apk", 10);
  EXPECT_TRUE(upload.file_path.ends_with("/a.apk")) << upload.file_path;
  EXPECT_EQ(upload.file_path.find("today"), std::string::npos);
  EXPECT_EQ(Rules(), std::vector<std::string>{"file_name_path"});
}

TEST_F(Strictness, TenantsAreListedWithoutATenantHeader) {
  HttpAnswer answer = Fetch({.url = base() + "/get_tenants", .headers = {GoodHeaders()[0]}});
  ASSERT_EQ(answer.status, 200);
  rapidjson::Document body = Parsed(answer.body);
  EXPECT_STREQ(body["tenants"][0]["plan"].GetString(), "TEAM");
  EXPECT_EQ(Rules(), std::vector<std::string>{});
  EXPECT_EQ(Fetch({.method = "POST", .url = base() + "/get_tenants", .headers = GoodHeaders(), .body = "{}"}).status,
            405);
  EXPECT_EQ(Rules(), std::vector<std::string>{"method"});
}

TEST_F(Strictness, FilesOverTheLimitAreRefusedWithoutBlame) {
  constexpr char kBody[] =
      R"({"file_name":"a.apk","platform":"android","version":"production","file_size":2147483649})";
  EXPECT_EQ(Call("upload_application_build", kBody).status, 400);
  EXPECT_EQ(Rules(), std::vector<std::string>{});
}

TEST_F(Strictness, SigningKeysMustBeKnownAndOfThePlatform) {
  const std::string start = R"({"file_name":"a.apk","platform":"android","version":"staging","signing_key_id":")";
  EXPECT_EQ(Call("upload_application_build", start + "key-uuid-1234\"}").status, 200);
  EXPECT_EQ(Call("upload_application_build", start + "key-uuid-5678\"}").status, 400);
  EXPECT_EQ(Call("upload_application_build", start + "nobodys\"}").status, 400);
  EXPECT_EQ(Control("set", R"({"signing_keys":"nobodys:android:A new key"})").status, 200);
  EXPECT_EQ(Call("upload_application_build", start + "nobodys\"}").status, 200);
}

TEST_F(Strictness, ATooLargeCallIsRefused) {
  const std::string large = R"({"version":")" + std::string(2 * 1024 * 1024, 'x') + "\"}";
  EXPECT_EQ(Call("get_application_builds", large).status, 413);
}

TEST_F(Strictness, NoViolationRepeatsWhatWasSent) {
  HttpRequest request = {.method = "POST", .url = base() + "/get_application_builds?secret=Zebra9"};
  request.headers = {"Authorization: Zebra9", "tenant: Zebra9", "Content-Type: Zebra9"};
  request.body = "Zebra9";
  Fetch(request);
  request.url = base() + "/get_application_builds";
  Fetch(request);
  Fetch({.method = "PUT", .url = base().substr(0, base().rfind('/')) + "/storage/x?Zebra9", .body = "Zebra9"});
  EXPECT_EQ(Rules(), (std::vector<std::string>{"query", "authorization_form", "url_altered"}));
  rapidjson::Document state = State();
  ASSERT_EQ(state["violations"].Size(), 3U);
  for (const auto& one : state["violations"].GetArray()) {
    EXPECT_EQ(std::string(one["text"].GetString()).find("Zebra9"), std::string::npos);
  }
}

}  // namespace
}  // namespace tegodrop::sim::testing
