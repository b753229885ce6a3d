// Which app an APK's manifest says it is: what aapt2 makes and says, what other tools make, and what wants to harm.
#include "daemon/archive/manifest/binary_xml.h"

#include <gtest/gtest.h>

#include "tests/unit/manifest/hand_manifest.h"
#include "tests/unit/manifest/sweeps.h"
#include "tests/unit/manifest/tools.h"

namespace tegodrop {
namespace {

using testing::AndroidApp;
using testing::Badging;
using testing::BadgingOfManifest;
using testing::Chunk;
using testing::ExpectCorrupt;
using testing::HandAttribute;
using testing::HandManifest;
using testing::LinkedApp;
using testing::Little;
using testing::Package;
using testing::VersionCode;
using testing::VersionName;

AppIdentity Identity(const std::string& bytes) {
  const Result<AppIdentity> read = ReadBinaryManifest(bytes);
  EXPECT_TRUE(read.has_value()) << read.error().message;
  return read.value_or(AppIdentity{});
}

const AppIdentity kDemo{"com.example.demo", "1.2.3", "7"};

HandManifest Demo() { return {.attributes = {VersionCode(7), VersionName("1.2.3"), Package("com.example.demo")}}; }

TEST(BinaryManifest, SaysWhatAapt2SaysOfWhatItLinked) {
  const AndroidApp apps[] = {
      {},
      {.version_code = "2147483647", .version_name = "1.0 ü€😀"},
      {.version_code = "0x10", .version_name = "0x10"},
      {.version_name = ""},
      {.package = "a.b", .version_code = "1", .version_name = std::string(300, 'v')},
      {.version_name = "1 &lt; 2", .more = "android:versionCodeMajor='5' android:installLocation='auto'"},
  };
  for (const AndroidApp& app : apps) {
    const LinkedApp linked(app);
    EXPECT_EQ(Identity(linked.binary()), Badging(linked.path())) << app.version_name;
  }
}

TEST(BinaryManifest, LeavesAVersionNameInTheResourcesEmpty) {
  const LinkedApp linked({.version_name = "@string/version"});
  ASSERT_EQ(Badging(linked.path()).version_name, "9.9");
  EXPECT_EQ(Identity(linked.binary()), (AppIdentity{"com.example.demo", "", "7"}));
}

TEST(BinaryManifest, ReadsBothEncodingsAsAapt2Does) {
  for (const bool utf8 : {false, true}) {
    HandManifest manifest = Demo();
    manifest.utf8 = utf8;
    // Lengths on both sides of where they take a second unit.
    for (const std::size_t length : {1, 127, 128, 300, 1000}) {
      manifest.attributes[1].text = std::string(length, 'v');
      const std::string bytes = manifest.Bytes();
      EXPECT_EQ(Identity(bytes), BadgingOfManifest(bytes));
      EXPECT_EQ(Identity(bytes).version_name.size(), length);
    }
  }
}

TEST(BinaryManifest, ReadsLettersOfEveryLengthAlsoAsAndroidsUtf8WritesThem) {
  HandManifest manifest = Demo();
  manifest.utf8 = true;
  manifest.attributes[1].text = "ü€😀";
  EXPECT_EQ(Identity(manifest.Bytes()).version_name, "ü€😀");
  // U+1F600 as two surrogates.
  manifest.attributes[1].text = "ü\xED\xA0\xBD\xED\xB8\x80!";
  EXPECT_EQ(Identity(manifest.Bytes()).version_name, "ü😀!");
  for (const std::string half : {"\xED\xA0\xBD", "\xED\xB8\x80\xED\xA0\xBD", "\xED\xA0\xBDx", "\xff"}) {
    manifest.attributes[1].text = half;
    EXPECT_EQ(Identity(manifest.Bytes()).package, "com.example.demo");
  }
}

TEST(BinaryManifest, ReadsVersionCodesBeyondAnInt) {
  for (const std::uint8_t type : {0x10, 0x11}) {
    HandManifest manifest = Demo();
    manifest.attributes[0] = VersionCode(0xFFFFFFFF, type);
    EXPECT_EQ(Identity(manifest.Bytes()).version_code, "4294967295");
  }
}

TEST(BinaryManifest, TakesAVersionCodeThatIsTextAndNoneThatIsAReferenceOrABoolean) {
  HandManifest manifest = Demo();
  manifest.attributes[0].type = 3;
  manifest.attributes[0].text = "12";
  EXPECT_EQ(Identity(manifest.Bytes()).version_code, "12");
  for (const std::uint8_t type : {0x00, 0x01, 0x02, 0x04, 0x07, 0x12}) {
    manifest.attributes[0] = VersionCode(5, type);
    EXPECT_EQ(Identity(manifest.Bytes()).version_code, "");
  }
}

TEST(BinaryManifest, KnowsAnAttributeByItsIdWhateverItIsCalled) {
  HandManifest manifest = Demo();
  manifest.attributes[0].name = "";
  manifest.attributes[1].name = "versionCode";
  EXPECT_EQ(Identity(manifest.Bytes()), kDemo);
}

TEST(BinaryManifest, KnowsAnAttributeWithoutAnIdByItsNameInAndroidsNamespace) {
  HandManifest manifest = Demo();
  manifest.attributes[0].id = 0;
  manifest.attributes[1].id = 0;
  EXPECT_EQ(Identity(manifest.Bytes()), kDemo);
  manifest.attributes[0].space = "";
  manifest.attributes[1].space = "http://example.com";
  EXPECT_EQ(Identity(manifest.Bytes()), (AppIdentity{"com.example.demo", "", ""}));
}

TEST(BinaryManifest, DoesNotTakeAPackageOfAnotherNamespaceAndOfTwoTheFirst) {
  HandManifest manifest = Demo();
  HandAttribute other = Package("com.example.other");
  manifest.attributes.push_back(other);
  EXPECT_EQ(Identity(manifest.Bytes()), kDemo);
  other.space = testing::kAndroidSpace;
  manifest.attributes.insert(manifest.attributes.begin(), other);
  EXPECT_EQ(Identity(manifest.Bytes()), kDemo);
}

TEST(BinaryManifest, SaysNothingOfWhatTheManifestDoesNotSay) {
  EXPECT_EQ(Identity(HandManifest{}.Bytes()), AppIdentity{});
}

TEST(BinaryManifest, ReadsWhatProtectionDoesToAManifestAsAapt2Does) {
  HandManifest manifest = Demo();
  manifest.attribute_gap = 4;
  manifest.before = Chunk(0x0777, "", "junk");
  EXPECT_EQ(Identity(manifest.Bytes()), kDemo);
  EXPECT_EQ(BadgingOfManifest(manifest.Bytes()), kDemo);
  manifest.type = 0;
  EXPECT_EQ(Identity(manifest.Bytes()), kDemo);
  // Bytes behind the end.
  EXPECT_EQ(Identity(Demo().Bytes() + "more"), kDemo);
  EXPECT_EQ(BadgingOfManifest(Demo().Bytes() + "more"), kDemo);
}

TEST(BinaryManifest, TakesNoTextThatIsLongerThanAnyName) {
  HandManifest manifest = Demo();
  for (const std::size_t length : {1025, 40'000}) {
    manifest.attributes[1].text = std::string(length, 'v');
    EXPECT_EQ(Identity(manifest.Bytes()), (AppIdentity{"com.example.demo", "", "7"}));
  }
}

TEST(BinaryManifest, RefusesWhatIsNone) {
  ExpectCorrupt(ReadBinaryManifest(""), "too short");
  ExpectCorrupt(ReadBinaryManifest("<?xml version='1.0'?><manifest package='a'/>"), "size");
  ExpectCorrupt(ReadBinaryManifest(std::string(4096, '\0')));
  ExpectCorrupt(ReadBinaryManifest(Chunk(3, "", "")), "no element");
  ExpectCorrupt(ReadBinaryManifest(Chunk(3, "", Chunk(0x0102, std::string(8, '\0'), std::string(20, '\0')))),
                "strings");
  HandManifest other = Demo();
  other.element = "resources";
  ExpectCorrupt(ReadBinaryManifest(other.Bytes()), "<manifest>");
}

TEST(BinaryManifest, RefusesPartsThatAreLongerThanTheWhole) {
  const auto with = [](const std::string& chunk) {
    HandManifest manifest = Demo();
    manifest.before = chunk;
    return ReadBinaryManifest(manifest.Bytes());
  };
  const auto header = [](std::uint64_t head, std::uint64_t size) {
    return Little(0x0777, 2) + Little(head, 2) + Little(size, 4);
  };
  ExpectCorrupt(with(header(8, 0)), "parts");
  ExpectCorrupt(with(header(0, 8)), "parts");
  ExpectCorrupt(with(header(9, 8)), "parts");
  ExpectCorrupt(with(header(8, 0xFFFFFFFF)), "parts");
  // A table of strings with a count that no file could hold.
  ExpectCorrupt(with(Chunk(1, Little(0xFFFFFFFF, 4) + std::string(16, '\0'), "")), "strings");
  ExpectCorrupt(with(Chunk(1, "", "")), "strings");
}

TEST(BinaryManifest, SurvivesEveryCutAndEveryFlippedBit) {
  HandManifest utf8 = Demo();
  utf8.utf8 = true;
  for (const std::string& bytes : {Demo().Bytes(), utf8.Bytes(), LinkedApp({}).binary()}) {
    testing::CutAtEveryByte(bytes, [](std::string_view cut) { ExpectCorrupt(ReadBinaryManifest(cut)); });
    testing::ExpectTextsOrARefusal(bytes, ReadBinaryManifest,
                                   [](const AppIdentity& identity) -> const AppIdentity& { return identity; });
  }
}

}  // namespace
}  // namespace tegodrop
