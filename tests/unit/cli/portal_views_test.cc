// What the page's commands show: tables, and how far a transfer is.
#include <gtest/gtest.h>

#include "daemon/cli/portal/progress_bar.h"
#include "daemon/cli/portal/table.h"

namespace tegodrop {
namespace {

const std::vector<TableColumn> kColumns{{"ID"}, {"NAME", Wraps::kFirst}, {"WHY", Wraps::kFirst}};

TEST(TableText, PutsCellsBelowTheirNames) {
  EXPECT_EQ(TableText(kColumns, {{"1", "a.apk", "x"}, {"22", "long-name.apk", ""}}, std::nullopt),
            "ID  NAME           WHY\n"
            "1   a.apk          x\n"
            "22  long-name.apk\n");
}

TEST(TableText, GoesOnInFurtherLinesWhereItIsTooWide) {
  EXPECT_EQ(TableText(kColumns, {{"1", "0123456789abcdefghij.apk", "no such thing here"}}, 32),
            "ID  NAME           WHY\n"
            "1   0123456789abc  no such\n"
            "    defghij.apk    thing here\n");
}

TEST(TableText, CutsNothingAlsoWhereNoWidthIsEnough) {
  const std::string text = TableText(kColumns, {{"an-id-that-is-long", "0123456789abcdef", "why"}}, 10);
  EXPECT_NE(text.find("an-id-that-is-long"), std::string::npos);
  EXPECT_NE(text.find("01234567"), std::string::npos);
  EXPECT_NE(text.find("89abcdef"), std::string::npos);
}

TEST(TableText, BreaksIdsLast) {
  const std::vector<TableColumn> columns{{"ID", Wraps::kLast}, {"NAME", Wraps::kFirst}};
  EXPECT_EQ(TableText(columns, {{"0123456789ab", "abcdefghijkl"}}, 22),
            "ID            NAME\n0123456789ab  abcdefgh\n              ijkl\n");
  EXPECT_EQ(TableText(columns, {{"0123456789ab", "abcdefghijkl"}}, 18),
            "ID        NAME\n01234567  abcdefgh\n89ab      ijkl\n");
}

TEST(TableText, LeavesColumnsOutThatAreForWiderTerminals) {
  const std::vector<TableColumn> columns{{"ID"}, {"BY", Wraps::kNever, 100}, {"NAME"}};
  EXPECT_EQ(TableText(columns, {{"1", "me", "a"}}, 80), "ID  NAME\n1   a\n");
  EXPECT_EQ(TableText(columns, {{"1", "me", "a"}}, 100), "ID  BY  NAME\n1   me  a\n");
  EXPECT_EQ(TableText(columns, {{"1", "me", "a"}}, std::nullopt), "ID  BY  NAME\n1   me  a\n");
}

TEST(TableText, CountsWhatATerminalCounts) {
  EXPECT_EQ(DisplayWidth("\u4fdd\u8b77.apk"), 8U);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1U);
  EXPECT_EQ(TableText(kColumns, {{"1", "\u4fdd\u8b77", "x"}, {"2", "abcd", "y"}}, std::nullopt),
            "ID  NAME  WHY\n"
            "1   \u4fdd\u8b77  x\n"
            "2   abcd  y\n");
}

TEST(TableText, KeepsAMarkWithWhatItStandsOn) {
  const std::string twelve = "abcdefghijke\u0301";
  EXPECT_EQ(TableText({{"N", Wraps::kFirst}}, {{twelve + "xyz"}}, 12), "N\n" + twelve + "\nxyz\n");
}

TEST(TableText, ShowsNothingThatATerminalObeys) {
  EXPECT_EQ(TableText({{"N"}}, {{"\x1b[2J\u202e"}}, std::nullopt), "N\n\\x1b[2J\\u202e\n");
}

TEST(ProgressLine, SaysHowFarHowFastAndHowLongStill) {
  EXPECT_EQ(ProgressLine("a.apk", 0, 10 << 20, 40 << 20, 2000, 200),
            "a.apk  [#####               ]  25 %  10.0 MiB of 40.0 MiB  5.0 MiB/s  6s left");
}

TEST(ProgressLine, CountsTheRateFromWhereItBegan) {
  EXPECT_NE(ProgressLine("a", 30 << 20, 35 << 20, 40 << 20, 1000, 200).find("5.0 MiB/s  1s left"), std::string::npos);
}

TEST(ProgressLine, SaysOnlyWhatIsKnown) {
  EXPECT_EQ(ProgressLine("a", 0, 1024, 0, 10, 200), "a  1.0 KiB");
  EXPECT_EQ(ProgressLine("a", 0, 0, 0, 5000, 200), "a  0 B");
}

TEST(ProgressLine, FitsIntoTheTerminal) {
  const std::string name(200, 'x');
  for (const std::size_t width : {20U, 60U, 80U, 120U}) {
    EXPECT_LE(DisplayWidth(ProgressLine(name, 0, 10 << 20, 40 << 20, 2000, width)), width);
  }
}

}  // namespace
}  // namespace tegodrop
