// A commit SHA in a file name, found by a folder's pattern.
#include "daemon/model/commit_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tegodrop {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;

constexpr char kPattern[] = "-([0-9a-f]{40})[.]";
const std::string kSha(40, 'a');

TEST(CommitPattern, FindsWhatItsGroupStandsFor) {
  EXPECT_THAT(FindByPattern(kPattern, "app-" + kSha + ".apk"), Optional(kSha));
  EXPECT_THAT(FindByPattern("^(?:app|lib)-(.+)-release[.]apk$", "app-1a2b3c4-release.apk"),
              Optional(std::string("1a2b3c4")));
}

TEST(CommitPattern, FindsTheFirstOfSeveral) {
  const std::string other(40, 'b');
  EXPECT_THAT(FindByPattern(kPattern, "app-" + kSha + ".x-" + other + ".apk"), Optional(kSha));
}

TEST(CommitPattern, FindsNothingWhereItDoesNotFit) {
  EXPECT_EQ(FindByPattern(kPattern, "app.apk"), std::nullopt);
  EXPECT_EQ(FindByPattern(kPattern, ""), std::nullopt);
  EXPECT_EQ(FindByPattern(kPattern, "app-" + std::string(39, 'a') + ".apk"), std::nullopt);
}

TEST(CommitPattern, TakesNamesOfAnyBytes) {
  EXPECT_THAT(FindByPattern(kPattern, "\xff\xfe-" + kSha + ".apk"), Optional(kSha));
}

TEST(CommitPattern, HasNoFaultWithOneGroup) {
  EXPECT_EQ(CommitPatternFault(kPattern), "");
  EXPECT_EQ(CommitPatternFault("^(?:a|b)-(.*)$"), "");
}

TEST(CommitPattern, SaysHowManyGroupsThereAreWhereOneMustBe) {
  EXPECT_THAT(CommitPatternFault("[0-9a-f]{40}"), HasSubstr("0 groups"));
  EXPECT_THAT(CommitPatternFault("(a)(b)"), HasSubstr("2 groups"));
  EXPECT_EQ(FindByPattern("[0-9a-f]{40}", kSha), std::nullopt);
}

TEST(CommitPattern, SaysWhatIsWrongWithWhatIsNoExpression) {
  EXPECT_THAT(CommitPatternFault("(["), HasSubstr("no regular expression"));
  // RE2 goes back nowhere, so it knows no such references.
  EXPECT_THAT(CommitPatternFault("(a)\\1"), HasSubstr("no regular expression"));
}

// What takes others hours: nested repetition over a long name.
TEST(CommitPattern, TakesNoLongerForACruelPattern) {
  EXPECT_EQ(FindByPattern("^((?:a+)+)$", std::string(250, 'a') + "!"), std::nullopt);
}

}  // namespace
}  // namespace tegodrop
