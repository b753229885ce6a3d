// When the upload window is open, also where clocks change, and what is refused.
#include "daemon/model/upload_window.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

namespace tegodrop {
namespace {

// "2026-03-28T21:00" in UTC.
WallMs At(const std::string& text) {
  std::tm fields{};
  EXPECT_EQ(std::sscanf(text.c_str(), "%d-%d-%dT%d:%d", &fields.tm_year, &fields.tm_mon, &fields.tm_mday,
                        &fields.tm_hour, &fields.tm_min),
            5)
      << text;
  fields.tm_year -= 1900;
  fields.tm_mon -= 1;
  return static_cast<WallMs>(timegm(&fields)) * 1000;
}

UploadWindow Window(const std::vector<std::string>& texts, const std::string& zone = "UTC") {
  auto named = NamedZone(zone);
  EXPECT_TRUE(named) << zone;
  auto window = UploadWindow::Parse(texts, named.value_or(TimeZone{}));
  EXPECT_TRUE(window) << texts.front();
  return window.value_or(UploadWindow());
}

// All changes from `from` on until after `until`, as "+2026-03-28T21:00 -2026-03-29T04:00": opens, closes. UTC.
std::string Changes(const UploadWindow& window, const std::string& from, const std::string& until) {
  std::string changes;
  WallMs now = At(from);
  for (int i = 0; i < 20; ++i) {
    const auto next = window.At(now).changes;
    if (!next || *next > At(until)) break;
    EXPECT_GT(*next, now);
    EXPECT_EQ(window.At(*next - 1).open, window.At(now).open);
    EXPECT_NE(window.At(*next).open, window.At(now).open);
    now = *next;
    changes += (changes.empty() ? "" : " ") + std::string(window.At(now).open ? "+" : "-") + Rfc3339(now).substr(0, 16);
  }
  return changes;
}

TEST(UploadWindow, WithoutOneUploadsStartAtAnyTime) {
  const UploadWindow none;
  EXPECT_TRUE(none.always_open());
  EXPECT_TRUE(none.At(0).open);
  EXPECT_FALSE(none.At(0).changes);
}

TEST(UploadWindow, OpensAndClosesByTheWeek) {
  // 2026-11-27 is a Friday.
  const struct {
    std::vector<std::string> texts;
    const char* changes;
  } cases[] = {
      {{"09:00-17:00"}, "+2026-11-27T09:00 -2026-11-27T17:00 +2026-11-28T09:00 -2026-11-28T17:00"},
      {{"22:00-06:00"}, "-2026-11-27T06:00 +2026-11-27T22:00 -2026-11-28T06:00 +2026-11-28T22:00"},
      // The night to Saturday is Friday's.
      {{"mon-fri 22:00-06:00"}, "-2026-11-27T06:00 +2026-11-27T22:00 -2026-11-28T06:00"},
      {{"sat 22:00-06:00"}, "+2026-11-28T22:00"},
      {{"sun-fri 22:00-06:00"}, "-2026-11-27T06:00 +2026-11-27T22:00 -2026-11-28T06:00"},
      {{"fri-mon 12:00-13:00"}, "+2026-11-27T12:00 -2026-11-27T13:00 +2026-11-28T12:00 -2026-11-28T13:00"},
      {{"thu 10:00-11:00"}, ""},
      {{"22:00-24:00"}, "+2026-11-27T22:00 -2026-11-28T00:00 +2026-11-28T22:00 -2026-11-29T00:00"},
      {{"22:00-00:00"}, "+2026-11-27T22:00 -2026-11-28T00:00 +2026-11-28T22:00 -2026-11-29T00:00"},
      // A night that goes over into the whole weekend is one.
      {{"mon-fri 22:00-06:00", "sat,sun 00:00-24:00"}, "-2026-11-27T06:00 +2026-11-27T22:00"},
      {{"10:00-12:00", "11:00-13:00"}, "+2026-11-27T10:00 -2026-11-27T13:00 +2026-11-28T10:00 -2026-11-28T13:00"},
      {{"fri 10:00-12:00", "fri 12:00-13:00"}, "+2026-11-27T10:00 -2026-11-27T13:00"},
      {{"fri 10:00-12:00", "fri 12:01-13:00"},
       "+2026-11-27T10:00 -2026-11-27T12:00 +2026-11-27T12:01 -2026-11-27T13:00"},
      {{"fri 10:00-18:00", "fri 11:00-12:00"}, "+2026-11-27T10:00 -2026-11-27T18:00"},
      {{"fri 23:59-23:58"}, "+2026-11-27T23:59 -2026-11-28T23:58"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(Changes(Window(one.texts), "2026-11-27T00:00", "2026-11-29T00:00"), one.changes) << one.texts.front();
  }
  EXPECT_EQ(Changes(Window({"mon-fri 22:00-06:00", "sat,sun 00:00-24:00"}), "2026-11-28T00:00", "2026-12-01T00:00"),
            "-2026-11-30T00:00 +2026-11-30T22:00");
}

TEST(UploadWindow, WhereClocksChangeItOpensAndClosesByWhatTheyShow) {
  const struct {
    const char* zone;
    const char* text;
    const char* from;
    const char* until;
    const char* changes;
  } cases[] = {
      // Berlin, 2026-03-29: 02:00 becomes 03:00 at 01:00Z. A night of seven hours.
      {"Europe/Berlin", "22:00-06:00", "2026-03-28T12:00", "2026-03-29T12:00", "+2026-03-28T21:00 -2026-03-29T04:00"},
      {"Europe/Berlin", "22:00-02:30", "2026-03-28T12:00", "2026-03-29T12:00", "+2026-03-28T21:00 -2026-03-29T01:00"},
      {"Europe/Berlin", "22:00-02:00", "2026-03-28T12:00", "2026-03-29T12:00", "+2026-03-28T21:00 -2026-03-29T01:00"},
      {"Europe/Berlin", "22:00-03:00", "2026-03-28T12:00", "2026-03-29T12:00", "+2026-03-28T21:00 -2026-03-29T01:00"},
      {"Europe/Berlin", "02:30-06:00", "2026-03-28T12:00", "2026-03-29T12:00", "+2026-03-29T01:00 -2026-03-29T04:00"},
      {"Europe/Berlin", "02:00-06:00", "2026-03-28T12:00", "2026-03-29T12:00", "+2026-03-29T01:00 -2026-03-29T04:00"},
      {"Europe/Berlin", "03:00-06:00", "2026-03-28T12:00", "2026-03-29T12:00", "+2026-03-29T01:00 -2026-03-29T04:00"},
      // Wholly in the hour that is left out: not that night, but the next one.
      {"Europe/Berlin", "02:10-02:50", "2026-03-28T12:00", "2026-03-30T12:00", "+2026-03-30T00:10 -2026-03-30T00:50"},
      {"Europe/Berlin", "sun 02:10-02:50", "2026-03-28T12:00", "2026-04-06T00:00",
       "+2026-04-05T00:10 -2026-04-05T00:50"},
      // 2026-10-25: 03:00 becomes 02:00 at 01:00Z. A night of nine hours.
      {"Europe/Berlin", "22:00-06:00", "2026-10-24T12:00", "2026-10-25T12:00", "+2026-10-24T20:00 -2026-10-25T05:00"},
      {"Europe/Berlin", "22:00-02:30", "2026-10-24T12:00", "2026-10-25T12:00", "+2026-10-24T20:00 -2026-10-25T01:30"},
      {"Europe/Berlin", "22:00-02:00", "2026-10-24T12:00", "2026-10-25T12:00", "+2026-10-24T20:00 -2026-10-25T00:00"},
      {"Europe/Berlin", "22:00-03:00", "2026-10-24T12:00", "2026-10-25T12:00", "+2026-10-24T20:00 -2026-10-25T02:00"},
      {"Europe/Berlin", "02:30-06:00", "2026-10-24T12:00", "2026-10-25T12:00", "+2026-10-25T00:30 -2026-10-25T05:00"},
      {"Europe/Berlin", "02:00-06:00", "2026-10-24T12:00", "2026-10-25T12:00", "+2026-10-25T00:00 -2026-10-25T05:00"},
      {"Europe/Berlin", "03:00-06:00", "2026-10-24T12:00", "2026-10-25T12:00", "+2026-10-25T02:00 -2026-10-25T05:00"},
      {"Europe/Berlin", "02:15-02:45", "2026-10-24T12:00", "2026-10-25T12:00", "+2026-10-25T00:15 -2026-10-25T01:45"},
      // New York, 2026-03-08 and 2026-11-01: at 07:00Z and 06:00Z.
      {"America/New_York", "22:00-06:00", "2026-03-07T12:00", "2026-03-08T15:00",
       "+2026-03-08T03:00 -2026-03-08T10:00"},
      {"America/New_York", "02:30-06:00", "2026-03-07T12:00", "2026-03-08T15:00",
       "+2026-03-08T07:00 -2026-03-08T10:00"},
      {"America/New_York", "22:00-01:30", "2026-10-31T12:00", "2026-11-01T15:00",
       "+2026-11-01T02:00 -2026-11-01T06:30"},
      // Half an hour beside the others, without a change of clocks.
      {"Asia/Kolkata", "22:00-06:00", "2026-11-27T12:00", "2026-11-28T12:00", "+2026-11-27T16:30 -2026-11-28T00:30"},
      {"Asia/Kathmandu", "sat 00:00-24:00", "2026-11-27T12:00", "2026-11-30T12:00",
       "+2026-11-27T18:15 -2026-11-28T18:15"},
      // South: clocks go back in April and forward in October; in Adelaide beside half an hour.
      {"Australia/Adelaide", "22:00-06:00", "2026-04-04T06:00", "2026-04-05T06:00",
       "+2026-04-04T11:30 -2026-04-04T20:30"},
      {"Australia/Adelaide", "02:30-06:00", "2026-10-03T06:00", "2026-10-04T06:00",
       "+2026-10-03T16:30 -2026-10-03T19:30"},
      {"Australia/Sydney", "22:00-06:00", "2026-10-03T06:00", "2026-10-04T06:00",
       "+2026-10-03T12:00 -2026-10-03T19:00"},
      // By half an hour only: 02:00 becomes 01:30 at 15:00Z.
      {"Australia/Lord_Howe", "22:00-01:45", "2026-04-04T06:00", "2026-04-05T06:00",
       "+2026-04-04T11:00 -2026-04-04T15:15"},
      // Midnight itself is left out: Friday begins at 01:00, which is 22:00Z.
      {"Africa/Cairo", "fri 00:00-24:00", "2026-04-22T12:00", "2026-04-26T12:00",
       "+2026-04-23T22:00 -2026-04-24T21:00"},
      // A day that never was: Apia went from Thursday, 2011-12-29 to Saturday.
      {"Pacific/Apia", "fri 08:00-10:00", "2011-12-28T12:00", "2012-01-02T00:00", ""},
      {"Pacific/Apia", "sat 08:00-10:00", "2011-12-28T12:00", "2012-01-02T00:00",
       "+2011-12-30T18:00 -2011-12-30T20:00"},
      {"Pacific/Apia", "22:00-06:00", "2011-12-29T12:00", "2011-12-31T00:00",
       "-2011-12-29T16:00 +2011-12-30T08:00 -2011-12-30T16:00"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(Changes(Window({one.text}, one.zone), one.from, one.until), one.changes) << one.zone << " " << one.text;
  }
}

TEST(UploadWindow, WhatLeavesNoMomentOutIsAlwaysOpenAlsoWhereClocksChange) {
  const std::vector<std::vector<std::string>> cases = {
      {"00:00-24:00"}, {"mon-sun 00:00-24:00"}, {"22:00-06:00", "06:00-22:00"}, {"00:00-02:30", "02:30-24:00"}};
  for (const auto& texts : cases) {
    const UploadWindow window = Window(texts, "Europe/Berlin");
    EXPECT_TRUE(window.always_open()) << texts.front();
    EXPECT_TRUE(window.At(At("2026-03-29T01:00")).open);
    EXPECT_FALSE(window.At(At("2026-03-29T01:00")).changes);
  }
  EXPECT_FALSE(Window({"00:00-23:59"}).always_open());
  EXPECT_FALSE(Window({"mon-sat 00:00-24:00", "sun 00:01-24:00"}).always_open());
  EXPECT_EQ(Changes(Window({"mon-sat 00:00-24:00", "sun 00:01-24:00"}), "2026-11-27T00:00", "2026-11-30T00:00"),
            "-2026-11-29T00:00 +2026-11-29T00:01");
}

TEST(UploadWindow, TellsWhenItClosedLast) {
  const struct {
    std::vector<std::string> texts;
    const char* now;
    const char* closed;
  } cases[] = {
      // 2026-11-27 is a Friday.
      {{"22:00-06:00"}, "2026-11-27T05:59", "2026-11-26T06:00"},
      {{"22:00-06:00"}, "2026-11-27T06:00", "2026-11-27T06:00"},
      {{"22:00-06:00"}, "2026-11-27T23:00", "2026-11-27T06:00"},
      {{"mon-fri 22:00-06:00"}, "2026-11-30T12:00", "2026-11-28T06:00"},
      {{"sat 01:00-02:00"}, "2026-11-27T12:00", "2026-11-21T02:00"},
      {{"22:00-23:00", "01:00-02:00"}, "2026-11-27T00:30", "2026-11-26T23:00"},
      {{"00:00-24:00"}, "2026-11-27T00:30", "never"},
  };
  for (const auto& one : cases) {
    const auto closed = Window(one.texts).ClosedBefore(At(one.now));
    EXPECT_EQ(closed ? Rfc3339(*closed).substr(0, 16) : "never", one.closed) << one.texts.front() << " " << one.now;
  }
  EXPECT_FALSE(UploadWindow().ClosedBefore(At("2026-11-27T00:30")));
}

TEST(UploadWindow, StampsByTheClocksOfItsZone) {
  EXPECT_EQ(Window({"22:00-06:00"}, "Europe/Berlin").MinuteStamp(At("2026-11-27T23:30")), "2026-11-28-0030");
  EXPECT_EQ(Window({"22:00-06:00"}).SecondStamp(At("2026-11-27T23:30") + 59'000), "2026-11-27-233059");
}

TEST(UploadWindow, TextsGetTheirOneForm) {
  const struct {
    const char* given;
    const char* form;
  } cases[] = {{"22:00-06:00", "22:00-06:00"},
               {"  Mon-FRI   22:00-06:00 ", "mon-fri 22:00-06:00"},
               {"sat, sun 00:00-24:00", "sat,sun 00:00-24:00"},
               {"mon - wed,fri 00:00-00:01", "mon-wed,fri 00:00-00:01"}};
  for (const auto& one : cases) {
    std::string text = one.given;
    EXPECT_EQ(UploadWindow::Check(text), "") << one.given;
    EXPECT_EQ(text, one.form);
    EXPECT_EQ(UploadWindow::Check(text), "") << "and keep it";
  }
}

TEST(UploadWindow, RefusesWhatIsNoneAndSaysWhatIsAllowed) {
  const struct {
    const char* text;
    const char* wrong;
  } cases[] = {
      {"", "'' is no window; allowed is HH:MM-HH:MM"},
      {"22:00", "'22:00' is no window"},
      {"22-06", "'22-06' is no window"},
      {"22:00-6:00", "is no window"},
      {"24:01-06:00", "is no window"},
      {"22:60-06:00", "is no window"},
      {"22:00-25:00", "is no window"},
      {"22:00 - 06:00", "is no window"},
      {"22:00-06:00-07:00", "is no window"},
      {"24:00-06:00", "begins at the end of a day; write 00:00"},
      {"22:00-22:00", "is empty: it ends when it begins"},
      {"00:00-00:00", "the whole day is 00:00-24:00"},
      {"sat", "'sat' names no times; between [ and ] a text with a comma needs quotes"},
      {"mo-fr 22:00-06:00", "names the day 'mo'; days are mon, tue"},
      {"mon-frida 22:00-06:00", "names the day 'frida'"},
      {"mon,,fri 22:00-06:00", "names the day ''"},
      {"mon- 22:00-06:00", "names the day ''"},
      {"daily 22:00-06:00", "names the day 'daily'"},
      {"1 22:00-06:00", "names the day '1'"},
  };
  for (const auto& one : cases) {
    std::string text = one.text;
    EXPECT_NE(UploadWindow::Check(text).find(one.wrong), std::string::npos)
        << one.text << ": " << UploadWindow::Check(text);
    EXPECT_EQ(text, one.text) << "stays as it was";
    EXPECT_FALSE(UploadWindow::Parse({"22:00-06:00", one.text}, TimeZone{})) << one.text;
  }
}

TEST(UploadWindow, IsNamedWithItsZone) {
  const UploadWindow window = Window({"mon-fri 22:00-06:00", "sat 00:00-24:00"}, "Europe/Berlin");
  EXPECT_EQ(window.Words(), "the upload window (mon-fri 22:00-06:00, sat 00:00-24:00, Europe/Berlin)");
  EXPECT_EQ(window.TimeText(At("2026-11-30T21:00")), "Mon 2026-11-30 22:00 (Europe/Berlin)");
  EXPECT_EQ(window.TimeText(At("2026-06-30T22:00")), "Wed 2026-07-01 00:00 (Europe/Berlin)");
}

TEST(UploadWindow, AnswersForAnyClock) {
  const UploadWindow window = Window({"22:00-06:00"}, "Europe/Berlin");
  for (const WallMs now : {WallMs{-1}, WallMs{0}, At("1901-01-01T00:00"), At("2500-01-01T00:00")}) {
    const auto look = window.At(now);
    ASSERT_TRUE(look.changes) << now;
    EXPECT_GT(*look.changes, now);
    EXPECT_LE(*look.changes - now, 16LL * 3600 * 1000);
  }
}

}  // namespace
}  // namespace tegodrop
