// The portal's own words, whatever shape its error has, and nothing in them that must not be shown.
#include "daemon/portal/words.h"

#include <gtest/gtest.h>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

TEST(PortalWords, AreFoundInEveryShapeOfError) {
  for (const char* body :
       {R"({"message":"quota reached"})", R"({"error":"quota reached"})", R"({"detail":"quota reached"})",
        R"({"error":{"message":"quota reached","code":7}})", R"({"error":{"error":{"detail":"quota reached"}}})",
        R"({"detail":[{"loc":["body"],"message":"quota reached"}]})", R"({"errors":["quota reached"]})",
        R"({"message":null,"error":"quota reached"})", R"({"message":"","detail":"quota reached"})",
        "\"quota reached\"", "quota reached", "  quota\r\n  reached\n", "<h1>quota reached</h1>",
        "<!DOCTYPE html><HTML><Title>quota reached</TITLE><body></body></html>",
        "<?xml version=\"1.0\"?>\n<Error><Code>Q</Code><Message>quota reached</Message></Error>"}) {
    EXPECT_EQ(PortalWords(body), "quota reached") << body;
  }
  EXPECT_EQ(
      PortalWords("<html><head><title>400</title><style>p { x }</style></head><body><script>var a = '<p>';</script>"
                  "<h1>400</h1><p>quota\nreached</p></body></html>"),
      "400 quota reached")
      << "what a browser shows, once";
  EXPECT_EQ(PortalWords("<html><title>Maintenance</title><p>back at six</p>"), "Maintenance: back at six");
  EXPECT_EQ(PortalWords("<script><script<script"), "<script><script<script") << "nothing is shown: the text itself";
  EXPECT_EQ(PortalWords(""), "");
  EXPECT_EQ(PortalWords("null"), "");
  EXPECT_EQ(PortalWords(R"({"code":7})"), R"({"code":7})");
  EXPECT_EQ(PortalMessage(R"({"code":7})"), "");
  EXPECT_EQ(PortalMessage("plain"), "");
}

TEST(PortalWords, ArePrintableAndOneLine) {
  const std::string words = PortalWords("a\x1b[31m\nb\xFF");
  EXPECT_EQ(words, "a\\x1b[31m b\\xff");
  EXPECT_EQ(PortalWords(R"({"message":"a\u0000b\u202ec"})"), "a\\x00b\\u202ec");
}

TEST(PortalWords, AreShortenedBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "\xC3\xA4";
  for (int shift = 0; shift < 3; ++shift) {
    const std::string words = Shortened(std::string(static_cast<std::size_t>(shift), 'x') + text);
    EXPECT_LE(words.size(), 610U);
    EXPECT_TRUE(IsUtf8(words));
  }
  EXPECT_EQ(Shortened("short"), "short");
  EXPECT_LT(PortalWords(std::string(5'000'000, 'x')).size(), 20'000U);
}

TEST(PortalWords, LeaveOutTheQueriesOfUrls) {
  for (const char* body :
       {"cannot reach https://a.example/x?X-Sig=SIGNED&b=SIGNED now", R"({"url":"https://a.example/x?X-Sig=SIGNED"})",
        R"({"url":"https:\/\/a.example\/x\u003fX-Sig=SIGNED"})", R"({"url":"https:\/\/a.example\/x\u003FX=SIGNED")",
        R"({"message":"at https://a.example/x?X-Sig=SIGNED"})", "<title>https://a.example/x?X-Sig=SIGNED</title>",
        "//a.example/x?SIGNED", "x?a=SIGNED?b=SIGNED"}) {
    EXPECT_EQ(PortalWords(body).find("SIGNED"), std::string::npos) << PortalWords(body);
    EXPECT_NE(PortalWords(body).find('x'), std::string::npos);
  }
  EXPECT_EQ(WithoutQueries("Is it there? Yes, \"really?\""), "Is it there? Yes, \"really?\"");
}

}  // namespace
}  // namespace tegodrop
