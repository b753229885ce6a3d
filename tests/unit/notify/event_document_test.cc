// The document that a webhook is sent: whole JSON with every key, and a line that no chat system takes for more than
// text.
#include "daemon/app/notify/event_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "daemon/base/text.h"

namespace tegodrop::testing {
namespace {

using ::testing::HasSubstr;

rapidjson::Document Parsed(const std::vector<OutboxEvent>& events) {
  rapidjson::Document body;
  body.Parse(EventDocument(events, "host-1", "1.2").c_str());
  EXPECT_FALSE(body.HasParseError());
  return body;
}

OutboxEvent Failure(const std::string& file_name) {
  return {1,           1'767'225'600'000, "failed",
          false,       "production",      "06ab",
          file_name,   "build_failed",    "the build failed: no luck",
          "correct it"};
}

std::string Text(const rapidjson::Document& body, const char* key) { return body[key].GetString(); }

TEST(EventDocument, OfOneEventHasEveryKey) {
  const rapidjson::Document body = Parsed({Failure("app.apk")});
  EXPECT_EQ(Text(body, "schema"), "tegodrop-event/1");
  EXPECT_EQ(Text(body, "event"), "failed");
  EXPECT_EQ(Text(body, "state"), "happened");
  EXPECT_EQ(Text(body, "host"), "host-1");
  EXPECT_EQ(Text(body, "time"), "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(body["count"].GetInt(), 1);
  EXPECT_EQ(Text(body, "folder"), "production");
  EXPECT_EQ(Text(body, "job"), "06ab");
  EXPECT_EQ(Text(body, "file_name"), "app.apk");
  EXPECT_EQ(Text(body, "kind"), "build_failed");
  EXPECT_EQ(Text(body, "message"), "the build failed: no luck");
  EXPECT_EQ(Text(body, "remedy"), "correct it");
  EXPECT_EQ(body["items"].Size(), 0U);
  EXPECT_STREQ(body["tool"]["version"].GetString(), "1.2");
  EXPECT_EQ(
      Text(body, "text"),
      "tegodrop on host-1: app.apk (folder production) failed: the build failed: no luck. What to do: correct it (job "
      "06ab)");
}

TEST(EventDocument, WhatItDoesNotConcernIsNull) {
  OutboxEvent event;
  event.event = "credentials";
  event.message = "the portal refused the credentials";
  rapidjson::Document body = Parsed({event});
  for (const char* key : {"folder", "job", "file_name", "kind", "remedy"}) EXPECT_TRUE(body[key].IsNull()) << key;
  EXPECT_EQ(Text(body, "state"), "begun");
  event.over = true;
  EXPECT_EQ(Text(Parsed({event}), "state"), "over");
}

TEST(EventDocument, OfManyNamesSomeAndCountsTheRest) {
  std::vector<OutboxEvent> events;
  for (int i = 0; i < 25; ++i) events.push_back(Failure("app" + std::to_string(i) + ".apk"));
  const rapidjson::Document body = Parsed(events);
  EXPECT_EQ(body["count"].GetInt(), 25);
  EXPECT_EQ(body["items"].Size(), kMostNamed);
  EXPECT_EQ(Text(body, "folder"), "production") << "they share it";
  EXPECT_TRUE(body["file_name"].IsNull());
  EXPECT_THAT(Text(body, "text"),
              HasSubstr("25 artifacts failed: app0.apk, app1.apk, app2.apk, app3.apk, app4.apk and 20 more"));
  EXPECT_THAT(Text(body, "text"), HasSubstr("tegodrop retry --failed"));
}

TEST(EventText, IsNoMarkupWhateverAFileIsCalled) {
  const std::string text = EventText({Failure("<!channel> @all `x` [a](http://b) &\n\x1b[31m.apk")}, "host-1");
  for (const char c : std::string("<>@`[]|&\n\x1b")) EXPECT_EQ(text.find(c), std::string::npos) << text;
  const rapidjson::Document body = Parsed({Failure("<!channel>.apk")});
  EXPECT_EQ(Text(body, "file_name"), "<!channel>.apk") << "the field has the name itself";
}

TEST(EventText, IsCutWhereAChatWouldRefuseItAndStaysUtf8) {
  for (int before = 0; before < 4; ++before) {
    OutboxEvent event = Failure("app.apk");
    event.message = std::string(static_cast<std::size_t>(before), 'x');
    for (int i = 0; i < 2000; ++i) event.message += "ü";
    const std::string text = EventText({event}, "host-1");
    EXPECT_LT(text.size(), 2100U);
    EXPECT_TRUE(IsUtf8(text));
  }
}

}  // namespace
}  // namespace tegodrop::testing
