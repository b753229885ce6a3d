// Simulated nights from the command line: many seeds, or one again in full.
//   nights --seeds FROM COUNT     nights --seed N [--verbose]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "tests/simulation/night.h"

namespace tegodrop::simulation {
namespace {

struct Totals {
  std::uint64_t nights = 0;
  std::uint64_t bad = 0;
  NightReport sum;
  std::map<std::string, int> broken;  // nights by promise

  void Add(const NightReport& one) {
    ++nights;
    bad += one.broken.empty() ? 0 : 1;
    sum.artifacts += one.artifacts;
    sum.deaths += one.deaths;
    sum.power_cuts += one.power_cuts;
    sum.builds += one.builds;
    sum.deliveries += one.deliveries;
    sum.failures += one.failures;
    sum.requests += one.requests;
    sum.faults += one.faults;
    sum.simulated_ms += one.simulated_ms;
    sum.steps += one.steps;
    for (std::size_t i = 0; i < one.struck.size(); ++i) sum.struck.at(i) += one.struck.at(i);
    for (const std::string& how : one.broken) ++broken[how.substr(0, 9)];
  }

  void Print(double seconds) const {
    std::printf(
        "nights %llu, bad %llu; artifacts %d, deaths %d (power cuts %d), builds %d, deliveries %d, failures %d\n",
        static_cast<unsigned long long>(nights), static_cast<unsigned long long>(bad), sum.artifacts, sum.deaths,
        sum.power_cuts, sum.builds, sum.deliveries, sum.failures);
    std::printf("requests %llu, faults %llu:", static_cast<unsigned long long>(sum.requests),
                static_cast<unsigned long long>(sum.faults));
    for (std::size_t i = 0; i < sum.struck.size(); ++i) {
      std::printf("%s %s %llu", i == 0 ? "" : ",", std::string(NameOf(static_cast<Trouble>(i))).c_str(),
                  static_cast<unsigned long long>(sum.struck.at(i)));
    }
    std::printf("\nsimulated %.0f hours in %.1f s: %.1f nights a second\n",
                static_cast<double>(sum.simulated_ms) / 3.6e6, seconds, static_cast<double>(nights) / seconds);
    for (const auto& [promise, count] : broken) std::printf("%s broken %d times\n", promise.c_str(), count);
  }
};

int Usage() {
  std::fprintf(stderr, "nights --seeds FROM COUNT | --seed N [--verbose] [--stop]\n");
  return 64;
}

int Main(int argc, char** argv) {
  std::uint64_t from = 1;
  std::uint64_t count = 0;
  bool stop = false;
  NightOptions options;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg == "--seeds" && i + 2 < argc) {
      from = std::strtoull(argv[++i], nullptr, 10);
      count = std::strtoull(argv[++i], nullptr, 10);
    } else if (arg == "--seed" && i + 1 < argc) {
      from = std::strtoull(argv[++i], nullptr, 10);
      count = 1;
    } else if (arg == "--verbose") {
      options.verbose = true;
    } else if (arg == "--stop") {
      stop = true;  // at the first bad night
    } else {
      return Usage();
    }
  }
  if (count == 0) return Usage();
  Totals totals;
  const auto begun = std::chrono::steady_clock::now();
  for (std::uint64_t seed = from; seed < from + count; ++seed) {
    const NightReport report = RunNight(seed, options);
    totals.Add(report);
    for (const std::string& how : report.broken) {
      std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), how.c_str());
    }
    std::fflush(stdout);
    if (stop && !report.broken.empty()) break;
  }
  totals.Print(std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  return totals.bad == 0 ? 0 : 1;
}

}  // namespace
}  // namespace tegodrop::simulation

int main(int argc, char** argv) { return tegodrop::simulation::Main(argc, argv); }
