#include "daemon/disk/layout.h"

#include <algorithm>
#include <cstddef>

namespace tegodrop {

std::optional<ParsedStagingName> ParseStagingName(std::string_view name) {
  constexpr std::string_view kPart = ".part";
  const std::size_t first = name.find('.');
  if (first == 0 || first == std::string_view::npos) return std::nullopt;
  const std::size_t second = name.find('.', first + 1);
  if (second == std::string_view::npos || second == first + 1) return std::nullopt;
  const std::string_view job = name.substr(0, first);
  const std::string_view epoch = name.substr(first + 1, second - first - 1);
  const auto plain = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!std::all_of(job.begin(), job.end(), plain) || !std::all_of(epoch.begin(), epoch.end(), digit)) {
    return std::nullopt;
  }
  if (name.substr(second, kPart.size()) != kPart) return std::nullopt;
  const std::size_t end = second + kPart.size();
  const std::string_view companion = name.substr(end);
  if (std::find(kStagedCompanions.begin(), kStagedCompanions.end(), companion) == kStagedCompanions.end()) {
    return std::nullopt;
  }
  return ParsedStagingName{std::string(job), std::string(name.substr(0, end))};
}

}  // namespace tegodrop
