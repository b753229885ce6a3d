// Numbers as ZIP files store them: least significant byte first, at any address.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tegodrop {

template <typename Number>
Number LittleEndian(const char* at) {
  std::uint64_t value = 0;
  for (std::size_t i = sizeof(Number); i-- > 0;) value = value << 8U | static_cast<unsigned char>(at[i]);
  return static_cast<Number>(value);
}

inline std::uint16_t U16(const char* at) { return LittleEndian<std::uint16_t>(at); }
inline std::uint32_t U32(const char* at) { return LittleEndian<std::uint32_t>(at); }
inline std::uint64_t U64(const char* at) { return LittleEndian<std::uint64_t>(at); }

}  // namespace tegodrop
