// Durations and sizes as people write them in the config and on the command line: "500ms", "15s", "10m", "4h", "1d";
// "64KiB", "20GiB".
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tegodrop {

// nullopt for anything but digits and one unit (ms, s, m, h, d), or where it does not fit.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);

// nullopt for anything but digits with an optional unit (B, KiB, MiB, GiB, TiB), or where it does not fit.
std::optional<std::uint64_t> ParseSize(std::string_view text);

// The largest unit that divides it without a rest, so that ParseDuration reads the same value again: 90s, 4h, 1500ms.
std::string FormatDuration(std::chrono::milliseconds duration);

// Likewise for sizes: 64KiB, 1500 (bytes without a unit).
std::string FormatSize(std::uint64_t bytes);

// For people, rounded: "1.2 MiB", "3m 20s".
std::string HumanSize(std::uint64_t bytes);
std::string HumanDuration(std::chrono::milliseconds duration);

}  // namespace tegodrop
