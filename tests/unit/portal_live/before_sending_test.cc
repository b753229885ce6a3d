// What the page forbids is refused by the clients themselves: no request leaves. One line for each cell.
#include "tests/unit/portal_live/asking.h"
#include "tests/unit/portal_live/report.h"

namespace tegodrop::testing {
namespace {

struct Forbidden {
  std::string call;
  std::string name;
  std::string words;
  std::function<Outcome(LiveTest&)> ask;
};

UploadRequest Upload(const std::string& name, const std::string& platform, const std::string& version = "production",
                     std::uint64_t size = 9) {
  return {name, platform, version, size, ""};
}

void AddUploads(std::vector<Forbidden>* out) {
  const struct {
    const char* name;
    UploadRequest request;
    const char* words;
  } rows[] = {
      {"an ending that is no artifact's", Upload("app.zip", "android"), "\"app.zip\" has not the ending"},
      {"an ending and no name", Upload(".apk", "android"), "\".apk\" has not the ending"},
      {"no ending", Upload("apk", "android"), "has not the ending of an android artifact: .apk, .aab"},
      {"an ios artifact for android", Upload("app.ipa", "android"), "android artifact"},
      {"an android artifact for ios", Upload("app.apk", "ios"), "ios artifact: .ipa"},
      {"unknown platform", Upload("app.apk", "windows"), "platform \"windows\" is none of android, ios"},
      {"platform in upper case", Upload("app.apk", "Android"), "platform \"Android\""},
      {"unknown version", Upload("app.apk", "android", "prod"), "\"prod\" is none of development, staging, production"},
      {"empty file", Upload("app.apk", "android", "production", 0), "the file is empty"},
  };
  for (const auto& row : rows) {
    out->push_back({"upload_application_build", row.name, row.words,
                    [request = row.request](LiveTest& live) { return AskUpload(live, request); }});
  }
}

void AddListings(std::vector<Forbidden>* out) {
  const struct {
    const char* name;
    const char* version;
    std::int64_t page;
    std::int64_t page_size;
    const char* words;
  } rows[] = {
      {"page_size over 50", "production", 1, 51, "page_size 51 is not from 1 to 50"},
      {"page_size 0", "production", 1, 0, "page_size 0 is not"},
      {"page_size under 0", "production", 1, -1, "page_size -1 is not"},
      {"page 0", "production", 0, 50, "page 0 is none"},
      {"unknown version", "Production", 1, 50, "version \"Production\" is none of"},
      {"no version", "", 1, 50, "version \"\" is none of"},
  };
  for (const auto& row : rows) {
    out->push_back({"get_application_builds", row.name, row.words,
                    [row](LiveTest& live) { return List(live, row.version, row.page, row.page_size); }});
  }
}

void AddBuilds(std::vector<Forbidden>* out) {
  const struct {
    const char* name;
    BuildIdentity build;
    const char* words;
    bool signs;  // what is wrong is wrong for signing too
  } rows[] = {
      {"unknown platform", {"production", "windows", 5, "a.apk"}, "platform \"windows\"", true},
      {"unknown version", {"prod", "android", 5, "a.apk"}, "version \"prod\"", false},
      {"no start_time", {"production", "android", 0, "a.apk"}, "start_time 0 is none", true},
      {"no name", {"production", "android", 5, ""}, "name is missing", true},
  };
  for (const auto& row : rows) {
    const BuildIdentity build = row.build;
    out->push_back(
        {"download_application_build", row.name, row.words, [build](LiveTest& live) { return Download(live, build); }});
    out->push_back({"delete_application_build", row.name, row.words,
                    [build](LiveTest& live) { return DeleteBuild(live, build); }});
    if (!row.signs) continue;
    out->push_back({"sign_application_build", row.name, row.words, [build](LiveTest& live) {
                      return Sign(live, {build.platform, build.name, build.start_time});
                    }});
  }
  for (const char* id : {"", " "}) {
    out->push_back({"delete_application", "no id", "application id is missing",
                    [id](LiveTest& live) { return DeleteApplication(live, id); }});
  }
}

SigningKeyUpload Key(const std::function<void(SigningKeyUpload*)>& change) {
  SigningKeyUpload key{"A key", "android", "release.jks", Secret(kPassword), "release", 4096, false};
  change(&key);
  return key;
}

void AddKeys(std::vector<Forbidden>* out) {
  const struct {
    const char* name;
    void (*change)(SigningKeyUpload* key);
    const char* words;
  } rows[] = {
      {"over 10 MB", [](SigningKeyUpload* key) { key->file_size = (10U << 20U) + 1; }, "over 10 MB are not accepted"},
      {"empty file", [](SigningKeyUpload* key) { key->file_size = 0; }, "file is empty"},
      {"an artifact's ending", [](SigningKeyUpload* key) { key->file_name = "a.apk"; },
       "has not the ending of an android signing key: .jks"},
      {"an android key for ios", [](SigningKeyUpload* key) { key->platform = "ios"; },
       "has not the ending of an ios signing key: .p12, .pfx"},
      {"a path", [](SigningKeyUpload* key) { key->file_name = "keys/release.jks"; }, "has a path in it"},
      {"a path of Windows", [](SigningKeyUpload* key) { key->file_name = "C:\\release.jks"; }, "has a path in it"},
      {"no file_name", [](SigningKeyUpload* key) { key->file_name = ""; }, "file_name is missing"},
      {"no alias", [](SigningKeyUpload* key) { key->alias = ""; }, "needs its alias"},
      {"no key_name", [](SigningKeyUpload* key) { key->key_name = ""; }, "name is missing"},
      {"unknown platform", [](SigningKeyUpload* key) { key->platform = "windows"; }, "platform \"windows\""},
      {"no password", [](SigningKeyUpload* key) { key->password = Secret(); }, "the password is empty"},
      {"a password that JSON cannot carry", [](SigningKeyUpload* key) { key->password = Secret("Zebra9\xFF"); },
       "the password is not UTF-8"},
  };
  for (const auto& row : rows) {
    out->push_back({"upload_signing_key", row.name, row.words,
                    [key = Key(row.change)](LiveTest& live) { return UploadKey(live, key); }});
  }
  out->push_back({"set_default_signing_key", "unknown platform", "platform \"windows\"",
                  [](LiveTest& live) { return SetDefault(live, "windows", "key-uuid-1234"); }});
  // Without its id the call would clear the default.
  out->push_back({"set_default_signing_key", "no id", "key id is missing",
                  [](LiveTest& live) { return SetDefault(live, "android", ""); }});
  out->push_back({"set_default_signing_key to none", "unknown platform", "platform \"\"",
                  [](LiveTest& live) { return ClearDefault(live, ""); }});
  out->push_back(
      {"delete_signing_key", "no id", "key id is missing", [](LiveTest& live) { return DeleteKey(live, ""); }});
}

void AddSigningFiles(std::vector<Forbidden>* out) {
  const struct {
    const char* name;
    void (*change)(SigningFileUpload* file);
    const char* words;
  } rows[] = {
      {"unknown platform", [](SigningFileUpload* file) { file->platform = "windows"; }, "platform \"windows\""},
      {"no alias", [](SigningFileUpload* file) { file->alias = ""; }, "needs its alias"},
      {"no password", [](SigningFileUpload* file) { file->password = Secret(); }, "the password is empty"},
      {"no application", [](SigningFileUpload* file) { file->application_id = ""; }, "application id is missing"},
      {"no file", [](SigningFileUpload* file) { file->file = ""; }, "file is missing"},
      {"a path", [](SigningFileUpload* file) { file->file = "/keys/release.jks"; }, "has a path in it"},
      {"another ending", [](SigningFileUpload* file) { file->file = "release.pem"; }, "has not the ending"},
  };
  for (const auto& row : rows) {
    SigningFileUpload file{"release.jks", Secret(kPassword), "app-uuid-1234", "android", "release"};
    row.change(&file);
    out->push_back(
        {"upload_code_signing_file", row.name, row.words, [file](LiveTest& live) { return SigningFile(live, file); }});
  }
}

class BeforeSending : public LiveTest {};

TEST_F(BeforeSending, IsRefusedWhatThePageForbids) {
  std::vector<Forbidden> all;
  AddUploads(&all);
  AddListings(&all);
  AddBuilds(&all);
  AddKeys(&all);
  AddSigningFiles(&all);
  Connect();
  for (const Forbidden& one : all) {
    SCOPED_TRACE(one.call + " | " + one.name);
    const Outcome outcome = one.ask(*this);
    Report(one.call, one.name + ", refused before sending", outcome.error);
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->kind, ErrorKind::kRejected);
    EXPECT_EQ(outcome.error->http_status, 0);
    EXPECT_FALSE(outcome.error->outcome_unknown);
    EXPECT_NE(outcome.error->message.find(one.words), std::string::npos) << outcome.error->message;
    EXPECT_TRUE(outcome.error->message.starts_with("cannot ask for ")) << outcome.error->message;
  }
  EXPECT_EQ(RequestsSeen(), 0);
  EXPECT_EQ(Rules(), std::vector<std::string>());
}

TEST_F(BeforeSending, ARefusalIsCancelledLikeAnyOtherAnswer) {
  Connect();
  bool called = false;
  HandlePtr handle = portal().ListBuilds("production", 1, 51, [&](auto) { called = true; });
  handle.reset();
  EXPECT_TRUE(List(*this, "production", 1, 52).error);
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace tegodrop::testing
