// The commits in META-INF/version-control-info.textproto.
#include "daemon/archive/manifest/version_control.h"

#include <gtest/gtest.h>

#include "tests/unit/manifest/sweeps.h"

namespace tegodrop {
namespace {

const std::string kA(40, 'a');
const std::string kB(64, 'b');
const std::string kC(40, 'c');

std::string Quoted(const std::string& text) { return '"' + text + '"'; }

// As the plugin writes it.
std::string AsThePlugin(const std::string& revision) {
  return "repositories {\n  system: GIT\n  local_root_path: \"$PROJECT_DIR\"\n  revision: \"" + revision + "\"\n}\n";
}

std::vector<std::string> Shas(const std::string& text) {
  std::vector<std::string> shas;
  for (const EmbeddedCommit& commit : ReadVersionControlInfo(text)) {
    EXPECT_EQ(commit.key, "revision");
    shas.push_back(commit.sha);
  }
  return shas;
}

using Found = std::vector<std::string>;

TEST(VersionControlInfo, GivesTheRevisionThatThePluginWrote) {
  EXPECT_EQ(Shas(AsThePlugin(kA)), Found{kA});
  EXPECT_EQ(Shas(AsThePlugin(kB)), Found{kB});
  EXPECT_EQ(Shas(AsThePlugin("0123456789ABCDEF0123456789abcdef01234567")),
            Found{"0123456789abcdef0123456789abcdef01234567"});
}

TEST(VersionControlInfo, GivesNoneWhereThePluginFoundNoRepository) {
  EXPECT_EQ(Shas("generate_error_reason: NO_SUPPORTED_VCS_FOUND\n"), Found{});
  EXPECT_EQ(Shas(""), Found{});
}

TEST(VersionControlInfo, ReadsEverySpelling) {
  EXPECT_EQ(Shas("repositories{system:GIT revision:'" + kA + "'}"), Found{kA});
  EXPECT_EQ(Shas("repositories: {\r\n\trevision : \"" + kA + "\";\r\n}"), Found{kA});
  EXPECT_EQ(Shas("repositories < revision \"" + kA + "\" >"), Found{kA});
  EXPECT_EQ(Shas("repositories # {\n{ # revision: \"x\"\n revision: # the next line\n \"" + kA + "\" }"), Found{kA});
  EXPECT_EQ(Shas("repositories: [{revision: \"" + kA + "\"}, {revision: \"" + kB + "\"}]"), (Found{kA, kB}));
}

TEST(VersionControlInfo, GivesEachRevisionOnceInTheFilesOrderAndAtMost32) {
  EXPECT_EQ(Shas(AsThePlugin(kC) + AsThePlugin(kB) + AsThePlugin(kA) + AsThePlugin(kB)), (Found{kC, kB, kA}));
  std::string many;
  for (int i = 100; i < 200; ++i) many += AsThePlugin(std::to_string(i) + std::string(37, '0'));
  const Found found = Shas(many);
  ASSERT_EQ(found.size(), 32U);
  EXPECT_EQ(found[31].substr(0, 3), "131");
}

TEST(VersionControlInfo, TakesNothingThatOnlyLooksLikeARevision) {
  const std::string field = "revision: " + Quoted(kA);
  EXPECT_EQ(Shas(field), Found{});
  EXPECT_EQ(Shas("other { " + field + " }"), Found{});
  EXPECT_EQ(Shas("repositories { other { " + field + " } }"), Found{});
  EXPECT_EQ(Shas("repositories { } " + field), Found{});
  EXPECT_EQ(Shas("repositories { # " + field + "\n}"), Found{});
  EXPECT_EQ(Shas("# repositories {\n" + field), Found{});
  EXPECT_EQ(Shas("repositories { local_root_path: 'x " + field + "' }"), Found{});
  EXPECT_EQ(Shas("repositories { local_root_path: \"x \\\" " + field + " }"), Found{});
  EXPECT_EQ(Shas("local_root_path: 'repositories { " + field + " }'"), Found{});
  EXPECT_EQ(Shas("repositories { old_revision: " + Quoted(kA) + " }"), Found{});
  EXPECT_EQ(Shas("repositories { revision: " + kA + " }"), Found{});
}

TEST(VersionControlInfo, TakesNothingButWholeShas) {
  for (const std::string& no :
       {std::string(39, 'a'), std::string(41, 'a'), std::string(63, 'a'), std::string(39, 'a') + "g",
        std::string("v1.0-3-gabcdef0"), std::string(), "\\x" + std::string(38, 'a')}) {
    EXPECT_EQ(Shas(AsThePlugin(no)), Found{}) << no;
  }
  // Beside each other they are one longer string.
  EXPECT_EQ(Shas("repositories { revision: " + Quoted(kA) + " 'aa' }"), Found{});
  EXPECT_EQ(Shas("repositories { revision: " + Quoted(kA)), Found{kA});
}

TEST(VersionControlInfo, FollowsNoBlockThatNeverBegan) {
  EXPECT_EQ(Shas("} } repositories { revision: " + Quoted(kA) + " }"), Found{});
  EXPECT_EQ(Shas(std::string(1 << 20, '{') + AsThePlugin(kA)), Found{});
}

TEST(VersionControlInfo, SurvivesEveryCutAndEveryFlippedBit) {
  const std::string text = "# built by\n" + AsThePlugin(kA) + "repositories{revision:'" + kB + "'}";
  const auto look = [](std::string_view damaged) {
    for (const EmbeddedCommit& commit : ReadVersionControlInfo(damaged)) {
      EXPECT_TRUE(IsHex(commit.sha) && (commit.sha.size() == 40 || commit.sha.size() == 64)) << commit.sha;
    }
  };
  testing::CutAtEveryByte(text, look);
  testing::FlipEveryBit(text, look);
}

}  // namespace
}  // namespace tegodrop
