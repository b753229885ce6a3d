#include "daemon/base/log.h"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "tests/fakes/stepped_clock.h"

namespace tegodrop {
namespace {

std::string Text(std::string_view message, std::initializer_list<LogField> fields = {}) {
  return FormatLogLine(LogFormat::kText, 0, LogLevel::kInfo, "job.delivered", message, fields);
}

rapidjson::Document Json(const std::string& line) {
  rapidjson::Document document;
  document.Parse(line.c_str());
  EXPECT_FALSE(document.HasParseError()) << line;
  EXPECT_TRUE(document.IsObject()) << line;
  return document;
}

TEST(Log, ATextLineSaysWhenHowBadWhatAndTheFields) {
  EXPECT_EQ(
      Text("it is there", {{"job", "01"}, {"file_name", "my app.apk"}, {"bytes", 5}, {"none", ""}}),
      "1970-01-01T00:00:00.000Z info job.delivered: it is there job=01 file_name=\"my app.apk\" bytes=5 none=\"\"");
}

TEST(Log, AJsonLineKeepsNumbersAsNumbers) {
  const std::string line =
      FormatLogLine(LogFormat::kJson, 1, LogLevel::kWarning, "a.b", "m",
                    {{"text", "5"}, {"number", std::int64_t{-5}}, {"size", std::uint64_t{1} << 63}});
  const auto json = Json(line);
  EXPECT_STREQ(json["time"].GetString(), "1970-01-01T00:00:00.001Z");
  EXPECT_STREQ(json["level"].GetString(), "warning");
  EXPECT_STREQ(json["event"].GetString(), "a.b");
  EXPECT_STREQ(json["message"].GetString(), "m");
  EXPECT_STREQ(json["text"].GetString(), "5");
  EXPECT_EQ(json["number"].GetInt64(), -5);
  EXPECT_EQ(json["size"].GetUint64(), std::uint64_t{1} << 63);
}

TEST(Log, NoNameForgesALineOrAField) {
  for (const std::string hostile : {"a\nb=1", "a\r\nerror x: y", "\x1b[31mred",
                                    "\xe2\x80\xae"
                                    "reversed",
                                    "\xff\xfe", "a\" job=\"2", "tab\there", "a\\"}) {
    const std::string text = Text(hostile, {{"file_name", hostile}});
    for (const char c : text) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << text;
    EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos);
    EXPECT_EQ(text.find('\xff'), std::string::npos);
    const std::string json =
        FormatLogLine(LogFormat::kJson, 0, LogLevel::kInfo, "e", hostile, {{"file_name", hostile}});
    EXPECT_EQ(json.find('\n'), std::string::npos);
    EXPECT_EQ(Json(json).MemberCount(), 5U) << json;
  }
}

TEST(Log, AQuoteInAValueCannotEndIt) {
  EXPECT_EQ(Text("m", {{"f", "a\" job=\"2"}}), "1970-01-01T00:00:00.000Z info job.delivered: m f=\"a\\\" job=\\\"2\"");
}

TEST(Log, WritesToStandardErrorFromItsLevelOn) {
  testing::SteppedClock clock(0);
  const auto log = MakeStderrLog(LogLevel::kWarning, LogFormat::kText, clock);
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  log->Debug("a.debug", "no");
  log->Info("a.info", "no");
  log->Warning("a.warning", "yes {} %s");
  log->Error("a.error", "yes");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "1970-01-01T00:00:00.000Z warning a.warning: yes {} %s\n1970-01-01T00:00:00.000Z error a.error: yes\n");
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
}

TEST(Log, LevelsHaveTheConfigsNames) {
  EXPECT_EQ(ToString(LogLevel::kDebug), "debug");
  EXPECT_EQ(ToString(LogLevel::kInfo), "info");
  EXPECT_EQ(ToString(LogLevel::kWarning), "warning");
  EXPECT_EQ(ToString(LogLevel::kError), "error");
}

}  // namespace
}  // namespace tegodrop
