// The provenance of a delivery, in the form that its folder asks for.
#include "daemon/delivery/attestor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/delivery/records.h"
#include "daemon/provenance/envelope.h"
#include "daemon/provenance/statement.h"
#include "tests/unit/delivery/sample_job.h"
#include "tests/unit/provenance/test_keys.h"

namespace tegodrop::testing {
namespace {

using ::testing::HasSubstr;

class AttestorTest : public ::testing::Test {
 protected:
  Result<Attestation> Attest(Provenance form) {
    job.target.Edit().provenance = form;
    return attestor.Attest(job, trace);
  }

  Job job = PublishedJob();
  const std::string trace = TraceJson(job, {"host-a", "0.1.0"});
  const std::string name = job.output.protected_name;
  Attestor attestor;
};

TEST_F(AttestorTest, OffIsNothing) {
  const auto none = Attest(Provenance::kOff);
  ASSERT_TRUE(none);
  EXPECT_EQ(none->name, "");
}

TEST_F(AttestorTest, AStatementIsMadeOfTheTrace) {
  const auto statement = Attest(Provenance::kStatement);
  ASSERT_TRUE(statement) << statement.error().message;
  EXPECT_EQ(statement->name, name + ".provenance.json");
  EXPECT_EQ(statement->content, *ProvenanceStatement(trace, name + ".trace.json"));
}

TEST_F(AttestorTest, SignedIsTheSameStatementInAnEnvelope) {
  const TestKey key = Ed25519();
  attestor.Use(*SigningKey::FromPem(Secret(PrivatePem(key))));
  const auto sealed = Attest(Provenance::kSigned);
  ASSERT_TRUE(sealed) << sealed.error().message;
  EXPECT_EQ(sealed->name, name + ".intoto.jsonl");
  const auto envelope = ReadEnvelope(sealed->content);
  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->payload, *ProvenanceStatement(trace, name + ".trace.json"));
  EXPECT_TRUE(IsSignedBy(*envelope, *VerifyingKey::FromPem(PublicPem(key))));
}

TEST_F(AttestorTest, WithoutAKeyWhatMustBeSignedWaitsAndSaysWhatFor) {
  const auto none = Attest(Provenance::kSigned);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::kLocalDisk);
  EXPECT_THAT(none.error().message, HasSubstr("provenance_key_file"));
  attestor.Use(*SigningKey::FromPem(Secret(PrivatePem(Ed25519()))));
  EXPECT_TRUE(Attest(Provenance::kSigned));
  attestor.Use(std::nullopt);
  EXPECT_FALSE(Attest(Provenance::kSigned));
}

}  // namespace
}  // namespace tegodrop::testing
