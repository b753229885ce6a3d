// What a store may say of a part, and what is taken for nothing.
#include "daemon/delivery/content_range.h"

#include <gtest/gtest.h>

#include <string>

namespace tegodrop::testing {
namespace {

TEST(ContentRange, PartOfAKnownWhole) {
  const auto range = ParseContentRange(" bytes 5-9/10 ");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->first, 5U);
  EXPECT_EQ(range->last, 9U);
  EXPECT_EQ(range->total, 10U);
  EXPECT_TRUE(ParseContentRange("Bytes 0-0/1"));
}

TEST(ContentRange, WholeAloneOrNotNamed) {
  const auto whole = ParseContentRange("bytes */10");
  ASSERT_TRUE(whole);
  EXPECT_FALSE(whole->first);
  EXPECT_EQ(whole->total, 10U);
  const auto part = ParseContentRange("bytes 5-9/*");
  ASSERT_TRUE(part);
  EXPECT_EQ(part->last, 9U);
  EXPECT_FALSE(part->total);
}

TEST(ContentRange, LargestNumbersFitAndLargerOnesDoNot) {
  const auto range = ParseContentRange("bytes 0-18446744073709551614/18446744073709551615");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->total, UINT64_MAX);
  EXPECT_FALSE(ParseContentRange("bytes 0-18446744073709551615/18446744073709551616"));
  EXPECT_FALSE(ParseContentRange("bytes 18446744073709551616-18446744073709551617/*"));
}

TEST(ContentRange, EverythingElseIsNothing) {
  for (const char* text : {"",
                           "bytes",
                           "bytes ",
                           "bytes5-9/10",
                           "bytes=5-9/10",
                           "bytes\t5-9/10",
                           "bytes  5-9/10",
                           "octets 5-9/10",
                           "bytes 5-9",
                           "bytes 5-9/",
                           "bytes /10",
                           "bytes -9/10",
                           "bytes 5-/10",
                           "bytes 5/10",
                           "bytes 9-5/10",
                           "bytes 5-10/10",
                           "bytes 0-0/0",
                           "bytes */*",
                           "bytes +5-9/10",
                           "bytes 5--9/10",
                           "bytes 0x5-9/10",
                           "bytes 5-9/10,",
                           "bytes 5-9/10 x",
                           "bytes 5 -9/10",
                           "bytes 5-9/1 0",
                           "bytes 5-9/10/11",
                           "bytes *-9/10"}) {
    EXPECT_FALSE(ParseContentRange(text)) << text;
  }
}

TEST(StrongEtag, QuotedAndNotWeak) {
  EXPECT_TRUE(IsStrongEtag("\"abc-1\""));
  EXPECT_TRUE(IsStrongEtag("\"\""));
  EXPECT_TRUE(IsStrongEtag("\"\xC3\xBC\""));
}

TEST(StrongEtag, EverythingElseIsNone) {
  for (const std::string text : {"", "\"", "abc", "W/\"abc\"", "\"abc", "abc\"", "\"a\"b\"", "\"a b\"", "\"a\nb\"",
                                 "\"a\x7f\"", "\"a\", \"b\"", " \"abc\""}) {
    EXPECT_FALSE(IsStrongEtag(text)) << text;
  }
  EXPECT_FALSE(IsStrongEtag("\"" + std::string(511, 'a') + "\""));
}

}  // namespace
}  // namespace tegodrop::testing
