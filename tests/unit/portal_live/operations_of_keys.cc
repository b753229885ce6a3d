// Signing keys, signing files, and the tenant's subscription.
#include "tests/portal/text.h"
#include "tests/unit/portal_live/operations.h"

namespace tegodrop::testing {
namespace {

std::string g_id;

std::string Sha256(const std::string& bytes) {
  sim::Digest digest;
  digest.Add(bytes);
  return digest.Finish();
}

// The simulator's record of a key.
struct KnownKey {
  rapidjson::Document state;
  const rapidjson::Value* key = nullptr;
};
KnownKey Known(LiveTest& test, const std::string& id) {
  KnownKey known{test.State()};
  for (const auto& key : known.state["signing_keys"].GetArray()) {
    if (key["key_id"].GetString() == id) known.key = &key;
  }
  return known;
}

bool IsDefault(LiveTest& test, const std::string& id) {
  const KnownKey known = Known(test, id);
  return known.key != nullptr && (*known.key)["is_default"].GetBool();
}

void Nothing(LiveTest& /*test*/) {}
void PrepareDefault(LiveTest& test) { test.Set(R"({"default_signing_key":"key-uuid-1234"})"); }

void CompareKeys(LiveTest& test, const std::vector<SigningKeyRecord>& keys) {
  const rapidjson::Document state = test.State();
  const bool nulls = state["settings"]["null_fields"].IsTrue();
  ASSERT_EQ(keys.size(), 2U);
  ASSERT_EQ(state["signing_keys"].Size(), 2U);
  for (rapidjson::SizeType i = 0; i < 2; ++i) {
    const auto& known = state["signing_keys"][i];
    EXPECT_EQ(keys[i].key_id, known["key_id"].GetString());
    EXPECT_EQ(keys[i].key_name, known["key_name"].GetString());
    EXPECT_EQ(keys[i].platform, known["platform"].GetString());
    EXPECT_EQ(keys[i].file_name, known["file_name"].GetString());
    EXPECT_EQ(keys[i].is_default, known["is_default"].GetBool());
    EXPECT_EQ(keys[i].is_default, i == 0);
    EXPECT_EQ(keys[i].uploaded_by, nulls ? std::nullopt : std::optional("user@example.com"));
    ASSERT_TRUE(keys[i].creation_time);
    EXPECT_LE(std::abs(*keys[i].creation_time - test.Now()), 60);
  }
}

Outcome AskKeys(LiveTest& test) {
  return OutcomeOf<std::vector<SigningKeyRecord>>(test.Await<std::vector<SigningKeyRecord>>([&](auto done) {
    return test.administration().ListSigningKeys(std::move(done));
  }),
                                                  CompareKeys);
}

void CompareNewKey(LiveTest& test, const SigningKeyGrant& grant) {
  EXPECT_EQ(test.Put(std::string(grant.url.Reveal()), "bytes of a key").status, 200);
  const KnownKey known = Known(test, grant.key_id);
  ASSERT_NE(known.key, nullptr);
  const rapidjson::Value& key = *known.key;
  EXPECT_STREQ(key["key_name"].GetString(), "Android release key");
  EXPECT_STREQ(key["platform"].GetString(), "android");
  EXPECT_STREQ(key["file_name"].GetString(), "release.jks");
  EXPECT_STREQ(key["alias"].GetString(), "release");
  EXPECT_TRUE(key["is_default"].GetBool());
  EXPECT_TRUE(key["usable"].GetBool());
  EXPECT_STREQ(key["password_sha256"].GetString(), Sha256(kPassword).c_str());
  EXPECT_STREQ(key["file_sha256"].GetString(), Sha256("bytes of a key").c_str());
}

Outcome AskUploadKey(LiveTest& test) {
  const SigningKeyUpload key{"Android release key", "android", "release.jks", Secret(kPassword), "release", 14, true};
  return OutcomeOf<SigningKeyGrant>(test.Await<SigningKeyGrant>([&](auto done) {
    return test.administration().UploadSigningKey(key, std::move(done));
  }),
                                    CompareNewKey);
}

Outcome AskSetDefault(LiveTest& test) {
  return OutcomeOf(test.Await<void>([&](auto done) {
    return test.administration().SetDefaultSigningKey("android", "key-uuid-1234", std::move(done));
  }),
                   [](LiveTest& live) { EXPECT_TRUE(IsDefault(live, "key-uuid-1234")); });
}

Outcome AskClearDefault(LiveTest& test) {
  return OutcomeOf(test.Await<void>([&](auto done) {
    return test.administration().ClearDefaultSigningKey("android", std::move(done));
  }),
                   [](LiveTest& live) { EXPECT_FALSE(IsDefault(live, "key-uuid-1234")); });
}

Outcome AskDeleteKey(LiveTest& test) {
  return OutcomeOf(test.Await<void>([&](auto done) {
    return test.administration().DeleteSigningKey("key-uuid-5678", std::move(done));
  }),
                   [](LiveTest& live) { EXPECT_EQ(Known(live, "key-uuid-5678").key, nullptr); });
}

void PrepareApplication(LiveTest& test) {
  test.Built();
  g_id = test.ApplicationId();
}

Outcome AskSigningFile(LiveTest& test) {
  const SigningFileUpload file{"release.jks", Secret(kPassword), g_id, "android", "release"};
  return OutcomeOf<Secret>(
      test.Await<Secret>([&](auto done) { return test.administration().UploadSigningFile(file, std::move(done)); }),
      [](LiveTest& live, const Secret& url) {
        EXPECT_EQ(live.Put(std::string(url.Reveal()), "bytes of a key").status, 200);
        const rapidjson::Document state = live.State();
        const auto& application = state["applications"][0];
        EXPECT_STREQ(application["alias"].GetString(), "release");
        EXPECT_STREQ(application["signing_file_sha256"].GetString(), Sha256("bytes of a key").c_str());
      });
}

void PrepareLimit(LiveTest& test) { test.Set(R"({"concurrent_builds":3})"); }

Outcome AskSubscription(LiveTest& test) {
  return OutcomeOf<Subscription>(
      test.Await<Subscription>([&](auto done) { return test.administration().GetSubscription(std::move(done)); }),
      [](LiveTest& live, const Subscription& subscription) {
        const rapidjson::Document state = live.State();
        EXPECT_EQ(subscription.plan, state["settings"]["plan"].GetString());
        const bool nulls = state["settings"]["null_fields"].IsTrue();
        EXPECT_EQ(subscription.concurrent_builds, nulls ? std::nullopt : std::optional<std::int64_t>(3));
      });
}

}  // namespace

std::vector<Operation> OperationsOfKeys() {
  return {
      {.name = "get_signing_keys",
       .where = "signing_keys",
       .team = true,
       .takes_list = true,
       .prepare = PrepareDefault,
       .ask = AskKeys},
      {.name = "upload_signing_key",
       .where = "upload_key",
       .builds = true,
       .team = true,
       .effective = true,
       .changes = true,
       .password = true,
       .prepare = Nothing,
       .ask = AskUploadKey},
      {.name = "set_default_signing_key",
       .where = "default_key",
       .builds = true,
       .team = true,
       .effective = true,
       .changes = true,
       .takes_empty = true,
       .prepare = Nothing,
       .ask = AskSetDefault},
      {.name = "set_default_signing_key to none",
       .where = "default_key",
       .builds = true,
       .team = true,
       .effective = true,
       .changes = true,
       .takes_empty = true,
       .prepare = PrepareDefault,
       .ask = AskClearDefault},
      {.name = "delete_signing_key",
       .where = "delete_key",
       .builds = true,
       .team = true,
       .effective = true,
       .changes = true,
       .takes_empty = true,
       .prepare = Nothing,
       .ask = AskDeleteKey},
      {.name = "upload_code_signing_file",
       .where = "signing_file",
       .builds = true,
       .team = true,
       .effective = true,
       .changes = true,
       .password = true,
       .prepare = PrepareApplication,
       .ask = AskSigningFile},
      {.name = "get_tenant_subscription",
       .where = "subscription",
       .takes_empty = true,
       .prepare = PrepareLimit,
       .ask = AskSubscription},
  };
}

}  // namespace tegodrop::testing
