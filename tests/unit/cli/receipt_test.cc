// Receipts as the daemon writes them, and as others may: what is not surely a delivery passes no gate.
#include "daemon/cli/submit/receipt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tegodrop::testing {
namespace {

using ::testing::HasSubstr;

const std::string kDelivered = R"({
    "schema": "tegodrop-receipt/1",
    "state": "delivered",
    "job": "06fk",
    "file_name": "app.apk",
    "sha256": "aa",
    "trace": "/out/app.apk.trace.json",
    "failure": null
})";

std::string Changed(const std::string& from, const std::string& to) {
  std::string text = kDelivered;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string Fault(const std::string& text) {
  const auto receipt = ParseReceipt(text);
  EXPECT_FALSE(receipt) << text;
  return receipt ? "" : receipt.error().message;
}

TEST(ReceiptTest, OfADelivery) {
  const auto receipt = ParseReceipt(kDelivered);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_TRUE(receipt->passed());
  EXPECT_EQ(receipt->state, Receipt::State::kDelivered);
  EXPECT_EQ(receipt->job, "06fk");
  EXPECT_EQ(receipt->file_name, "app.apk");
  EXPECT_EQ(receipt->sha256, "aa");
  EXPECT_EQ(receipt->trace, "/out/app.apk.trace.json");
}

TEST(ReceiptTest, OfADuplicate) {
  const auto receipt = ParseReceipt(Changed("\"delivered\"", "\"duplicate\""));
  ASSERT_TRUE(receipt);
  EXPECT_TRUE(receipt->passed());
  EXPECT_EQ(receipt->state, Receipt::State::kDuplicate);
}

TEST(ReceiptTest, OfAFailure) {
  const auto receipt = ParseReceipt(R"({"schema": "tegodrop-receipt/1", "state": "failed", "job": "1", "trace": null,
    "failure": {"kind": "build_failed", "message": "m", "remedy": "r", "status_message": null}})");
  ASSERT_TRUE(receipt);
  EXPECT_FALSE(receipt->passed());
  EXPECT_EQ(receipt->kind, "build_failed");
  EXPECT_EQ(receipt->message, "m");
  EXPECT_EQ(receipt->remedy, "r");
}

TEST(ReceiptTest, WhatIsNoReceiptIsNone) {
  EXPECT_THAT(Fault(""), HasSubstr("no JSON"));
  EXPECT_THAT(Fault("{"), HasSubstr("no JSON"));
  EXPECT_THAT(Fault(kDelivered + "{}"), HasSubstr("no JSON"));
  EXPECT_THAT(Fault(std::string(100'000, '[')), HasSubstr("no JSON"));
  EXPECT_THAT(Fault("[]"), HasSubstr("schema"));
  EXPECT_THAT(Fault(Changed("receipt/1", "receipt/2")), HasSubstr("schema"));
  EXPECT_THAT(Fault(Changed("\"delivered\"", "\"great\"")), HasSubstr("'great'"));
  EXPECT_THAT(Fault(Changed("\"delivered\"", "true")), HasSubstr("state"));
  EXPECT_THAT(Fault(Changed("\"06fk\"", "null")), HasSubstr("no job"));
}

TEST(ReceiptTest, ADeliveryWithoutATraceIsNone) {
  EXPECT_THAT(Fault(Changed("\"/out/app.apk.trace.json\"", "null")), HasSubstr("no trace"));
  EXPECT_THAT(Fault(Changed("\"/out/app.apk.trace.json\"", "{\"path\": 1}")), HasSubstr("no trace"));
}

TEST(ReceiptTest, AStateThatIsSaidTwiceIsNone) {
  EXPECT_THAT(Fault(Changed("\"state\"", "\"state\": \"failed\", \"state\"")), HasSubstr("no JSON"));
}

}  // namespace
}  // namespace tegodrop::testing
