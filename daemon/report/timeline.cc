#include "daemon/report/timeline.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "daemon/base/units.h"
#include "daemon/report/axis.h"
#include "daemon/report/bundle.h"
#include "daemon/report/html_text.h"
#include "daemon/report/local_time.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

constexpr int kAxisHeight = 20;
constexpr int kFolderHeight = 24;
constexpr int kLaneHeight = 33;
constexpr int kBarTop = 16;
constexpr int kBarHeight = 11;
constexpr int kMostTicks = 12;
constexpr std::size_t kLabelLength = 30;

// Told apart by pattern too, not by colour alone.
constexpr char kPatterns[] =
    "<svg width=\"0\" height=\"0\" style=\"position:absolute\" aria-hidden=\"true\"><defs>"
    "<pattern id=\"pw\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
    "<rect class=\"c-card\" width=\"6\" height=\"6\"/><line class=\"s-wait\" x1=\"1\" x2=\"1\" y2=\"6\"/></pattern>"
    "<pattern id=\"pu\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
    "<rect class=\"c-up\" width=\"6\" height=\"6\"/><line class=\"s-card\" x1=\"3\" x2=\"3\" y2=\"6\"/></pattern>"
    "<pattern id=\"pb\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
    "<rect class=\"c-build\" width=\"6\" height=\"6\"/></pattern>"
    "<pattern id=\"pd\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\">"
    "<rect class=\"c-deliver\" width=\"5\" height=\"5\"/><circle class=\"c-card\" cx=\"2.5\" cy=\"2.5\" r=\"1\"/>"
    "</pattern></defs></svg>";

const char* ClassOf(PhaseKind kind) {
  constexpr std::array<const char*, 4> kClasses{"pw", "pu", "pb", "pd"};
  return kClasses[static_cast<std::size_t>(kind)];
}

struct Mark {
  const char* classes = "";
  const char* path = "";
  const char* text_class = "";
};

Mark MarkOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDelivered:
    case Outcome::kDuplicate:
      return {"m good", "M-5 0L-1.5 4L5-4.5", "t-good"};
    case Outcome::kFailed:
    case Outcome::kRefused:
      return {"m bad", "M-4-4L4 4M4-4L-4 4", "t-bad"};
    case Outcome::kCancelled:
      return {"m off", "M-5 0H5", "t-warn"};
    case Outcome::kWaits:
    case Outcome::kAtWork:
      break;
  }
  return {"", "", "note"};
}

bool EndedWell(const ReportedJob& job) {
  return job.outcome == Outcome::kDelivered || job.outcome == Outcome::kDuplicate;
}

// What the drawing shows of a job; without it a page about the last week would be empty but for its last inch.
Axis AxisOf(const Report& report) {
  WallMs first = report.to;
  WallMs last = report.from;
  const auto take = [&](WallMs time) {
    first = std::min(first, std::max(time, report.from));
    last = std::max(last, std::min(time, report.to));
  };
  for (const FolderReport& folder : report.folders) {
    for (const ReportedJob& job : folder.jobs) {
      if (job.ended != 0) take(job.ended);
      for (const Phase& phase : job.phases) {
        take(phase.from);
        take(phase.to);
      }
    }
  }
  constexpr WallMs kLeast = 60'000;
  const WallMs margin = std::max<WallMs>(kLeast, (last - first) / 50);
  return {std::max(report.from, first - margin), std::max(std::min(report.to, last + margin), first + kLeast)};
}

class Drawing {
 public:
  Drawing(const Report& report, const Axis& axis) : report_(report), axis_(axis) {}

  std::string Draw(bool bundled) {
    std::size_t own_lanes = 0;
    std::size_t left_out = 0;
    for (const FolderReport& folder : report_.folders) {
      if (folder.jobs.empty()) continue;
      Heading(folder, bundled);
      if (bundled) {
        body_ += BundleBand(folder, axis_, height_);
        height_ += kBundleHeight;
      }
      for (const ReportedJob& job : folder.jobs) {
        if (bundled && EndedWell(job)) continue;
        if (bundled && own_lanes++ >= kMostOwnLanes) {
          ++left_out;
          continue;
        }
        Lane(job);
      }
    }
    if (left_out > 0) {
      height_ += 18;
      Text("note", "0", height_ - 5, std::to_string(left_out) + " more that failed or wait are in the tables below");
    }
    height_ += 6;
    const std::string size = std::to_string(height_);
    return "<svg role=\"img\" aria-labelledby=\"tl-title tl-desc\" width=\"100%\" height=\"" + size +
           "\"><title id=\"tl-title\">Timeline</title><desc id=\"tl-desc\">" +
           Escaped(Headline(report_) + ", drawn from " + LocalStamp(axis_.from) + " to " + LocalStamp(axis_.to) +
                   ". The tables below have the same in words.") +
           "</desc>" + Grid() + body_ + "</svg>";
  }

 private:
  void Text(const char* classes, const std::string& x, int y, const std::string& text) {
    body_ += "<text class=\"" + std::string(classes) + "\" x=\"" + x + "\" y=\"" + std::to_string(y) + "\">" +
             Escaped(text) + "</text>";
  }

  std::string Grid() const {
    std::string out;
    const auto ticks = HourTicks(axis_.from, axis_.to, kMostTicks);
    // On a narrow screen every second or third has to do; midnight, which names the day, is one of them.
    const std::size_t every = (ticks.size() + 4) / 5;
    const auto midnight = std::find_if(ticks.begin(), ticks.end(), [](const HourTick& tick) { return tick.midnight; });
    const std::size_t first = midnight == ticks.end() ? 0 : static_cast<std::size_t>(midnight - ticks.begin()) % every;
    for (std::size_t i = 0; i < ticks.size(); ++i) {
      const std::string x = axis_.X(ticks[i].at);
      const double share = axis_.Share(ticks[i].at);
      const char* anchor = share < 9 ? "start" : share > 91 ? "end" : "middle";
      const std::string minor = i % every == first ? "" : " minor";
      out += "<line class=\"grid" + minor + "\" x1=\"" + x + "\" x2=\"" + x + "\" y1=\"" +
             std::to_string(kAxisHeight - 4) + "\" y2=\"" + std::to_string(height_) + "\"/><text class=\"tick" + minor +
             "\" text-anchor=\"" + anchor + "\" x=\"" + x + "\" y=\"11\">" + Escaped(ticks[i].label) + "</text>";
    }
    return out;
  }

  void Heading(const FolderReport& folder, bool bundled) {
    height_ += kFolderHeight;
    std::string more = std::to_string(folder.jobs.size()) + (folder.jobs.size() == 1 ? " artifact" : " artifacts");
    if (bundled) more += ", at most " + std::to_string(MostAtOnce(folder)) + " at once";
    body_ += "<text class=\"fold\" x=\"0\" y=\"" + std::to_string(height_ - 7) + "\">" +
             Escaped(Shortened(folder.name, kLabelLength)) + "<tspan class=\"note\" font-weight=\"400\"> · " +
             Escaped(more) + "</tspan></text>";
  }

  void Lane(const ReportedJob& job) {
    const Mark mark = MarkOf(job.outcome);
    body_ += "<text x=\"0\" y=\"" + std::to_string(height_ + 12) + "\">" + Escaped(Shortened(job.file, kLabelLength)) +
             "<tspan class=\"" + mark.text_class + "\"> · " + std::string(ToString(job.outcome)) + "</tspan></text>";
    const std::string bar_top = std::to_string(height_ + kBarTop);
    for (const Phase& phase : job.phases) {
      const std::string place = "x=\"" + axis_.X(phase.from) + "\" y=\"" + bar_top + "\" width=\"" +
                                axis_.Width(phase.from, phase.to) + "\" height=\"" + std::to_string(kBarHeight) + "\"";
      body_ += std::string("<rect class=\"p ") + ClassOf(phase.kind) + "\" " + place + "><title>" +
               Escaped(job.file + ": " + std::string(ToString(phase.kind)) + " for " +
                       HumanDuration(milliseconds(phase.to - phase.from)) + ", " + Time(phase.from) + " to " +
                       Time(phase.to)) +
               "</title></rect>";
      // A pattern alone has no outline.
      if (phase.kind == PhaseKind::kWaiting) body_ += "<rect class=\"edge\" " + place + "/>";
    }
    if (job.ended >= axis_.from && mark.path[0] != '\0') End(job, mark);
    height_ += kLaneHeight;
  }

  void End(const ReportedJob& job, const Mark& mark) {
    std::string words = job.file + ": " + std::string(ToString(job.outcome)) + " " + Time(job.ended);
    if (job.failure) words += ", " + std::string(ToString(job.failure->kind));
    body_ += std::string("<svg class=\"") + mark.classes + "\" x=\"" + axis_.X(job.ended) + "\" y=\"" +
             std::to_string(height_ + kBarTop + kBarHeight / 2) + "\"><title>" + Escaped(words) + "</title><path d=\"" +
             mark.path + "\"/></svg>";
  }

  std::string Time(WallMs time) const { return LocalInSpan(time, axis_.from, axis_.to); }

  const Report& report_;
  const Axis axis_;
  int height_ = kAxisHeight;
  std::string body_;
};

std::string Legend(bool bundled) {
  std::string out = "<ul class=\"legend\">";
  for (const PhaseKind kind :
       {PhaseKind::kWaiting, PhaseKind::kUploading, PhaseKind::kBuilding, PhaseKind::kDelivering}) {
    out += std::string("<li><svg width=\"26\" height=\"12\" aria-hidden=\"true\"><rect class=\"p ") + ClassOf(kind) +
           "\" width=\"26\" height=\"12\"/>" +
           (kind == PhaseKind::kWaiting ? "<rect class=\"edge\" width=\"26\" height=\"12\"/>" : "") + "</svg>" +
           std::string(ToString(kind)) + "</li>";
  }
  const auto mark = [&](Outcome outcome, const char* words) {
    out += std::string("<li><svg width=\"12\" height=\"12\" aria-hidden=\"true\"><svg class=\"") +
           MarkOf(outcome).classes + "\" x=\"6\" y=\"6\"><path d=\"" + MarkOf(outcome).path + "\"/></svg></svg>" +
           words + "</li>";
  };
  if (bundled) {
    out +=
        "<li><svg width=\"12\" height=\"12\" aria-hidden=\"true\"><rect class=\"ends\" x=\"3\" width=\"6\" "
        "height=\"12\"/></svg>delivered</li>";
  } else {
    mark(Outcome::kDelivered, "delivered");
  }
  mark(Outcome::kFailed, "failed or refused");
  mark(Outcome::kCancelled, "cancelled");
  return out + "</ul>";
}

}  // namespace

std::string TimelineFigure(const Report& report) {
  const auto jobs = static_cast<std::size_t>(report.counts.all());
  if (jobs == 0) return "";
  const Axis axis = AxisOf(report);
  const bool bundled = jobs > kMostLanes;
  const std::string how =
      bundled ? "How many artifacts were at what, for each folder, and below each band when they ended; then each that "
                "did not end well."
              : "One lane for each artifact, from its drop on.";
  return "<figure><figcaption>" + how + " Times are " + Escaped(ZoneWords(axis.from, axis.to)) + ".</figcaption>" +
         kPatterns + Legend(bundled) + Drawing(report, axis).Draw(bundled) + "</figure>";
}

}  // namespace tegodrop
