#include "daemon/model/output_name.h"

#include <gtest/gtest.h>

#include <random>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

// What every share accepts, whatever went in.
void ExpectSafe(const std::string& name, std::string_view from) {
  SCOPED_TRACE(Printable(from));
  EXPECT_FALSE(name.empty());
  EXPECT_LE(name.size(), kLongestOutputName);
  EXPECT_TRUE(IsUtf8(name));
  EXPECT_EQ(name.find_first_of("<>:\"/\\|?*"), std::string::npos);
  for (const char c : name) {
    EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
  }
  EXPECT_NE(name.front(), '.');
  EXPECT_NE(name.back(), '.');
  EXPECT_NE(name.back(), ' ');
  EXPECT_EQ(SafeName(name), name) << "what is safe stays as it is";
}

TEST(SafeName, KeepsOrdinaryNames) {
  for (const char* name : {"app-release.apk", "My App 1.0 (2).ipa", "\xc3\xa9t\xc3\xa9.aab", "\xf0\x9f\x93\xa6.apk",
                           "console.apk", "com.apk", "com10.apk", "nulls.apk", "aux1.apk"}) {
    EXPECT_EQ(SafeName(name), name);
  }
}

TEST(SafeName, ReplacesWhatNoShareTakes) {
  EXPECT_EQ(SafeName("../../etc/passwd"), "_.._.._etc_passwd");
  EXPECT_EQ(SafeName("a<b>c:d\"e/f\\g|h?i*j.apk"), "a_b_c_d_e_f_g_h_i_j.apk");
  EXPECT_EQ(SafeName("a\nb\tc\x7f.apk"), "a_b_c_.apk");
  EXPECT_EQ(SafeName(std::string_view("a\0b.apk", 7)), "a_b.apk");
  EXPECT_EQ(SafeName("a\xff\xc3.apk"), "a__.apk");
  EXPECT_EQ(SafeName("\xe2\x82"), "__");
}

TEST(SafeName, HasNoDotInFrontAndNeitherDotNorSpaceAtTheEnd) {
  EXPECT_EQ(SafeName(".hidden.apk"), "_.hidden.apk");
  EXPECT_EQ(SafeName(".apk"), "_.apk");
  EXPECT_EQ(SafeName("name."), "name_");
  EXPECT_EQ(SafeName("name "), "name_");
  EXPECT_EQ(SafeName("."), "_");
  EXPECT_EQ(SafeName(".."), "_._");
  EXPECT_EQ(SafeName(""), "_");
}

TEST(SafeName, IsComposed) {
  EXPECT_EQ(SafeName("e\xcc\x81.apk"), "\xc3\xa9.apk");
  EXPECT_EQ(SafeName("\xe1\x84\x92\xe1\x85\xa1.apk"), "\xed\x95\x98.apk") << "as macOS writes it";
}

TEST(SafeName, IsNoDeviceOfWindows) {
  for (const char* name : {"con.apk", "CON.APK", "prn", "Aux.ipa", "nul.tar.gz", "com1.apk", "LPT9.apk", "con .apk",
                           "CONIN$.apk", "conout$", "com\xc2\xb9.apk", "lpt\xc2\xb3", "con.averylongextensionindeed"}) {
    EXPECT_EQ(SafeName(name), "_" + std::string(name));
  }
}

TEST(SafeName, IsCutInTheStemAtACharactersEdge) {
  const std::string is_long = SafeName(std::string(300, 'a') + ".apk");
  EXPECT_EQ(is_long, std::string(176, 'a') + ".apk");
  std::string wide;
  for (int i = 0; i < 100; ++i) wide += "\xe6\x97\xa5";
  const std::string cut = SafeName(wide + ".apk");
  EXPECT_LE(cut.size(), kLongestOutputName);
  EXPECT_GT(cut.size(), kLongestOutputName - 3);
  EXPECT_TRUE(IsUtf8(cut));
  EXPECT_TRUE(cut.ends_with(".apk"));
  EXPECT_EQ(SafeName(std::string(180, 'b')), std::string(180, 'b'));
}

TEST(SafeName, DoesNotEndInADotWhereItWasCut) {
  ExpectSafe(SafeName(std::string(179, 'a') + "." + std::string(40, 'b')), "a dot at the cut");
  ExpectSafe(SafeName(std::string(179, 'a') + " " + std::string(40, 'b')), "a space at the cut");
}

TEST(SafeName, IsSafeForAnything) {
  std::mt19937_64 random(7);
  const std::string alphabet =
      std::string("ab.. /\\:*?\"<>|_-~\n\t", 19) + std::string("\0\x7f", 2) + "\xc3\xa9\xcc\x81\xff\xe2\x80\xae";
  for (int i = 0; i < 3000; ++i) {
    std::string text(random() % 400, '\0');
    for (char& c : text) c = random() % 4 == 0 ? static_cast<char>(random()) : alphabet[random() % alphabet.size()];
    ExpectSafe(SafeName(text), text);
    ExpectSafe(NameWithJob(SafeName(text), "0123456789abcdef"), text);
  }
}

TEST(NameWithJob, StaysWithinTheLengthAndKeepsTheExtension) {
  EXPECT_EQ(NameWithJob("app.apk", "0123456789abcdef"), "app-0123456789abcdef.apk");
  EXPECT_EQ(NameWithJob("app", "0123456789abcdef"), "app-0123456789abcdef");
  const std::string name = NameWithJob(std::string(176, 'a') + ".apk", "0123456789abcdef");
  EXPECT_EQ(name.size(), kLongestOutputName);
  EXPECT_TRUE(name.ends_with("a-0123456789abcdef.apk"));
}

TEST(FoldedName, IsTheSameForNamesThatSharesTakeForOne) {
  EXPECT_EQ(FoldedName("App.APK"), FoldedName("app.apk"));
  EXPECT_EQ(FoldedName("E\xcc\x81.apk"), FoldedName("\xc3\xa9.apk"));
  EXPECT_EQ(FoldedName("\xce\xa3.apk"), FoldedName("\xcf\x82.apk")) << "both sigmas";
  EXPECT_NE(FoldedName("app1.apk"), FoldedName("app2.apk"));
  EXPECT_EQ(FoldedName("\xff.apk"), "\xff.apk");
}

TEST(StemAndExtension, PartAtTheLastDot) {
  EXPECT_EQ(Stem("app.release.apk"), "app.release");
  EXPECT_EQ(ExtensionOf("app.release.apk"), ".apk");
  EXPECT_EQ(Stem(".apk"), ".apk");
  EXPECT_EQ(ExtensionOf(".apk"), "");
  EXPECT_EQ(ExtensionOf("app"), "");
  EXPECT_EQ(ExtensionOf("a.averylongextensionindeed"), "");
}

Job SomeJob(std::string pattern) {
  Job job;
  job.id = "0123456789abcdef";
  job.artifact.file_name = "app-release.apk";
  job.artifact.sha256 = "5ha";
  job.ticket.start_time = 1'700'000'000;
  Target& target = job.target.Edit();
  target.version = "production";
  target.output_name = std::move(pattern);
  return job;
}

TEST(ProtectedName, FillsItsTemplate) {
  EXPECT_EQ(ProtectedName(SomeJob("{stem}-protected-{start_time}{ext}")), "app-release-protected-1700000000.apk");
  EXPECT_EQ(ProtectedName(SomeJob("{job}_{version}_{platform}_{sha256}{ext}")),
            "0123456789abcdef_production_android_5ha.apk");
  EXPECT_EQ(ProtectedName(SomeJob("{commit}{ext}")), "nocommit.apk");
  Job job = SomeJob("{commit}{ext}");
  job.artifact.commit.candidates = {{"sidecar", "c0ffee"}};
  EXPECT_EQ(ProtectedName(job), "c0ffee.apk");
}

TEST(ProtectedName, TakesAPlaceholderInsideAValueAsText) {
  Job job = SomeJob("{stem}{ext}");
  job.artifact.file_name = "{job}{sha256}.apk";
  EXPECT_EQ(ProtectedName(job), "{job}{sha256}.apk");
  EXPECT_EQ(ProtectedName(SomeJob("{unknown}{stem{ext}")), "{unknown}{stem.apk");
}

TEST(ProtectedName, IsSafeForHostileArtifactNames) {
  for (const std::string& name : {std::string("../../../x.apk"), std::string("a\nb.apk"), std::string("\xff.apk"),
                                  std::string("con.apk"), std::string(250, 'n') + ".apk"}) {
    Job job = SomeJob("{stem}{ext}");
    job.artifact.file_name = name;
    ExpectSafe(ProtectedName(job), name);
    job.target.Edit().output_name = "{stem}-protected-{start_time}{ext}";
    ExpectSafe(ProtectedName(job), name);
  }
}

}  // namespace
}  // namespace tegodrop
