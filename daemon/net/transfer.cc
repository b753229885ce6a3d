#include "daemon/net/transfer.h"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7); the program keeps the C locale, whose names these are.
std::optional<std::int64_t> ParseDate(const std::string& text) {
  std::tm date{};
  const char* rest = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
  if (rest == nullptr || *rest != '\0') return std::nullopt;
  return static_cast<std::int64_t>(timegm(&date)) * 1000;
}

}  // namespace

std::optional<std::string_view> HttpAnswer::Header(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& one) { return one.first == name; });
  if (found == headers.end()) return std::nullopt;
  return found->second;
}

std::optional<std::chrono::milliseconds> HttpAnswer::RetryAfter(std::int64_t now_wall_ms) const {
  const auto header = Header("retry-after");
  if (!header) return std::nullopt;
  constexpr std::int64_t kDay = 24 * 3600;  // more is somebody's mistake
  const std::string text(Trim(*header));
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && end == text.data() + text.size()) {
    if (seconds < 0) return std::nullopt;
    return std::chrono::seconds(std::min(seconds, kDay));
  }
  const std::optional<std::int64_t> at = ParseDate(text);
  if (!at) return std::nullopt;
  return std::chrono::milliseconds(std::clamp<std::int64_t>(*at - now_wall_ms, 0, kDay * 1000));
}

std::optional<std::int64_t> HttpAnswer::Date() const {
  const auto header = Header("date");
  return header ? ParseDate(std::string(Trim(*header))) : std::nullopt;
}

}  // namespace tegodrop
