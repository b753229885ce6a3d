// What the portal may answer and must never: bytes that are no JSON, or that mean nothing or two things.
#include <gtest/gtest.h>

#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "daemon/base/text.h"
#include "daemon/portal/wire.h"
#include "tests/unit/portal/answers.h"

namespace tegodrop {
namespace {

TEST(HostileJson, IsRefusedBeforeATreeIsBuilt) {
  const std::string deep(100'000, '[');
  const std::string deep_object = [] {
    std::string out;
    for (int i = 0; i < 100'000; ++i) out += "{\"a\":";
    return out;
  }();
  std::string many = "{\"results\":[";
  for (int i = 0; i < 200'000; ++i) many += "1,";
  many += "1]}";
  const std::string closed_deep = deep + std::string(100'000, ']');
  for (const std::string& body : {deep, closed_deep, deep_object, many}) {
    const auto reading = ReadHistory(body, kQuestion);
    ASSERT_FALSE(reading.has_value());
    EXPECT_EQ(reading.error().kind, ErrorKind::kRetry);
    EXPECT_LT(reading.error().message.size(), 20'000U);
    EXPECT_FALSE(ReadUploadGrant(body).has_value());
    EXPECT_FALSE(ReadDownload(body).has_value());
    EXPECT_FALSE(ReadTenants(body).has_value());
    EXPECT_FALSE(ReadDone(body).has_value());
  }
}

TEST(HostileJson, MayBeThirtyTwoLevelsDeep) {
  const auto done = [](int levels) {
    return ReadDone("{\"x\":" + std::string(static_cast<std::size_t>(levels), '[') +
                    std::string(static_cast<std::size_t>(levels), ']') + "}");
  };
  EXPECT_TRUE(done(31).has_value());
  EXPECT_FALSE(done(32).has_value());
}

TEST(HostileJson, IsRefusedWithWhatIsWrong) {
  const struct {
    std::string body;
    const char* word;
  } rows[] = {
      {"", "empty"},
      {" \r\n", "empty"},
      {"{\"a\":\"\xFF\"}", "UTF-8"},
      {"{\"a\":\"\xED\xA0\x80\"}", "UTF-8"},
      {std::string("{}\0{\"error\":1}", 14), "UTF-8"},
      {R"({"a":"\ud800"})", "not JSON"},
      {R"({"a":"\udc00"})", "half a surrogate pair"},
      {R"({"\udc00":"a"})", "half a surrogate pair"},
      {R"({"url":"https://a.example","url":"https://b.example"})", "\"url\" twice"},
      {R"({"x":{"a":1,"b":2,"a":3}})", "\"a\" twice"},
      {R"({"\u0061":1,"a":2})", "\"a\" twice"},
      {"{} {}", "not JSON"},
      {"{}x", "not JSON"},
      {"{\"a\":1,}", "not JSON"},
      {"{'a':1}", "not JSON"},
      {"{\"a\":NaN}", "not JSON"},
      {"{\"a\":01}", "not JSON"},
      {"{\"a\":1e999}", "not JSON"},
      {"{\"a\":\"\x01\"}", "not JSON"},
      {"{/*c*/}", "not JSON"},
      {"{\"a\":tru", "not JSON"},
      {"{1}", "at byte 1:"},
      {"\xEF\xBB\xBF{1}", "at byte 4:"},
  };
  for (const auto& row : rows) {
    const Status done = ReadDone(row.body);
    ASSERT_FALSE(done.has_value()) << row.body;
    EXPECT_EQ(done.error().kind, ErrorKind::kRetry);
    EXPECT_NE(done.error().message.find(row.word), std::string::npos) << done.error().message;
  }
}

TEST(HostileJson, MayStartWithAByteOrderMark) {
  EXPECT_TRUE(ReadDone("\xEF\xBB\xBF{\"message\":\"ok\"}").has_value());
  EXPECT_TRUE(ReadUploadGrant("\xEF\xBB\xBF" + std::string(kGrant)).has_value());
}

TEST(HostileJson, OfTheSameKeyInDifferentObjectsIsFine) {
  EXPECT_TRUE(ReadDone(R"({"a":{"a":1},"b":[{"a":1},{"a":2}]})").has_value());
}

TEST(HostileJson, SurvivesThousandsOfMutations) {
  std::mt19937_64 random(20260101);
  const std::vector<std::string> seeds = {kGrant, kMultipart, kHistory, R"({"error":{"message":"x"}})",
                                          R"([{"tenant_id":"t","name":"n","plan":"TEAM"}])"};
  const std::string pieces[] = {"{", "}", "[", "]", "\"", ",", ":", "null", "1e9", "\\u0000", "\\ud83d", "\xC3", "-"};
  int understood = 0;
  constexpr int kRounds = 3000;
  for (int round = 0; round < kRounds; ++round) {
    std::string body = seeds[random() % seeds.size()];
    const std::uint64_t changes = 1 + random() % 4;
    for (std::uint64_t i = 0; i < changes && !body.empty(); ++i) {
      const std::size_t at = random() % body.size();
      switch (random() % 5) {
        case 0:
          body[at] = static_cast<char>(random());
          break;
        case 1:
          body.erase(at, 1 + random() % 20);
          break;
        case 2:
          body.insert(at, pieces[random() % std::size(pieces)]);
          break;
        case 3:
          body.insert(at, body.substr(random() % body.size(), random() % 40));
          break;
        default:
          body.resize(at);
      }
    }
    const auto grant = ReadUploadGrant(body);
    if (grant) {
      ++understood;
      EXPECT_NE(grant->url.has_value(), grant->multipart.has_value());
      EXPECT_GT(grant->start_time, 0);
      EXPECT_FALSE(grant->file_path.empty());
    } else {
      EXPECT_EQ(grant.error().kind, ErrorKind::kRetry);
      EXPECT_TRUE(IsUtf8(grant.error().message));
    }
    const auto reading = ReadHistory(body, kQuestion);
    if (reading) {
      for (const BuildRow& row : reading->page.rows) EXPECT_FALSE(row.name.empty());
      EXPECT_GE(reading->page.total_pages, 1);
    }
    (void)ReadTenants(body);
    (void)ReadDownload(body);
    (void)ReadDone(body);
  }
  EXPECT_GT(understood, 30);
  EXPECT_LT(understood, kRounds / 2);
}

}  // namespace
}  // namespace tegodrop
