// Property lists that want more of the stack, of the memory or of the time than their bytes are worth.
#include <gtest/gtest.h>
#include <pthread.h>

#include <ctime>

#include "daemon/archive/manifest/info_plist.h"
#include "tests/unit/manifest/hand_plist.h"
#include "tests/unit/manifest/sweeps.h"

namespace tegodrop {
namespace {

using testing::Array;
using testing::Ascii;
using testing::BinaryPlist;
using testing::Dictionary;
using testing::ExpectCorrupt;
using testing::Pair;
using testing::XmlPlist;

struct Work {
  const std::string* bytes;
  Result<InfoPlist> read;
};

void* Read(void* work) {
  auto* one = static_cast<Work*>(work);
  one->read = ReadInfoPlist(*one->bytes);
  return nullptr;
}

// In a thread with the stack of the daemon's workers, within two seconds of this process's time for each.
Result<InfoPlist> ReadInAThread(const std::string& bytes) {
  Work work{&bytes, InfoPlist{}};
  pthread_attr_t attributes;
  EXPECT_EQ(pthread_attr_init(&attributes), 0);
  EXPECT_EQ(pthread_attr_setstacksize(&attributes, std::size_t{512} << 10U), 0);
  const std::clock_t before = std::clock();
  pthread_t thread{};
  EXPECT_EQ(pthread_create(&thread, &attributes, Read, &work), 0);
  EXPECT_EQ(pthread_join(thread, nullptr), 0);
  EXPECT_LT(std::clock() - before, 2 * CLOCKS_PER_SEC);
  pthread_attr_destroy(&attributes);
  return work.read;
}

std::string Repeated(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

std::string Deep(std::size_t levels, const std::string& begin, const std::string& end) {
  return XmlPlist("<dict>" + Pair("CFBundleExecutable", "Demo") + "<key>Deep</key>" + Repeated(begin, levels) +
                  Repeated(end, levels) + "</dict>");
}

TEST(HostileXmlPlist, IsReadAsDeepAsItMayBeAndRefusedBeyond) {
  for (const auto& [begin, end] : {std::pair{"<array>", "</array>"}, std::pair{"<dict><key>a</key>", "</dict>"}}) {
    const Result<InfoPlist> deep = ReadInAThread(Deep(2900, begin, end));
    ASSERT_TRUE(deep.has_value()) << deep.error().message;
    EXPECT_EQ(deep->executable, "Demo");
    for (const std::size_t levels : {3000, 20'000, 40'000}) {
      ExpectCorrupt(ReadInAThread(Deep(levels, begin, end)), "more than 3000");
      ExpectCorrupt(ReadInAThread(XmlPlist(Repeated(begin, levels + 1))), "more than 3000");
    }
  }
}

TEST(HostileXmlPlist, CannotHideHowDeepItIs) {
  for (const std::string trick : {"<array ><!-- </array> -->", "<array\n>", "<array x='>'>", "<dict\t><key>a</key>",
                                  "<array><string><![CDATA[</array>]]></string>", "<array\r><true/>"}) {
    ExpectCorrupt(ReadInAThread(XmlPlist(Repeated(trick, 20'000))));
    ExpectCorrupt(ReadInAThread(XmlPlist(Repeated(trick, 20'000) + Repeated("</array>", 20'000))));
  }
}

TEST(HostileXmlPlist, IsRefusedAboveItsLargestSize) {
  const std::string empty = XmlPlist("<dict></dict>");
  const auto padded = [&empty](std::size_t size) { return empty + std::string(size - empty.size(), ' '); };
  EXPECT_TRUE(ReadInAThread(padded(kLargestInfoPlist)).has_value());
  ExpectCorrupt(ReadInAThread(padded(kLargestInfoPlist + 1)), "1 MiB");
}

TEST(HostileXmlPlist, ExpandsNoEntityOfItsOwnAndReadsNoFile) {
  for (const std::string entity : {"<!ENTITY a \"aaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">",
                                   "<!ENTITY b SYSTEM \"file:///etc/passwd\">", "<!ENTITY % p \"x\">"}) {
    const std::string xml = "<?xml version=\"1.0\"?><!DOCTYPE plist [" + entity + "]><plist version=\"1.0\"><dict>" +
                            Pair("CFBundleExecutable", "&b;") + "</dict></plist>";
    const Result<InfoPlist> read = ReadInAThread(xml);
    EXPECT_EQ(read.value_or(InfoPlist{}).executable, "");
  }
}

TEST(HostileXmlPlist, TakesNoTimeWithMillionsOfSmallThings) {
  constexpr std::size_t kRoom = kLargestInfoPlist - 1000;
  const auto in_a_text = [](const std::string& piece, std::size_t times) {
    return XmlPlist("<dict>" + Pair("CFBundleExecutable", Repeated(piece, times)) + "</dict>");
  };
  ExpectCorrupt(ReadInAThread(in_a_text("&lt;", kRoom / 4)), "4000 entities");
  EXPECT_TRUE(ReadInAThread(in_a_text("&lt;", 4000)).has_value());
  EXPECT_TRUE(ReadInAThread(in_a_text("<![CDATA[]]>", kRoom / 12)).has_value());
  EXPECT_TRUE(ReadInAThread(in_a_text("<!---->", kRoom / 7)).has_value());
  std::string keys;
  for (std::size_t i = 0; keys.size() < kRoom; ++i) keys += "<key>" + std::to_string(i) + "</key><true/>";
  EXPECT_TRUE(ReadInAThread(XmlPlist("<dict>" + keys + "</dict>")).has_value());
  EXPECT_TRUE(ReadInAThread(XmlPlist("<dict><key>a</key><array>" + Repeated("<true/>", kRoom / 7) + "</array></dict>"))
                  .has_value());
}

TEST(HostileBinaryPlist, IsReadHoweverDeepItIs) {
  std::vector<std::string> objects = {Dictionary({1, 2, 3, 4}), Ascii("CFBundleExecutable"), Ascii("Deep"),
                                      Ascii("Demo")};
  for (std::uint16_t level = 4; level < 60'000; ++level)
    objects.push_back(Array({static_cast<std::uint16_t>(level + 1)}));
  objects.push_back(Ascii("a"));
  const Result<InfoPlist> deep = ReadInAThread(BinaryPlist(objects));
  ASSERT_TRUE(deep.has_value()) << deep.error().message;
  EXPECT_EQ(deep->executable, "Demo");
}

TEST(HostileBinaryPlist, MayNameItselfInsideOfItself) {
  const Result<InfoPlist> circle = ReadInAThread(BinaryPlist({Dictionary({1, 0}), Ascii("a")}));
  ASSERT_TRUE(circle.has_value()) << circle.error().message;
  EXPECT_EQ(circle->executable, "");
}

TEST(HostileBinaryPlist, IsNotBlownUpWhereItNamesAnObjectOften) {
  std::vector<std::string> objects = {Dictionary({1, 2}), Ascii("Laugh")};
  for (std::uint16_t level = 2; level < 30; ++level) {
    objects.push_back(Array(std::vector<std::uint16_t>(10, static_cast<std::uint16_t>(level + 1))));
  }
  objects.push_back(Ascii("a"));
  EXPECT_TRUE(ReadInAThread(BinaryPlist(objects)).has_value());

  // Pairs that all name the same two texts, as long as these may be.
  std::vector<std::uint16_t> references(10'000, 1);
  references.resize(20'000, 2);
  const std::string name(1000, 'k');
  EXPECT_TRUE(ReadInAThread(BinaryPlist({Dictionary(references), Ascii(name), Ascii(name)})).has_value());
  references.assign(20'002, 1);
  ExpectCorrupt(ReadInAThread(BinaryPlist({Dictionary(references), Ascii(name)})), "10000");
}

}  // namespace
}  // namespace tegodrop
