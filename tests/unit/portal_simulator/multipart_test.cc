// Multipart uploads: parts, their ETags, Complete and Abort.
#include "tests/unit/portal_simulator/simulator_fixture.h"

namespace tegodrop::sim::testing {
namespace {

using Rulings = std::vector<std::string>;

class Multipart : public SimulatorTest {
 protected:
  void SetUp() override {
    StartWith({"multipart_threshold=20", "chunk_size=10"});
    HttpAnswer answer = Call("upload_application_build",
                             R"({"file_name":"a.apk","platform":"android","version":"production","file_size":25})");
    grant_ = Parsed(answer.body);
    ASSERT_TRUE(grant_["multipart"].GetBool());
  }
  std::string Url(unsigned number) const { return grant_["part_urls"][number - 1].GetString(); }
  HttpAnswer PutPart(unsigned number, const std::string& body, std::vector<std::string> headers = {"Content-Type:"}) {
    HttpAnswer answer = Fetch({.method = "PUT", .url = Url(number), .headers = std::move(headers), .body = body});
    if (answer.status == 200) etags_[number - 1] = answer.headers["etag"];
    return answer;
  }
  void PutAll() {
    EXPECT_EQ(PutPart(2, "bbbbbbbbbb").status, 200);
    EXPECT_EQ(PutPart(1, "aaaaaaaaaa").status, 200);
    EXPECT_EQ(PutPart(3, "ccccc").status, 200);
  }
  std::string Name() const {
    return R"({"file_path":")" + std::string(grant_["file_path"].GetString()) + R"(","upload_id":")" +
           grant_["upload_id"].GetString() + "\"";
  }
  static std::string Listed(int number, const std::string& etag) {
    std::string escaped;
    for (char c : etag) {
      if (c == '"' || c == '\\') escaped += '\\';
      escaped += c;
    }
    return "{\"PartNumber\":" + std::to_string(number) + ",\"ETag\":\"" + escaped + "\"}";
  }
  HttpAnswer Complete(const std::vector<std::string>& parts) {
    std::string list;
    for (const std::string& part : parts) list += (list.empty() ? "" : ",") + part;
    return Call("complete_multipart_upload", Name() + ",\"parts\":[" + list + "]}");
  }
  HttpAnswer CompleteWell() { return Complete({Listed(1, etags_[0]), Listed(2, etags_[1]), Listed(3, etags_[2])}); }
  HttpAnswer Abort() { return Call("abort_multipart_upload", Name() + "}"); }

  rapidjson::Document grant_;
  std::string etags_[3];
};

TEST_F(Multipart, TheAnswerHasWhatThePageSays) {
  EXPECT_EQ(grant_["total_parts"].GetInt64(), 3);
  EXPECT_EQ(grant_["part_urls"].Size(), 3U);
  EXPECT_EQ(grant_["chunk_size"].GetInt64(), 10);
  EXPECT_EQ(grant_["expires_in"].GetInt64(), 3600);
  EXPECT_FALSE(grant_.HasMember("url"));
  EXPECT_TRUE(grant_["signing_key_id"].IsNull());
}

TEST_F(Multipart, UnderTheThresholdItIsASinglePut) { EXPECT_FALSE(Grant("b.apk", 19).url.empty()); }

TEST_F(Multipart, CompleteJoinsThePartsInOrderAndQueuesOneBuild) {
  PutAll();
  EXPECT_EQ(Counter("builds_queued"), 0);
  HttpAnswer answer = CompleteWell();
  EXPECT_EQ(answer.status, 200);
  EXPECT_STREQ(Parsed(answer.body)["message"].GetString(), "Upload completed successfully");
  rapidjson::Document state = State();
  ASSERT_EQ(state["objects"].Size(), 1U);
  Digest digest;
  digest.Add("aaaaaaaaaabbbbbbbbbbccccc");
  EXPECT_EQ(state["objects"][0]["sha256"].GetString(), digest.Finish());
  EXPECT_EQ(state["counters"]["builds_queued"].GetInt64(), 1);
  EXPECT_EQ(state["counters"]["parts_received"].GetInt64(), 3);
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(Multipart, APartMayBePutAgainAndItsLastEtagCounts) {
  PutAll();
  const std::string old = etags_[0];
  EXPECT_EQ(PutPart(1, "AAAAAAAAAA").status, 200);
  EXPECT_EQ(Complete({Listed(1, old), Listed(2, etags_[1]), Listed(3, etags_[2])}).status, 400);
  EXPECT_EQ(CompleteWell().status, 200);
  EXPECT_EQ(Rules(), Rulings{"parts_list"});
}

TEST_F(Multipart, WrongListsConvict) {
  PutAll();
  const std::string one = Listed(1, etags_[0]), two = Listed(2, etags_[1]), three = Listed(3, etags_[2]);
  EXPECT_EQ(Complete({}).status, 400);
  EXPECT_EQ(Complete({one, two}).status, 400);
  EXPECT_EQ(Complete({two, one, three}).status, 400);
  EXPECT_EQ(Complete({one, two, two}).status, 400);
  EXPECT_EQ(Complete({one, two, Listed(3, etags_[2].substr(1, etags_[2].size() - 2))}).status, 400);
  EXPECT_EQ(Rules(), Rulings(5, "parts_list"));
  EXPECT_EQ(Counter("objects_received"), 0);
}

TEST_F(Multipart, AMissingPartConvicts) {
  EXPECT_EQ(PutPart(1, "aaaaaaaaaa").status, 200);
  EXPECT_EQ(Complete({Listed(1, etags_[0]), Listed(2, "\"x\""), Listed(3, "\"x\"")}).status, 400);
  EXPECT_EQ(Rules(), Rulings{"parts_list"});
}

TEST_F(Multipart, PartsOfAnotherSizeOrWithATypeConvict) {
  EXPECT_EQ(PutPart(1, "aaaaaaaaa").status, 400);
  EXPECT_EQ(PutPart(3, "cccccc").status, 400);
  EXPECT_EQ(PutPart(2, "bbbbbbbbbb", {"Content-Type: application/octet-stream"}).status, 403);
  EXPECT_EQ(Rules(), (Rulings{"part_size", "part_size", "storage_content_type"}));
}

TEST_F(Multipart, APartsUrlIsForThatPart) {
  std::string url = Url(1);
  url.replace(url.find("partNumber=1"), 12, "partNumber=2");
  EXPECT_EQ(Fetch({.method = "PUT", .url = url, .headers = {"Content-Type:"}, .body = "aaaaaaaaaa"}).status, 403);
  EXPECT_EQ(Rules(), Rulings{"url_altered"});
}

TEST_F(Multipart, PartUrlsExpire) {
  Control("advance", R"({"seconds":3600})");
  EXPECT_EQ(PutPart(1, "aaaaaaaaaa").status, 403);
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(Multipart, AfterCompleteTheUploadIsGone) {
  PutAll();
  EXPECT_EQ(CompleteWell().status, 200);
  EXPECT_EQ(CompleteWell().status, 404);
  EXPECT_EQ(PutPart(1, "aaaaaaaaaa").status, 404);
  EXPECT_EQ(Rules(), Rulings{});
  EXPECT_EQ(Abort().status, 404);
  EXPECT_EQ(Rules(), Rulings{"abort_after_complete"});
  EXPECT_EQ(Counter("builds_queued"), 1);
}

TEST_F(Multipart, AnAbortedUploadIsGone) {
  PutAll();
  EXPECT_STREQ(Parsed(Abort().body)["message"].GetString(), "Upload aborted successfully");
  EXPECT_EQ(Abort().status, 404);
  EXPECT_EQ(CompleteWell().status, 404);
  EXPECT_EQ(PutPart(1, "aaaaaaaaaa").status, 404);
  EXPECT_EQ(Counter("builds_queued"), 0);
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(Multipart, ASecondCompleteIsAnsweredAsSet) {
  PutAll();
  EXPECT_EQ(CompleteWell().status, 200);
  HttpAnswer answer = CompleteWell();
  EXPECT_EQ(answer.status, 404);
  EXPECT_NE(answer.body.find("NoSuchUpload"), std::string::npos);
  Control("set", R"({"complete_twice":"bad_request"})");
  EXPECT_EQ(CompleteWell().status, 400);
  Control("set", R"({"complete_twice":"success"})");
  answer = CompleteWell();
  EXPECT_EQ(answer.status, 200);
  EXPECT_STREQ(Parsed(answer.body)["message"].GetString(), "Upload completed successfully");
  EXPECT_EQ(Counter("builds_queued"), 1);
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(Multipart, AnErrorInA200CompletesNothing) {
  PutAll();
  Control("set", R"({"complete_error_in_200":"xml"})");
  HttpAnswer answer = CompleteWell();
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find("<Error><Code>InternalError</Code>"), std::string::npos);
  Control("set", R"({"complete_error_in_200":"json"})");
  answer = CompleteWell();
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(Parsed(answer.body)["error"].IsString());
  EXPECT_EQ(Counter("objects_received"), 0);
  Control("set", R"({"complete_error_in_200":""})");
  EXPECT_EQ(CompleteWell().status, 200);
  EXPECT_EQ(Counter("objects_received"), 1);
}

TEST_F(Multipart, LatePartsMayBeAcceptedWithoutEffect) {
  Control("set", R"({"late_parts":"accepted"})");
  PutAll();
  EXPECT_EQ(CompleteWell().status, 200);
  rapidjson::Document before = State();
  EXPECT_EQ(PutPart(1, "AAAAAAAAAA").status, 200);
  rapidjson::Document after = State();
  EXPECT_STREQ(before["objects"][0]["sha256"].GetString(), after["objects"][0]["sha256"].GetString());
  EXPECT_EQ(after["counters"]["parts_received"].GetInt64(), 3);
  EXPECT_EQ(after["counters"]["builds_queued"].GetInt64(), 1);
}

TEST_F(Multipart, EtagsOfEveryFormComeBackVerbatim) {
  for (const char* form : {"opaque", "md5", "odd", "unquoted", "weak"}) {
    SetUp();
    Control("set", std::string(R"({"part_etag":")") + form + "\"}");
    PutAll();
    EXPECT_EQ(etags_[0].front() == '"', *form == 'o' || *form == 'm') << form << etags_[0];
    EXPECT_EQ(etags_[0].starts_with("W/\""), *form == 'w') << etags_[0];
    EXPECT_EQ(CompleteWell().status, 200) << form;
    EXPECT_EQ(Rules(), Rulings{}) << form;
  }
}

TEST_F(Multipart, AnMd5IsThatOfThePart) {
  Control("set", R"({"part_etag":"md5"})");
  PutPart(1, "aaaaaaaaaa");
  EXPECT_EQ(etags_[0], "\"e09c80c42fda55f9d992e59ca6b3307d\"");
}

TEST_F(Multipart, APathOfAnotherTenantConvicts) {
  constexpr char kForeign[] = R"({"file_path":"other/uploads/a.apk","upload_id":"x")";
  EXPECT_EQ(Call("abort_multipart_upload", std::string(kForeign) + "}").status, 400);
  EXPECT_EQ(Call("complete_multipart_upload", std::string(kForeign) + ",\"parts\":[]}").status, 400);
  EXPECT_EQ(Rules(), Rulings(2, "file_path"));
}

TEST_F(Multipart, AnUnknownUploadIsNotThereWithoutBlame) {
  const std::string path = grant_["file_path"].GetString();
  EXPECT_EQ(Call("abort_multipart_upload", R"({"file_path":")" + path + R"(","upload_id":"x"})").status, 404);
  EXPECT_EQ(Rules(), Rulings{});
}

TEST_F(Multipart, UploadsThatAreOpenAndAbortedAreCounted) {
  EXPECT_EQ(Counter("multipart_open"), 1);
  Grant("b.apk", 20, R"(,"signing_key_id":"none")");
  EXPECT_EQ(Counter("multipart_open"), 2);
  Grant("c.apk", 19);
  EXPECT_EQ(Counter("multipart_open"), 2);
  EXPECT_EQ(Abort().status, 200);
  EXPECT_EQ(Abort().status, 404);
  EXPECT_EQ(Counter("multipart_open"), 1);
  EXPECT_EQ(Counter("uploads_aborted"), 1);
}

TEST_F(Multipart, UploadsThatAreOpenAreListed) {
  Grant("b.apk", 30);
  EXPECT_EQ(PutPart(2, "bbbbbbbbbb").status, 200);
  ASSERT_EQ(State()["open_uploads"].Size(), 2U);
  PutAll();
  EXPECT_EQ(CompleteWell().status, 200);
  rapidjson::Document state = State();
  ASSERT_EQ(state["open_uploads"].Size(), 1U);
  EXPECT_STREQ(state["open_uploads"][0]["name"].GetString(), "b.apk");
  EXPECT_EQ(state["open_uploads"][0]["parts"].GetInt64(), 0);
  EXPECT_STRNE(state["open_uploads"][0]["upload_id"].GetString(), "");
}

TEST_F(Multipart, ALostAnswerOfCompleteHasCompleted) {
  PutAll();
  Control("faults", R"({"where":"complete","action":{"lost_answer":true}})");
  EXPECT_EQ(CompleteWell().code, CURLE_GOT_NOTHING);
  EXPECT_EQ(Counter("builds_queued"), 1);
  EXPECT_EQ(CompleteWell().status, 404);
}

}  // namespace
}  // namespace tegodrop::sim::testing
