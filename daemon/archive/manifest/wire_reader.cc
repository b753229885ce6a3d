#include "daemon/archive/manifest/wire_reader.h"

#include "daemon/archive/little_endian.h"

namespace tegodrop {

std::optional<std::uint64_t> WireReader::Varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 70 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    // Of the tenth byte one bit counts, and as everywhere the others are dropped.
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if ((byte & 0x80U) == 0) return value;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> WireReader::Fixed(std::size_t size) {
  if (rest_.size() < size) return std::nullopt;
  const std::uint64_t value = size == 4 ? U32(rest_.data()) : U64(rest_.data());
  rest_.remove_prefix(size);
  return value;
}

Result<std::optional<WireField>> WireReader::Next() {
  const auto malformed = [] { return Fail(ErrorKind::kCorrupt, "it is no protocol buffer"); };
  if (rest_.empty()) return std::nullopt;
  const std::optional<std::uint64_t> tag = Varint();
  if (!tag || *tag >> 3U == 0 || *tag > UINT32_MAX) return malformed();
  WireField field;
  field.number = static_cast<std::uint32_t>(*tag >> 3U);
  std::optional<std::uint64_t> value;
  switch (*tag & 7U) {
    case 0:
    case 2:
      value = Varint();
      break;
    case 1:
      value = Fixed(8);
      break;
    case 5:
      value = Fixed(4);
      break;
    default:
      break;  // groups, which nothing writes any more
  }
  if (!value) return malformed();
  field.is_bytes = (*tag & 7U) == 2;
  if (field.is_bytes) {
    if (*value > rest_.size()) return malformed();
    field.bytes = rest_.substr(0, *value);
    rest_.remove_prefix(*value);
  } else {
    field.value = *value;
  }
  return field;
}

}  // namespace tegodrop
