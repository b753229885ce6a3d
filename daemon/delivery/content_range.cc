#include "daemon/delivery/content_range.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <system_error>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

constexpr std::string_view kUnit = "bytes";
constexpr std::size_t kLongestEtag = 512;

std::optional<std::uint64_t> Number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<ContentRange> ParseContentRange(std::string_view text) {
  text = Trim(text);
  // The unit's name is written in any case (RFC 9110, 14.1).
  if (text.size() <= kUnit.size() || ToLowerAscii(text.substr(0, kUnit.size())) != kUnit) return std::nullopt;
  if (text[kUnit.size()] != ' ') return std::nullopt;
  text.remove_prefix(kUnit.size() + 1);
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view range = text.substr(0, slash);
  const std::string_view whole = text.substr(slash + 1);
  ContentRange out;
  if (whole != "*") {
    out.total = Number(whole);
    if (!out.total) return std::nullopt;
  }
  if (range == "*") return out.total ? std::optional(out) : std::nullopt;
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  out.first = Number(range.substr(0, dash));
  out.last = Number(range.substr(dash + 1));
  if (!out.first || !out.last || *out.last < *out.first) return std::nullopt;
  if (out.total && *out.last >= *out.total) return std::nullopt;
  return out;
}

bool IsStrongEtag(std::string_view text) {
  if (text.size() < 2 || text.size() > kLongestEtag || text.front() != '"' || text.back() != '"') return false;
  text = text.substr(1, text.size() - 2);
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0x21 || (byte >= 0x23 && byte != 0x7F);
  });
}

}  // namespace tegodrop
