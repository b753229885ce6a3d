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
