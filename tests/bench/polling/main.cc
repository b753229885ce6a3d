// Prints how soon ends are noticed and with how many requests, as ratios to the portal's example's. For each kind of
// night so many seeds:
//   table [--nights N]
//   table --goal [--nights N]   only the nights that the goal is judged on, as JSON
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/bench/polling/goal.h"
#include "tests/bench/polling/watchers.h"

namespace tegodrop::polling_bench {
namespace {

using std::chrono::seconds;

struct Setting {
  const char* name;
  PollingMode mode;
  seconds interval;
};
constexpr std::array<Setting, 6> kSettings = {{
    {"fixed 15s", PollingMode::kFixed, seconds(15)},
    {"fixed 7s", PollingMode::kFixed, seconds(7)},
    {"adaptive 15s", PollingMode::kAdaptive, seconds(15)},
    {"adaptive 7s", PollingMode::kAdaptive, seconds(7)},
    {"adaptive 5s", PollingMode::kAdaptive, seconds(5)},
    {"adaptive 2s", PollingMode::kAdaptive, seconds(2)},
}};

struct Totals {
  Watched script;
  std::array<Watched, kSettings.size()> ours;

  void PrintRatios() const {
    for (const Watched& one : ours) {
      const double waited = one.waited / script.waited;
      const double requests = static_cast<double>(one.requests) / script.requests;
      std::printf("  %5.2f %5.2f%s", waited, requests, waited <= 0.5 && requests <= 0.5 ? " *" : "  ");
    }
    std::printf("\n");
  }
  Totals& operator+=(const Totals& other) {
    script += other.script;
    for (std::size_t i = 0; i < ours.size(); ++i) ours[i] += other.ours[i];
    return *this;
  }
};

Totals Watch(const NightKind& kind, int nights) {
  Totals totals;
  for (int seed = 1; seed <= nights; ++seed) {
    const Night night = DrawNight(kind, kBegin, static_cast<std::uint64_t>(seed));
    totals.script += WatchAsTheSeedScript(night);
    for (std::size_t i = 0; i < kSettings.size(); ++i) {
      PollingSettings polling;
      polling.mode = kSettings[i].mode;
      polling.interval = kSettings[i].interval;
      polling.ceiling = CeilingFor(polling.interval);
      totals.ours[i] += WatchAsTegodrop(night, polling, kBegin);
    }
  }
  return totals;
}

// Of the builds that one waits for: how many run at the same time on average.
double Load(const NightKind& kind) { return kind.builds * kind.median / (kind.hours * 3600 + kind.median); }

void PrintLine(const NightKind& kind, const Totals& totals) {
  std::printf("%6.0f %6.1f %7d %6.0f %5.1f %8.2f %8.1f", kind.median / 60, kind.sigma, kind.builds, kind.hours,
              Load(kind), totals.script.waited / totals.script.seen,
              static_cast<double>(totals.script.requests) / totals.script.seen);
  totals.PrintRatios();
}

void PrintAll(const std::vector<NightKind>& kinds, int nights) {
  Totals all;
  for (const NightKind& kind : kinds) {
    // Those of one build need more nights for the same certainty.
    const Totals totals = Watch(kind, kind.builds == 1 ? nights * 10 : nights);
    PrintLine(kind, totals);
    all += totals;
  }
  if (kinds.size() == 1) return;
  std::printf("%-51s", "all builds of these nights");
  all.PrintRatios();
}

void PrintKinds(const char* name, const std::vector<NightKind>& kinds, seconds interval, std::uint64_t nights) {
  std::printf("\"%s\": [", name);
  const char* separator = "";
  for (const NightKind& kind : kinds) {
    Watched script;
    Watched ours;
    for (std::uint64_t seed = 1; seed <= nights; ++seed) {
      const Night night = DrawNight(kind, kBegin, seed);
      PollingSettings polling;
      polling.interval = interval;
      script += WatchAsTheSeedScript(night);
      ours += WatchAsTegodrop(night, polling, kBegin);
    }
    std::printf(
        "%s{\"median\": %g, \"sigma\": %g, \"builds\": %d, \"interval\": %d, \"delay\": %.6f, \"requests\": %.6f}",
        separator, kind.median, kind.sigma, kind.builds, static_cast<int>(interval.count()),
        ours.waited / script.waited, static_cast<double>(ours.requests) / script.requests);
    separator = ", ";
  }
  std::printf("]");
}

// Delay and requests as ratios to the portal's example's. `nights`: of each kind, 0 as the goal has it.
void PrintGoal(std::uint64_t nights) {
  std::printf("{");
  PrintKinds("busy", BusyKinds(), kBusyInterval, nights > 0 ? nights : kBusyNights);
  std::printf(", ");
  PrintKinds("quiet", QuietKinds(), kQuietInterval, nights > 0 ? nights : kQuietNights);
  std::printf("}\n");
}

int Main(int argc, char** argv) {
  int nights = 0;
  bool goal = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--goal") {
      goal = true;
    } else if (word == "--nights" && i + 1 < argc && std::atoi(argv[i + 1]) > 0) {
      nights = std::atoi(argv[++i]);
    } else {
      std::fprintf(stderr, "table [--goal] [--nights N]\n");
      return 64;
    }
  }
  if (goal) {
    PrintGoal(static_cast<std::uint64_t>(nights));
    return 0;
  }
  if (nights == 0) nights = 20;
  std::printf(
      "Builds at random times of so many hours; how many run at once on average; the portal's example's mean delay in "
      "s "
      "and\n"
      "its requests a build; then of each setting delay and requests as ratios to these, * where both are at most "
      "half.\n"
      "median  sigma  builds  hours  load  delay s requests");
  for (const Setting& setting : kSettings) std::printf("  %-13s", setting.name);
  std::printf("\n");
  std::vector<NightKind> spread;
  std::vector<NightKind> bursts;
  for (const double median : {180.0, 480.0, 1200.0}) {
    for (const double sigma : {0.2, 0.4, 0.7}) {
      for (const int builds : {1, 5, 20, 60}) spread.push_back({.median = median, .sigma = sigma, .builds = builds});
      for (const int builds : {20, 60}) {
        bursts.push_back({.median = median, .sigma = sigma, .builds = builds, .hours = 1});
      }
    }
  }
  PrintAll(spread, nights);
  std::printf("dropped within an hour:\n");
  PrintAll(bursts, nights);
  std::printf("one build of nearly always the same time:\n");
  PrintAll({{.median = 480, .sigma = 0.1, .builds = 1}}, nights);
  std::printf("a tenant's first night, whose history is empty:\n");
  PrintAll({{.median = 480, .sigma = 0.4, .builds = 20, .earlier = 0}}, nights);
  std::printf("a tenth of the earlier builds failed within seconds:\n");
  PrintAll({{.median = 480, .sigma = 0.4, .builds = 20, .failing = 0.1}}, nights);
  return 0;
}

}  // namespace
}  // namespace tegodrop::polling_bench

int main(int argc, char** argv) { return tegodrop::polling_bench::Main(argc, argv); }
