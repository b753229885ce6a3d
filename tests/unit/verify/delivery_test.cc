// One delivery against its records: what is touched is named.
#include "daemon/cli/verify/delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/base/digest.h"
#include "daemon/delivery/records.h"
#include "daemon/disk/layout.h"
#include "daemon/provenance/statement.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/fakes/zip_maker.h"
#include "tests/unit/delivery/sample_job.h"

namespace tegodrop::testing {
namespace {

using ::testing::HasSubstr;

class VerifyDeliveryTest : public ::testing::Test {
 protected:
  VerifyDeliveryTest() {
    job.output.size = bytes.size();
    job.output.sha256 = Sha256Hex(bytes);
    job.output.identity = {};
    job.artifact.identity = {};
    job.output.signature_schemes.emplace();
    job.build->signed_ = false;
    Deliver();
  }

  void Deliver() {
    trace = TraceJson(job, {"host-a", "0.1.0"});
    Put(name, bytes);
    Put(ChecksumName(name), ChecksumLine(job));
    Put(TraceName(name), trace);
    Put(StatementName(name), *ProvenanceStatement(trace, TraceName(name)));
  }
  void Put(const std::string& file, const std::string& content) { folder.Write(file, content, 0644); }
  void Remove(const std::string& file) { std::filesystem::remove(folder.Path(file)); }

  Verdict Verify() { return VerifyDelivery({*fs, {}, "", "not installed"}, {folder.path(), TraceName(name), name}); }
  // "id: detail" of the first difference; empty where there is none.
  std::string Difference() {
    const Verdict verdict = Verify();
    const Check* difference = verdict.difference();
    return difference == nullptr ? "" : difference->id + ": " + difference->detail;
  }

  ScratchFolder folder;
  std::unique_ptr<FileSystem> fs = MakePosixFileSystem();
  std::string bytes = MakeApk(1000);
  Job job = PublishedJob();
  const std::string name = job.output.protected_name;
  std::string trace;
};

TEST_F(VerifyDeliveryTest, FindsNoDifferenceInWhatWasDelivered) {
  EXPECT_EQ(Difference(), "");
  const Verdict verdict = Verify();
  ASSERT_TRUE(verdict.trace);
  for (const char* id : {"trace", "file", "size", "sha256", "checksum_file", "zip_entries", "provenance"}) {
    const auto found =
        std::find_if(verdict.checks.begin(), verdict.checks.end(), [&](const Check& c) { return c.id == id; });
    ASSERT_NE(found, verdict.checks.end()) << id;
    EXPECT_EQ(found->result, "pass") << id << ": " << found->detail;
  }
}

TEST_F(VerifyDeliveryTest, NamesAFileOfAnotherSize) {
  Put(name, bytes + "x");
  EXPECT_THAT(Difference(), HasSubstr("size: it has"));
}

TEST_F(VerifyDeliveryTest, NamesAFlippedByte) {
  bytes[bytes.size() / 2] ^= 1;
  Put(name, bytes);
  EXPECT_THAT(Difference(), HasSubstr("sha256: it has " + Sha256Hex(bytes)));
}

TEST_F(VerifyDeliveryTest, NamesAnOtherFileUnderACorrectedTrace) {
  bytes = "no archive at all";
  job.output.size = bytes.size();
  job.output.sha256 = Sha256Hex(bytes);
  Deliver();
  EXPECT_THAT(Difference(), HasSubstr("zip_structure: "));
}

TEST_F(VerifyDeliveryTest, NamesWhatIsMissing) {
  Remove(name);
  EXPECT_THAT(Difference(), HasSubstr("file: the protected file: it is not there"));
  Deliver();
  Remove(ChecksumName(name));
  EXPECT_THAT(Difference(), HasSubstr("checksum_file: "));
  Deliver();
  Remove(TraceName(name));
  EXPECT_THAT(Difference(), HasSubstr("trace: the trace: it is not there"));
}

TEST_F(VerifyDeliveryTest, NamesAChecksumFileOfSomethingElse) {
  Put(ChecksumName(name), std::string(64, '0') + "  " + name + "\n");
  EXPECT_THAT(Difference(), HasSubstr("checksum_file: "));
}

TEST_F(VerifyDeliveryTest, NamesATraceThatStandsBesideAnotherFile) {
  const Verdict verdict = VerifyDelivery({*fs, {}, "", ""}, {folder.path(), TraceName(name), "other.apk"});
  ASSERT_NE(verdict.difference(), nullptr);
  EXPECT_EQ(verdict.difference()->id, "trace");
}

TEST_F(VerifyDeliveryTest, NamesAProvenanceThatSaysSomethingElse) {
  std::string statement = *ProvenanceStatement(trace, TraceName(name));
  statement.replace(statement.find("git.example"), 11, "git.another");
  Put(StatementName(name), statement);
  EXPECT_THAT(Difference(), HasSubstr("provenance: what " + StatementName(name)));
}

// The statement names the trace by its digest.
TEST_F(VerifyDeliveryTest, NamesATraceThatWasWrittenAnew) {
  std::string other = trace;
  other.replace(other.find("host-a"), 6, "host-b");
  Put(TraceName(name), other);
  EXPECT_THAT(Difference(), HasSubstr("provenance: "));
}

TEST_F(VerifyDeliveryTest, TakesADeliveryWithoutProvenance) {
  Remove(StatementName(name));
  EXPECT_EQ(Difference(), "");
}

TEST_F(VerifyDeliveryTest, NamesAnAppThatTheTraceDoesNotName) {
  job.output.identity = {"com.example.app", "1.2", "12"};
  Deliver();
  EXPECT_THAT(Difference(), HasSubstr("identity: it is ''"));
}

TEST_F(VerifyDeliveryTest, NamesASignatureThatIsNotThere) {
  job.output.signature_schemes = std::vector<std::string>{"v2"};
  Deliver();
  EXPECT_THAT(Difference(), HasSubstr("signature_schemes: it carries none, and the trace says v2"));
}

TEST_F(VerifyDeliveryTest, NamesAnUnsignedFileThatThePortalCalledSigned) {
  job.build->signed_ = true;
  Deliver();
  EXPECT_THAT(Difference(), HasSubstr("signature: the portal says that it is signed"));
}

TEST_F(VerifyDeliveryTest, NamesASourceThatTheOutputIsNot) {
  job.artifact.identity = {"com.example.app", "1.2", "12"};
  Deliver();
  EXPECT_THAT(Difference(), HasSubstr("package: the source is 'com.example.app'"));
}

TEST_F(VerifyDeliveryTest, WhatWasDeliveredWithAWarningStaysOne) {
  job.artifact.identity = {"com.example.app", "", ""};
  job.output.checks.push_back({"package", "warn", "another"});
  Deliver();
  EXPECT_EQ(Difference(), "");
}

}  // namespace
}  // namespace tegodrop::testing
