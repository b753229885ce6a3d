// Uploads, builds and applications.
#include <algorithm>

#include "tests/portal/text.h"
#include "tests/unit/portal_live/operations.h"

namespace tegodrop::testing {
namespace {

using sim::testing::Fetch;
using sim::testing::MakeApk;

// What preparing found out, for asking and comparing. One cell at a time.
LiveTest::Upload g_upload;
PartsUpload g_parts;
std::string g_id;

std::string Sha256(const std::string& bytes) {
  sim::Digest digest;
  digest.Add(bytes);
  return digest.Finish();
}

bool Is(const LiveTest& test, const char* name) { return test.State()["settings"][name].IsTrue(); }

void Nothing(LiveTest& /*test*/) {}
void PrepareBuilt(LiveTest& test) { g_upload = test.Built(); }
void PrepareParts(LiveTest& test) { g_parts = test.ReadyInParts(); }

UploadRequest UploadOf(std::uint64_t size) {
  return {"app-release.apk", "android", "production", size, "key-uuid-1234"};
}

// All but the URLs.
void CompareGrant(LiveTest& test, const UploadGrant& grant) {
  EXPECT_EQ(grant.file_path,
            test.Tenant() + "/uploads/android/production/" + std::to_string(grant.start_time) + "/app-release.apk");
  EXPECT_LE(std::abs(grant.start_time - test.Now()), 60);
  EXPECT_EQ(grant.expires_in, std::chrono::seconds(3600));
  const std::string plan = test.State()["settings"]["plan"].GetString();
  EXPECT_EQ(grant.signing_key_id, plan == "FREE" ? std::nullopt : std::optional<std::string>("key-uuid-1234"));
}

Outcome AskSingle(LiveTest& test) {
  const std::string bytes = MakeApk();
  return OutcomeOf<UploadGrant>(
      test.Await<UploadGrant>(
          [&](auto done) { return test.portal().RequestUpload(UploadOf(bytes.size()), std::move(done)); }),
      [bytes](LiveTest& live, const UploadGrant& grant) {
        CompareGrant(live, grant);
        EXPECT_FALSE(grant.multipart);
        ASSERT_TRUE(grant.url);
        EXPECT_EQ(live.Put(std::string(grant.url->Reveal()), bytes).status, 200);
        EXPECT_STREQ(live.State()["builds"][0]["source_sha256"].GetString(), Sha256(bytes).c_str());
      });
}

Outcome AskMultipart(LiveTest& test) {
  constexpr std::uint64_t kSize = 100UL << 20U;
  return OutcomeOf<UploadGrant>(
      test.Await<UploadGrant>([&](auto done) { return test.portal().RequestUpload(UploadOf(kSize), std::move(done)); }),
      [](LiveTest& live, const UploadGrant& grant) {
        CompareGrant(live, grant);
        EXPECT_FALSE(grant.url);
        ASSERT_TRUE(grant.multipart);
        EXPECT_EQ(grant.multipart->chunk_size, 10485760U);
        EXPECT_FALSE(grant.multipart->upload_id.empty());
        ASSERT_EQ(grant.multipart->part_urls.size(), 10U);
        const auto part = Fetch({.method = "PUT",
                                 .url = std::string(grant.multipart->part_urls[9].Reveal()),
                                 .headers = {"Content-Type:"},
                                 .generated_bytes = 10485760});
        EXPECT_EQ(part.status, 200) << part.body;
        EXPECT_EQ(live.Counter("parts_received"), 1);
      });
}

Outcome AskComplete(LiveTest& test) {
  return OutcomeOf(test.Await<void>([&](auto done) {
    return test.portal().CompleteMultipart(g_parts.file_path, g_parts.upload_id, g_parts.parts, std::move(done));
  }),
                   [](LiveTest& live) {
                     const rapidjson::Document state = live.State();
                     ASSERT_EQ(state["builds"].Size(), 1U);
                     EXPECT_STREQ(state["builds"][0]["source_sha256"].GetString(), Sha256(g_parts.bytes).c_str());
                     EXPECT_EQ(state["builds"][0]["start_time"].GetInt64(), g_parts.start_time);
                   });
}

Outcome AskAbort(LiveTest& test) {
  return OutcomeOf(test.Await<void>([&](auto done) {
    return test.portal().AbortMultipart(g_parts.file_path, g_parts.upload_id, std::move(done));
  }),
                   [](LiveTest& live) {
                     EXPECT_EQ(live.Counter("uploads_aborted"), 1);
                     EXPECT_EQ(live.Counter("multipart_open"), 0);
                   });
}

// One that ended well and signed, one that failed, one that still runs.
void PrepareHistory(LiveTest& test) {
  test.Send("a.apk", MakeApk(), R"(,"signing_key_id":"key-uuid-1234")");
  test.Send("broken.apk", "no archive");
  test.Advance(1000);
  test.Send("c.ipa", "still at work");
}

void CompareRow(const BuildRow& row, const rapidjson::Value& build, bool nulls) {
  EXPECT_EQ(row.start_time, build["start_time"].GetInt64());
  EXPECT_EQ(row.version, build["version"].GetString());
  EXPECT_EQ(row.platform, build["platform"].GetString());
  EXPECT_EQ(row.deleted, build["deleted"].GetBool());
  EXPECT_EQ(row.signed_, build["signed"].GetBool());
  EXPECT_EQ(row.success, build["success"].IsNull() ? std::nullopt : std::optional(build["success"].GetBool()));
  EXPECT_EQ(row.end_time.has_value(), row.success.has_value());
  EXPECT_EQ(row.status_message, nulls ? std::nullopt : std::optional(build["status_message"].GetString()));
  EXPECT_EQ(row.error_message,
            build["error_message"].IsNull() ? std::nullopt : std::optional(build["error_message"].GetString()));
  EXPECT_EQ(row.signing_error_message, std::nullopt);
  const bool keyed = row.name == "a.apk";
  EXPECT_EQ(row.signing_key_id, keyed ? std::optional("key-uuid-1234") : std::nullopt);
  EXPECT_EQ(row.signing_key_name, keyed && !nulls ? std::optional("Android release key") : std::nullopt);
}

void CompareHistory(LiveTest& test, const HistoryPage& page) {
  const rapidjson::Document state = test.State();
  ASSERT_EQ(state["builds"].Size(), 3U);
  ASSERT_EQ(page.rows.size(), 3U);
  EXPECT_EQ(page.total_count, 3);
  EXPECT_EQ(page.page, 1);
  EXPECT_EQ(page.total_pages, 1);
  const bool nulls = Is(test, "null_fields");
  for (const auto& build : state["builds"].GetArray()) {
    const auto row = std::find_if(page.rows.begin(), page.rows.end(),
                                  [&](const BuildRow& one) { return one.name == build["name"].GetString(); });
    ASSERT_NE(row, page.rows.end()) << build["name"].GetString();
    CompareRow(*row, build, nulls);
  }
}

Outcome AskHistory(LiveTest& test) {
  return OutcomeOf<HistoryPage>(test.Await<HistoryPage>([&](auto done) {
    return test.portal().ListBuilds("production", 1, 50, std::move(done));
  }),
                                CompareHistory);
}

BuildIdentity TheBuild() { return {"production", "android", g_upload.start_time, "app-release.apk"}; }

Outcome AskDownload(LiveTest& test) {
  return OutcomeOf<Secret>(
      test.Await<Secret>([&](auto done) { return test.portal().RequestDownload(TheBuild(), std::move(done)); }),
      [](LiveTest& live, const Secret& url) {
        const auto answer = Fetch({.url = std::string(url.Reveal())});
        EXPECT_EQ(answer.status, 200);
        EXPECT_STREQ(live.State()["builds"][0]["output_sha256"].GetString(), Sha256(answer.body).c_str());
      });
}

Outcome AskDeleteBuild(LiveTest& test) {
  return OutcomeOf(
      test.Await<void>([&](auto done) { return test.administration().DeleteBuild(TheBuild(), std::move(done)); }),
      [](LiveTest& live) { EXPECT_TRUE(live.State()["builds"][0]["deleted"].GetBool()); });
}

void PrepareToSign(LiveTest& test) {
  g_upload = test.Built(R"(,"signing_key_id":"none")");
  test.GiveSigningFile();
}

Outcome AskSign(LiveTest& test) {
  return OutcomeOf(test.Await<void>([&](auto done) {
    return test.administration().SignBuild({"android", "app-release.apk", g_upload.start_time}, std::move(done));
  }),
                   [](LiveTest& live) {
                     live.Advance(1000);
                     EXPECT_TRUE(live.State()["builds"][0]["signed"].GetBool());
                   });
}

Outcome AskTenants(LiveTest& test) {
  return OutcomeOf<std::vector<TenantInfo>>(
      test.Await<std::vector<TenantInfo>>([&](auto done) { return test.portal().ListTenants(std::move(done)); }),
      [](LiveTest& live, const std::vector<TenantInfo>& tenants) {
        ASSERT_EQ(tenants.size(), 1U);
        EXPECT_EQ(tenants[0].id, live.Tenant());
        EXPECT_EQ(tenants[0].name, "Rehearsal");
        EXPECT_EQ(tenants[0].plan, live.State()["settings"]["plan"].GetString());
      });
}

void CompareApplications(LiveTest& test, const std::vector<ApplicationRecord>& applications) {
  const bool nulls = Is(test, "null_fields");
  const rapidjson::Document state = test.State();
  ASSERT_EQ(applications.size(), state["applications"].Size());
  for (std::size_t i = 0; i < applications.size(); ++i) {
    const auto& known = state["applications"][static_cast<rapidjson::SizeType>(i)];
    const ApplicationRecord& one = applications[i];
    EXPECT_EQ(one.application_id, known["application_id"].GetString());
    EXPECT_EQ(one.platform, known["platform"].GetString());
    EXPECT_EQ(one.build_name, known["build_name"].GetString());
    EXPECT_EQ(one.build_id, "build-1");
    EXPECT_EQ(one.build_version, nulls ? std::nullopt : std::optional("1.0.0"));
    ASSERT_EQ(one.build_image.has_value(), !nulls);
    EXPECT_TRUE(nulls || one.build_image->Reveal().ends_with("/icon.png"));
    ASSERT_TRUE(one.creation_time);
    EXPECT_LE(std::abs(*one.creation_time - test.Now()), 60);
  }
}

Outcome AskApplications(LiveTest& test) {
  return OutcomeOf<std::vector<ApplicationRecord>>(test.Await<std::vector<ApplicationRecord>>([&](auto done) {
    return test.administration().ListApplications(std::move(done));
  }),
                                                   CompareApplications);
}

void PrepareOldApplication(LiveTest& test) {
  test.Built();
  test.Advance(7 * 24 * 3600);
  g_id = test.ApplicationId();
}

Outcome AskDeleteApplication(LiveTest& test) {
  return OutcomeOf(
      test.Await<void>([&](auto done) { return test.administration().DeleteApplication(g_id, std::move(done)); }),
      [](LiveTest& live) { EXPECT_TRUE(live.State()["applications"].Empty()); });
}

}  // namespace

std::vector<Operation> OperationsOfBuilds() {
  return {
      {.name = "upload_application_build",
       .where = "upload_request",
       .builds = true,
       .changes = true,
       .prepare = Nothing,
       .ask = AskSingle},
      {.name = "upload_application_build in parts",
       .where = "upload_request",
       .builds = true,
       .changes = true,
       .prepare = Nothing,
       .ask = AskMultipart},
      {.name = "complete_multipart_upload",
       .where = "complete",
       .builds = true,
       .effective = true,
       .changes = true,
       .takes_empty = true,
       .prepare = PrepareParts,
       .ask = AskComplete},
      {.name = "abort_multipart_upload",
       .where = "abort",
       .builds = true,
       .changes = true,
       .takes_empty = true,
       .prepare = PrepareParts,
       .ask = AskAbort},
      {.name = "get_application_builds", .where = "list", .prepare = PrepareHistory, .ask = AskHistory},
      {.name = "download_application_build", .where = "download_request", .prepare = PrepareBuilt, .ask = AskDownload},
      {.name = "delete_application_build",
       .where = "delete_build",
       .builds = true,
       .effective = true,
       .changes = true,
       .takes_empty = true,
       .prepare = PrepareBuilt,
       .ask = AskDeleteBuild},
      {.name = "sign_application_build",
       .where = "sign_build",
       .builds = true,
       .team = true,
       .effective = true,
       .changes = true,
       .takes_empty = true,
       .prepare = PrepareToSign,
       .ask = AskSign},
      {.name = "get_tenants",
       .where = "tenants",
       .tenant = false,
       .takes_list = true,
       .prepare = Nothing,
       .ask = AskTenants},
      {.name = "get_applications",
       .where = "applications",
       .takes_list = true,
       .prepare = PrepareBuilt,
       .ask = AskApplications},
      {.name = "delete_application",
       .where = "delete_application",
       .builds = true,
       .effective = true,
       .changes = true,
       .takes_empty = true,
       .prepare = PrepareOldApplication,
       .ask = AskDeleteApplication},
  };
}

const std::vector<Operation>& AllOperations() {
  static const std::vector<Operation> all = [] {
    std::vector<Operation> out = OperationsOfBuilds();
    for (const Operation& one : OperationsOfKeys()) out.push_back(one);
    return out;
  }();
  return all;
}

}  // namespace tegodrop::testing
