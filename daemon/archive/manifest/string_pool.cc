#include "daemon/archive/manifest/string_pool.h"

#include "daemon/archive/little_endian.h"
#include "daemon/archive/manifest/unicode.h"

namespace tegodrop {
namespace {

constexpr std::size_t kHeader = 28;
constexpr std::uint32_t kUtf8Flag = 0x100;

// A length before a string: one unit, or two where the first has its highest bit. Moves `at` behind it.
std::optional<std::size_t> Length8(std::string_view bytes, std::size_t* at) {
  if (*at >= bytes.size()) return std::nullopt;
  const auto first = static_cast<unsigned char>(bytes[(*at)++]);
  if ((first & 0x80U) == 0) return first;
  if (*at >= bytes.size()) return std::nullopt;
  return (first & 0x7FU) << 8U | static_cast<unsigned char>(bytes[(*at)++]);
}

std::optional<std::size_t> Length16(std::string_view bytes, std::size_t* at) {
  const auto unit = [&]() -> std::optional<std::size_t> {
    if (bytes.size() - *at < 2) return std::nullopt;
    *at += 2;
    return U16(bytes.data() + *at - 2);
  };
  const std::optional<std::size_t> first = unit();
  if (!first || (*first & 0x8000U) == 0) return first;
  const std::optional<std::size_t> second = unit();
  if (!second) return std::nullopt;
  return (*first & 0x7FFFU) << 16U | *second;
}

std::optional<std::string> Utf8At(std::string_view bytes) {
  std::size_t at = 0;
  // First the length in UTF-16, which nobody needs here.
  if (!Length8(bytes, &at)) return std::nullopt;
  const std::optional<std::size_t> length = Length8(bytes, &at);
  if (!length || *length > bytes.size() - at || *length > 2 * kLongestText) return std::nullopt;
  return ModifiedUtf8ToUtf8(bytes.substr(at, *length));
}

std::optional<std::string> Utf16At(std::string_view bytes) {
  std::size_t at = 0;
  const std::optional<std::size_t> length = Length16(bytes, &at);
  if (!length || *length > kLongestText || 2 * *length > bytes.size() - at) return std::nullopt;
  return Utf16ToUtf8(bytes.substr(at, 2 * *length), false);
}

}  // namespace

Result<StringPool> StringPool::Read(std::string_view chunk) {
  const auto malformed = [] { return Fail(ErrorKind::kCorrupt, "the manifest's table of strings is malformed"); };
  if (chunk.size() < kHeader) return malformed();
  const std::size_t header = U16(chunk.data() + 2);
  const std::uint64_t count = U32(chunk.data() + 8);
  const std::size_t strings = U32(chunk.data() + 20);
  if (header < kHeader || header > chunk.size() || count > (chunk.size() - header) / 4) return malformed();
  // A pool of no strings may say anything of where they begin.
  if (count > 0 && strings > chunk.size()) return malformed();
  StringPool pool;
  pool.offsets_ = chunk.substr(header, count * 4);
  pool.strings_ = count > 0 ? chunk.substr(strings) : std::string_view();
  pool.utf8_ = (U32(chunk.data() + 16) & kUtf8Flag) != 0;
  return pool;
}

std::optional<std::string> StringPool::Text(std::uint32_t index) const {
  if (index >= offsets_.size() / 4) return std::nullopt;
  const std::uint32_t offset = U32(offsets_.data() + std::size_t{index} * 4);
  if (offset > strings_.size()) return std::nullopt;
  const std::string_view bytes = strings_.substr(offset);
  return AsText(utf8_ ? Utf8At(bytes) : Utf16At(bytes));
}

}  // namespace tegodrop
