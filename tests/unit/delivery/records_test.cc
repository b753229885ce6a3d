// What is written beside the files: every key, in its order, with its type.
#include "daemon/delivery/records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <string>
#include <vector>

#include "daemon/base/text.h"
#include "tests/unit/delivery/sample_job.h"

namespace tegodrop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

const Producer kProducer{"host-a", "0.1.0"};

rapidjson::Document Parse(const std::string& json) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag>(json.data(), json.size());
  EXPECT_FALSE(document.HasParseError()) << json;
  EXPECT_TRUE(document.IsObject());
  EXPECT_TRUE(IsUtf8(json));
  EXPECT_TRUE(json.ends_with("}\n"));
  return document;
}

std::vector<std::string> Keys(const rapidjson::Value& object) {
  std::vector<std::string> keys;
  for (const auto& member : object.GetObject()) keys.emplace_back(member.name.GetString());
  return keys;
}

const std::vector<std::string> kTraceKeys{
    "schema",     "version", "platform",   "file_name",  "file_path", "start_time", "protected_output",
    "commit_sha", "commit",  "tenant",     "portal_url", "folder",    "source",     "output",
    "sidecar",    "build",   "validation", "times",      "job",       "host",       "tool"};

void ExpectAllTraceKeys(const rapidjson::Document& trace) {
  EXPECT_THAT(Keys(trace["commit"]), ElementsAre("origin", "conflict", "candidates"));
  EXPECT_THAT(Keys(trace["source"]), ElementsAre("size", "sha256", "package", "version_name", "version_code"));
  EXPECT_THAT(Keys(trace["output"]),
              ElementsAre("size", "sha256", "package", "version_name", "version_code", "signature_schemes"));
  EXPECT_THAT(Keys(trace["validation"]), ElementsAre("result", "checks"));
  EXPECT_THAT(Keys(trace["times"]), ElementsAre("detected", "submitted", "completed", "delivered"));
  EXPECT_THAT(Keys(trace["tool"]), ElementsAre("name", "version"));
}

TEST(TraceTest, HasEveryKeyWithItsValue) {
  const auto trace = Parse(TraceJson(PublishedJob(), kProducer));
  EXPECT_THAT(Keys(trace), ElementsAreArray(kTraceKeys));
  ExpectAllTraceKeys(trace);
  EXPECT_STREQ(trace["schema"].GetString(), "tegodrop-trace/1");
  EXPECT_STREQ(trace["version"].GetString(), "production");
  EXPECT_STREQ(trace["platform"].GetString(), "android");
  EXPECT_STREQ(trace["file_name"].GetString(), "App Release.apk");
  EXPECT_STREQ(trace["file_path"].GetString(), PublishedJob().ticket.file_path.c_str());
  ASSERT_TRUE(trace["start_time"].IsInt64());
  EXPECT_EQ(trace["start_time"].GetInt64(), 1'767'225'100);
  EXPECT_STREQ(trace["protected_output"].GetString(), "App Release-protected-1767225100.apk");
  EXPECT_EQ(trace["commit_sha"].GetString(), std::string(40, 'a'));
  EXPECT_STREQ(trace["commit"]["origin"].GetString(), "sidecar");
  EXPECT_TRUE(trace["commit"]["conflict"].GetBool());
  ASSERT_EQ(trace["commit"]["candidates"].Size(), 2U);
  EXPECT_STREQ(trace["commit"]["candidates"][1]["origin"].GetString(), "file_name");
  EXPECT_EQ(trace["commit"]["candidates"][1]["sha"].GetString(), std::string(40, 'b'));
  EXPECT_STREQ(trace["tenant"].GetString(), "9f1c0a4e7b8d4a4db52e6a6d5c5c1f11");
  EXPECT_STREQ(trace["portal_url"].GetString(), "https://app.apptego.com/frontend");
  EXPECT_STREQ(trace["folder"].GetString(), "production");
  EXPECT_EQ(trace["source"]["size"].GetUint64(), sizeof kSource - 1);
  EXPECT_EQ(trace["source"]["sha256"].GetString(), Sha256Hex(kSource));
  EXPECT_STREQ(trace["source"]["package"].GetString(), "com.example.app");
  EXPECT_STREQ(trace["source"]["version_name"].GetString(), "1.2");
  EXPECT_STREQ(trace["source"]["version_code"].GetString(), "12");
  EXPECT_EQ(trace["output"]["size"].GetUint64(), sizeof kProtected - 1);
  EXPECT_EQ(trace["output"]["sha256"].GetString(), Sha256Hex(kProtected));
  EXPECT_STREQ(trace["output"]["package"].GetString(), "com.example.app");
  EXPECT_STREQ(trace["output"]["version_name"].GetString(), "1.2-protected");
  EXPECT_STREQ(trace["output"]["version_code"].GetString(), "12");
  ASSERT_EQ(trace["output"]["signature_schemes"].Size(), 2U);
  EXPECT_STREQ(trace["output"]["signature_schemes"][1].GetString(), "v2");
  EXPECT_STREQ(trace["job"].GetString(), "0123456789abcdef");
  EXPECT_STREQ(trace["host"].GetString(), "host-a");
  EXPECT_STREQ(trace["tool"]["name"].GetString(), "tegodrop");
  EXPECT_STREQ(trace["tool"]["version"].GetString(), "0.1.0");
}

TEST(TraceTest, SidecarBuildValidationAndTimesAreTold) {
  const auto trace = Parse(TraceJson(PublishedJob(), kProducer));
  EXPECT_THAT(Keys(trace["sidecar"]), ElementsAre("repository", "ref", "build_url", "labels"));
  EXPECT_STREQ(trace["sidecar"]["repository"].GetString(), "https://git.example/app");
  EXPECT_STREQ(trace["sidecar"]["labels"]["team"].GetString(), "mobile");
  EXPECT_THAT(Keys(trace["build"]), ElementsAre("end_time", "name", "signed", "signing_key_id", "signing_key_name",
                                                "status_message", "error_message", "signing_error_message"));
  EXPECT_EQ(trace["build"]["end_time"].GetInt64(), 1'767'225'400);
  EXPECT_TRUE(trace["build"]["signed"].GetBool());
  EXPECT_STREQ(trace["build"]["signing_key_name"].GetString(), "Release key");
  EXPECT_TRUE(trace["build"]["error_message"].IsNull());
  EXPECT_STREQ(trace["validation"]["result"].GetString(), "pass");
  ASSERT_EQ(trace["validation"]["checks"].Size(), 2U);
  EXPECT_THAT(Keys(trace["validation"]["checks"][0]), ElementsAre("id", "result", "detail"));
  EXPECT_STREQ(trace["validation"]["checks"][0]["id"].GetString(), "length");
  EXPECT_STREQ(trace["times"]["detected"].GetString(), "2025-12-31T23:50:00.000Z");
  EXPECT_STREQ(trace["times"]["completed"].GetString(), "2025-12-31T23:55:00.123Z");
  EXPECT_STREQ(trace["times"]["delivered"].GetString(), "2025-12-31T23:55:10.000Z");
}

TEST(TraceTest, WhatIsNotKnownIsNullAndStillThere) {
  Job job;
  job.id = "0123456789abcdef";
  const auto trace = Parse(TraceJson(job, {}));
  EXPECT_THAT(Keys(trace), ElementsAreArray(kTraceKeys));
  ExpectAllTraceKeys(trace);
  for (const char* key : {"version", "file_path", "start_time", "protected_output", "commit_sha", "tenant",
                          "portal_url", "folder", "sidecar", "build", "host"}) {
    EXPECT_TRUE(trace[key].IsNull()) << key;
  }
  EXPECT_TRUE(trace["commit"]["origin"].IsNull());
  EXPECT_FALSE(trace["commit"]["conflict"].GetBool());
  EXPECT_TRUE(trace["commit"]["candidates"].Empty());
  for (const char* key : {"size", "sha256"}) {
    EXPECT_TRUE(trace["source"][key].IsNull()) << key;
    EXPECT_TRUE(trace["output"][key].IsNull()) << key;
  }
  for (const auto& time : trace["times"].GetObject()) EXPECT_TRUE(time.value.IsNull()) << time.name.GetString();
  EXPECT_STREQ(trace["validation"]["result"].GetString(), "skipped");
}

TEST(TraceTest, HostileTextStaysOneValidDocument) {
  Job job = PublishedJob();
  job.artifact.file_name = "bad\xFF\xC3\x28\"name\n.apk";
  job.ticket.file_path = "\xE2\x80\xAEpath\\\x01";
  job.artifact.sidecar.labels = {{"k\xFF", "</script>\xF0\x9F\x98\x80"}};
  job.build->status_message = std::string("nul\0byte", 8);
  const auto trace = Parse(TraceJson(job, kProducer));
  EXPECT_STREQ(trace["file_name"].GetString(), "bad\\xff\\xc3(\"name\\x0a.apk");
  EXPECT_STREQ(trace["file_path"].GetString(), "\xE2\x80\xAEpath\\\x01") << "verbatim, it is UTF-8";
  EXPECT_STREQ(trace["sidecar"]["labels"]["k\\xff"].GetString(), "</script>\xF0\x9F\x98\x80");
  EXPECT_EQ(trace["build"]["status_message"].GetStringLength(), 8U);
}

TEST(TraceTest, SameRowGivesTheSameBytes) {
  EXPECT_EQ(TraceJson(PublishedJob(), kProducer), TraceJson(PublishedJob(), kProducer));
}

TEST(FailedTest, TellsTheFailureAfterTheTracesFields) {
  const auto failed = Parse(FailedJson(FailedJob(), kProducer));
  std::vector<std::string> keys = kTraceKeys;
  keys.emplace_back("failure");
  EXPECT_THAT(Keys(failed), ElementsAreArray(keys));
  ExpectAllTraceKeys(failed);
  EXPECT_THAT(Keys(failed["failure"]),
              ElementsAre("kind", "message", "remedy", "status_message", "error_message", "signing_error_message"));
  EXPECT_STREQ(failed["failure"]["kind"].GetString(), "build_failed");
  EXPECT_STREQ(failed["failure"]["message"].GetString(), "the portal could not protect it");
  EXPECT_STREQ(failed["failure"]["error_message"].GetString(), "the manifest cannot be read");
  EXPECT_TRUE(failed["failure"]["status_message"].IsNull());
}

TEST(FailedTest, NamesNoOutputThatWasNeverDelivered) {
  Job job = FailedJob();
  job.output.protected_name = "chosen.apk";
  job.times.delivered = kDetected;
  const auto failed = Parse(FailedJson(job, kProducer));
  EXPECT_TRUE(failed["protected_output"].IsNull());
  EXPECT_TRUE(failed["times"]["delivered"].IsNull());
}

TEST(ReasonTest, SaysWhatAndWhen) {
  Job job = FailedJob();
  job.times.delivered = kDetected;
  const auto reason = Parse(ReasonJson(job));
  EXPECT_THAT(Keys(reason), ElementsAre("schema", "job", "file_name", "sha256", "failure", "times"));
  EXPECT_STREQ(reason["schema"].GetString(), "tegodrop-reason/1");
  EXPECT_STREQ(reason["failure"]["kind"].GetString(), "build_failed");
  EXPECT_STREQ(reason["times"]["detected"].GetString(), "2025-12-31T23:50:00.000Z");
  EXPECT_TRUE(reason["times"]["delivered"].IsNull());
}

TEST(ReceiptTest, OfADeliveryNamesItsTrace) {
  const auto receipt = Parse(ReceiptJson(PublishedJob()));
  EXPECT_THAT(Keys(receipt), ElementsAre("schema", "state", "job", "file_name", "sha256", "trace", "failure"));
  EXPECT_STREQ(receipt["schema"].GetString(), "tegodrop-receipt/1");
  EXPECT_STREQ(receipt["state"].GetString(), "delivered");
  EXPECT_STREQ(receipt["trace"].GetString(), "/srv/protected/App Release-protected-1767225100.apk.trace.json");
  EXPECT_TRUE(receipt["failure"].IsNull());
}

TEST(ReceiptTest, OfADuplicateNamesTheEarlierTrace) {
  Job job = PublishedJob();
  job.output = {};
  job.duplicate_of = "earlier";
  job.duplicate_trace = "/srv/protected/earlier.apk.trace.json";
  const auto receipt = Parse(ReceiptJson(job));
  EXPECT_STREQ(receipt["state"].GetString(), "duplicate");
  EXPECT_STREQ(receipt["trace"].GetString(), "/srv/protected/earlier.apk.trace.json");
  EXPECT_TRUE(receipt["failure"].IsNull());
}

TEST(ReceiptTest, OfAFailureNamesTheReason) {
  for (const JobState state : {JobState::kFailed, JobState::kCancelled}) {
    Job job = FailedJob();
    job.state = state;
    job.output.protected_name = "chosen.apk";
    const auto receipt = Parse(ReceiptJson(job));
    EXPECT_STREQ(receipt["state"].GetString(), "failed");
    EXPECT_TRUE(receipt["trace"].IsNull());
    EXPECT_STREQ(receipt["failure"]["kind"].GetString(), "build_failed");
    EXPECT_EQ(receipt["sha256"].GetString(), Sha256Hex(kSource));
  }
}

TEST(ReceiptTest, IdIsTheSubmittersOnlyWhereItIsSafeAsAName) {
  Job job = PublishedJob();
  const auto id_of = [&](const std::string& submit_id) {
    job.artifact.sidecar.submit_id = submit_id;
    return ReceiptId(job);
  };
  EXPECT_EQ(id_of("build-17.A_z"), "build-17.A_z");
  EXPECT_EQ(id_of(std::string(64, 'a')), std::string(64, 'a'));
  const std::vector<std::string> unsafe{"",    std::string(65, 'a'),  ".hidden", "..", "a/b", "a\\b", "a b", "\xC3\xA4",
                                        "a\n", std::string("a\0b", 3)};
  for (const std::string& submit_id : unsafe) EXPECT_EQ(id_of(submit_id), job.id) << submit_id;
}

TEST(ChecksumTest, LineIsAsSha256sumReadsIt) {
  EXPECT_EQ(ChecksumLine(PublishedJob()), Sha256Hex(kProtected) + "  App Release-protected-1767225100.apk\n");
}

}  // namespace
}  // namespace tegodrop::testing
