#include "daemon/archive/manifest/unicode.h"

#include <cstdint>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

constexpr std::uint32_t kHigh = 0xD800;
constexpr std::uint32_t kLow = 0xDC00;

bool IsHigh(std::uint32_t unit) { return unit >= kHigh && unit < kLow; }
bool IsLow(std::uint32_t unit) { return unit >= kLow && unit < 0xE000; }
std::uint32_t Joined(std::uint32_t high, std::uint32_t low) { return 0x10000 + ((high - kHigh) << 10U) + (low - kLow); }

void Append(std::uint32_t point, std::string* text) {
  const auto put = [text](std::uint32_t byte) { *text += static_cast<char>(byte); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xC0U | point >> 6U);
  } else if (point < 0x10000) {
    put(0xE0U | point >> 12U);
    put(0x80U | (point >> 6U & 0x3FU));
  } else {
    put(0xF0U | point >> 18U);
    put(0x80U | (point >> 12U & 0x3FU));
    put(0x80U | (point >> 6U & 0x3FU));
  }
  put(0x80U | (point & 0x3FU));
}

// The surrogate that three bytes at the front stand for, or 0.
std::uint32_t SurrogateAt(std::string_view bytes) {
  if (bytes.size() < 3 || bytes[0] != '\xED') return 0;
  const auto middle = static_cast<unsigned char>(bytes[1]);
  const auto last = static_cast<unsigned char>(bytes[2]);
  if (middle < 0xA0 || middle > 0xBF || (last & 0xC0U) != 0x80) return 0;
  return 0xD000U | (middle & 0x3FU) << 6U | (last & 0x3FU);
}

}  // namespace

std::optional<std::string> Utf16ToUtf8(std::string_view bytes, bool big_endian) {
  if (bytes.size() % 2 != 0) return std::nullopt;
  const auto unit_at = [&](std::size_t at) -> std::uint32_t {
    const auto one = static_cast<unsigned char>(bytes[at]);
    const auto two = static_cast<unsigned char>(bytes[at + 1]);
    return big_endian ? one << 8U | two : two << 8U | one;
  };
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 2) {
    std::uint32_t point = unit_at(at);
    if (IsLow(point)) return std::nullopt;
    if (IsHigh(point)) {
      at += 2;
      if (at == bytes.size() || !IsLow(unit_at(at))) return std::nullopt;
      point = Joined(point, unit_at(at));
    }
    Append(point, &text);
  }
  return text;
}

std::optional<std::string> ModifiedUtf8ToUtf8(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::uint32_t high = SurrogateAt(bytes);
    if (high == 0) {
      text += bytes.front();
      bytes.remove_prefix(1);
      continue;
    }
    const std::uint32_t low = SurrogateAt(bytes.substr(3));
    if (!IsHigh(high) || !IsLow(low)) return std::nullopt;
    Append(Joined(high, low), &text);
    bytes.remove_prefix(6);
  }
  if (!IsUtf8(text)) return std::nullopt;
  return text;
}

std::optional<std::string> AsText(std::optional<std::string> text) {
  if (!text || text->size() > kLongestText || text->find('\0') != std::string::npos || !IsUtf8(*text)) {
    return std::nullopt;
  }
  return text;
}

}  // namespace tegodrop
