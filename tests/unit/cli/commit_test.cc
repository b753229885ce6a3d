// Which commit a drop is said to be of, and what is told of that.
#include "daemon/cli/submit/commit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace tegodrop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kCommit(40, 'a');
const std::string kOther(40, 'b');
const std::string kDescribed = "v1.2-3-gabcdef0";

MergedSidecar Merged(const std::optional<std::string>& given, const std::string& commit,
                     const std::vector<CiVariable>& environment) {
  auto merged = MergeSidecar(given, commit, environment);
  EXPECT_TRUE(merged) << merged.error().message;
  return merged ? *merged : MergedSidecar();
}

std::string Json(const std::string& key, const std::string& value) { return "{\"" + key + "\": \"" + value + "\"}"; }

TEST(CheckedCommitTest, OfFortyOrSixtyFourHexDigitsInAnyCase) {
  EXPECT_EQ(*CheckedCommit(std::string(40, 'A')), kCommit);
  EXPECT_EQ(*CheckedCommit(" " + kCommit + "\n"), kCommit);
  EXPECT_EQ(*CheckedCommit(std::string(64, '0')), std::string(64, '0'));
}

TEST(CheckedCommitTest, WhatGitDescribePrintsIsTakenAsItIs) {
  EXPECT_EQ(*CheckedCommit(kDescribed), kDescribed);
  EXPECT_EQ(*CheckedCommit("v1.2-3-gABCDEF0-dirty\n"), "v1.2-3-gABCDEF0-dirty");
}

TEST(CheckedCommitTest, AnythingElseIsRefusedWithWhatToGive) {
  for (const std::string& wrong : {std::string("main"), std::string("v1.2"), std::string(39, 'a'), std::string(40, 'g'),
                                   std::string("abcdef0"), std::string(), std::string(5000, 'x')}) {
    const auto commit = CheckedCommit(wrong);
    ASSERT_FALSE(commit) << wrong;
    EXPECT_EQ(commit.error().kind, ErrorKind::kRejected);
    EXPECT_THAT(commit.error().message, HasSubstr("40 or 64 hex digits"));
    EXPECT_THAT(commit.error().message, HasSubstr("git rev-parse HEAD"));
    EXPECT_THAT(commit.error().message, HasSubstr("a tag or branch goes under ref in --json-sidecar"));
    EXPECT_LT(commit.error().message.size(), 300U);
  }
}

TEST(CommitSourceTest, WithoutAnyThereIsNoneAndNothingToSay) {
  const MergedSidecar merged = Merged(std::nullopt, "", {});
  EXPECT_EQ(merged.content.commit + merged.content.ref + merged.commit_from, "");
  EXPECT_THAT(merged.notes, IsEmpty());
}

TEST(CommitSourceTest, TheOptionComesBeforeTheEnvironment) {
  const MergedSidecar merged = Merged(std::nullopt, kCommit, {{"GITHUB_SHA", kOther}});
  EXPECT_EQ(merged.content.commit, kCommit);
  EXPECT_EQ(merged.commit_from, "--commit");
  EXPECT_THAT(merged.notes, IsEmpty());
}

TEST(CommitSourceTest, TheSidecarsCommitComesBeforeTheEnvironment) {
  const MergedSidecar merged = Merged(Json("commit_sha", kCommit), "", {{"GITHUB_SHA", kOther}});
  EXPECT_EQ(merged.content.commit, kCommit);
  EXPECT_EQ(merged.commit_from, "--json-sidecar");
  EXPECT_THAT(merged.notes, IsEmpty());
  EXPECT_EQ(Merged(Json("commit_sha", kCommit), kCommit, {}).commit_from, "--commit");
}

TEST(CommitSourceTest, ASidecarWithoutACommitLeavesItToTheEnvironment) {
  for (const std::string& given : {Json("ref", "main"), Json("commit_sha", "")}) {
    EXPECT_EQ(Merged(given, "", {{"GITHUB_SHA", kCommit}}).content.commit, kCommit) << given;
  }
  EXPECT_EQ(Merged(Json("ref", "main"), "", {{"GITHUB_SHA", kCommit}}).content.ref, "main");
}

TEST(CommitSourceTest, TheFirstVariableThatHoldsAShaIsTakenAndTold) {
  const MergedSidecar merged =
      Merged(std::nullopt, "",
             {{"GITHUB_SHA", "  \n"}, {"CI_COMMIT_SHA", " " + std::string(40, 'A') + "\r\n"}, {"GIT_COMMIT", "x"}});
  EXPECT_EQ(merged.content.commit, kCommit);
  EXPECT_EQ(merged.commit_from, "CI_COMMIT_SHA");
  EXPECT_THAT(merged.notes, ElementsAre("the commit is " + kCommit + ", from CI_COMMIT_SHA"));
  EXPECT_EQ(Merged(std::nullopt, "", {{"CM_COMMIT", std::string(64, 'F')}}).content.commit, std::string(64, 'f'));
}

TEST(CommitSourceTest, AVariableThatHoldsSomethingElseIsNamedAndPassedOver) {
  const MergedSidecar merged =
      Merged(std::nullopt, "", {{"GITHUB_SHA", "refs/heads/x"}, {"BUILD_SOURCEVERSION", kCommit}});
  EXPECT_EQ(merged.content.commit, kCommit);
  EXPECT_EQ(merged.content.ref, "");
  EXPECT_EQ(merged.commit_from, "BUILD_SOURCEVERSION");
  ASSERT_EQ(merged.notes.size(), 2U);
  EXPECT_EQ(merged.notes[0], "GITHUB_SHA holds no commit SHA of 40 or 64 hex digits: passed over");
  EXPECT_THAT(merged.notes[0], Not(HasSubstr("refs/heads")));
}

TEST(CommitSourceTest, WhatGitDescribePrintsInAVariableIsTheRefAndTheNextOnesAreAsked) {
  const std::vector<CiVariable> environment{{"GIT_COMMIT", kDescribed}, {"CM_COMMIT", kCommit}};
  const MergedSidecar merged = Merged(std::nullopt, "", environment);
  EXPECT_EQ(merged.content.ref, kDescribed);
  EXPECT_EQ(merged.content.commit, kCommit);
  EXPECT_EQ(merged.commit_from, "CM_COMMIT");
  EXPECT_THAT(merged.notes,
              ElementsAre("GIT_COMMIT holds git describe output, which is no commit SHA: it goes under ref",
                          HasSubstr("from CM_COMMIT")));
  const MergedSidecar other = Merged(Json("ref", "main"), "", {{"GIT_COMMIT", kDescribed}});
  EXPECT_EQ(other.content.ref, "main");
  EXPECT_EQ(other.content.commit + other.commit_from, "");
  EXPECT_THAT(other.notes, ElementsAre(HasSubstr("left out")));
}

TEST(CommitSourceTest, WhatGitDescribePrintsAsTheOptionIsTheRefAndTheEnvironmentIsNotAsked) {
  const MergedSidecar merged = Merged(std::nullopt, kDescribed, {{"GITHUB_SHA", kCommit}});
  EXPECT_EQ(merged.content.ref, kDescribed);
  EXPECT_EQ(merged.content.commit + merged.commit_from, "");
  EXPECT_THAT(merged.notes, ElementsAre(HasSubstr("--commit holds git describe output")));
  const MergedSidecar both = Merged(Json("commit_sha", kCommit), kDescribed, {});
  EXPECT_EQ(both.content.ref, kDescribed);
  EXPECT_EQ(both.content.commit, kCommit);
  EXPECT_EQ(both.commit_from, "--json-sidecar");
  const MergedSidecar with_ref = Merged(Json("ref", "main"), kDescribed, {});
  EXPECT_EQ(with_ref.content.ref, "main");
  EXPECT_THAT(with_ref.notes, ElementsAre(HasSubstr("left out, since the sidecar has a ref")));
}

TEST(CommitSourceTest, WhatGitDescribePrintsInTheSidecarIsItsRef) {
  const std::string given = Json("commit_sha", kDescribed);
  const MergedSidecar merged = Merged(given, "", {{"GITHUB_SHA", kCommit}});
  EXPECT_EQ(merged.content.ref, kDescribed);
  EXPECT_EQ(merged.content.commit + merged.commit_from, "");
  EXPECT_THAT(merged.notes, ElementsAre(HasSubstr("commit_sha of --json-sidecar holds git describe output")));
  EXPECT_EQ(Merged(given, kCommit, {}).content.commit, kCommit);
  EXPECT_EQ(Merged(given, kDescribed, {}).notes.size(), 1U);
  auto two = MergeSidecar(given, "v9-9-gabcd", {});
  ASSERT_FALSE(two);
  EXPECT_THAT(two.error().message, HasSubstr("--commit is v9-9-gabcd"));
}

}  // namespace
}  // namespace tegodrop::testing
