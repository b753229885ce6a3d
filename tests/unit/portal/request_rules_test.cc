// What is refused before anything is sent, at its limits.
#include "daemon/portal/request_rules.h"

#include <gtest/gtest.h>

namespace tegodrop {
namespace {

void ExpectRefused(const Status& status, const std::string& words) {
  ASSERT_FALSE(status) << words;
  EXPECT_EQ(status.error().kind, ErrorKind::kRejected);
  EXPECT_NE(status.error().message.find(words), std::string::npos) << status.error().message;
}

SigningKeyUpload Key() { return {"A key", "android", "release.jks", Secret("Zebra9"), "rel", 4096, false}; }

TEST(RequestRules, KnowTheWordsOfThePageAndNoOthers) {
  for (const char* word : {"android", "ios"}) EXPECT_TRUE(CheckPlatform(word)) << word;
  for (const char* word : {"", "Android", "ios ", "windows"}) ExpectRefused(CheckPlatform(word), "android, ios");
  for (const char* word : {"development", "staging", "production"}) EXPECT_TRUE(CheckVersion(word)) << word;
  for (const char* word : {"", "prod", "PRODUCTION"}) ExpectRefused(CheckVersion(word), "staging");
}

TEST(RequestRules, ShowOddWordsOnOneLine) {
  const Status status = CheckPlatform("a\nb\x1b" + std::string(5000, 'x'));
  ExpectRefused(status, "a\\x0ab");
  EXPECT_EQ(status.error().message.find('\n'), std::string::npos);
  EXPECT_LT(status.error().message.size(), 300U);
}

TEST(RequestRules, TakeEachArtifactEndingInAnyCase) {
  for (const char* name : {"a.apk", "a.AAB", "a.b.Apk"}) {
    EXPECT_TRUE(CheckUpload({name, "android", "production", 1, ""})) << name;
  }
  EXPECT_TRUE(CheckUpload({"a.IPA", "ios", "staging", 5ULL << 30U, "none"}));
  ExpectRefused(CheckUpload({"a.apk.zip", "android", "production", 1, ""}), ".apk, .aab");
  ExpectRefused(CheckUpload({"", "ios", "production", 1, ""}), ".ipa");
}

TEST(RequestRules, KeepPagesWithinTheirLimits) {
  for (const std::int64_t size : {1, 6, 50}) EXPECT_TRUE(CheckListing("production", 1, size)) << size;
  EXPECT_TRUE(CheckListing("production", INT64_MAX, 50));
  for (const std::int64_t size : {INT64_MIN, INT64_C(0), INT64_C(51), INT64_MAX}) {
    ExpectRefused(CheckListing("production", 1, size), "from 1 to 50");
  }
  ExpectRefused(CheckListing("production", 0, 50), "from 1");
}

TEST(RequestRules, MeasureKeysToTheByte) {
  SigningKeyUpload key = Key();
  EXPECT_TRUE(CheckSigningKey(key));
  key.file_size = kLargestSigningKeyFile;
  EXPECT_TRUE(CheckSigningKey(key));
  ++key.file_size;
  ExpectRefused(CheckSigningKey(key), "10485761 bytes");
  key.file_size = UINT64_MAX;
  ExpectRefused(CheckSigningKey(key), "over 10 MB");
}

TEST(RequestRules, WantAnAliasOnAndroidOnly) {
  SigningKeyUpload key = Key();
  key.alias.clear();
  ExpectRefused(CheckSigningKey(key), "alias");
  key.platform = "ios";
  key.file_name = "a.p12";
  EXPECT_TRUE(CheckSigningKey(key));
  EXPECT_TRUE(CheckSigningFile({"a.p12", Secret("pw"), "app-1", "ios", ""}));
  ExpectRefused(CheckSigningFile({"a.jks", Secret("pw"), "app-1", "android", ""}), "alias");
  ExpectRefused(CheckSigningFile({"a.jks", Secret("pw"), "app-1", "ios", ""}), ".p12, .pfx");
}

TEST(RequestRules, ShowNoPassword) {
  SigningKeyUpload key = Key();
  key.password = Secret("Zebra9\xFF");
  ExpectRefused(CheckSigningKey(key), "password");
  EXPECT_EQ(CheckSigningKey(key).error().message.find("Zebra9"), std::string::npos);
}

TEST(RequestRules, WantWhatNamesABuild) {
  EXPECT_TRUE(CheckBuild({"production", "ios", 1, "a.ipa"}));
  // As the history shows it, whatever its ending.
  EXPECT_TRUE(CheckBuild({"production", "ios", 1, "a"}));
  ExpectRefused(CheckBuild({"production", "ios", -1, "a.ipa"}), "start_time -1");
  ExpectRefused(CheckSign({"ios", "", 1}), "name");
  ExpectRefused(CheckId("key id", " \t"), "key id");
}

}  // namespace
}  // namespace tegodrop
