#include "daemon/report/text.h"

#include <algorithm>
#include <chrono>
#include <initializer_list>

#include "daemon/base/text.h"
#include "daemon/base/units.h"
#include "daemon/report/local_time.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

// So many of a folder's jobs of one kind are listed.
constexpr std::size_t kMostBad = 30;
constexpr std::size_t kMostWaiting = 10;
constexpr std::size_t kMostDelivered = 20;

class Page {
 public:
  explicit Page(const Report& report) : report_(report) {}

  std::string Write() {
    out_ += Printable(Verdict(report_)) + "\n";
    out_ += LocalStamp(report_.from) + " to " + LocalStamp(report_.to) + ", " + ZoneWords(report_.from, report_.to) +
            (report_.host.empty() ? "" : ", on " + Printable(report_.host)) + "; " + DaemonWords(report_) + "\n";
    const std::vector<std::string> things = ThingsToDo(report_);
    if (!things.empty()) out_ += "\nto do\n";
    for (const std::string& thing : things) out_ += "  - " + Printable(thing) + "\n";
    for (const FolderReport& folder : report_.folders) Folder(folder);
    if (report_.builds.size() > 1) Builds();
    return std::move(out_);
  }

 private:
  void Line(const std::string& text) { out_ += text + "\n"; }
  std::string Time(WallMs time) const {
    return time == 0 ? "-" : Printable(LocalInSpan(time, report_.from, report_.to));
  }

  void Folder(const FolderReport& folder) {
    Line("\nfolder " + Printable(folder.name) + "  " +
         (folder.state.empty() ? "no longer in the config" : folder.state) + "  " + Printable(folder.path));
    if (folder.counts.all() == 0) return Line("  nothing was dropped, delivered or failed");
    Line("  " + Headline(folder.counts));
    if (folder.builds.count > 0) Line("  " + BuildWords(folder.builds));
    List(folder, "failed", {Outcome::kFailed, Outcome::kRefused}, kMostBad, &Page::Failed);
    List(folder, "waits", {Outcome::kWaits, Outcome::kAtWork}, kMostWaiting, &Page::Unfinished);
    List(folder, "cancelled", {Outcome::kCancelled}, kMostWaiting, &Page::Failed);
    List(folder, "delivered", {Outcome::kDelivered, Outcome::kDuplicate}, kMostDelivered, &Page::Delivered);
  }

  void List(const FolderReport& folder, const char* title, std::initializer_list<Outcome> outcomes, std::size_t most,
            void (Page::*show)(const ReportedJob&)) {
    std::size_t count = 0;
    for (const ReportedJob& job : folder.jobs) {
      if (std::find(outcomes.begin(), outcomes.end(), job.outcome) == outcomes.end()) continue;
      if (count++ == 0) Line(std::string("  ") + title);
      if (count <= most) (this->*show)(job);
    }
    if (count > most) Line("    and " + std::to_string(count - most) + " more: --json and --html list them all");
  }

  void Failed(const ReportedJob& job) {
    const std::string kind = job.failure
                                 ? std::string(ToString(job.failure->kind)) + ": " + Printable(job.failure->message)
                                 : std::string(ToString(job.outcome));
    Line("    " + Time(job.ended) + "  " + Printable(job.file) + "  job " + job.id +
         (job.outcome == Outcome::kRefused ? "  refused" : ""));
    Line("      " + kind);
    if (job.failure && !job.failure->remedy.empty()) Line("      what to do: " + Printable(job.failure->remedy));
    if (!job.artifact_in.empty()) Line("      the artifact is in " + Printable(job.artifact_in));
    if (!job.record.empty()) Line("      its record: " + Printable(job.record));
  }

  void Unfinished(const ReportedJob& job) {
    Line("    " + Time(job.dropped) + "  " + Printable(job.file) + "  job " + job.id + "  " +
         std::string(ToString(job.state)));
    const Waiting& waiting = job.waiting;
    if (waiting.for_what.empty()) return;
    Line("      waits for " + Printable(waiting.for_what) +
         (waiting.since == 0 ? "" : ", since " + Time(waiting.since)) +
         (waiting.not_before == 0 ? "" : ", next try " + Time(waiting.not_before)));
  }

  void Delivered(const ReportedJob& job) {
    std::string line = "    " + Time(job.ended) + "  " + Printable(job.file) + "  job " + job.id;
    if (!job.duplicate_of.empty()) line += "  the same bytes as job " + job.duplicate_of;
    if (job.took_ms) line += "  took " + HumanDuration(milliseconds(*job.took_ms));
    if (job.build_ms) line += "  build " + HumanDuration(milliseconds(*job.build_ms));
    if (job.redeliveries > 0) line += "  delivered again";
    if (!job.commit.empty())
      line += "  commit " + job.commit.substr(0, 12) + (job.commit_conflict ? " (disputed)" : "");
    Line(line);
    if (!job.trace.empty()) Line("      " + Printable(job.trace));
  }

  void Builds() {
    Line("\nbuilds by version and platform");
    for (const BuildTimes& one : report_.builds) {
      Line("  " + Printable(one.version) + " " + one.platform + "  " + BuildWords(one));
    }
  }

  const Report& report_;
  std::string out_;
};

}  // namespace

std::string ReportText(const Report& report) { return Page(report).Write(); }

}  // namespace tegodrop
