// Every refusal that the page names, with every status and every shape of error body that it leaves open. One line for
// each cell: call | case | reaction.
#include "tests/unit/portal_live/asking.h"
#include "tests/unit/portal_live/report.h"

namespace tegodrop::testing {
namespace {

enum class Status4xx : std::uint8_t {
  kOpen,      // the page names none: each that there may be
  kBad,       // 400
  kNotFound,  // 404
  kTooMany,   // 429, with each form of Retry-After
};

struct Refused {
  const char* call;
  const char* name;
  Status4xx status;
  const char* words;
  bool effective = false;
  // What the simulator convicts: the caller's fault, which the client cannot know of.
  std::vector<std::string> rules = {};
  // Makes the world and gives the call to ask in it.
  std::function<std::function<Outcome(LiveTest&)>(LiveTest&)> make;
};

using Ask = std::function<Outcome(LiveTest&)>;

UploadRequest Artifact() { return {"app-release.apk", "android", "production", 1000, ""}; }
BuildIdentity Named(const LiveTest::Upload& upload) {
  return {"production", "android", upload.start_time, "app-release.apk"};
}
LiveTest::Upload Failed(LiveTest& test) {
  const LiveTest::Upload upload = test.Send("app-release.apk", "no archive");
  test.Advance(1000);
  return upload;
}
LiveTest::Upload Running(LiveTest& test) { return test.Send("app-release.apk", sim::testing::MakeApk()); }

// A key that was announced and whose file never came.
std::string KeyWithoutFile(LiveTest& test) {
  const auto answer = test.Call("upload_signing_key",
                                R"({"key_name":"New","platform":"android","file_name":"new.jks","password":"Zebra9",)"
                                R"("alias":"a","file_size":5})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  return sim::testing::Parsed(answer.body)["key_id"].GetString();
}

std::vector<Refused> OfUploads() {
  const char* call = "upload_application_build";
  return {
      {call,
       "concurrent builds at their limit",
       Status4xx::kTooMany,
       "limit of concurrent builds",
       false,
       {},
       [](LiveTest& test) -> Ask {
         test.Set(R"({"concurrent_builds":1})");
         Running(test);
         return [](LiveTest& live) { return AskUpload(live, Artifact()); };
       }},
      {call,
       "quota of seven days used up",
       Status4xx::kTooMany,
       "quota of 7 days",
       false,
       {},
       [](LiveTest& test) -> Ask {
         test.Set(R"({"build_quota":1})");
         test.Built();
         return [](LiveTest& live) { return AskUpload(live, Artifact()); };
       }},
      {call,
       "no control enabled",
       Status4xx::kOpen,
       "No protection control is enabled",
       false,
       {},
       [](LiveTest& test) -> Ask {
         test.Set(R"({"controls_enabled":false})");
         return [](LiveTest& live) { return AskUpload(live, Artifact()); };
       }},
      {call,
       "over 2 GB",
       Status4xx::kOpen,
       "too large",
       false,
       {},
       [](LiveTest& /*test*/) -> Ask {
         return [](LiveTest& live) {
           return AskUpload(live, {"app-release.apk", "android", "production", (2ULL << 30U) + 1, ""});
         };
       }},
      {call,
       "unknown signing key",
       Status4xx::kOpen,
       "no such signing key",
       false,
       {},
       [](LiveTest& /*test*/) -> Ask {
         return [](LiveTest& live) { return AskUpload(live, {"a.apk", "android", "production", 9, "nobodys"}); };
       }},
      {call,
       "signing key of the other platform",
       Status4xx::kOpen,
       "no such signing key",
       false,
       {},
       [](LiveTest& /*test*/) -> Ask {
         return [](LiveTest& live) { return AskUpload(live, {"a.apk", "android", "production", 9, "key-uuid-5678"}); };
       }},
      {call,
       "signing key without its file",
       Status4xx::kOpen,
       "has not been received",
       false,
       {},
       [](LiveTest& test) -> Ask {
         return [id = KeyWithoutFile(test)](LiveTest& live) {
           return AskUpload(live, {"a.apk", "android", "production", 9, id});
         };
       }},
  };
}

// A change to an upload that is ready, and then the call.
Refused OfParts(const char* call, const char* name, Status4xx status, const char* words, std::vector<std::string> rules,
                std::function<void(LiveTest&, PartsUpload*)> change) {
  const bool completes = std::string(call) == "complete_multipart_upload";
  return {call,
          name,
          status,
          words,
          completes,
          std::move(rules),
          [completes, change = std::move(change)](LiveTest& test) -> Ask {
            PartsUpload upload = test.ReadyInParts();
            change(test, &upload);
            return [completes, upload](LiveTest& live) {
              return completes ? Complete(live, upload) : Abort(live, upload);
            };
          }};
}

void Completed(LiveTest& test, PartsUpload* upload) { EXPECT_FALSE(Complete(test, *upload).error); }
void Aborted(LiveTest& test, PartsUpload* upload) { EXPECT_FALSE(Abort(test, *upload).error); }
void OtherId(LiveTest& /*test*/, PartsUpload* upload) { upload->upload_id = "nobodys"; }
void OtherTenant(LiveTest& test, PartsUpload* upload) {
  upload->file_path = std::string(32, 'a') + upload->file_path.substr(test.Tenant().size());
}

std::vector<Refused> OfMultipart() {
  const char* complete = "complete_multipart_upload";
  const char* abort = "abort_multipart_upload";
  return {
      OfParts(complete, "completed before", Status4xx::kNotFound, "NoSuchUpload", {}, Completed),
      OfParts(complete, "completed before, as a bad request", Status4xx::kBad, "NoSuchUpload", {},
              [](LiveTest& test, PartsUpload* upload) {
                Completed(test, upload);
                test.Set(R"({"complete_twice":"bad_request"})");
              }),
      OfParts(complete, "aborted before", Status4xx::kNotFound, "no such upload", {}, Aborted),
      OfParts(complete, "no such upload", Status4xx::kNotFound, "no such upload", {}, OtherId),
      OfParts(complete, "file_path of another tenant", Status4xx::kBad, "no path of this tenant", {"file_path"},
              OtherTenant),
      OfParts(complete, "another ETag", Status4xx::kBad, "part 1 has another ETag", {"parts_list"},
              [](LiveTest& /*test*/, PartsUpload* upload) { upload->parts[0].etag = "\"other\""; }),
      OfParts(complete, "a part is missing", Status4xx::kBad, "does not have all parts", {"parts_list"},
              [](LiveTest& /*test*/, PartsUpload* upload) { upload->parts.pop_back(); }),
      OfParts(complete, "parts out of order", Status4xx::kBad, "not listed from 1 on", {"parts_list"},
              [](LiveTest& /*test*/, PartsUpload* upload) { std::swap(upload->parts[0], upload->parts[1]); }),
      OfParts(abort, "aborted before", Status4xx::kNotFound, "no such upload", {}, Aborted),
      OfParts(abort, "no such upload", Status4xx::kNotFound, "no such upload", {}, OtherId),
      OfParts(abort, "file_path of another tenant", Status4xx::kBad, "no path of this tenant", {"file_path"},
              OtherTenant),
      OfParts(abort, "completed before", Status4xx::kNotFound, "complete was aborted", {"abort_after_complete"},
              Completed),
  };
}

// A world with a build in it, and the call that names it.
template <typename Made, typename Then>
Refused OfBuild(const char* call, const char* name, Status4xx status, const char* words, bool effective, Made made,
                Then then) {
  return {call, name, status, words, effective, {}, [made, then](LiveTest& test) -> Ask {
            const LiveTest::Upload upload = made(test);
            return [upload, then](LiveTest& live) { return then(live, upload); };
          }};
}

LiveTest::Upload Ended(LiveTest& test) { return test.Built(); }
LiveTest::Upload Deleted(LiveTest& test) {
  const LiveTest::Upload upload = test.Built();
  EXPECT_FALSE(DeleteBuild(test, Named(upload)).error);
  return upload;
}
BuildIdentity Changed(const LiveTest::Upload& upload, const std::function<void(BuildIdentity*)>& change) {
  BuildIdentity build = Named(upload);
  change(&build);
  return build;
}

std::vector<Refused> OfDownloads() {
  const char* call = "download_application_build";
  const char* words = "no such completed build";
  const auto download = [](LiveTest& live, const LiveTest::Upload& upload) { return Download(live, Named(upload)); };
  const auto other = [](void (*change)(BuildIdentity*)) {
    return [change](LiveTest& live, const LiveTest::Upload& upload) { return Download(live, Changed(upload, change)); };
  };
  return {
      OfBuild(call, "still running", Status4xx::kNotFound, words, false, Running, download),
      OfBuild(call, "failed", Status4xx::kNotFound, words, false, Failed, download),
      OfBuild(call, "deleted", Status4xx::kNotFound, words, false, Deleted, download),
      OfBuild(call, "another start_time", Status4xx::kNotFound, words, false, Ended,
              other([](BuildIdentity* build) { ++build->start_time; })),
      OfBuild(call, "another name", Status4xx::kNotFound, words, false, Ended,
              other([](BuildIdentity* build) { build->name = "b.apk"; })),
      OfBuild(call, "another version", Status4xx::kNotFound, words, false, Ended,
              other([](BuildIdentity* build) { build->version = "staging"; })),
  };
}

std::vector<Refused> OfBuilds() {
  const char* remove = "delete_application_build";
  const char* sign = "sign_application_build";
  const auto removed = [](LiveTest& live, const LiveTest::Upload& upload) { return DeleteBuild(live, Named(upload)); };
  const auto signs = [](LiveTest& live, const LiveTest::Upload& upload) {
    return Sign(live, {"android", "app-release.apk", upload.start_time});
  };
  return {
      OfBuild(remove, "still running", Status4xx::kOpen, "still in progress", true, Running, removed),
      OfBuild(remove, "deleted before", Status4xx::kNotFound, "no such build", true, Deleted, removed),
      OfBuild(remove, "no such build", Status4xx::kNotFound, "no such build", true, Ended,
              [](LiveTest& live, const LiveTest::Upload& upload) {
                return DeleteBuild(live, Changed(upload, [](BuildIdentity* build) { build->version = "staging"; }));
              }),
      OfBuild(sign, "still running", Status4xx::kOpen, "has not completed", true, Running, signs),
      OfBuild(sign, "failed", Status4xx::kOpen, "has not completed", true, Failed, signs),
      OfBuild(sign, "deleted", Status4xx::kNotFound, "no such build", true, Deleted, signs),
      OfBuild(sign, "no signing file", Status4xx::kOpen, "has no code-signing file", true, Ended, signs),
      OfBuild(sign, "no such build", Status4xx::kNotFound, "no such build", true, Ended,
              [](LiveTest& live, const LiveTest::Upload& upload) {
                return Sign(live, {"android", "b.apk", upload.start_time});
              }),
  };
}

std::vector<Refused> OfApplications() {
  const auto file = [](const std::string& id, const char* platform) {
    return SigningFileUpload{"release.p12", Secret(kPassword), id, platform, "release"};
  };
  return {
      {"delete_application",
       "younger than 7 days",
       Status4xx::kOpen,
       "within 7 days",
       true,
       {},
       [](LiveTest& test) -> Ask {
         test.Built();
         test.Advance(7 * 24 * 3600 - 1060);
         return [id = test.ApplicationId()](LiveTest& live) { return DeleteApplication(live, id); };
       }},
      {"delete_application",
       "no such application",
       Status4xx::kNotFound,
       "no such application",
       true,
       {},
       [](LiveTest& /*test*/) -> Ask { return [](LiveTest& live) { return DeleteApplication(live, "nobodys"); }; }},
      {"upload_code_signing_file",
       "no such application",
       Status4xx::kNotFound,
       "no such application",
       true,
       {},
       [file](LiveTest& /*test*/) -> Ask {
         return [file](LiveTest& live) { return SigningFile(live, file("nobodys", "android")); };
       }},
      {"upload_code_signing_file",
       "application of the other platform",
       Status4xx::kOpen,
       "of the other platform",
       true,
       {},
       [file](LiveTest& test) -> Ask {
         test.Built();
         return [file, id = test.ApplicationId()](LiveTest& live) { return SigningFile(live, file(id, "ios")); };
       }},
  };
}

std::vector<Refused> OfKeys() {
  const char* set = "set_default_signing_key";
  return {
      {set,
       "no such key",
       Status4xx::kNotFound,
       "no such signing key",
       true,
       {},
       [](LiveTest& /*test*/) -> Ask { return [](LiveTest& live) { return SetDefault(live, "android", "nobodys"); }; }},
      {set,
       "key of the other platform",
       Status4xx::kOpen,
       "of the other platform",
       true,
       {},
       [](LiveTest& /*test*/) -> Ask {
         return [](LiveTest& live) { return SetDefault(live, "ios", "key-uuid-1234"); };
       }},
      {set,
       "key without its file",
       Status4xx::kOpen,
       "has not been received",
       true,
       {},
       [](LiveTest& test) -> Ask {
         return [id = KeyWithoutFile(test)](LiveTest& live) { return SetDefault(live, "android", id); };
       }},
      {"delete_signing_key",
       "no such key",
       Status4xx::kNotFound,
       "no such signing key",
       true,
       {},
       [](LiveTest& /*test*/) -> Ask { return [](LiveTest& live) { return DeleteKey(live, "nobodys"); }; }},
  };
}

std::vector<Refused> All() {
  std::vector<Refused> all;
  for (auto& some : {OfUploads(), OfMultipart(), OfDownloads(), OfBuilds(), OfApplications(), OfKeys()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

// One way in which the portal may word a refusal.
struct Wording {
  int status = 400;
  std::string body;         // error_body
  std::string retry_after;  // "none", "seconds", "date"
};

std::vector<Wording> WordingsOf(Status4xx status) {
  std::vector<int> statuses = {400};
  if (status == Status4xx::kOpen) statuses = {400, 403, 409, 422};
  if (status == Status4xx::kNotFound) statuses = {404};
  if (status == Status4xx::kTooMany) statuses = {429};
  std::vector<std::string> retries = {"none"};
  if (status == Status4xx::kTooMany) retries = {"none", "seconds", "date"};
  std::vector<Wording> all;
  for (const int one : statuses) {
    for (const std::string body : {"message", "error", "detail", "text", "html", "empty"}) {
      for (const std::string& retry : retries) all.push_back({one, body, retry});
    }
  }
  return all;
}

ErrorKind KindOf(const Wording& wording) {
  const bool json = wording.body == "message" || wording.body == "error" || wording.body == "detail";
  if (wording.status == 403) return ErrorKind::kSignIn;
  if (wording.status == 429) return ErrorKind::kSlowDown;
  // What is not the portal's JSON under a 404 may come from anything that stands in its place.
  if (wording.status == 404 && !json) return ErrorKind::kRetry;
  return ErrorKind::kRejected;
}

class Refusals : public LiveTest {
 protected:
  void Run(const Refused& one, const Wording& wording) {
    StartWith({"retry_after_seconds=3600"});
    Connect();
    const Ask ask = one.make(*this);
    Set(R"({"error_body":")" + wording.body + R"(","refusal_status":")" +
        std::to_string(one.status == Status4xx::kOpen ? wording.status : 400) + R"(","retry_after":")" +
        wording.retry_after + "\"}");
    const std::string before = Effects();
    const Outcome outcome = ask(*this);
    Report(one.call,
           std::string(one.name) + ", " + std::to_string(wording.status) + ", body " + wording.body + ", Retry-After " +
               wording.retry_after,
           outcome.error);
    ASSERT_TRUE(outcome.error);
    Expect(one, wording, *outcome.error);
    EXPECT_EQ(Effects(), before);
    EXPECT_EQ(Rules(), one.rules);
  }
  static void Expect(const Refused& one, const Wording& wording, const Error& error) {
    EXPECT_EQ(error.kind, KindOf(wording)) << ToString(error.kind);
    EXPECT_EQ(error.http_status, wording.status);
    const std::string words = wording.body == "empty" ? "(HTTP " + std::to_string(wording.status) : one.words;
    EXPECT_NE(error.message.find(words), std::string::npos) << error.message;
    EXPECT_EQ(error.outcome_unknown, one.effective && error.kind == ErrorKind::kRetry);
    ASSERT_EQ(error.retry_after.has_value(), wording.retry_after != "none");
    if (!error.retry_after) return;
    EXPECT_LE(*error.retry_after, std::chrono::seconds(3600));
    EXPECT_GE(*error.retry_after, std::chrono::seconds(3000));
  }
};

TEST_F(Refusals, EndAsTheTableSays) {
  for (const Refused& one : All()) {
    for (const Wording& wording : WordingsOf(one.status)) {
      SCOPED_TRACE(std::string(one.call) + " | " + one.name + ", " + std::to_string(wording.status) + " " +
                   wording.body);
      Run(one, wording);
    }
  }
}

TEST_F(Refusals, OfOneKindAreToldApartByTheirWords) {
  StartWith({});
  Connect();
  const auto words = [&](const std::string& switches, const std::string& key) {
    Set(switches);
    const Outcome outcome = SetDefault(*this, "android", key);
    return outcome.error ? outcome.error->message : "";
  };
  const std::string permission = words(R"({"builds_permission":false})", "key-uuid-1234");
  const std::string plan = words(R"({"builds_permission":true,"plan":"FREE"})", "key-uuid-1234");
  const std::string unknown = words(R"({"plan":"TEAM"})", "nobodys");
  EXPECT_NE(permission.find("permission"), std::string::npos);
  EXPECT_EQ(permission.find("plan"), std::string::npos);
  EXPECT_NE(plan.find("plan"), std::string::npos);
  EXPECT_EQ(plan.find("permission"), std::string::npos);
  EXPECT_NE(unknown.find("no such signing key"), std::string::npos);
  EXPECT_NE(unknown.find("nobodys"), std::string::npos);
}

// As object stores do that fail after having begun to answer.
TEST_F(Refusals, OfCompleteCanComeInA200) {
  for (const std::string form : {"xml", "json"}) {
    StartWith({"complete_error_in_200=" + form});
    Connect();
    const PartsUpload upload = ReadyInParts();
    const Outcome outcome = Complete(*this, upload);
    Report("complete_multipart_upload", "an error in a 200, " + form, outcome.error);
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->kind, ErrorKind::kRetry);
    EXPECT_TRUE(outcome.error->outcome_unknown);
    EXPECT_NE(outcome.error->message.find("We encountered an internal error"), std::string::npos);
    Set(R"({"complete_error_in_200":""})");
    EXPECT_FALSE(Complete(*this, upload).error);
    EXPECT_EQ(Rules(), std::vector<std::string>());
  }
}

}  // namespace
}  // namespace tegodrop::testing
