// The report as text and as JSON: complete where it promises to be, bounded where it does not, whatever files are
// called.
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <ctime>

#include "daemon/report/html.h"
#include "daemon/report/json.h"
#include "daemon/report/text.h"
#include "tests/unit/report/night.h"

namespace tegodrop {
namespace {

using testing::At;
using testing::Claimed;
using testing::Delivered;
using testing::Failed;
using testing::kBerlin;
using testing::kHostile;
using testing::Night;
using testing::Refused;
using testing::Zone;

std::size_t Times(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

std::vector<JobStory> Many(int count) {
  std::vector<JobStory> jobs;
  for (int i = 0; i < count; ++i) {
    jobs.push_back(Delivered("job" + std::to_string(i), "app" + std::to_string(i) + ".apk", At(20) + i * 1000LL));
  }
  return jobs;
}

rapidjson::Document Parsed(const Report& report) {
  rapidjson::Document json;
  json.Parse<rapidjson::kParseValidateEncodingFlag>(ReportJson(report).c_str());
  EXPECT_FALSE(json.HasParseError());
  return json;
}

TEST(ReportText, BeginsWithTheVerdictAndNamesZoneHostAndDaemon) {
  const Zone zone(kBerlin);
  const std::string text = ReportText(MakeReport(Night({Delivered("a", "app.apk", At(22))})));
  EXPECT_EQ(text.substr(0, text.find('\n')), "1 delivered: nothing to do");
  EXPECT_NE(text.find("Fri 27 Nov 19:00 to Sat 28 Nov 09:00, CET (UTC+01:00), on build-1; the daemon runs since"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("23:06  app.apk  job a  took 6m 10s  build 4m 0s  commit cccccccccccc"), std::string::npos)
      << text;
  EXPECT_NE(text.find("      /srv/out/protected-app.apk.trace.json\n"), std::string::npos);
}

TEST(ReportText, OfAFailureTellsWhyWhatToDoAndWhereTheArtifactIs) {
  const std::string text = ReportText(MakeReport(Night({Failed("a", "app.apk", At(22), FailureKind::kBuildFailed),
                                                        Refused("b", "b.apk", At(22), FailureKind::kNotAnArtifact)})));
  for (const char* part : {"build_failed: it went wrong", "what to do: mend it", "/srv/drop/.tegodrop/failed",
                           "/srv/out/app.apk.a.failed.json", "job b  refused"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
}

TEST(ReportText, AnEmptyNightSaysThatNothingHappened) {
  const std::string text = ReportText(MakeReport(Night()));
  EXPECT_EQ(text.find("nothing was dropped, delivered or failed: nothing to do\n"), 0U);
  EXPECT_NE(text.find("the daemon runs since Fri 27 Nov 07:00"), std::string::npos);
  EXPECT_NE(text.find("folder production  ok  /srv/drop\n  nothing was dropped"), std::string::npos) << text;
}

TEST(ReportText, CutsLongListsAndSaysByHowMuch) {
  std::vector<JobStory> jobs = Many(300);
  for (int i = 0; i < 100; ++i) {
    jobs.push_back(Failed("f" + std::to_string(i), "f.apk", At(23), FailureKind::kBuildFailed));
    jobs.push_back(Claimed("w" + std::to_string(i), "w.apk", At(23)));
  }
  const std::string text = ReportText(MakeReport(Night(jobs)));
  EXPECT_EQ(text.find("300 delivered, 100 failed, 100 wait: 1 thing to do\n"), 0U);
  EXPECT_NE(text.find("and 280 more: --json and --html list them all"), std::string::npos);
  EXPECT_NE(text.find("and 70 more"), std::string::npos);
  EXPECT_NE(text.find("and 90 more"), std::string::npos);
  EXPECT_LT(Times(text, "\n"), 250U);
}

TEST(ReportText, AHostileNameStaysOnItsLine) {
  const std::string text = ReportText(MakeReport(Night({Failed("a", kHostile, At(22), FailureKind::kBadName)})));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("\\x0a\\x1b[31m\\xff\\u202e.apk"), std::string::npos);
}

TEST(ReportJson, HasEveryJobAndEveryKeyAlsoWhereNothingIsKnown) {
  const Report report = MakeReport(Night({Delivered("a", "app.apk", At(22)), Claimed("b", "b.apk", At(23)),
                                          Failed("c", "c.apk", At(23), FailureKind::kNotSigned)}));
  const rapidjson::Document json = Parsed(report);
  EXPECT_STREQ(json["schema"].GetString(), "tegodrop-report/1");
  EXPECT_STREQ(json["verdict"].GetString(), Verdict(report).c_str());
  EXPECT_EQ(json["to_do"].Size(), 1U);
  EXPECT_STREQ(json["from"].GetString(), "2026-11-27T18:00:00.000Z");
  EXPECT_TRUE(json["daemon"]["running"].GetBool());
  EXPECT_EQ(json["counts"]["delivered"].GetInt(), 1);
  EXPECT_EQ(json["builds"][0]["median_ms"].GetInt(), 240'000);
  ASSERT_EQ(json["jobs"].Size(), 3U);
  for (const auto& job : json["jobs"].GetArray()) {
    for (const char* key :
         {"id",           "folder",       "file_name", "outcome",     "state",      "version",          "platform",
          "dropped",      "ended",        "took_ms",   "build_ms",    "commit_sha", "protected_output", "trace",
          "redeliveries", "duplicate_of", "failure",   "artifact_in", "record",     "waiting_for",      "since",
          "not_before",   "phases"}) {
      EXPECT_TRUE(job.HasMember(key)) << key;
    }
  }
  EXPECT_STREQ(json["jobs"][0]["outcome"].GetString(), "delivered");
  EXPECT_EQ(json["jobs"][0]["took_ms"].GetInt(), 370'000);
  EXPECT_STREQ(json["jobs"][1]["waiting_for"].GetString(), "an upload slot");
  EXPECT_TRUE(json["jobs"][1]["ended"].IsNull());
  EXPECT_STREQ(json["jobs"][2]["failure"]["kind"].GetString(), "not_signed");
}

TEST(ReportJson, WhatCouldNotBeSeenOfTheDaemonIsNull) {
  ReportInput input = Night();
  input.daemon = {};
  const rapidjson::Document json = Parsed(MakeReport(std::move(input)));
  EXPECT_TRUE(json["daemon"]["running"].IsNull());
  EXPECT_TRUE(json["daemon"]["since"].IsNull());
  EXPECT_TRUE(json["folders"][0]["builds"]["median_ms"].IsNull()) << "no build is not one of no time";
}

TEST(ReportJson, IsJsonWhateverAFileIsCalled) {
  const rapidjson::Document json = Parsed(MakeReport(Night({Failed("a", kHostile, At(22), FailureKind::kBadName)})));
  EXPECT_NE(std::string(json["jobs"][0]["file_name"].GetString()).find("<script>"), std::string::npos);
}

TEST(ReportRenderings, TenThousandJobsAreThereInJsonAndHtmlAndQuick) {
  const ReportInput input = Night(Many(10'000));
  const std::clock_t begun = std::clock();
  const Report report = MakeReport(input);
  const std::string text = ReportText(report);
  const std::string json = ReportJson(report);
  const std::string html = ReportHtml(report);
  const auto took = static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC;
  EXPECT_EQ(Times(json, "\"id\": \""), 10'000U);
  EXPECT_EQ(Times(html, "<th scope=\"row\" role=\"rowheader\">app"), 10'000U);
  EXPECT_LT(text.size(), 20'000U);
  // Of the processor's time, also under a sanitizer; what the binary takes is measured in tests/scenario.
  EXPECT_LT(took, 20);
}

}  // namespace
}  // namespace tegodrop
