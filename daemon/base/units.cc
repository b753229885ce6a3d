#include "daemon/base/units.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <limits>
#include <utility>

namespace tegodrop {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array kDurations{Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1000},
                                Unit{"ms", 1}};
constexpr std::array kSizes{Unit{"TiB", 1ULL << 40}, Unit{"GiB", 1ULL << 30}, Unit{"MiB", 1ULL << 20},
                            Unit{"KiB", 1ULL << 10}, Unit{"B", 1}};

// Digits, then exactly one of the units (or nothing where `bare` is allowed).
template <typename Units>
std::optional<std::uint64_t> Parse(std::string_view text, const Units& units, bool bare) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (error != std::errc() || end == text.data() || number > kLargest) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (unit.empty()) return bare ? std::optional(number) : std::nullopt;
  for (const Unit& known : units) {
    if (known.name != unit) continue;
    if (number > kLargest / known.factor) return std::nullopt;
    return number * known.factor;
  }
  return std::nullopt;
}

template <typename Units>
std::string Format(std::uint64_t value, const Units& units, std::string_view smallest) {
  for (const Unit& unit : units) {
    if (value >= unit.factor && value % unit.factor == 0 && unit.factor > 1) {
      return std::to_string(value / unit.factor) + std::string(unit.name);
    }
  }
  return std::to_string(value) + std::string(smallest);
}

}  // namespace

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  const auto value = Parse(text, kDurations, false);
  if (!value) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(*value));
}

std::optional<std::uint64_t> ParseSize(std::string_view text) { return Parse(text, kSizes, true); }

std::string FormatDuration(std::chrono::milliseconds duration) {
  const auto count = static_cast<std::uint64_t>(duration.count() < 0 ? 0 : duration.count());
  return count == 0 ? "0s" : Format(count, kDurations, "ms");
}

std::string FormatSize(std::uint64_t bytes) { return Format(bytes, kSizes, ""); }

std::string HumanSize(std::uint64_t bytes) {
  for (const Unit& unit : kSizes) {
    if (bytes < unit.factor || unit.factor == 1) continue;
    char text[32];
    std::snprintf(text, sizeof text, "%.1f ", static_cast<double>(bytes) / static_cast<double>(unit.factor));
    return text + std::string(unit.name);
  }
  return std::to_string(bytes) + " B";
}

std::string HumanDuration(std::chrono::milliseconds duration) {
  const std::int64_t seconds = duration.count() / 1000;
  if (seconds < 1) return std::to_string(duration.count()) + "ms";
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 3600) return std::to_string(seconds / 60) + "m " + std::to_string(seconds % 60) + "s";
  return std::to_string(seconds / 3600) + "h " + std::to_string(seconds % 3600 / 60) + "m";
}

}  // namespace tegodrop
