#include "daemon/archive/stored_entries.h"

#include <algorithm>
#include <array>
#include <optional>

namespace tegodrop {
namespace {

// Puts the file's bytes of that range onto the CRC.
std::optional<std::uint32_t> CrcOfRange(FileWindow& file, std::uint32_t crc, std::uint64_t begin, std::uint64_t end) {
  std::array<char, 16UL * 1024> piece;
  while (begin < end) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), end - begin));
    if (Status read = file.Read(begin, piece.data(), count); !read) return std::nullopt;
    crc = BlockCrcs::Crc(crc, piece.data(), count);
    begin += count;
  }
  return crc;
}

}  // namespace

std::vector<bool> HeldByCrcs(FileWindow& file, const Directory& directory, const BlockCrcs& crcs) {
  std::vector<bool> held;
  if (crcs.size() != file.size()) return held;
  const auto read = [&](std::uint32_t crc, std::uint64_t begin, std::uint64_t end) {
    return CrcOfRange(file, crc, begin, end);
  };
  for (const StoredEntry& entry : directory.stored) {
    if (crcs.Of(entry.begin, entry.begin + entry.size, read) != entry.crc) continue;
    held.resize(std::max(held.size(), entry.place + 1));
    held[entry.place] = true;
  }
  return held;
}

}  // namespace tegodrop
