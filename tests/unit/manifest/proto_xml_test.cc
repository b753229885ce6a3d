// Which app an AAB's manifest says it is.
#include "daemon/archive/manifest/proto_xml.h"

#include <gtest/gtest.h>

#include "tests/unit/manifest/sweeps.h"
#include "tests/unit/manifest/tools.h"

namespace tegodrop {
namespace {

using testing::AndroidApp;
using testing::Badging;
using testing::ExpectCorrupt;
using testing::LinkedApp;

constexpr const char* kAndroidSpace = "http://schemas.android.com/apk/res/android";
constexpr std::uint32_t kCode = 0x0101021b;
constexpr std::uint32_t kName = 0x0101021c;

std::string Varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7U) bytes += static_cast<char>(0x80U | (value & 0x7FU));
  return bytes + static_cast<char>(value);
}
std::string Number(std::uint32_t field, std::uint64_t value) { return Varint(field << 3U) + Varint(value); }
std::string Bytes(std::uint32_t field, const std::string& content) {
  return Varint(field << 3U | 2U) + Varint(content.size()) + content;
}
std::string Attribute(const std::string& space, const std::string& name, const std::string& rest) {
  return Bytes(4, (space.empty() ? "" : Bytes(1, space)) + Bytes(2, name) + rest);
}
std::string Value(const std::string& text) { return Bytes(3, text); }
std::string Id(std::uint32_t id) { return Number(5, id); }
std::string Compiled(const std::string& item) { return Bytes(6, item); }
std::string Primitive(std::uint32_t field, std::uint64_t value) { return Compiled(Bytes(7, Number(field, value))); }
std::string Reference() { return Compiled(Bytes(1, Number(2, 0x7f010000) + Bytes(3, "string/version"))); }

const std::string kPackage = Attribute("", "package", Value("com.example.demo"));

std::string Manifest(const std::string& attributes) { return Bytes(1, Bytes(3, "manifest") + attributes); }
std::string WithCode(const std::string& rest) {
  return Manifest(kPackage + Attribute(kAndroidSpace, "versionCode", rest));
}
std::string WithName(const std::string& rest) {
  return Manifest(kPackage + Attribute(kAndroidSpace, "versionName", rest));
}

AppIdentity Identity(const std::string& bytes) {
  const Result<AppIdentity> read = ReadProtoManifest(bytes);
  EXPECT_TRUE(read.has_value()) << read.error().message;
  return read.value_or(AppIdentity{});
}

TEST(ProtoManifest, SaysWhatAapt2SaysOfTheSameAppAsAnApk) {
  const AndroidApp apps[] = {
      {},
      {.version_code = "2147483647", .version_name = "1.0 ü€😀"},
      {.version_code = "0x10", .version_name = "0x10"},
      {.version_name = ""},
      {.version_name = "1 &lt; 2", .more = "android:versionCodeMajor='5' android:installLocation='auto'"},
  };
  for (const AndroidApp& app : apps) {
    const LinkedApp linked(app);
    EXPECT_EQ(Identity(linked.proto()), Badging(linked.path())) << app.version_name;
    EXPECT_EQ(Identity(linked.converted()), Badging(linked.path())) << app.version_name;
  }
}

TEST(ProtoManifest, LeavesAVersionNameInTheResourcesEmpty) {
  const LinkedApp linked({.version_name = "@string/version"});
  EXPECT_EQ(Identity(linked.proto()), (AppIdentity{"com.example.demo", "", "7"}));
  EXPECT_EQ(Identity(linked.converted()), (AppIdentity{"com.example.demo", "", "7"}));
  EXPECT_EQ(Identity(WithName(Value("@string/version") + Id(kName) + Reference())).version_name, "");
}

TEST(ProtoManifest, TakesAVersionCodeFromItsCompiledNumberOrElseFromItsText) {
  EXPECT_EQ(Identity(WithCode(Value("12") + Id(kCode))).version_code, "12");
  EXPECT_EQ(Identity(WithCode(Id(kCode) + Primitive(6, 12))).version_code, "12");
  EXPECT_EQ(Identity(WithCode(Id(kCode) + Primitive(7, 0xFFFFFFFF))).version_code, "4294967295");
  EXPECT_EQ(Identity(WithCode(Value("0x10") + Id(kCode) + Primitive(7, 16))).version_code, "16");
  // Of another primitive, a boolean, and of a reference nothing.
  EXPECT_EQ(Identity(WithCode(Id(kCode) + Primitive(8, 1))).version_code, "");
  EXPECT_EQ(Identity(WithCode(Id(kCode) + Reference())).version_code, "");
}

TEST(ProtoManifest, TakesAVersionNameThatIsThereAsACompiledStringOnly) {
  EXPECT_EQ(Identity(WithName(Id(kName) + Compiled(Bytes(2, Bytes(1, "1.5"))))).version_name, "1.5");
  EXPECT_EQ(Identity(WithName(Id(kName) + Compiled(Bytes(3, Bytes(1, "1.5"))))).version_name, "1.5");
}

TEST(ProtoManifest, KnowsAnAttributeByItsIdOrElseByItsNameInAndroidsNamespace) {
  EXPECT_EQ(Identity(Manifest(Attribute("", "x", Value("12") + Id(kCode)))).version_code, "12");
  EXPECT_EQ(Identity(WithCode(Value("12"))).version_code, "12");
  EXPECT_EQ(Identity(WithCode(Value("12") + Id(kName))).version_code, "");
  EXPECT_EQ(Identity(Manifest(Attribute("http://example.com", "versionCode", Value("12")))).version_code, "");
  EXPECT_EQ(Identity(Manifest(Attribute(kAndroidSpace, "package", Value("a.b")) + kPackage)).package,
            "com.example.demo");
}

TEST(ProtoManifest, SaysNothingOfWhatTheManifestDoesNotSay) {
  EXPECT_EQ(Identity(Manifest("")), AppIdentity{});
  EXPECT_EQ(Identity(WithName(Value(std::string(1025, 'v')))).version_name, "");
  EXPECT_EQ(Identity(WithName(Value("\xff"))).version_name, "");
  EXPECT_EQ(Identity(WithName(Value(std::string("a\0b", 3)))).version_name, "");
}

TEST(ProtoManifest, PassesOverFieldsThatItDoesNotKnow) {
  const std::string fixed = Varint(100U << 3U | 1U) + std::string(8, 'x') + Varint(101U << 3U | 5U) + "four";
  EXPECT_EQ(Identity(fixed + Manifest(fixed + kPackage) + Number(102, ~0ULL)).package, "com.example.demo");
}

TEST(ProtoManifest, IsNotCarriedAwayByChildrenHoweverDeep) {
  std::string child = "x";
  for (int i = 0; i < 10'000; ++i) child = Bytes(1, Bytes(5, child));
  EXPECT_EQ(Identity(Manifest(Bytes(5, child) + kPackage)).package, "com.example.demo");
}

TEST(ProtoManifest, RefusesWhatIsNone) {
  ExpectCorrupt(ReadProtoManifest(""), "<manifest>");
  ExpectCorrupt(ReadProtoManifest(Bytes(1, Bytes(3, "resources"))), "<manifest>");
  ExpectCorrupt(ReadProtoManifest(Bytes(2, "text")), "<manifest>");
  ExpectCorrupt(ReadProtoManifest("<?xml version='1.0'?><manifest package='a'/>"));
  ExpectCorrupt(ReadProtoManifest(LinkedApp({}).binary()));
  // The end of a message before a field's, a group, the field 0, a number of more than ten bytes.
  ExpectCorrupt(ReadProtoManifest(Manifest(Varint(4U << 3U | 2U) + Varint(~0ULL))), "protocol buffer");
  ExpectCorrupt(ReadProtoManifest(Varint(1U << 3U | 3U)), "protocol buffer");
  ExpectCorrupt(ReadProtoManifest(Number(0, 1)), "protocol buffer");
  ExpectCorrupt(ReadProtoManifest(std::string(11, '\xff')), "protocol buffer");
}

TEST(ProtoManifest, SurvivesEveryCutAndEveryFlippedBit) {
  const LinkedApp linked({.version_name = "@string/version"});
  for (const std::string& bytes : {linked.proto(), WithName(Id(kName) + Compiled(Bytes(2, Bytes(1, "1.5"))))}) {
    testing::ExpectTextsOrARefusal(bytes, ReadProtoManifest,
                                   [](const AppIdentity& identity) -> const AppIdentity& { return identity; });
  }
}

}  // namespace
}  // namespace tegodrop
