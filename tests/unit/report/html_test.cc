// The page: whole, escaped, self-contained; and its drawing, with few jobs and with many. What a browser makes of it is
// looked at by tests/scenario/report_page_test.py.
#include "daemon/report/html.h"

#include <gtest/gtest.h>

#include "daemon/report/html_text.h"
#include "daemon/report/timeline.h"
#include "tests/unit/report/night.h"

namespace tegodrop {
namespace {

using testing::At;
using testing::Claimed;
using testing::Delivered;
using testing::Failed;
using testing::Folder;
using testing::kBerlin;
using testing::kHostile;
using testing::Night;
using testing::Zone;

std::string PageOf(ReportInput input) { return ReportHtml(MakeReport(std::move(input))); }

std::size_t Times(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(HtmlText, EscapesMarkupAndWhatCannotBeShown) {
  EXPECT_EQ(Escaped("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
  EXPECT_EQ(Escaped("\n\xff\xe2\x80\xaeü"), "\\x0a\\xff\\u202eü");
}

TEST(HtmlText, ShortensAtCharactersAndKeepsTheEnd) {
  EXPECT_EQ(Shortened("app.apk", 7), "app.apk");
  EXPECT_EQ(Shortened("application.apk", 9), "appl….apk");
  EXPECT_EQ(Shortened("üüüüüüüü", 5), "üü…üü");
}

TEST(ReportHtml, IsOnePageThatNeedsNothingElse) {
  const std::string page = PageOf(Night({Delivered("a", "app.apk", At(22))}));
  EXPECT_EQ(page.find("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"), 0U);
  EXPECT_NE(page.find("content=\"default-src 'none'; style-src 'unsafe-inline'\""), std::string::npos);
  EXPECT_NE(page.find("name=\"viewport\" content=\"width=device-width, initial-scale=1\""), std::string::npos);
  EXPECT_NE(page.find("prefers-color-scheme:dark"), std::string::npos);
  for (const char* outside :
       {"<script", "<link", "<img", "<iframe", "@import", "src=", "href=", "http:", "https:", "onload"}) {
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  }
}

TEST(ReportHtml, NoNameOrMessageBecomesMarkup) {
  ReportInput input = Night({Failed("a", kHostile, At(22), FailureKind::kBadName), Delivered("b", kHostile, At(22)),
                             Claimed("c", kHostile, At(22))});
  input.host = kHostile;
  input.folders = {Folder(kHostile, "missing", kHostile)};
  input.history.notices = {{kHostile, kHostile, At(22)}};
  for (JobStory& story : input.history.jobs) {
    Target& target = story.job.target.Edit();
    target.folder = kHostile;
    target.version = kHostile;
    target.output_path = kHostile;
    story.job.waiting.for_what = kHostile;
    story.job.duplicate_trace = kHostile;
    if (story.job.failure) {
      story.job.failure = Failure{FailureKind::kBuildFailed, kHostile, kHostile, kHostile, kHostile, kHostile};
    }
  }
  const std::string page = PageOf(std::move(input));
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_GT(Times(page, "&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;\\x0a\\x1b[31m\\xff\\u202e.apk"), 12U);
  EXPECT_EQ(page.find('\x1b'), std::string::npos);
}

TEST(ReportHtml, TheVerdictIsTheHeadingAndTheTitle) {
  const std::string page = PageOf(Night({Failed("a", "a.apk", At(22), FailureKind::kBuildFailed)}));
  EXPECT_NE(page.find("<h1 class=\"verdict bad\">0 delivered, 1 failed: 1 thing to do</h1>"), std::string::npos);
  EXPECT_NE(page.find("<title>0 delivered, 1 failed: 1 thing to do"), std::string::npos);
  EXPECT_NE(page.find("<ol><li>a.apk failed (build_failed): mend it</li></ol>"), std::string::npos);
}

TEST(ReportHtml, AnEmptyNightSaysSoAndDrawsNothing) {
  const std::string page = PageOf(Night());
  EXPECT_NE(page.find("<h1 class=\"verdict\">nothing was dropped, delivered or failed: nothing to do</h1>"),
            std::string::npos);
  EXPECT_NE(page.find("the daemon runs since"), std::string::npos);
  EXPECT_EQ(page.find("<svg"), std::string::npos);
  EXPECT_EQ(page.find("<table"), std::string::npos);
}

TEST(ReportHtml, EveryTableHasACaptionAndHeadsForColumnsAndRows) {
  const std::string page =
      PageOf(Night({Delivered("a", "a.apk", At(22)), Failed("b", "b.apk", At(22), FailureKind::kChecksum),
                    Claimed("c", "c.apk", At(22))}));
  EXPECT_EQ(Times(page, "<table"), 4U);
  EXPECT_EQ(Times(page, "<caption>"), 4U);
  EXPECT_EQ(Times(page, "<thead"), 4U);
  EXPECT_GT(Times(page, "scope=\"row\""), 3U);
}

TEST(ReportHtml, ALongListIsFoldedAndComplete) {
  std::vector<JobStory> jobs;
  for (int i = 0; i < 300; ++i) jobs.push_back(Delivered("j" + std::to_string(i), "app.apk", At(20) + i * 60'000LL));
  const std::string page = PageOf(Night(jobs));
  EXPECT_NE(page.find("<details><summary>Delivered: 300</summary>"), std::string::npos);
  EXPECT_EQ(Times(page, "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">app.apk"), 300U);
}

TEST(Timeline, HasALaneForEachOfFewJobsWithItsPhasesAndItsEnd) {
  const std::string figure = TimelineFigure(
      MakeReport(Night({Delivered("a", "good.apk", At(22)), Failed("b", "bad.apk", At(23), FailureKind::kChecksum)})));
  EXPECT_NE(figure.find("role=\"img\" aria-labelledby=\"tl-title tl-desc\""), std::string::npos);
  EXPECT_NE(figure.find("<title>good.apk: building for 4m 0s, 22:02 to 22:06</title>"), std::string::npos);
  EXPECT_NE(figure.find("<title>good.apk: delivered 22:06</title>"), std::string::npos);
  EXPECT_NE(figure.find("<title>bad.apk: failed 23:01, checksum</title>"), std::string::npos);
  EXPECT_NE(figure.find(">23:00</text>"), std::string::npos) << "hours are named";
  EXPECT_NE(figure.find("Times are UTC."), std::string::npos);
}

TEST(Timeline, NamesTheZoneAndItsChange) {
  const Zone zone(kBerlin);
  // Summer time ended on 2026-10-25 at 03:00.
  constexpr WallMs kBefore = 1'792'872'000'000;  // 2026-10-24T20:00Z
  ReportInput input =
      Night({Delivered("a", "a.apk", kBefore + 3'600'000), Delivered("b", "b.apk", kBefore + 9 * 3'600'000)});
  input.from = kBefore;
  input.to = kBefore + 12 * 3'600'000;
  const std::string figure = TimelineFigure(MakeReport(std::move(input)));
  EXPECT_NE(figure.find("Times are CEST (UTC+02:00), later CET (UTC+01:00)."), std::string::npos) << figure;
  EXPECT_NE(figure.find(">Sun 25 Oct</text>"), std::string::npos) << "midnight names the day";
}

TEST(Timeline, BundlesManyJobsAndGivesThoseThatDidNotEndWellALaneOfTheirOwn) {
  std::vector<JobStory> jobs;
  for (int i = 0; i < 300; ++i) {
    jobs.push_back(Delivered("j" + std::to_string(i), "app" + std::to_string(i) + ".apk", At(20) + i * 60'000LL));
  }
  jobs.push_back(Failed("bad", "bad.apk", At(23), FailureKind::kChecksum));
  const std::string figure = TimelineFigure(MakeReport(Night(jobs)));
  EXPECT_NE(figure.find("301 artifacts, at most 8 at once"), std::string::npos) << figure.substr(0, 6000);
  EXPECT_EQ(figure.find("app7.apk"), std::string::npos);
  EXPECT_NE(figure.find("bad.apk<tspan class=\"t-bad\"> · failed"), std::string::npos);
  EXPECT_NE(figure.find("failed, refused or cancelled</title>"), std::string::npos);
  EXPECT_LT(figure.size(), 100'000U);
}

TEST(Timeline, IsNoLargerForTenThousandJobsOfWhichAThousandFailed) {
  std::vector<JobStory> jobs;
  for (int i = 0; i < 9000; ++i) jobs.push_back(Delivered("j" + std::to_string(i), "app.apk", At(20) + i * 3000LL));
  for (int i = 0; i < 1000; ++i) {
    jobs.push_back(Failed("f" + std::to_string(i), "f.apk", At(20) + i * 30'000LL, FailureKind::kChecksum));
  }
  const std::string figure = TimelineFigure(MakeReport(Night(jobs)));
  EXPECT_EQ(Times(figure, "f.apk<tspan"), kMostOwnLanes);
  EXPECT_NE(figure.find("960 more that failed or wait are in the tables below"), std::string::npos);
  EXPECT_LT(figure.size(), 150'000U);
}

TEST(Timeline, ShowsWhatHappenedAndNotTheEmptyWeekBeforeIt) {
  ReportInput input = Night({Delivered("a", "a.apk", At(30))});
  input.from = At(-24 * 7);
  const std::string figure = TimelineFigure(MakeReport(std::move(input)));
  EXPECT_NE(figure.find("drawn from Sat 28 Nov 05:59 to"), std::string::npos) << figure;
}

}  // namespace
}  // namespace tegodrop
