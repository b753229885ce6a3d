// The keys of signed provenance.
#include "daemon/provenance/key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tests/unit/provenance/test_keys.h"

namespace tegodrop::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::pair<std::string, TestKey>> GoodKeys() {
  return {{"ed25519", Ed25519()}, {"P-256", OnCurve("P-256")}, {"P-384", OnCurve("P-384")}};
}

TEST(ProvenanceKey, WhatOneSignsItsPublicHalfVerifies) {
  for (const auto& [name, key] : GoodKeys()) {
    const auto signer = SigningKey::FromPem(Secret(PrivatePem(key)));
    ASSERT_TRUE(signer) << name << ": " << signer.error().message;
    const auto verifier = VerifyingKey::FromPem(PublicPem(key));
    ASSERT_TRUE(verifier) << name << ": " << verifier.error().message;
    EXPECT_EQ(signer->id(), verifier->id()) << name;
    EXPECT_EQ(signer->id().size(), 64U);
    const auto signature = signer->Sign("what was delivered");
    ASSERT_TRUE(signature) << name;
    EXPECT_TRUE(verifier->Verifies("what was delivered", *signature)) << name;
    EXPECT_FALSE(verifier->Verifies("what was Delivered", *signature)) << name;
    EXPECT_FALSE(verifier->Verifies("what was delivered", signature->substr(1))) << name;
    EXPECT_FALSE(verifier->Verifies("what was delivered", "")) << name;
  }
}

TEST(ProvenanceKey, AnotherKeyVerifiesNothing) {
  for (const auto& [name, key] : GoodKeys()) {
    const auto signature = SigningKey::FromPem(Secret(PrivatePem(key)))->Sign("x");
    for (const auto& [other_name, other] : GoodKeys()) {
      EXPECT_FALSE(VerifyingKey::FromPem(PublicPem(other))->Verifies("x", *signature)) << name << " " << other_name;
    }
  }
}

TEST(ProvenanceKey, OfAnotherKindAreRefused) {
  for (const TestKey& key : {Rsa(), OnCurve("P-521"), OnCurve("secp256k1")}) {
    const auto signer = SigningKey::FromPem(Secret(PrivatePem(key)));
    ASSERT_FALSE(signer);
    EXPECT_THAT(signer.error().message, HasSubstr("another kind of key than an Ed25519"));
    EXPECT_FALSE(VerifyingKey::FromPem(PublicPem(key)));
  }
}

TEST(ProvenanceKey, UnderAPasswordIsRefusedWithoutAskingForIt) {
  const auto signer = SigningKey::FromPem(Secret(PrivatePem(Ed25519(), "opensesame")));
  ASSERT_FALSE(signer);
  EXPECT_THAT(signer.error().message, HasSubstr("without a password"));
}

TEST(ProvenanceKey, NoErrorHoldsAnyOfWhatStoodThere) {
  const auto signer = SigningKey::FromPem(Secret("-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n"));
  ASSERT_FALSE(signer);
  EXPECT_THAT(signer.error().message, Not(HasSubstr("hunter2")));
  EXPECT_FALSE(SigningKey::FromPem(Secret(PublicPem(Ed25519()))));
  EXPECT_FALSE(SigningKey::FromPem(Secret()));
  EXPECT_FALSE(VerifyingKey::FromPem(""));
  EXPECT_FALSE(VerifyingKey::FromPem(PrivatePem(Ed25519())));
}

}  // namespace
}  // namespace tegodrop::testing
