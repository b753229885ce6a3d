#include "daemon/model/artifact.h"

#include <gtest/gtest.h>

namespace tegodrop {
namespace {

TEST(ArtifactName, TellsTheKindByTheEndingInAnyCase) {
  EXPECT_EQ(KindOfName("app.apk"), ArtifactKind::kApk);
  EXPECT_EQ(KindOfName("App Release.AAB"), ArtifactKind::kAab);
  EXPECT_EQ(KindOfName("a.b.IpA"), ArtifactKind::kIpa);
}

TEST(ArtifactName, IsNoOtherName) {
  for (const char* name : {"", ".apk", "app", "apk", "app.apk.part", "app.apks", "app.zip", "app.apk ", "app.apk/"}) {
    EXPECT_FALSE(KindOfName(name).has_value()) << name;
  }
}

TEST(ArtifactName, GivesThePortalsPlatform) {
  EXPECT_EQ(PlatformOf(ArtifactKind::kApk), "android");
  EXPECT_EQ(PlatformOf(ArtifactKind::kAab), "android");
  EXPECT_EQ(PlatformOf(ArtifactKind::kIpa), "ios");
  for (const char* platform : {"android", "ios"}) EXPECT_TRUE(IsPlatform(platform)) << platform;
  for (const char* word : {"", "Android", "ios ", "windows"}) EXPECT_FALSE(IsPlatform(word)) << word;
  EXPECT_EQ(Extension(ArtifactKind::kApk), ".apk");
  EXPECT_EQ(Extension(ArtifactKind::kAab), ".aab");
  EXPECT_EQ(Extension(ArtifactKind::kIpa), ".ipa");
}

TEST(PassedOver, AreHiddenAndTemporaryNames) {
  for (const char* name : {"", ".", ".hidden.apk", "~$app.apk", "~", "app.apk.part", "app.apk.PARTIAL",
                           "app.apk.filepart", "app.apk.crdownload", "app.tmp"}) {
    EXPECT_TRUE(IsPassedOver(name)) << name;
  }
  for (const char* name : {"app.apk", "a~.apk", "part", "app.part.apk", "app.apk.commit", "tmp.ipa"}) {
    EXPECT_FALSE(IsPassedOver(name)) << name;
  }
}

TEST(Sidecar, BelongsToAnArtifactsName) {
  EXPECT_EQ(SidecarOf("app.apk.commit"), SidecarKind::kCommit);
  EXPECT_EQ(SidecarOf("app.aab.sha256"), SidecarKind::kSha256);
  EXPECT_EQ(SidecarOf("APP.IPA.JSON"), SidecarKind::kJson);
  for (const char* name :
       {"app.commit", "app.json", ".apk.json", "app.apk", "app.apk.json.part", "commit", ".commit"}) {
    EXPECT_FALSE(SidecarOf(name).has_value()) << name;
  }
  for (const SidecarKind kind : {SidecarKind::kCommit, SidecarKind::kSha256, SidecarKind::kJson}) {
    EXPECT_EQ(SidecarOf("app.apk" + std::string(Suffix(kind))), kind);
  }
}

TEST(DescribeOutput, IsATagANumberAndAShortSha) {
  for (const std::string& text :
       {std::string("v1.2-3-gabcdef0"), std::string("release-7-0-gABCD"), std::string("größe-12-g0123"),
        std::string("a-g1-2-gabcd"), "v1-0-g" + std::string(40, 'a'), "v1-0-g" + std::string(64, '0'),
        std::string("v1.2-3-gabcdef0-dirty"), std::string("v1.2-3-gabcdef0-broken"),
        std::string("heads/main-1-gabcd")}) {
    EXPECT_TRUE(IsDescribeOutput(text)) << text;
  }
}

TEST(DescribeOutput, IsNothingElse) {
  for (const std::string& text : {std::string(),
                                  std::string("main"),
                                  std::string("v1.2"),
                                  std::string("v1.2-3"),
                                  std::string(40, 'a'),
                                  std::string(64, 'a'),
                                  std::string("abcdef0"),
                                  std::string("abcdef0-dirty"),
                                  std::string("-3-gabcdef0"),
                                  std::string("3-gabcdef0"),
                                  std::string("v1.2-gabcdef0"),
                                  std::string("v1.2--gabcdef0"),
                                  std::string("v1.2-3x-gabcdef0"),
                                  std::string("v1.2-3-gabc"),
                                  std::string("v1.2-3-g"),
                                  "v1-0-g" + std::string(65, 'a'),
                                  std::string("v1.2-3-gabcdefg"),
                                  std::string("v1.2-3-abcdef0"),
                                  std::string("v1.2-3-gabcdef0-dirty-dirty"),
                                  std::string("v1.2-3-gabcdef0-mine"),
                                  std::string("v1 2-3-gabcdef0"),
                                  std::string("a\nv1.2-3-gabcdef0"),
                                  std::string("v1.2-3-gabcdef0\n"),
                                  std::string("\xff-3-gabcdef0"),
                                  std::string("-dirty"),
                                  std::string("-g"),
                                  std::string("-1-gabcd-dirty")}) {
    EXPECT_FALSE(IsDescribeOutput(text)) << text;
  }
}

TEST(CommitFacts, TheFirstCandidateWinsAndADisagreementShows) {
  CommitFacts facts;
  EXPECT_EQ(facts.sha(), "");
  EXPECT_EQ(facts.origin(), "");
  EXPECT_FALSE(facts.conflict());
  facts.candidates = {{"sidecar", "aa"}, {"embedded", "aa"}};
  EXPECT_EQ(facts.sha(), "aa");
  EXPECT_EQ(facts.origin(), "sidecar");
  EXPECT_FALSE(facts.conflict());
  facts.candidates.push_back({"file_name", "bb"});
  EXPECT_TRUE(facts.conflict());
  EXPECT_EQ(facts.sha(), "aa");
}

}  // namespace
}  // namespace tegodrop
