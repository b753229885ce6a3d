// Which commit an artifact was built from, of all that name one.
#include "daemon/intake/commit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tegodrop {

// For the matchers' messages.
static void PrintTo(const CommitCandidate& one, std::ostream* out) { *out << one.origin << " " << one.sha; }

namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kA(40, 'a');
const std::string kB(40, 'b');
const std::string kC(64, 'c');

auto Is(const std::string& origin, const std::string& sha) {
  return AllOf(Field(&CommitCandidate::origin, origin), Field(&CommitCandidate::sha, sha));
}

Artifact Named(const std::string& name, ArtifactKind kind = ArtifactKind::kApk) {
  Artifact artifact;
  artifact.file_name = name;
  artifact.kind = kind;
  return artifact;
}

FolderSettings WithPattern(const std::string& pattern) {
  FolderSettings folder;
  folder.name = "production";
  folder.commit_pattern = pattern;
  return folder;
}

TEST(AddCommits, AddsWhatIsEmbeddedAndThenWhatTheNameSaysToTheSidecars) {
  Artifact artifact = Named("app-" + kC + ".apk");
  artifact.commit.candidates = {{"sidecar", kA}};
  AddCommits(WithPattern("-([0-9a-f]+)[.]"), {{"revision", kB}}, artifact);
  EXPECT_THAT(artifact.commit.candidates, ElementsAre(Is("sidecar", kA), Is("embedded", kB), Is("file_name", kC)));
  EXPECT_EQ(artifact.commit.sha(), kA);
  EXPECT_TRUE(artifact.commit.conflict());
}

TEST(AddCommits, SeesNoConflictWhereAllNameTheSame) {
  Artifact artifact = Named("app-" + kA + ".apk");
  artifact.commit.candidates = {{"sidecar", kA}};
  AddCommits(WithPattern("-([0-9a-f]+)[.]"), {{"revision", kA}}, artifact);
  EXPECT_EQ(artifact.commit.candidates.size(), 3U);
  EXPECT_FALSE(artifact.commit.conflict());
}

TEST(AddCommits, TakesOfAnIpaTheConfiguredKeysInTheirOrder) {
  FolderSettings folder;
  folder.commit_keys = {"MyCommit", "GitCommit"};
  Artifact artifact = Named("app.ipa", ArtifactKind::kIpa);
  AddCommits(folder, {{"GitCommit", kA}, {"BuildDigest", kC}, {"MyCommit", kB}}, artifact);
  EXPECT_THAT(artifact.commit.candidates, ElementsAre(Is("embedded", kB), Is("embedded", kA)));
}

TEST(AddCommits, KnowsTheUsualKeysOfAnIpa) {
  for (const char* key : {"GitCommit", "GitCommitHash", "GIT_COMMIT"}) {
    Artifact artifact = Named("app.ipa", ArtifactKind::kIpa);
    AddCommits({}, {{key, kA}}, artifact);
    EXPECT_THAT(artifact.commit.candidates, ElementsAre(Is("embedded", kA))) << key;
  }
}

TEST(AddCommits, TakesFromANameOnlyWholeShasAndInLowerCase) {
  Artifact upper = Named("app-" + std::string(40, 'A') + ".apk");
  AddCommits(WithPattern("-([0-9a-fA-F]+)[.]"), {}, upper);
  EXPECT_THAT(upper.commit.candidates, ElementsAre(Is("file_name", kA)));
  Artifact shortened = Named("app-1a2b3c4.apk");
  AddCommits(WithPattern("-([0-9a-fA-F]+)[.]"), {}, shortened);
  EXPECT_THAT(shortened.commit.candidates, IsEmpty());
}

TEST(AddCommits, LooksIntoNoNameWithoutAPattern) {
  Artifact artifact = Named("app-" + kA + ".apk");
  AddCommits({}, {}, artifact);
  EXPECT_THAT(artifact.commit.candidates, IsEmpty());
}

TEST(CommitMissing, RefusesOnlyWhereTheFolderWantsOneAndThereIsNone) {
  FolderSettings folder = WithPattern("-([0-9a-f]+)[.]");
  Artifact artifact = Named("app-1a2b3c4.apk");
  EXPECT_EQ(CommitMissing(folder, artifact), std::nullopt);
  folder.require_commit = true;
  const std::optional<Failure> missing = CommitMissing(folder, artifact);
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->kind, FailureKind::kCommitMissing);
  EXPECT_THAT(missing->message, AllOf(HasSubstr("production"), HasSubstr("1a2b3c4, which is no SHA")));
  EXPECT_THAT(missing->remedy, HasSubstr("app-1a2b3c4.apk.commit"));
  artifact.commit.candidates = {{"embedded", kA}};
  EXPECT_EQ(CommitMissing(folder, artifact), std::nullopt);
}

TEST(CommitsInWords, NamesEachWithItsOrigin) {
  EXPECT_EQ(CommitsInWords({{{"sidecar", kA}, {"embedded", kB}}}), "sidecar says " + kA + ", embedded says " + kB);
}

}  // namespace
}  // namespace tegodrop
