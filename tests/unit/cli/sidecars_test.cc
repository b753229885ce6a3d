// What stands beside a dropped artifact: put together from what is given, and always something that the daemon takes.
#include "daemon/cli/submit/sidecars.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tegodrop::testing {
namespace {

using ::testing::HasSubstr;

const std::string kCommit(40, 'a');

SidecarContent Merged(const std::optional<std::string>& given, const std::string& commit = "") {
  auto merged = MergeSidecar(given, commit, {});
  EXPECT_TRUE(merged) << merged.error().message;
  return merged ? merged->content : SidecarContent();
}

std::string Refusal(const std::string& given, const std::string& commit = "") {
  auto merged = MergeSidecar(given, commit, {});
  EXPECT_FALSE(merged);
  if (merged) return "";
  EXPECT_EQ(merged.error().kind, ErrorKind::kRejected);
  return merged.error().message;
}

TEST(SubmitNameTest, ArtifactsOfEachKindAreTakenInAnyCase) {
  for (const char* name : {"app.apk", "App.AAB", "my app.ipa", "größe.apk"}) EXPECT_EQ(NameFault(name), "") << name;
}

TEST(SubmitNameTest, WhatADropFolderWouldPassOverOrRefuseIsNotDropped) {
  EXPECT_THAT(NameFault("app.zip"), HasSubstr("neither in .apk"));
  EXPECT_THAT(NameFault(".apk"), HasSubstr("pass over"));
  EXPECT_THAT(NameFault(".app.apk"), HasSubstr("pass over"));
  EXPECT_THAT(NameFault("~app.apk"), HasSubstr("pass over"));
  EXPECT_THAT(NameFault("app.apk.part"), HasSubstr("pass over"));
  EXPECT_THAT(NameFault("app.apk.json"), HasSubstr("neither in .apk"));
  EXPECT_THAT(NameFault(""), HasSubstr("pass over"));
  EXPECT_THAT(NameFault("a\xff.apk"), HasSubstr("not UTF-8"));
}

TEST(SubmitNameTest, ANameLeavesRoomForItsLongestSidecar) {
  const std::string most(255 - 4 - 7, 'a');
  EXPECT_EQ(NameFault(most + ".apk"), "");
  EXPECT_THAT(NameFault(most + "a.apk"), HasSubstr("so long"));
}

TEST(SubmitSidecarTest, WhatIsWrittenIsReadAsItWasGiven) {
  SidecarContent content =
      Merged(R"({"repository": "r", "ref": "main", "build_url": "https://ci/1", "submit_id": "me-1",
    "signing_key_id": "k", "labels": {"team": "a\"b", "number": 7}, "unknown": [1]})",
             kCommit);
  content.sha256 = std::string(64, 'b');
  const auto read = ParseSidecar(SidecarKind::kJson, SidecarJson(content), "app.apk");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->commit, kCommit);
  EXPECT_EQ(read->sha256, std::string(64, 'b'));
  EXPECT_EQ(read->repository, "r");
  EXPECT_EQ(read->ref, "main");
  EXPECT_EQ(read->build_url, "https://ci/1");
  EXPECT_EQ(read->signing_key_id, "k");
  EXPECT_EQ(read->submit_id, "me-1");
  ASSERT_EQ(read->labels.size(), 2U);
  EXPECT_EQ(read->labels[0].value, "a\"b");
  EXPECT_EQ(read->labels[1].value, "7");
}

TEST(SubmitSidecarTest, WhatIsNotKnownIsNotWritten) {
  SidecarContent content;
  content.submit_id = "x";
  EXPECT_EQ(SidecarJson(content), "{\n  \"submit_id\": \"x\"\n}\n");
}

TEST(SubmitSidecarTest, TheSameCommitTwiceIsNoConflictAndAnotherIs) {
  const std::string given = R"({"commit_sha": ")" + std::string(40, 'A') + "\"}";
  EXPECT_EQ(Merged(given, kCommit).commit, kCommit);
  EXPECT_EQ(Merged(given).commit, kCommit);
  EXPECT_THAT(Refusal(given, std::string(40, 'b')), HasSubstr("--commit is bbbb"));
}

TEST(SubmitSidecarTest, WhatTheDaemonWouldRefuseIsRefused) {
  EXPECT_THAT(Refusal("[]"), HasSubstr("no object"));
  EXPECT_THAT(Refusal("{"), HasSubstr("not JSON"));
  EXPECT_THAT(Refusal(R"({"ref": 1})"), HasSubstr("'ref'"));
  EXPECT_THAT(Refusal(R"({"commit_sha": "main"})"), HasSubstr("40 or 64"));
  EXPECT_THAT(Refusal("{\"ref\": \"" + std::string(kLargestSidecar, 'a') + "\"}"), HasSubstr("64 KiB"));
}

TEST(SubmitSidecarTest, ASubmitIdThatCannotNameAReceiptIsRefused) {
  for (const std::string& id : {std::string("../x"), std::string("a/b"), std::string(".a"), std::string(65, 'a')}) {
    EXPECT_THAT(Refusal(R"({"submit_id": ")" + id + "\"}"), HasSubstr("cannot name a receipt")) << id;
  }
  EXPECT_EQ(Merged(R"({"submit_id": "Build_7.x-1"})").submit_id, "Build_7.x-1");
}

TEST(SubmitSumTest, IsReadAsTheSumOfTheArtifactWhateverItsName) {
  const std::string sum(64, 'c');
  EXPECT_EQ(SumText(sum, "my app.apk"), sum + "  my app.apk\n");
  for (const char* name : {"app.apk", "back\\slash.apk", "line\nbreak.apk"}) {
    const auto read = ParseSidecar(SidecarKind::kSha256, SumText(sum, name), name);
    ASSERT_TRUE(read) << name;
    EXPECT_EQ(read->sha256, sum);
  }
}

}  // namespace
}  // namespace tegodrop::testing
