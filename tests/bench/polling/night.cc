#include "tests/bench/polling/night.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tests/fakes/seeded_random.h"

namespace tegodrop::polling_bench {
namespace {

constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kUpload = 10'000;

class Draws {
 public:
  explicit Draws(std::uint64_t seed) : random_(seed) {}

  // In (0, 1].
  double Share() { return (static_cast<double>(random_.Next() >> 11U) + 1) / static_cast<double>(1ULL << 53U); }
  std::int64_t Within(std::int64_t ms) { return static_cast<std::int64_t>(Share() * static_cast<double>(ms)); }
  // Milliseconds.
  std::int64_t BuildTime(const NightKind& kind) {
    const double normal = std::sqrt(-2 * std::log(Share())) * std::cos(2 * std::numbers::pi * Share());
    return std::llround(1000 * kind.median * std::exp(kind.sigma * normal));
  }

 private:
  testing::SeededRandom random_;
};

BuildRow RowOf(const NightBuild& build, WallMs now) {
  BuildRow row;
  row.start_time = build.asked / 1000;
  row.version = kVersion;
  row.name = build.name;
  row.platform = "android";
  if (now >= build.ended) {
    row.end_time = build.ended / 1000;
    row.success = true;
  }
  return row;
}

}  // namespace

Night DrawNight(const NightKind& kind, WallMs begin, std::uint64_t seed) {
  Draws draws(seed);
  Night night;
  for (int i = 0; i < kind.builds; ++i) {
    NightBuild build;
    build.asked = begin + draws.Within(std::llround(kind.hours * kHour));
    build.submitted = build.asked + kUpload;
    build.ended = build.submitted + draws.BuildTime(kind);
    night.builds.push_back(build);
  }
  std::sort(night.builds.begin(), night.builds.end(),
            [](const NightBuild& a, const NightBuild& b) { return a.asked < b.asked; });
  for (std::size_t i = 0; i < night.builds.size(); ++i) night.builds[i].name = "app-" + std::to_string(i) + ".apk";
  for (int i = 0; i < kind.earlier; ++i) {
    NightBuild build;
    build.name = "earlier-" + std::to_string(i) + ".apk";
    build.asked = begin - 24 * kHour - i * kHour / 4;
    build.submitted = build.asked + kUpload;
    build.ended = build.submitted + draws.BuildTime(kind);
    const bool fails = draws.Share() < kind.failing;
    if (fails) build.ended = build.submitted + draws.Within(kUpload);
    BuildRow row = RowOf(build, begin);
    if (fails) {
      row.success = false;
      row.error_message = "the archive cannot be protected";
    }
    night.earlier.push_back(std::move(row));
  }
  return night;
}

std::vector<BuildRow> HistoryAt(const Night& night, WallMs now) {
  std::vector<BuildRow> rows;
  for (auto build = night.builds.rbegin(); build != night.builds.rend(); ++build) {
    if (now >= build->asked) rows.push_back(RowOf(*build, now));
  }
  rows.insert(rows.end(), night.earlier.begin(), night.earlier.end());
  return rows;
}

}  // namespace tegodrop::polling_bench
