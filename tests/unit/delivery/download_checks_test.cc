// What an output must have in common with its source and its folder's wishes.
#include "daemon/delivery/download_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/delivery/sample_job.h"

namespace tegodrop::testing {
namespace {

using ::testing::HasSubstr;

const std::string kMine(64, 'a');
const std::string kOther(64, 'b');

class IdentityChecksTest : public ::testing::Test {
 protected:
  IdentityChecksTest() {
    job.artifact.identity = {"com.example.app", "1.2", "12"};
    facts.identity = job.artifact.identity;
    facts.signature_schemes = {"v2"};
    facts.signers = {kMine};
  }

  Check Of(const std::string& id, bool sound = true) {
    for (const Check& check : IdentityChecks(job, facts, sound)) {
      if (check.id == id) return check;
    }
    return {"", "none", ""};
  }

  Job job = BuiltJob();
  ProtectedFacts facts;
};

TEST_F(IdentityChecksTest, TheSameAppOfTheSameVersionPasses) {
  EXPECT_EQ(Of("package").result, "pass");
  EXPECT_EQ(Of("version").result, "pass");
  EXPECT_THAT(Of("version").detail, HasSubstr("'1.2'"));
}

TEST_F(IdentityChecksTest, AnotherAppFailsAndBothAreNamed) {
  facts.identity.package = "com.example.other";
  EXPECT_EQ(Of("package").result, "fail");
  EXPECT_THAT(Of("package").detail, HasSubstr("it is 'com.example.other', and the source is 'com.example.app'"));
  EXPECT_EQ(Of("version").result, "pass");
}

TEST_F(IdentityChecksTest, AnotherVersionNameOrCodeFails) {
  facts.identity.version_name = "1.3";
  EXPECT_EQ(Of("version").result, "fail");
  EXPECT_THAT(Of("version").detail,
              HasSubstr("it has version '1.3', code '12', and the source has version '1.2', code '12'"));
  facts.identity = job.artifact.identity;
  facts.identity.version_code = "13";
  EXPECT_EQ(Of("version").result, "fail");
  EXPECT_THAT(Of("version").detail, HasSubstr("it has version '1.2', code '13'"));
}

TEST_F(IdentityChecksTest, WhatTheSourceDoesNotSayMayBeAnything) {
  job.artifact.identity = {"com.example.app", "", "12"};
  facts.identity.version_name = "9";
  EXPECT_EQ(Of("version").result, "pass");
  job.artifact.identity = {};
  EXPECT_EQ(Of("package").result, "skipped");
  EXPECT_EQ(Of("version").result, "skipped");
}

TEST_F(IdentityChecksTest, AnOutputThatDoesNotSayWhatTheSourceSaysFails) {
  facts.identity = {};
  facts.manifest_fault = "it is cut off";
  EXPECT_EQ(Of("package").result, "fail");
  EXPECT_THAT(Of("package").detail, HasSubstr("cannot be read: it is cut off"));
  EXPECT_EQ(Of("version").result, "fail");
  facts.manifest_fault.clear();
  EXPECT_THAT(Of("package").detail, HasSubstr("does not say it"));
}

TEST_F(IdentityChecksTest, AnOutputOfTheSameCodeThatNamesNoVersionIsAWarning) {
  facts.identity.version_name.clear();
  EXPECT_EQ(Of("version").result, "warn");
  EXPECT_THAT(Of("version").detail, HasSubstr("version (not said), code '12'"));
  facts.identity.version_code = "13";
  EXPECT_EQ(Of("version").result, "fail");
  job.artifact.identity.version_code.clear();
  EXPECT_EQ(Of("version").result, "fail") << "nothing tells it to be the same";
}

TEST_F(IdentityChecksTest, WithoutAWishForACertificateTheSignerIsToldAndNotJudged) {
  EXPECT_EQ(Of("signer").result, "skipped");
  EXPECT_THAT(Of("signer").detail, HasSubstr(kMine));
}

TEST_F(IdentityChecksTest, OnlyTheExpectedCertificatesMayHaveSigned) {
  job.target.Edit().expected_signers = {kMine};
  EXPECT_EQ(Of("signer").result, "pass");
  facts.signers = {kOther};
  EXPECT_EQ(Of("signer").result, "fail");
  EXPECT_THAT(Of("signer").detail, AllOf(HasSubstr(kOther), HasSubstr(kMine)));
  // A second signer that nobody expects.
  facts.signers = {kMine, kOther};
  EXPECT_EQ(Of("signer").result, "fail");
  job.target.Edit().expected_signers = {kOther, kMine};
  EXPECT_EQ(Of("signer").result, "pass");
}

TEST_F(IdentityChecksTest, AnExpectedCertificateWantsASignatureThatNamesIt) {
  job.target.Edit().expected_signers = {kMine};
  facts.signers.clear();
  facts.signers_fault = "the block is malformed";
  EXPECT_THAT(Of("signer").detail, HasSubstr("the block is malformed"));
  EXPECT_EQ(Of("signer").result, "fail");
  facts.signers_fault.clear();
  EXPECT_THAT(Of("signer").detail, HasSubstr("names none"));
  facts.signature_schemes.clear();
  EXPECT_THAT(Of("signer").detail, HasSubstr("not signed"));
  EXPECT_EQ(Of("signer").result, "fail");
}

TEST_F(IdentityChecksTest, NothingIsSaidOfAnOutputThatIsNoSoundArchive) {
  facts.identity.package = "com.example.other";
  for (const char* id : {"package", "version", "signer"}) EXPECT_EQ(Of(id, false).result, "skipped") << id;
}

TEST(SoftenChecks, MakesAWarningOfWhatTheFolderCallsOneAndSaysSo) {
  Job job = BuiltJob();
  job.target.Edit().warn_checks = {"version"};
  std::vector<Check> checks = {{"package", "fail", "other"}, {"version", "fail", "newer"}, {"kind", "pass", "good"}};
  SoftenChecks(job, checks);
  EXPECT_EQ(checks[0].result, "fail");
  EXPECT_EQ(checks[1].result, "warn");
  EXPECT_THAT(checks[1].detail, AllOf(HasSubstr("newer"), HasSubstr("warn_checks")));
  EXPECT_EQ(checks[2].result, "pass");
}

}  // namespace
}  // namespace tegodrop::testing
