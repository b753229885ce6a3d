// Sidecars as people, build servers and enemies write them.
#include "daemon/intake/sidecar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tegodrop {
namespace {

using ::testing::HasSubstr;

const std::string kSha(40, 'a');
const std::string kSum = std::string(60, '0') + "beef";
const std::string kOther = std::string(60, '0') + "cafe";

Result<SidecarContent> Commit(std::string_view content) {
  return ParseSidecar(SidecarKind::kCommit, content, "app.apk");
}
Result<SidecarContent> Sum(std::string_view content) { return ParseSidecar(SidecarKind::kSha256, content, "app.apk"); }
Result<SidecarContent> Json(std::string_view content) { return ParseSidecar(SidecarKind::kJson, content, "app.apk"); }

std::string Utf16(std::string_view ascii, bool big_endian) {
  std::string out = big_endian ? "\xFE\xFF" : "\xFF\xFE";
  for (const char c : ascii) {
    out += big_endian ? '\0' : c;
    out += big_endian ? c : '\0';
  }
  return out;
}

TEST(CommitSidecar, OneShaInEveryEncodingThatAnEditorWrites) {
  for (const std::string& content : {kSha, kSha + "\n", " \t" + kSha + "\r\n\r\n", "\xEF\xBB\xBF" + kSha + "\r\n",
                                     Utf16(kSha + "\r\n", false), Utf16(kSha, true), std::string(40, 'A')}) {
    auto parsed = Commit(content);
    ASSERT_TRUE(parsed) << content << ": " << parsed.error().message;
    EXPECT_EQ(parsed->commit, kSha);
  }
  EXPECT_EQ(Commit(std::string(64, 'F'))->commit, std::string(64, 'f'));
}

TEST(CommitSidecar, AnythingElseIsNamedWithWhatIsAllowed) {
  for (const std::string& content :
       {std::string(), std::string("\n"), std::string("v1.2"), std::string(39, 'a'), std::string(41, 'a'),
        kSha + "\n" + kSha, std::string(40, 'g'), std::string("\xFF\xFE", 2) + "a", std::string("\xC3\x28"),
        std::string("\xFF\xFE\x00\xD8", 4), std::string("\xFF\xFE\x00\xDC", 4), std::string(40, '\0')}) {
    auto parsed = Commit(content);
    ASSERT_FALSE(parsed) << content;
    EXPECT_EQ(parsed.error().kind, ErrorKind::kCorrupt);
    EXPECT_THAT(parsed.error().message, ::testing::AnyOf(HasSubstr("40 or 64 hex digits"), HasSubstr("UTF-8")));
  }
}

TEST(CommitSidecar, WhatGitDescribePrintsIsARefAndNoCommit) {
  const std::string described = "v1.2-3-gabcdef0";
  for (const std::string& content : {described, described + "\r\n", Utf16(described, false)}) {
    auto parsed = Commit(content);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(parsed->commit, "");
    EXPECT_EQ(parsed->ref, described);
    EXPECT_EQ(parsed->described, described);
  }
  EXPECT_EQ(Commit(kSha)->described, "");
  EXPECT_EQ(Commit(kSha)->ref, "");
  EXPECT_FALSE(Commit(described + "\n" + described));
}

TEST(CommitSidecar, AnEnormousValueIsNotRepeatedInTheMessage) {
  auto parsed = Commit(std::string(60000, 'x'));
  ASSERT_FALSE(parsed);
  EXPECT_LT(parsed.error().message.size(), 300U);
}

TEST(SumSidecar, EveryFormThatSha256sumWrites) {
  for (const std::string& content :
       {kSum, kSum + "\n", kSum + "  app.apk\n", kSum + " *app.apk\n", kSum + "  build/outputs/app.apk\r\n",
        kSum + "  C:\\out\\app.apk\r\n", "\\" + kSum + "  app.apk\n", std::string(60, '0') + "BEEF  app.apk",
        kSum + "\tapp.apk", kSum + " app.apk", kOther + "  other.apk\n" + kSum + "  ./app.apk\n",
        "# made by CI\n\n" + kSum + "  app.apk\n", Utf16(kSum + "  app.apk\r\n", false),
        kSum + "  app.apk\n" + kSum + "  x/app.apk\n", kSum + "  named-otherwise-when-it-was-built.apk\n"}) {
    auto parsed = Sum(content);
    ASSERT_TRUE(parsed) << content << ": " << parsed.error().message;
    EXPECT_EQ(parsed->sha256, kSum) << content;
  }
}

TEST(SumSidecar, AnEscapedNameIsReadAsItIs) {
  auto parsed =
      ParseSidecar(SidecarKind::kSha256, "\\" + kOther + "  x\n\\" + kSum + "  a\\\\b\\n.apk\n", "a\\b\n.apk");
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->sha256, kSum);
}

TEST(SumSidecar, WhatIsWrongIsSaid) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "is empty"},
      {"\n\r\n", "is empty"},
      {"abc  app.apk\n", "64 hex digits"},
      {kSum + "0  app.apk", "64 hex digits"},
      {"SHA256 (app.apk) = " + kSum, "64 hex digits"},
      {kSum + "  one.apk\n" + kOther + "  two.apk\n", "no line for 'app.apk'"},
      {kSum + "  app.apk\n" + kOther + "  app.apk\n", "twice"},
      {"\xFF\xFF", "UTF-8"},
  };
  for (const auto& [content, message] : cases) {
    auto parsed = Sum(content);
    ASSERT_FALSE(parsed) << content;
    EXPECT_EQ(parsed.error().kind, ErrorKind::kCorrupt);
    EXPECT_THAT(parsed.error().message, HasSubstr(message)) << content;
  }
}

TEST(JsonSidecar, AllKeysOfItsFormat) {
  auto parsed = Json(R"({"commit_sha": ")" + std::string(40, 'A') + R"(", "repository": "git@x:y", "ref": "v1-3-gabc",
      "build_url": "https://ci/1", "sha256": ")" +
                     kSum + R"(", "signing_key_id": "key-1", "submit_id": "s-1",
      "labels": {"team": "ünï", "run": 42, "share": 0.5, "nightly": true, "note": null}, "later": [1, {"x": {}}]})");
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->commit, kSha);
  EXPECT_EQ(parsed->repository, "git@x:y");
  EXPECT_EQ(parsed->ref, "v1-3-gabc");
  EXPECT_EQ(parsed->build_url, "https://ci/1");
  EXPECT_EQ(parsed->sha256, kSum);
  EXPECT_EQ(parsed->signing_key_id, "key-1");
  EXPECT_EQ(parsed->submit_id, "s-1");
  ASSERT_EQ(parsed->labels.size(), 5U);
  EXPECT_EQ(parsed->labels[0].value, "ünï");
  EXPECT_EQ(parsed->labels[1].value, "42");
  EXPECT_EQ(parsed->labels[2].value, "0.5");
  EXPECT_EQ(parsed->labels[3].value, "true");
  EXPECT_EQ(parsed->labels[4].value, "");
}

TEST(JsonSidecar, WhatGitDescribePrintsAsACommitIsTheRefWhereThereIsNone) {
  auto alone = Json(R"({"commit_sha": " v1-3-gabcd-dirty ", "repository": "r"})");
  ASSERT_TRUE(alone) << alone.error().message;
  EXPECT_EQ(alone->commit, "");
  EXPECT_EQ(alone->ref, "v1-3-gabcd-dirty");
  EXPECT_EQ(alone->repository, "r");
  for (const char* content :
       {R"({"commit_sha": "v1-3-gabcd", "ref": "main"})", R"({"ref": "main", "commit_sha": "v1-3-gabcd"})"}) {
    auto both = Json(content);
    ASSERT_TRUE(both) << both.error().message;
    EXPECT_EQ(both->commit, "");
    EXPECT_EQ(both->ref, "main");
    EXPECT_EQ(both->described, "v1-3-gabcd");
  }
  EXPECT_EQ(Json(R"({"commit_sha": "v1-3-gabcd", "ref": ""})")->ref, "v1-3-gabcd");
}

TEST(JsonSidecar, AllKeysAreOptionalAndMayBeNull) {
  for (const char* content : {"{}", "{\"commit_sha\":null,\"labels\":null,\"sha256\":null}", "\xEF\xBB\xBF{}\r\n",
                              "{\"commit_sha\": \"\"}"}) {
    auto parsed = Json(content);
    ASSERT_TRUE(parsed) << content;
    EXPECT_EQ(parsed->commit, "");
    EXPECT_TRUE(parsed->labels.empty());
  }
  EXPECT_EQ(Json(Utf16("{\"ref\":\"main\"}", true))->ref, "main");
}

TEST(JsonSidecar, WhereSomethingElseIsWrongItsSubmitIdIsReadAllTheSame) {
  EXPECT_EQ(SubmitIdOf(R"({"commit_sha": "abc", "submit_id": " build-17 "})"), "build-17");
  EXPECT_EQ(SubmitIdOf(R"({"labels": ["a"], "submit_id": "../x"})"), "");
  for (const char* none : {"", "{", "[]", "{}", R"({"submit_id": 5})", "\xFF\xFE\x01"})
    EXPECT_EQ(SubmitIdOf(none), "") << none;
}

TEST(JsonSidecar, WhatIsWrongIsSaid) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "is empty"},
      {"{", "is not JSON"},
      {"{} x", "is not JSON"},
      {"[]", "no object"},
      {"\"text\"", "no object"},
      {R"({"commit_sha": 12})", "'commit_sha' that is no text"},
      {R"({"ref": ["main"]})", "'ref' that is no text"},
      {R"({"submit_id": false})", "'submit_id' that is no text"},
      {R"({"commit_sha": "abc"})", "40 or 64"},
      {R"({"sha256": "abc"})", "64 hex"},
      {R"({"submit_id": "a b"})", "'submit_id' that cannot name a receipt"},
      {R"({"submit_id": "../x"})", "'submit_id' that cannot name a receipt"},
      {R"({"labels": ["a"]})", "'labels'"},
      {R"({"labels": {"a": {"b": 1}}})", "label 'a'"},
      {R"({"ref": "a", "ref": "b"})", "twice"},
      {R"({"labels": {"a": "1", "a": "2"}})", "twice"},
      {"{\"ref\": \"\xC3\x28\"}", "UTF-8"},
      {R"({"ref": "\ud800"})", "is not JSON"},
      {R"({"ref": "\udc00"})", "half a surrogate pair"},
      {R"({"labels": {"\udc00": "a"}})", "half a surrogate pair"},
      {std::string("{\"x\":") + std::string(32, '[') + std::string(32, ']') + "}", "nested more than 32"},
  };
  for (const auto& [content, message] : cases) {
    auto parsed = Json(content);
    ASSERT_FALSE(parsed) << content;
    EXPECT_EQ(parsed.error().kind, ErrorKind::kCorrupt);
    EXPECT_THAT(parsed.error().message, HasSubstr(message)) << content;
  }
}

TEST(JsonSidecar, ThirtyTwoLevelsAreReadAndBracketsInTextsAreNoLevels) {
  EXPECT_TRUE(Json("{\"x\":" + std::string(31, '[') + std::string(31, ']') + "}"));
  EXPECT_TRUE(Json("{\"ref\":\"" + std::string(100, '[') + "\\\"" + std::string(100, '{') + "\"}"));
}

TEST(JsonSidecar, SixtyFourKiBOfBracketsEndBeforeAnyReaderSeesThem) {
  auto parsed = Json(std::string(65536, '['));
  ASSERT_FALSE(parsed);
  EXPECT_THAT(parsed.error().message, HasSubstr("nested"));
}

}  // namespace
}  // namespace tegodrop
