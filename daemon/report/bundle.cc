#include "daemon/report/bundle.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "daemon/report/html_text.h"
#include "daemon/report/local_time.h"

namespace tegodrop {
namespace {

constexpr std::size_t kBins = 120;
constexpr int kStack = 64;  // pixels of the stacked phases; the ends are below
constexpr int kEnds = 16;
constexpr std::array<const char*, 4> kClasses{"pw", "pu", "pb", "pd"};

struct Bin {
  std::array<double, 4> load{};  // by PhaseKind: jobs on the average
  std::int64_t delivered = 0;    // duplicates too
  std::int64_t failed = 0;       // refused and cancelled ones too
  double all() const { return load[0] + load[1] + load[2] + load[3]; }
};

struct Bins {
  std::vector<Bin> bins{kBins};
  WallMs from = 0;
  double width = 1;  // of one, in milliseconds

  WallMs Begin(std::size_t bin) const { return from + static_cast<WallMs>(width * static_cast<double>(bin)); }
  std::size_t At(WallMs time) const {
    const double bin = static_cast<double>(time - from) / width;
    return bin <= 0 ? 0 : std::min(kBins - 1, static_cast<std::size_t>(bin));
  }
};

void AddPhase(const Phase& phase, Bins& bins) {
  for (std::size_t i = bins.At(phase.from); i <= bins.At(phase.to); ++i) {
    const auto begin = static_cast<double>(std::max(phase.from, bins.Begin(i)));
    const auto end = static_cast<double>(std::min(phase.to, bins.Begin(i + 1)));
    if (end > begin) bins.bins[i].load[static_cast<std::size_t>(phase.kind)] += (end - begin) / bins.width;
  }
}

Bins Filled(const FolderReport& folder, const Axis& axis) {
  Bins bins;
  bins.from = axis.from;
  bins.width = static_cast<double>(axis.to - axis.from) / kBins;
  for (const ReportedJob& job : folder.jobs) {
    for (const Phase& phase : job.phases) AddPhase(phase, bins);
    if (job.ended < axis.from) continue;
    Bin& bin = bins.bins[bins.At(job.ended)];
    const bool well = job.outcome == Outcome::kDelivered || job.outcome == Outcome::kDuplicate;
    ++(well ? bin.delivered : bin.failed);
  }
  return bins;
}

std::string Pixels(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string Rect(const char* classes, double left, double width, double top, double height) {
  return std::string("<rect class=\"") + classes + "\" x=\"" + Axis::Percent(left) + "\" y=\"" + Pixels(top) +
         "\" width=\"" + Axis::Percent(width) + "\" height=\"" + Pixels(height) + "\"/>";
}

// What the pointer is told.
std::string Words(const Bins& bins, std::size_t i, WallMs to) {
  const Bin& bin = bins.bins[i];
  std::string words = LocalInSpan(bins.Begin(i), bins.from, to) + ": ";
  std::string load;
  for (std::size_t kind = 0; kind < bin.load.size(); ++kind) {
    const long count = std::lround(std::ceil(bin.load[kind]));
    if (count == 0) continue;
    load +=
        (load.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(ToString(static_cast<PhaseKind>(kind)));
  }
  words += load.empty() ? "nothing" : load;
  if (bin.delivered > 0) words += "; " + std::to_string(bin.delivered) + " delivered";
  if (bin.failed > 0) words += "; " + std::to_string(bin.failed) + " failed, refused or cancelled";
  return words;
}

// Bins of the same load are one shape.
std::string Stack(const Bins& bins, double most, int top) {
  std::string out;
  const double step = 100.0 / kBins;
  for (std::size_t first = 0; first < kBins;) {
    std::size_t last = first + 1;
    while (last < kBins && bins.bins[last].load == bins.bins[first].load) ++last;
    double bottom = top + kStack;
    for (std::size_t kind = 0; kind < kClasses.size(); ++kind) {
      const double height = bins.bins[first].load[kind] / most * kStack;
      if (height < 0.05) continue;
      bottom -= height;
      out += Rect((std::string("p ") + kClasses[kind]).c_str(), step * static_cast<double>(first),
                  step * static_cast<double>(last - first), bottom, height);
    }
    first = last;
  }
  return out;
}

std::string Ends(const Bins& bins, int top) {
  std::int64_t most = 1;
  for (const Bin& bin : bins.bins) most = std::max(most, bin.delivered);
  const double step = 100.0 / kBins;
  std::string out;
  for (std::size_t i = 0; i < kBins; ++i) {
    const Bin& bin = bins.bins[i];
    const double left = step * static_cast<double>(i);
    if (bin.delivered > 0) {
      const double height = 3 + (kEnds - 3) * static_cast<double>(bin.delivered) / static_cast<double>(most);
      out += Rect("p ends", left + step * 0.15, step * 0.7, top, height);
    }
    if (bin.failed > 0) {
      out += "<svg class=\"m bad\" x=\"" + Axis::Percent(left + step / 2) + "\" y=\"" + std::to_string(top + 22) +
             "\"><path d=\"M-4-4L4 4M4-4L-4 4\"/></svg>";
    }
  }
  return out;
}

}  // namespace

std::string BundleBand(const FolderReport& folder, const Axis& axis, int top) {
  const Bins bins = Filled(folder, axis);
  double most = 1;
  for (const Bin& bin : bins.bins) most = std::max(most, bin.all());
  std::string out = Stack(bins, most, top);
  const std::string floor = std::to_string(top + kStack);
  out += "<line class=\"base\" x1=\"0\" x2=\"100%\" y1=\"" + floor + "\" y2=\"" + floor + "\"/>";
  out += Ends(bins, top + kStack + 2);
  const double step = 100.0 / kBins;
  for (std::size_t i = 0; i < kBins; ++i) {
    const Bin& bin = bins.bins[i];
    if (bin.all() == 0 && bin.delivered + bin.failed == 0) continue;
    out += "<rect class=\"hit\" x=\"" + Axis::Percent(step * static_cast<double>(i)) + "\" y=\"" + std::to_string(top) +
           "\" width=\"" + Axis::Percent(step) + "\" height=\"" + std::to_string(kBundleHeight) + "\"><title>" +
           Escaped(Words(bins, i, axis.to)) + "</title></rect>";
  }
  return out;
}

int MostAtOnce(const FolderReport& folder) {
  // What ends makes room before what begins at the same moment.
  std::vector<std::pair<WallMs, int>> steps;
  for (const ReportedJob& job : folder.jobs) {
    for (const Phase& phase : job.phases) {
      if (phase.to <= phase.from) continue;
      steps.emplace_back(phase.from, 1);
      steps.emplace_back(phase.to, -1);
    }
  }
  std::sort(steps.begin(), steps.end());
  int now = 0;
  int most = 0;
  for (const auto& [at, step] : steps) most = std::max(most, now += step);
  return most;
}

}  // namespace tegodrop
