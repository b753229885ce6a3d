#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "daemon/net/transfer.h"

namespace tegodrop {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kNow = 784'111'777'000;  // Sun, 06 Nov 1994 08:49:37 GMT

std::optional<milliseconds> RetryAfter(const std::string& value) {
  HttpAnswer answer;
  answer.status = 503;
  answer.headers.emplace_back("retry-after", value);
  return answer.RetryAfter(kNow);
}

TEST(AnswerHeaders, WithoutTheHeaderNothingIsAskedFor) { EXPECT_EQ(HttpAnswer().RetryAfter(kNow), std::nullopt); }

TEST(AnswerHeaders, SecondsAreTakenAsWritten) {
  EXPECT_EQ(RetryAfter("0"), milliseconds(0));
  EXPECT_EQ(RetryAfter(" 120 "), seconds(120));
}

TEST(AnswerHeaders, ADateCountsFromNowAndOneThatIsPastIsNow) {
  EXPECT_EQ(RetryAfter("Sun, 06 Nov 1994 08:51:37 GMT"), seconds(120));
  EXPECT_EQ(RetryAfter("Sun, 06 Nov 1994 08:00:00 GMT"), seconds(0));
}

TEST(AnswerHeaders, MoreThanADayIsSomebodysMistake) {
  EXPECT_EQ(RetryAfter("86400"), hours(24));
  EXPECT_EQ(RetryAfter("86401"), hours(24));
  EXPECT_EQ(RetryAfter("9223372036854775807"), hours(24));
  EXPECT_EQ(RetryAfter("Fri, 31 Dec 9999 23:59:59 GMT"), hours(24));
}

TEST(AnswerHeaders, WhatIsNeitherIsNoHeader) {
  for (const std::string value : {"", "-1", "1.5", "5 s", "soon", "9223372036854775808", "Sun, 06 Nov 1994"}) {
    EXPECT_EQ(RetryAfter(value), std::nullopt) << value;
  }
}

}  // namespace
}  // namespace tegodrop
