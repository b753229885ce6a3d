#include "daemon/base/text.h"

#include <gtest/gtest.h>

namespace tegodrop {
namespace {

TEST(IsUtf8, AcceptsEveryWellFormedSequence) {
  for (const char* text :
       {"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x93\xa6", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
  EXPECT_TRUE(IsUtf8(std::string_view("a\0b", 3)));
}

TEST(IsUtf8, RefusesOverlongFormsSurrogatesAndBrokenSequences) {
  for (const char* text : {"\xff", "\x80", "\xc3", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\x80", "\xe2\x82", "\xed\xa0\x80",
                           "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc3(", "ok\xe2\x82"}) {
    EXPECT_FALSE(IsUtf8(text)) << Printable(text);
  }
}

TEST(Printable, KeepsWhatPeopleRead) {
  EXPECT_EQ(Printable("app-1.0 \xc3\xa9\xe6\x97\xa5\xf0\x9f\x93\xa6.apk"),
            "app-1.0 \xc3\xa9\xe6\x97\xa5\xf0\x9f\x93\xa6.apk");
}

TEST(Printable, ShowsControlBytesAndBytesThatAreNotUtf8) {
  EXPECT_EQ(Printable("a\nb\tc\x1b[0m\x7f"), "a\\x0ab\\x09c\\x1b[0m\\x7f");
  EXPECT_EQ(Printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(Printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(Printable("\xc2\x85"), "\\x85");
}

TEST(Printable, ShowsWhatReordersBreaksOrHides) {
  EXPECT_EQ(Printable("\xe2\x80\xae"
                      "apk.exe"),
            "\\u202eapk.exe");
  EXPECT_EQ(Printable("\xe2\x80\xa8"), "\\u2028");
  EXPECT_EQ(Printable("\xe2\x81\xa6"), "\\u2066");
  EXPECT_EQ(Printable("\xe2\x80\x8b"), "\\u200b");
  EXPECT_EQ(Printable("\xd8\x9c"), "\\u061c");
  EXPECT_EQ(Printable("\xef\xbb\xbf"), "\\ufeff");
}

TEST(UrlWithoutQuery, LeavesOutQueryFragmentUserAndPassword) {
  EXPECT_EQ(UrlWithoutQuery("https://a.example/p/app.apk?X-Signature=s"), "https://a.example/p/app.apk");
  EXPECT_EQ(UrlWithoutQuery("https://a.example/p#frag?x"), "https://a.example/p");
  EXPECT_EQ(UrlWithoutQuery("https://user:pass@a.example:8443/p@q"), "https://a.example:8443/p@q");
  EXPECT_EQ(UrlWithoutQuery("http://u:p@h@a.example"), "http://a.example");
  EXPECT_EQ(UrlWithoutQuery("https://a.example"), "https://a.example");
  EXPECT_EQ(UrlWithoutQuery("user:pass@proxy.example:3128"), "proxy.example:3128");
  EXPECT_EQ(UrlWithoutQuery("/path@x?q"), "/path@x");
  EXPECT_EQ(UrlWithoutQuery(""), "");
  EXPECT_EQ(UrlWithoutQuery("https://a.example/\n"), "https://a.example/\\x0a");
}

TEST(WithoutCredentials, LeavesOutWhoAsksAndWithWhat) {
  EXPECT_EQ(WithoutCredentials("https://gitlab-ci-token:glcbt-64_x@git.example/a.git"), "https://git.example/a.git");
  EXPECT_EQ(WithoutCredentials("https://ghp_token@git.example:8443/a?x=1#y"), "https://git.example:8443/a?x=1#y");
  EXPECT_EQ(WithoutCredentials("git+https://u:p@git.example/a"), "git+https://git.example/a");
  EXPECT_EQ(WithoutCredentials("https://u:p@ss@git.example/a"), "https://git.example/a");
  EXPECT_EQ(WithoutCredentials("ssh://git:secret@git.example/a"), "ssh://git@git.example/a");
  EXPECT_EQ(WithoutCredentials("user:secret@git.example/a.git"), "user@git.example/a.git");
}

TEST(WithoutCredentials, LeavesEveryOtherTextAlone) {
  for (const char* url : {"https://git.example/a@b", "https://git.example/a?u=x:y@z", "ssh://git@git.example/a",
                          "git@git.example:a.git", "", "https://", "a:b/@c", "https://git.example"}) {
    EXPECT_EQ(WithoutCredentials(url), url);
  }
}

TEST(Text, SmallHelpers) {
  EXPECT_EQ(ToLowerAscii("AbZ\xc3\x89"), "abz\xc3\x89") << "letters beyond ASCII stay";
  EXPECT_EQ(ToHex(std::string_view("\x00\xff\x0a", 3)), "00ff0a");
  EXPECT_EQ(Trim(" \t\r\na b\n"), "a b");
  EXPECT_EQ(Trim(" \n"), "");
  EXPECT_TRUE(EndsWithNoCase("APP.APK", ".apk"));
  EXPECT_FALSE(EndsWithNoCase("pk", ".apk"));
  EXPECT_TRUE(IsHex("09afAF"));
  EXPECT_FALSE(IsHex(""));
  EXPECT_FALSE(IsHex("0x1"));
  EXPECT_FALSE(IsHex("\xc3\xa9"));
}

TEST(Nearest, FindsTheMisspeltWord) {
  const std::vector<std::string> keys{"interval", "deadline", "alarm_after", "path"};
  EXPECT_EQ(Nearest("intervall", keys), "interval");
  EXPECT_EQ(Nearest("dedline", keys), "deadline");
  EXPECT_EQ(Nearest("pth", keys), "path");
  EXPECT_EQ(Nearest("interval", keys), "interval");
}

TEST(Nearest, SaysNothingWhereNoneIsNear) {
  EXPECT_EQ(Nearest("xyzzy", {"interval", "path"}), "");
  EXPECT_EQ(Nearest("path", {}), "");
  EXPECT_EQ(Nearest("abc", {"def"}), "");
}

}  // namespace
}  // namespace tegodrop
