// Traces as they are read again.
#include "daemon/cli/verify/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/delivery/records.h"
#include "tests/unit/delivery/sample_job.h"

namespace tegodrop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;

std::string Written() { return TraceJson(PublishedJob(), {"host-a", "0.1.0"}); }

std::string With(const std::string& from, const std::string& to) {
  std::string text = Written();
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::string Says(const std::string& text) {
  const auto trace = ReadTrace(text);
  return trace ? "read" : trace.error().message;
}

TEST(ReadTrace, ReadsWhatTheDaemonWrites) {
  const Job job = PublishedJob();
  const auto trace = ReadTrace(Written());
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace->protected_output, job.output.protected_name);
  EXPECT_EQ(trace->version, "production");
  EXPECT_EQ(trace->platform, "android");
  EXPECT_EQ(trace->start_time, job.ticket.start_time);
  EXPECT_EQ(trace->commit_sha, std::string(40, 'a'));
  EXPECT_TRUE(trace->commit_conflict);
  EXPECT_EQ(trace->candidates.size(), 2U);
  EXPECT_EQ(trace->source.sha256, job.artifact.sha256);
  EXPECT_EQ(trace->source.identity, job.artifact.identity);
  EXPECT_EQ(trace->output.sha256, job.output.sha256);
  EXPECT_THAT(trace->output.size, Optional(static_cast<std::int64_t>(job.output.size)));
  EXPECT_EQ(trace->output.identity, job.output.identity);
  EXPECT_THAT(trace->signature_schemes, Optional(ElementsAre("v1", "v2")));
  EXPECT_TRUE(trace->said_signed);
  EXPECT_EQ(trace->checks.size(), 2U);
  EXPECT_EQ(trace->job, job.id);
}

TEST(ReadTrace, RefusesAnotherSchema) {
  EXPECT_THAT(Says(With("tegodrop-trace/1", "tegodrop-trace/2")), HasSubstr("'tegodrop-trace/2'"));
  EXPECT_THAT(Says("{}"), HasSubstr("has the schema ''"));
}

TEST(ReadTrace, RefusesTheRecordOfAFailure) {
  EXPECT_THAT(Says(FailedJson(FailedJob(), {"host-a", "0.1.0"})), HasSubstr("record of a failure"));
}

TEST(ReadTrace, RefusesWhatIsNoJsonObject) {
  EXPECT_THAT(Says(""), HasSubstr("empty"));
  EXPECT_THAT(Says("[1]"), HasSubstr("no JSON object"));
  EXPECT_NE(Says(Written().substr(0, 200)), "read");
}

TEST(ReadTrace, RefusesOneThatDoesNotSayWhichBytesWereDelivered) {
  const std::string digest = PublishedJob().output.sha256;
  EXPECT_THAT(Says(With('"' + digest + '"', "null")), HasSubstr("which bytes"));
  EXPECT_THAT(Says(With(digest, digest.substr(1))), HasSubstr("output.sha256 that is none"));
  EXPECT_THAT(Says(With("\"App Release-protected-1767225100.apk\"", "null")), HasSubstr("protected_output"));
  EXPECT_THAT(Says(With("\"start_time\": 1767225100", "\"start_time\": null")), HasSubstr("start_time"));
}

TEST(ReadTrace, RefusesACommitThatItsCandidatesDoNotGive) {
  const std::string sha(40, 'a');
  EXPECT_THAT(Says(With("\"commit_sha\": \"" + sha, "\"commit_sha\": \"" + std::string(40, 'c'))),
              HasSubstr("not the first of its candidates"));
}

TEST(ReadTrace, RefusesAVerdictThatItsChecksDoNotGive) {
  EXPECT_THAT(Says(With("\"result\": \"pass\"", "\"result\": \"warn\"")), HasSubstr("its checks do not give"));
  Job failed = PublishedJob();
  failed.output.checks.push_back({"kind", "fail", "x"});
  EXPECT_THAT(Says(TraceJson(failed, {"host-a", "0.1.0"})), HasSubstr("failed its validation"));
}

}  // namespace
}  // namespace tegodrop::testing
