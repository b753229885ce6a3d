#include "daemon/report/html.h"

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <vector>

#include "daemon/base/units.h"
#include "daemon/base/version.h"
#include "daemon/report/html_style.h"
#include "daemon/report/html_text.h"
#include "daemon/report/local_time.h"
#include "daemon/report/timeline.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

// Longer lists are folded.
constexpr std::size_t kMostOpen = 100;

std::string Sub(const std::string& html) { return "<span class=\"sub\">" + html + "</span>"; }
std::string Mono(const std::string& text) { return "<span class=\"mono\">" + Escaped(text) + "</span>"; }
std::string Took(std::optional<std::int64_t> ms) { return ms ? HumanDuration(milliseconds(*ms)) : "–"; }

// A cell that on a narrow screen stands below its row's head, with its column's name in front.
std::string Cell(const char* label, const std::string& html, const char* classes = "num") {
  return std::string("<td role=\"cell\" class=\"") + classes + "\" data-l=\"" + label + "\">" + html + "</td>";
}

class Page {
 public:
  explicit Page(const Report& report) : report_(report) {}

  std::string Write() {
    const std::vector<std::string> things = ThingsToDo(report_);
    Head();
    Top(things);
    out_ += "<main>";
    ToDo(things);
    if (const std::string figure = TimelineFigure(report_); !figure.empty()) {
      out_ += "<section aria-labelledby=\"timeline\"><h2 id=\"timeline\">Timeline</h2>" + figure + "</section>";
    }
    for (std::size_t i = 0; i < report_.folders.size(); ++i) Folder(report_.folders[i], std::to_string(i));
    Builds();
    out_ += "</main><footer>tegodrop " + Escaped(kVersion) + ", schema tegodrop-report/1, made " +
            Escaped(Rfc3339(report_.to)) + "</footer></body></html>\n";
    return std::move(out_);
  }

 private:
  void Head() {
    out_ +=
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        "<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"referrer\" content=\"no-referrer\">"
        "<title>" +
        Escaped(Verdict(report_) + " – tegodrop") + "</title><style>" + std::string(ReportStyle()) +
        "</style></head><body>";
  }

  void Top(const std::vector<std::string>& things) {
    const bool failed = report_.counts.failed + report_.counts.refused > 0;
    const char* tone = things.empty() ? "" : failed ? " bad" : " warn";
    out_ += "<header><p class=\"meta\">tegodrop report" + (report_.host.empty() ? "" : " · " + Escaped(report_.host)) +
            "</p><h1 class=\"verdict" + tone + "\">" + Escaped(Verdict(report_)) + "</h1><p class=\"meta\">" +
            Escaped(LocalStamp(report_.from)) + " to " + Escaped(LocalStamp(report_.to)) + ", " +
            Escaped(ZoneWords(report_.from, report_.to)) + "; " + Escaped(DaemonWords(report_)) + ".</p></header>";
  }

  void ToDo(const std::vector<std::string>& things) {
    if (things.empty()) return;
    out_ += "<section class=\"todo\" aria-labelledby=\"todo\"><h2 id=\"todo\">What to do</h2><ol>";
    for (const std::string& thing : things) out_ += "<li>" + Escaped(thing) + "</li>";
    out_ += "</ol></section>";
  }

  void Folder(const FolderReport& folder, const std::string& number) {
    const bool ok = folder.state == "ok";
    const std::string state = folder.state.empty() ? "no longer in the config" : folder.state;
    out_ += "<section aria-labelledby=\"f" + number + "\"><h2 id=\"f" + number + "\">" + Escaped(folder.name) +
            "<span class=\"pill " +
            (ok                     ? "ok"
             : folder.state.empty() ? "sub"
                                    : "is-bad") +
            "\">" + Escaped(state) + "</span></h2><p class=\"meta\">" + Mono(folder.path) + "</p>";
    if (!ok && !folder.state.empty()) {
      out_ += "<p class=\"is-bad\">" +
              Escaped(folder.state + (folder.since == 0 ? "" : " since " + LocalStamp(folder.since)) +
                      (folder.reason.empty() ? "" : ": " + folder.reason)) +
              "</p>";
    } else if (!folder.reason.empty()) {
      out_ += "<p class=\"meta\">" + Escaped(folder.reason) + "</p>";
    }
    out_ += "<p>" + Escaped(Headline(folder.counts)) + "." +
            (folder.builds.count == 0 ? "" : " " + Escaped(BuildWords(folder.builds)) + ".") + "</p>";
    Table(folder, "Failed", {Outcome::kFailed, Outcome::kRefused}, {"Artifact", "When", "Why, and what to do"},
          &Page::Failed);
    Table(folder, "Not finished", {Outcome::kWaits, Outcome::kAtWork},
          {"Artifact", "State", "Dropped", "Since", "Next try", "Waits for"}, &Page::Unfinished);
    Table(folder, "Cancelled", {Outcome::kCancelled}, {"Artifact", "When", "Why"}, &Page::Failed);
    Table(folder, "Delivered", {Outcome::kDelivered, Outcome::kDuplicate}, {"Artifact", "When", "Took", "Build"},
          &Page::Delivered);
    out_ += "</section>";
  }

  void Table(const FolderReport& folder, const std::string& title, std::initializer_list<Outcome> outcomes,
             std::initializer_list<const char*> columns, void (Page::*row)(const ReportedJob&)) {
    const auto is_of = [&](const ReportedJob& job) {
      return std::find(outcomes.begin(), outcomes.end(), job.outcome) != outcomes.end();
    };
    const auto count = static_cast<std::size_t>(std::count_if(folder.jobs.begin(), folder.jobs.end(), is_of));
    if (count == 0) return;
    const std::string caption = title + ": " + std::to_string(count);
    const bool folded = count > kMostOpen;
    if (folded) out_ += "<details><summary>" + caption + "</summary>";
    out_ += "<table role=\"table\"><caption>" + caption + "</caption>";
    Columns(columns);
    for (const ReportedJob& job : folder.jobs) {
      if (!is_of(job)) continue;
      out_ += "<tr role=\"row\">";
      (this->*row)(job);
      out_ += "</tr>\n";
    }
    out_ += "</tbody></table>";
    if (folded) out_ += "</details>";
  }

  void Columns(std::initializer_list<const char*> columns) {
    out_ += "<thead role=\"rowgroup\"><tr role=\"row\">";
    for (const char* column : columns) {
      out_ += std::string("<th scope=\"col\" role=\"columnheader\">") + column + "</th>";
    }
    out_ += "</tr></thead><tbody role=\"rowgroup\">\n";
  }

  std::string Time(WallMs time) const {
    return time == 0 ? "–"
                     : "<time datetime=\"" + Rfc3339(time) + "\">" +
                           Escaped(LocalInSpan(time, report_.from, report_.to)) + "</time>";
  }

  // `name` stands in front of the job's id, `more` on lines of its own.
  void Artifact(const ReportedJob& job, const std::string& name = "", const std::string& more = "") {
    out_ += "<th scope=\"row\" role=\"rowheader\">" + Escaped(job.file) +
            Sub(name + "job " + Mono(job.id) +
                (job.commit.empty()
                     ? ""
                     : " · commit " + Mono(job.commit.substr(0, 12)) + (job.commit_conflict ? " (disputed)" : ""))) +
            more + "</th>";
  }

  void Failed(const ReportedJob& job) {
    std::string where = job.artifact_in.empty() ? "" : Sub("the artifact is in " + Mono(job.artifact_in));
    if (!job.record.empty()) where += Sub("record: " + Mono(job.record));
    std::string why = job.outcome == Outcome::kRefused ? "refused" : job.failure ? "" : "it was cancelled";
    if (job.failure) {
      const Failure& failure = *job.failure;
      why += std::string(why.empty() ? "" : ", ") + "<b>" + std::string(ToString(failure.kind)) +
             "</b>: " + Escaped(failure.message);
      if (!failure.remedy.empty()) why += "<br>What to do: " + Escaped(failure.remedy);
      const auto told = [&](const char* name, const std::optional<std::string>& words) {
        if (words && !words->empty()) why += Sub(std::string("portal’s ") + name + ": " + Escaped(*words));
      };
      told("status", failure.status_message);
      told("error", failure.error_message);
      told("signing error", failure.signing_error_message);
    }
    Artifact(job);
    out_ += Cell("when", Time(job.ended)) + "<td role=\"cell\" class=\"wide\">" + why + where + "</td>";
  }

  void Unfinished(const ReportedJob& job) {
    Artifact(job);
    out_ += Cell("state", std::string(ToString(job.state))) + Cell("dropped", Time(job.dropped)) +
            Cell("since", Time(job.waiting.since)) + Cell("next try", Time(job.waiting.not_before)) +
            Cell("waits for", job.waiting.for_what.empty() ? "at work" : Escaped(job.waiting.for_what), "wide");
  }

  void Delivered(const ReportedJob& job) {
    std::string more;
    if (!job.duplicate_of.empty()) more += Sub("the same bytes as job " + Mono(job.duplicate_of) + ": not built again");
    if (!job.trace.empty()) more += Sub("trace: " + Mono(job.trace));
    if (job.redeliveries > 0) more += Sub("delivered again, " + std::to_string(job.redeliveries) + " times");
    Artifact(job, job.protected_name.empty() ? "" : "as " + Escaped(job.protected_name) + " · ", more);
    out_ += Cell("when", Time(job.ended)) + Cell("took", Took(job.took_ms)) + Cell("build", Took(job.build_ms));
  }

  void Builds() {
    if (report_.builds.empty()) return;
    out_ +=
        "<section aria-labelledby=\"builds\"><h2 id=\"builds\">Build times</h2><p class=\"meta\">From when the portal "
        "had "
        "the whole upload to the end of its build, as its history told it.</p><table role=\"table\"><caption>By "
        "version "
        "and platform</caption>";
    Columns({"Version and platform", "Builds", "Median", "9 of 10 within", "Longest"});
    for (const BuildTimes& one : report_.builds) {
      out_ += "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">" + Escaped(one.version + ", " + one.platform) +
              "</th>" + Cell("builds", std::to_string(one.count)) + Cell("median", Took(one.median_ms)) +
              Cell("9 of 10 within", Took(one.p90_ms)) +
              Cell("longest", Took(one.longest_ms) + Sub("job " + Mono(one.longest_job))) + "</tr>\n";
    }
    out_ += "</tbody></table></section>";
  }

  const Report& report_;
  std::string out_;
};

}  // namespace

std::string ReportHtml(const Report& report) { return Page(report).Write(); }

}  // namespace tegodrop
