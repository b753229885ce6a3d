// Statements in signed envelopes.
#include "daemon/provenance/envelope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/base/digest.h"
#include "daemon/base/safe_json.h"
#include "tests/unit/provenance/test_keys.h"

namespace tegodrop::testing {
namespace {

using ::testing::HasSubstr;

const std::string kStatement = "{\"_type\": \"https://in-toto.io/Statement/v1\", \"größe\": 1}\n";

class EnvelopeTest : public ::testing::Test {
 protected:
  const TestKey key = Ed25519();
  const SigningKey signer = *SigningKey::FromPem(Secret(PrivatePem(key)));
  const VerifyingKey verifier = *VerifyingKey::FromPem(PublicPem(key));
};

TEST_F(EnvelopeTest, IsOneLineThatGivesTheStatementBack) {
  const auto line = WriteEnvelope(kStatement, signer);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->find('\n'), line->size() - 1);
  const auto envelope = ReadEnvelope(*line);
  ASSERT_TRUE(envelope) << envelope.error().message;
  EXPECT_EQ(envelope->payload, kStatement);
  EXPECT_EQ(envelope->payload_type, "application/vnd.in-toto+json");
  ASSERT_EQ(envelope->signatures.size(), 1U);
  EXPECT_EQ(envelope->signatures[0].key, verifier.id());
  EXPECT_TRUE(IsSignedBy(*envelope, verifier));
}

// The encoding as the DSSE specification spells it, so that others verify the same bytes.
TEST_F(EnvelopeTest, SignsThePreAuthenticationEncodingAndNotThePayloadAlone) {
  const auto envelope = ReadEnvelope(*WriteEnvelope("hello", signer));
  ASSERT_TRUE(envelope);
  EXPECT_TRUE(verifier.Verifies("DSSEv1 28 application/vnd.in-toto+json 5 hello", envelope->signatures[0].bytes));
  EXPECT_FALSE(verifier.Verifies("hello", envelope->signatures[0].bytes));
}

TEST_F(EnvelopeTest, IsSignedByNobodyElseAndNotOverAnotherPayload) {
  auto envelope = *ReadEnvelope(*WriteEnvelope(kStatement, signer));
  EXPECT_FALSE(IsSignedBy(envelope, *VerifyingKey::FromPem(PublicPem(Ed25519()))));
  envelope.payload[0] = '[';
  EXPECT_FALSE(IsSignedBy(envelope, verifier));
  envelope.signatures.clear();
  EXPECT_FALSE(IsSignedBy(envelope, verifier));
}

TEST_F(EnvelopeTest, OneGoodSignatureOfSeveralIsEnough) {
  auto envelope = *ReadEnvelope(*WriteEnvelope(kStatement, signer));
  envelope.signatures.insert(envelope.signatures.begin(), {"somebody", "no signature"});
  EXPECT_TRUE(IsSignedBy(envelope, verifier));
}

TEST_F(EnvelopeTest, WhatIsNoneIsRefusedWithItsReason) {
  const std::string good = *WriteEnvelope(kStatement, signer);
  const auto says = [](const std::string& line) {
    const auto envelope = ReadEnvelope(line);
    return envelope ? std::string("read") : envelope.error().message;
  };
  EXPECT_THAT(says(""), HasSubstr("empty"));
  EXPECT_THAT(says("[]"), HasSubstr("no DSSE envelope"));
  EXPECT_THAT(says(R"({"payload": "aGVsbG8="})"), HasSubstr("no DSSE envelope"));
  EXPECT_THAT(says(R"({"payload": "aGVsbG8=", "payloadType": "text/plain", "signatures": []})"),
              HasSubstr("no in-toto statement"));
  EXPECT_THAT(says(R"({"payload": "aGVsbG8", "payloadType": "application/vnd.in-toto+json", "signatures": []})"),
              HasSubstr("payload that is no base64"));
  EXPECT_THAT(says(R"({"payload": "", "payloadType": "application/vnd.in-toto+json", "signatures": [{"sig": "*"}]})"),
              HasSubstr("signature that is no base64"));
  EXPECT_NE(says(good + good), "read");
  for (std::size_t length = 0; length + 1 < good.size(); ++length) {
    EXPECT_NE(says(good.substr(0, length)), "read") << length;
  }
}

TEST(FromBase64, ReadsBackWhatBase64Wrote) {
  for (const std::string bytes : {"", "a", "ab", "abc", "abcd"}) {
    const auto back = FromBase64(Base64(bytes));
    ASSERT_TRUE(back) << bytes;
    EXPECT_EQ(*back, bytes);
  }
}

TEST(FromBase64, RefusesWhatBase64DoesNotWrite) {
  for (const char* text : {"a", "====", "YQ=", "YR==", "Y Q=", "YQ==\n", "YQ==YQ==", "*Q=="}) {
    EXPECT_FALSE(FromBase64(text)) << text;
  }
}

}  // namespace
}  // namespace tegodrop::testing
