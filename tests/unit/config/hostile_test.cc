// Files that mean harm, or are no config at all: one fault each, quickly, and never a crash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "config/yaml_tree.h"
#include "tests/unit/config/config_text.h"

namespace tegodrop {
namespace {

using ::testing::ElementsAre;
using testing::FaultsOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Minimal;
using ::testing::Not;
using ::testing::StartsWith;

std::string Repeat(std::string_view part, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += part;
  return text;
}

TEST(HostileConfig, AHundredLevelsAreOneFaultAtTheLevelThatIsTooDeep) {
  std::string blocks;
  for (int level = 0; level < 100; ++level) blocks += std::string(static_cast<std::size_t>(level), ' ') + "a:\n";
  EXPECT_THAT(FaultsOf(blocks + std::string(100, ' ') + "b\n"), ElementsAre(StartsWith("17:17: nested more than 16")));
  EXPECT_THAT(FaultsOf("x: " + Repeat("[", 100) + Repeat("]", 100)), ElementsAre(StartsWith("1:19: nested more than")));
}

TEST(HostileConfig, AMebibyteOfOpeningsIsRefused) {
  for (const char* opening :
       {"[", "{", "- ", "? ", "{a: ", "[{", "a: ", "&a [", "!t [", "\"", "'", "*", "&", "|\n ", "%"}) {
    const std::string text = Repeat(opening, (kLargestConfig - 8) / std::string_view(opening).size());
    EXPECT_THAT(FaultsOf(text), Not(IsEmpty())) << opening;
  }
}

TEST(HostileConfig, MoreThanAMebibyteIsRefused) {
  std::string text = Minimal();
  text += "#" + std::string(kLargestConfig - text.size() - 1, 'x');
  EXPECT_EQ(text.size(), kLargestConfig);
  EXPECT_THAT(FaultsOf(text), ElementsAre());
  EXPECT_THAT(FaultsOf(text + "x"), ElementsAre("1:1: the config is larger than 1 MiB"));
}

TEST(HostileConfig, TooManyValuesAreRefused) {
  EXPECT_THAT(FaultsOf("x: [" + Repeat("a,", 60'000) + "a]\n"), ElementsAre(HasSubstr("more than 50000 values")));
}

TEST(HostileConfig, ABillionLaughsAreAFaultForEachAnchorAndAlias) {
  EXPECT_THAT(FaultsOf("a: &a [x, x]\nb: &b [*a, *a]\n" + Minimal()),
              ElementsAre(StartsWith("1:1: unknown key"), StartsWith("1:4: anchors (&name) are not allowed"),
                          StartsWith("2:1: unknown key"), StartsWith("2:4: anchors"),
                          StartsWith("2:8: aliases (*name) are not allowed"), StartsWith("2:12: aliases")));
  EXPECT_THAT(FaultsOf(Minimal() + "state_dir: &s /x\nreport_dir: *s\n"),
              ElementsAre(StartsWith("9:12: anchors"), StartsWith("10:13: aliases")));
  EXPECT_THAT(FaultsOf(Minimal() + "report_dir: *s\n"), ElementsAre(HasSubstr("not valid YAML")));
}

TEST(HostileConfig, TagsAreRefused) {
  EXPECT_THAT(FaultsOf(Minimal() + "log: !!map {level: !x info}\n"),
              ElementsAre(StartsWith("9:6: YAML tags"), StartsWith("9:20: YAML tags")));
}

TEST(HostileConfig, ASecondDocumentIsRefused) {
  EXPECT_THAT(FaultsOf(Minimal() + "---\n" + Minimal()), ElementsAre(HasSubstr("a second YAML document begins here")));
  EXPECT_THAT(FaultsOf("---\n" + Minimal() + "...\n"), ElementsAre());
}

TEST(HostileConfig, ASyntaxErrorIsOneFaultWithItsPlace) {
  EXPECT_THAT(FaultsOf("portal:\n  url: [a\nfolders: }\n"), ElementsAre(HasSubstr("not valid YAML: ")));
  EXPECT_THAT(FaultsOf("portal:\n\turl: x\n"),
              ElementsAre("2:5: not valid YAML: illegal map value; indent with spaces, not with tabs"));
  EXPECT_THAT(FaultsOf("a: b: c\n"), ElementsAre(StartsWith("1:5: not valid YAML")));
}

TEST(HostileConfig, BinaryGarbageAndOtherEncodingsAreRefused) {
  EXPECT_THAT(FaultsOf("\x7f"
                       "ELF\x02\x01"),
              ElementsAre(StartsWith("1:1: a control character stands here")));
  EXPECT_THAT(FaultsOf("a: b\nc\x01: d\n"), ElementsAre(StartsWith("2:2: a control character")));
  EXPECT_THAT(FaultsOf(std::string("\xff\xfe"
                                   "p\0o\0",
                                   6)),
              ElementsAre(StartsWith("1:1: the config is not UTF-8")));
  EXPECT_THAT(FaultsOf(std::string("p\0o\0r\0", 6)), ElementsAre(StartsWith("1:2: a control character")));
  EXPECT_THAT(FaultsOf("name: gr\xfc\xdf"
                       "e\n"),
              ElementsAre(StartsWith("1:9: the config is not UTF-8")));
}

TEST(HostileConfig, EveryPrefixOfAConfigIsReadToAnEnd) {
  const std::string text = Minimal() + "log: {level: info, format: \"text\"}\nnotify: {on: [failed]}\n";
  for (std::size_t length = 0; length < text.size(); ++length) {
    const ConfigResult result = ParseConfig(text.substr(0, length), "/t");
    EXPECT_EQ(result.settings.has_value(), result.faults.empty()) << length;
  }
}

TEST(ReadYaml, KeepsQuotedAndPlainTextsApart) {
  const YamlTree tree = ReadYaml("a: true\nb: 'true'\nc:\n");
  ASSERT_TRUE(tree.root);
  ASSERT_EQ(tree.root->items.size(), 3U);
  EXPECT_TRUE(tree.root->items[0].plain);
  EXPECT_FALSE(tree.root->items[1].plain);
  EXPECT_EQ(tree.root->items[2].kind, YamlNode::Kind::kNull);
  EXPECT_EQ(tree.root->keys[1].at, (Position{2, 1}));
}

}  // namespace
}  // namespace tegodrop
