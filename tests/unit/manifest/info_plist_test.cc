// Which app an Info.plist says it is, and which commits it may name.
#include "daemon/archive/manifest/info_plist.h"

#include <gtest/gtest.h>

#include "tests/unit/manifest/hand_plist.h"
#include "tests/unit/manifest/sweeps.h"
#include "tests/unit/manifest/tools.h"

namespace tegodrop {
namespace {

using testing::Array;
using testing::AsBinaryPlist;
using testing::Ascii;
using testing::BinaryPlist;
using testing::BinaryPlistOf;
using testing::Dictionary;
using testing::ExpectCorrupt;
using testing::Pair;
using testing::Utf16;
using testing::XmlPlist;
using testing::XmlPlistOf;

const std::string kSha(40, 'a');
const std::string kLongSha(64, 'B');

InfoPlist Read(const std::string& bytes) {
  const Result<InfoPlist> read = ReadInfoPlist(bytes);
  EXPECT_TRUE(read.has_value()) << read.error().message;
  return read.value_or(InfoPlist{});
}

// The XML as it is and as plistutil's binary form of it.
std::vector<InfoPlist> ReadBoth(const std::string& xml) { return {Read(xml), Read(AsBinaryPlist(xml))}; }

const std::vector<std::pair<std::string, std::string>> kDemo = {
    {"CFBundleIdentifier", "com.example.Demo"},
    {"CFBundleShortVersionString", "1.2.3"},
    {"CFBundleVersion", "45"},
    {"CFBundleExecutable", "Demo"},
    {"GitCommit", kSha},
};

void ExpectDemo(const InfoPlist& plist) {
  EXPECT_EQ(plist.identity, (AppIdentity{"com.example.Demo", "1.2.3", "45"}));
  EXPECT_EQ(plist.executable, "Demo");
  EXPECT_EQ(plist.commits, (std::vector<EmbeddedCommit>{{"GitCommit", kSha}}));
}

TEST(InfoPlist, SaysTheSameAsXmlAndAsABinary) {
  for (const InfoPlist& plist : ReadBoth(XmlPlistOf(kDemo))) ExpectDemo(plist);
  ExpectDemo(Read(BinaryPlistOf(kDemo)));
}

TEST(InfoPlist, PassesOverEverythingElseThatAnAppSays) {
  std::string inside;
  for (const auto& [key, value] : kDemo) inside += Pair(key, value);
  const std::string xml = XmlPlist(
      "<!-- made --><dict><key>UIDeviceFamily</key><array><integer>1</integer><integer>2</integer></array>"
      "<key>LSRequiresIPhoneOS</key><true/><key>DTScale</key><real>1.5</real><key>Icon</key><data>AAEC</data>"
      "<key>Built</key><date>2020-01-01T00:00:00Z</date><key>Nothing</key><string/>"
      "<key>Inner</key><dict><key>CFBundleIdentifier</key><string>com.example.inner</string>"
      "<key>GitCommit</key><string>" +
      std::string(40, 'f') + "</string></dict>" + inside + "</dict>");
  for (const InfoPlist& plist : ReadBoth(xml)) ExpectDemo(plist);
}

TEST(InfoPlist, ReadsLettersOfEveryLength) {
  for (const InfoPlist& plist : ReadBoth(XmlPlistOf({{"CFBundleExecutable", "Übung€😀 &amp; &#x41;&lt;"}}))) {
    EXPECT_EQ(plist.executable, "Übung€😀 & A<");
  }
  EXPECT_EQ(Read(BinaryPlist({Dictionary({1, 2}), Utf16(u"CFBundleExecutable"), Utf16(u"Ü€😀")})).executable, "Ü€😀");
  EXPECT_EQ(Read("\xEF\xBB\xBF" + XmlPlistOf(kDemo)).executable, "Demo");
}

TEST(InfoPlist, LeavesEmptyWhatIsNotThere) {
  for (const InfoPlist& plist : ReadBoth(XmlPlistOf({{"CFBundleName", "Demo"}}))) {
    EXPECT_EQ(plist.identity, AppIdentity{});
    EXPECT_EQ(plist.executable, "");
    EXPECT_EQ(plist.commits.size(), 0U);
  }
  EXPECT_EQ(Read(XmlPlist("<dict/>")).identity, AppIdentity{});
  EXPECT_EQ(Read(BinaryPlist({Dictionary({})})).identity, AppIdentity{});
}

TEST(InfoPlist, LeavesEmptyWhatIsNoString) {
  for (const std::string other : {"<integer>5</integer>", "<true/>", "<array><string>a</string></array>",
                                  "<dict><key>a</key><string>b</string></dict>", "<data>AAEC</data>"}) {
    const std::string xml = XmlPlist("<dict><key>CFBundleVersion</key>" + other + Pair("CFBundleExecutable", "Demo") +
                                     "<key>GitCommit</key>" + other + "</dict>");
    for (const InfoPlist& plist : ReadBoth(xml)) {
      EXPECT_EQ(plist.identity.version_code, "");
      EXPECT_EQ(plist.executable, "Demo");
      EXPECT_EQ(plist.commits.size(), 0U);
    }
  }
}

TEST(InfoPlist, LeavesEmptyWhatIsNoText) {
  const auto executable = [](const std::string& object) {
    return Read(BinaryPlist({Dictionary({1, 2}), Ascii("CFBundleExecutable"), object})).executable;
  };
  EXPECT_EQ(executable(Ascii(std::string(1024, 'x'))).size(), 1024U);
  EXPECT_EQ(executable(Ascii(std::string(1025, 'x'))), "");
  EXPECT_EQ(executable(Utf16(std::u16string(1025, u'x'))), "");
  EXPECT_EQ(executable(Ascii("\xff")), "");
  EXPECT_EQ(executable(Ascii(std::string("a\0b", 3))), "");
  const std::u16string high(1, char16_t{0xD83D});
  const std::u16string low(1, char16_t{0xDE00});
  for (const std::u16string& half : {high, low, low + high, high + high, high + u"x"}) {
    EXPECT_EQ(executable(Utf16(half)), "");
  }
  EXPECT_EQ(Read(XmlPlistOf({{"CFBundleExecutable", std::string(1025, 'x')}})).executable, "");
}

TEST(InfoPlist, OfAKeyThatIsThereTwiceTheLastCounts) {
  const std::vector<std::pair<std::string, std::string>> twice = {
      {"CFBundleExecutable", "A"}, {"GitCommit", kSha}, {"CFBundleExecutable", "B"}, {"GitCommit", kLongSha}};
  for (const std::string& bytes : {XmlPlistOf(twice), BinaryPlistOf(twice)}) {
    EXPECT_EQ(Read(bytes).executable, "B");
    EXPECT_EQ(Read(bytes).commits, (std::vector<EmbeddedCommit>{{"GitCommit", ToLowerAscii(kLongSha)}}));
  }
}

TEST(InfoPlist, GivesEveryTopLevelStringThatCouldBeACommitInTheFilesOrder) {
  const std::string xml = XmlPlistOf({{"Z", kLongSha},
                                      {"Name", "Demo"},
                                      {"A", " \n" + kSha + "\t"},
                                      {"Short", kSha.substr(1)},
                                      {"Long", kSha + "a"},
                                      {"Word", std::string(40, 'g')},
                                      {"M", std::string(40, '0')}});
  const std::vector<EmbeddedCommit> all = {{"Z", ToLowerAscii(kLongSha)}, {"A", kSha}, {"M", std::string(40, '0')}};
  for (const InfoPlist& plist : ReadBoth(xml)) EXPECT_EQ(plist.commits, all);
}

TEST(InfoPlist, GivesAtMost32Commits) {
  std::vector<std::pair<std::string, std::string>> many;
  for (int i = 100; i < 200; ++i) many.emplace_back("Key" + std::to_string(i), kSha);
  for (const std::string& bytes : {XmlPlistOf(many), BinaryPlistOf(many)}) {
    const std::vector<EmbeddedCommit> commits = Read(bytes).commits;
    ASSERT_EQ(commits.size(), 32U);
    EXPECT_EQ(commits[31].key, "Key131");
  }
}

TEST(InfoPlist, RefusesATopThatIsNoDictionary) {
  for (const std::string top : {"<array><string>a</string></array>", "<string>a</string>", "<true/>"}) {
    ExpectCorrupt(ReadInfoPlist(XmlPlist(top)), "no dictionary");
    ExpectCorrupt(ReadInfoPlist(AsBinaryPlist(XmlPlist(top))), "no dictionary");
  }
}

TEST(InfoPlist, RefusesEveryOtherForm) {
  for (const std::string other : {"", " ", "bplist", "bplist00", "{\"CFBundleExecutable\":\"Demo\"}",
                                  "{ CFBundleExecutable = Demo; }", "<html></html>", "<", "<?xml", "<plist>", "Demo"}) {
    ExpectCorrupt(ReadInfoPlist(other));
  }
  ExpectCorrupt(ReadInfoPlist("bplist15" + BinaryPlistOf(kDemo).substr(8)), "neither XML nor");
  std::string utf16 = "\xff\xfe";
  for (const char c : XmlPlistOf(kDemo)) utf16 += std::string{c, '\0'};
  ExpectCorrupt(ReadInfoPlist(utf16));
  ExpectCorrupt(ReadInfoPlist(utf16.substr(2)), "not UTF-8");
  ExpectCorrupt(ReadInfoPlist(XmlPlistOf({{"CFBundleExecutable", "\xff"}})), "not UTF-8");
}

TEST(InfoPlist, RefusesABinaryWhoseNumbersPointOutside) {
  const std::string good = BinaryPlistOf(kDemo);
  const auto with = [&good](std::size_t from_end, const std::string& bytes) {
    std::string damaged = good;
    damaged.replace(damaged.size() - from_end, bytes.size(), bytes);
    return damaged;
  };
  using testing::Big;
  for (const std::size_t size : {0, 9, 255}) {
    ExpectCorrupt(ReadInfoPlist(with(26, Big(size, 1))), "trailer");
    ExpectCorrupt(ReadInfoPlist(with(25, Big(size, 1))), "trailer");
  }
  for (const std::uint64_t huge : {std::uint64_t{1} << 20U, ~std::uint64_t{0}, std::uint64_t{1} << 62U}) {
    ExpectCorrupt(ReadInfoPlist(with(24, Big(huge, 8))), "table");
    ExpectCorrupt(ReadInfoPlist(with(16, Big(huge, 8))), "top object");
    ExpectCorrupt(ReadInfoPlist(with(8, Big(huge, 8))), "table");
    ExpectCorrupt(ReadInfoPlist(BinaryPlist({testing::Collection(0xD, huge, {1, 2}), Ascii("a"), Ascii("b")})),
                  "cut off");
    ExpectCorrupt(ReadInfoPlist(BinaryPlist({Dictionary({1, 2}), Ascii("a"), testing::Counted(5, huge)})), "cut off");
    ExpectCorrupt(ReadInfoPlist(BinaryPlist({Dictionary({1, 2}), testing::Counted(6, huge), Ascii("a")})), "cut off");
  }
  ExpectCorrupt(ReadInfoPlist(BinaryPlist({Dictionary({1, 3}), Ascii("a"), Ascii("b")})), "not inside");
  ExpectCorrupt(ReadInfoPlist(BinaryPlist({Dictionary({1, 2}), Array({}), Ascii("b")})), "no string");
}

TEST(InfoPlist, SurvivesEveryCutAndEveryFlippedBit) {
  const std::string xml = XmlPlistOf(kDemo);
  const auto identity_of = [](const InfoPlist& plist) -> const AppIdentity& { return plist.identity; };
  for (const std::string& bytes : {xml, AsBinaryPlist(xml)}) {
    testing::ExpectTextsOrARefusal(bytes, ReadInfoPlist, identity_of);
  }
}

}  // namespace
}  // namespace tegodrop
