#include "daemon/base/block_crcs.h"

#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>

namespace tegodrop {

std::uint32_t BlockCrcs::Crc(std::uint32_t crc, const void* data, std::size_t size) {
  return libdeflate_crc32(crc, data, size);
}

void BlockCrcs::Update(const void* data, std::size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  while (size > 0) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(size, kBlock - size_ % kBlock));
    last_ = Crc(last_, bytes, count);
    size_ += count;
    bytes += count;
    size -= count;
    if (size_ % kBlock != 0) continue;
    blocks_.push_back(last_);
    last_ = 0;
  }
}

std::optional<std::uint32_t> BlockCrcs::Of(std::uint64_t begin, std::uint64_t end, const CrcOfFile& read) const {
  if (begin > end || end > size_) return std::nullopt;
  // The same for every whole block.
  static const z_off_t whole = static_cast<z_off_t>(kBlock);
  static const uLong behind = crc32_combine_gen(whole);
  std::optional<std::uint32_t> crc = 0;
  while (crc && begin < end) {
    const std::uint64_t next = std::min(end, (begin / kBlock + 1) * kBlock);
    if (next - begin == kBlock) {
      const std::uint32_t block = blocks_[static_cast<std::size_t>(begin / kBlock)];
      crc = static_cast<std::uint32_t>(crc32_combine_op(*crc, block, behind));
    } else {
      crc = read(*crc, begin, next);
    }
    begin = next;
  }
  return crc;
}

}  // namespace tegodrop
