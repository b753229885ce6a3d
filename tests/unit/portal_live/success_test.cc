// Every form of success that the page and its silence allow. One line for each cell: call | case | reaction.
#include <algorithm>
#include <set>

#include "tests/unit/portal_live/asking.h"
#include "tests/unit/portal_live/report.h"

namespace tegodrop::testing {
namespace {

using sim::testing::MakeApk;

class Success : public LiveTest {
 protected:
  ~Success() override { EXPECT_EQ(Rules(), std::vector<std::string>()); }

  void Start(const std::vector<std::string>& switches) {
    EXPECT_EQ(Rules(), std::vector<std::string>());
    StartWith(switches);
    Connect();
  }
  static void Expect(const char* call, const std::string& name, LiveTest& test, const Outcome& outcome) {
    SCOPED_TRACE(std::string(call) + " | " + name);
    Report(call, name, outcome.error);
    ASSERT_FALSE(outcome.error) << outcome.error->message;
    outcome.check(test);
  }
};

struct Accepted {
  std::string name;
  std::vector<std::string> switches;
  UploadRequest request;
  std::size_t parts;  // 0: a single PUT
  std::optional<std::string> key;
};

TEST_F(Success, UploadsOfEachKindAreGranted) {
  constexpr std::uint64_t kMb = 1U << 20U;
  const std::vector<std::string> with_default = {"default_signing_key=key-uuid-1234"};
  const std::vector<std::string> free = {"default_signing_key=key-uuid-1234", "plan=FREE"};
  const Accepted all[] = {
      {"one byte", {}, {"a.apk", "android", "production", 1, ""}, 0, {}},
      {"one byte under 100 MB", {}, {"a.apk", "android", "production", 100 * kMb - 1, ""}, 0, {}},
      {"100 MB", {}, {"a.apk", "android", "production", 100 * kMb, ""}, 10, {}},
      {"one byte over 100 MB", {}, {"a.apk", "android", "production", 100 * kMb + 1, ""}, 11, {}},
      {"2 GB", {}, {"a.apk", "android", "production", 2048 * kMb, ""}, 205, {}},
      {".aab for staging", {}, {"a.aab", "android", "staging", 9, ""}, 0, {}},
      {".ipa for development", {}, {"a.ipa", "ios", "development", 9, ""}, 0, {}},
      {"ending in upper case", {}, {"A.APK", "android", "production", 9, ""}, 0, {}},
      {"a name in many letters", {}, {"Äpp \"1\" 日本.apk", "android", "production", 9, ""}, 0, {}},
      {"a key", {}, {"a.ipa", "ios", "production", 9, "key-uuid-5678"}, 0, "key-uuid-5678"},
      {"the default key", with_default, {"a.apk", "android", "production", 9, ""}, 0, "key-uuid-1234"},
      {"no key though there is a default", with_default, {"a.apk", "android", "production", 9, "none"}, 0, {}},
      {"plan FREE with a default", free, {"a.apk", "android", "production", 9, ""}, 0, {}},
      {"plan FREE with a key", free, {"a.apk", "android", "production", 9, "key-uuid-1234"}, 0, {}},
      {"multipart false in the answer", {"multipart_false=true"}, {"a.apk", "android", "production", 9, ""}, 0, {}},
      {"null for the other kind's fields", {"null_fields=true"}, {"a.apk", "android", "production", 9, ""}, 0, {}},
      {"room under both limits",
       {"concurrent_builds=1", "build_quota=1"},
       {"a.apk", "android", "production", 9, ""},
       0,
       {}},
  };
  for (const Accepted& one : all) {
    Start(one.switches);
    Expect("upload_application_build", one.name, *this, AskUpload(*this, one.request, [&](auto&, const auto& grant) {
             EXPECT_EQ(grant.url.has_value(), one.parts == 0);
             EXPECT_EQ(grant.multipart ? grant.multipart->part_urls.size() : 0, one.parts);
             EXPECT_EQ(grant.signing_key_id, one.key);
             EXPECT_TRUE(grant.file_path.ends_with("/" + one.request.file_name));
           }));
  }
}

TEST_F(Success, AGrantTellsHowLongItLives) {
  Start({"expires_in=600"});
  Expect("upload_application_build", "600 seconds of life", *this,
         AskUpload(*this, {"a.apk", "android", "production", 9, ""},
                   [](auto&, const auto& grant) { EXPECT_EQ(grant.expires_in, std::chrono::seconds(600)); }));
}

TEST_F(Success, CompleteTakesEachLookOfAnETag) {
  for (const std::string look : {"opaque", "md5", "odd", "unquoted", "weak"}) {
    Start({"part_etag=" + look});
    const PartsUpload upload = ReadyInParts();
    Expect("complete_multipart_upload", "ETag " + look, *this, Complete(*this, upload));
    EXPECT_EQ(State()["builds"].Size(), 1U);
  }
}

TEST_F(Success, CompleteMayBeSaidTwice) {
  Start({"complete_twice=success"});
  const PartsUpload upload = ReadyInParts();
  Expect("complete_multipart_upload", "once", *this, Complete(*this, upload));
  Expect("complete_multipart_upload", "twice", *this, Complete(*this, upload));
  EXPECT_EQ(State()["builds"].Size(), 1U);
}

TEST_F(Success, CompleteAfterALostAnswerSaysThatItIsDone) {
  Start({});
  const PartsUpload upload = ReadyInParts();
  OrderFault("complete", R"({"lost_answer":true})");
  const Outcome lost = Complete(*this, upload);
  ASSERT_TRUE(lost.error);
  EXPECT_TRUE(lost.error->outcome_unknown);
  const Outcome again = Complete(*this, upload);
  ASSERT_TRUE(again.error);
  EXPECT_EQ(again.error->kind, ErrorKind::kRejected);
  EXPECT_FALSE(again.error->outcome_unknown);
  EXPECT_EQ(State()["builds"].Size(), 1U);
}

// 51 builds on pages of every size that there may be.
TEST_F(Success, EveryBuildIsFoundOnThePagesInWhateverOrder) {
  for (const std::string order : {"newest", "oldest", "shuffled"}) {
    for (const int size : {50, 20, 6, 1}) {
      Start({"listing_order=" + order});
      for (int i = 0; i < 51; ++i) Send("app" + std::to_string(i) + ".apk", "x");
      std::set<std::string> names;
      std::int64_t pages = 1;
      for (std::int64_t page = 1; page <= pages; ++page) {
        Expect("get_application_builds", order + ", page size " + std::to_string(size), *this,
               List(*this, "production", page, size, [&](auto&, const HistoryPage& answer) {
                 EXPECT_EQ(answer.page, page);
                 EXPECT_EQ(answer.total_count, 51);
                 pages = answer.total_pages;
                 for (const BuildRow& row : answer.rows) names.insert(row.name);
               }));
      }
      EXPECT_EQ(pages, (51 + size - 1) / size);
      EXPECT_EQ(names.size(), 51U);
    }
  }
}

TEST_F(Success, APortalThatGivesSmallerPagesIsReadToItsEnd) {
  Start({"page_limit=2"});
  for (const char* name : {"a.apk", "b.apk", "c.ipa"}) Send(name, "x");
  Expect("get_application_builds", "smaller pages than asked for", *this,
         List(*this, "production", 1, 50, [](auto&, const HistoryPage& page) {
           EXPECT_EQ(page.rows.size(), 2U);
           EXPECT_EQ(page.total_pages, 2);
         }));
  Expect("get_application_builds", "page behind the last", *this,
         List(*this, "production", 9, 50, [](auto&, const HistoryPage& page) { EXPECT_TRUE(page.rows.empty()); }));
  Expect("get_application_builds", "version without builds", *this,
         List(*this, "staging", 1, 50, [](auto&, const HistoryPage& page) {
           EXPECT_TRUE(page.rows.empty());
           EXPECT_EQ(page.total_pages, 1);
         }));
}

TEST_F(Success, StatusWordsAreKeptAsTheyAre) {
  const std::pair<const char*, std::optional<std::string>> all[] = {
      {"unknown", "Étape 9 (fin)"}, {"misleading", "Failed"}, {"null", std::nullopt}};
  for (const auto& [words, expected] : all) {
    Start({std::string("status_words=") + words});
    Built();
    Expect("get_application_builds", std::string("status words ") + words, *this,
           List(*this, "production", 1, 50, [want = expected](auto&, const HistoryPage& page) {
             ASSERT_EQ(page.rows.size(), 1U);
             EXPECT_EQ(page.rows[0].status_message, want);
             EXPECT_EQ(page.rows[0].success, true);
           }));
  }
}

TEST_F(Success, ADeletedBuildMayStayInTheHistoryMarked) {
  Start({"delete_keeps_row=true"});
  const LiveTest::Upload upload = Built();
  Expect("delete_application_build", "its row stays", *this,
         DeleteBuild(*this, {"production", "android", upload.start_time, "app-release.apk"}));
  Expect("get_application_builds", "deleted build", *this,
         List(*this, "production", 1, 50, [](auto&, const HistoryPage& page) {
           ASSERT_EQ(page.rows.size(), 1U);
           EXPECT_TRUE(page.rows[0].deleted);
         }));
}

TEST_F(Success, ABuildThatIsQueuedForSigningShowsAsReset) {
  Start({});
  const LiveTest::Upload upload = Built(R"(,"signing_key_id":"none")");
  GiveSigningFile();
  Expect("sign_application_build", "of a build without a key", *this,
         Sign(*this, {"android", "app-release.apk", upload.start_time}));
  Expect("get_application_builds", "reset for signing", *this,
         List(*this, "production", 1, 50, [](auto&, const HistoryPage& page) {
           ASSERT_EQ(page.rows.size(), 1U);
           EXPECT_EQ(page.rows[0].success, false);
           EXPECT_EQ(page.rows[0].error_message, std::nullopt);
           EXPECT_EQ(page.rows[0].signing_error_message, std::nullopt);
         }));
}

TEST_F(Success, TenantsComeBareOrInAnObject) {
  for (const std::string body : {"array", "object"}) {
    Start({"tenants_body=" + body});
    Expect("get_tenants", body, *this, Tenants(*this, [this](auto&, const auto& tenants) {
             ASSERT_EQ(tenants.size(), 1U);
             EXPECT_EQ(tenants[0].id, Tenant());
           }));
  }
}

TEST_F(Success, SubscriptionsMayNameNoLimit) {
  const std::pair<std::vector<std::string>, std::optional<std::int64_t>> all[] = {
      {{"custom_limits=shown", "concurrent_builds=7", "plan=ENTERPRISE"}, 7},
      {{"custom_limits=shown"}, std::nullopt},
      {{"custom_limits=none", "concurrent_builds=7"}, std::nullopt},
      {{"custom_limits=null", "concurrent_builds=7"}, std::nullopt}};
  for (const auto& [switches, limit] : all) {
    Start(switches);
    Expect("get_tenant_subscription", switches[0], *this,
           AskSubscription(*this, [want = limit](LiveTest& live, const Subscription& subscription) {
             EXPECT_EQ(subscription.concurrent_builds, want);
             EXPECT_EQ(subscription.plan, live.State()["settings"]["plan"].GetString());
           }));
  }
}

TEST_F(Success, KeysOfEachKindAreTaken) {
  const Secret password(kPassword);
  const std::pair<const char*, SigningKeyUpload> all[] = {
      {"android .keystore", {"K", "android", "a.keystore", password, "a", 1, false}},
      {"android .p12 in upper case", {"K", "android", "A.P12", password, "a", 1, true}},
      {"ios without alias", {"K", "ios", "dist.p12", password, "", 9, true}},
      {"ios .pfx with alias", {"Ключ \"1\"", "ios", "dist.pfx", password, "a", 9, false}},
      {"exactly 10 MB", {"K", "android", "a.jks", password, "a", 10U << 20U, false}},
      {"a password of spaces and quotes", {"K", "android", "a.jks", Secret(" \"\\ é\t "), "a", 9, false}}};
  for (const auto& [name, key] : all) {
    Start({});
    Expect("upload_signing_key", name, *this, UploadKey(*this, key, [&want = key](LiveTest& live, const auto& grant) {
             const rapidjson::Document state = live.State();
             const auto& made = state["signing_keys"][2];
             EXPECT_EQ(made["key_id"].GetString(), grant.key_id);
             EXPECT_EQ(made["key_name"].GetString(), want.key_name);
             EXPECT_EQ(made["alias"].GetString(), want.alias);
             EXPECT_EQ(made["is_default"].GetBool(), want.is_default);
           }));
  }
}

TEST_F(Success, ADefaultIsReplacedAndClearedAndTheOtherPlatformKeepsIts) {
  Start({"default_signing_key=key-uuid-1234,key-uuid-5678"});
  Expect("set_default_signing_key to none", "android", *this, ClearDefault(*this, "android"));
  Expect("set_default_signing_key to none", "where there is none", *this, ClearDefault(*this, "android"));
  const auto defaults = [this] {
    std::vector<std::string> ids;
    const rapidjson::Document state = State();
    for (const auto& key : state["signing_keys"].GetArray()) {
      if (key["is_default"].GetBool()) ids.emplace_back(key["key_id"].GetString());
    }
    return ids;
  };
  EXPECT_EQ(defaults(), std::vector<std::string>{"key-uuid-5678"});
  Expect("set_default_signing_key", "where there is none", *this, SetDefault(*this, "android", "key-uuid-1234"));
  EXPECT_EQ(defaults().size(), 2U);
  Expect("delete_signing_key", "the default", *this, DeleteKey(*this, "key-uuid-1234"));
  EXPECT_EQ(defaults(), std::vector<std::string>{"key-uuid-5678"});
}

}  // namespace
}  // namespace tegodrop::testing
