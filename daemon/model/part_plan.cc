#include "daemon/model/part_plan.h"

#include <algorithm>

namespace tegodrop {

bool PartsFit(std::uint64_t size, std::uint64_t chunk_size, std::int64_t total_parts) {
  if (size == 0 || chunk_size == 0 || total_parts < 1) return false;
  return (size - 1) / chunk_size + 1 == static_cast<std::uint64_t>(total_parts);
}

PartRange RangeOfPart(std::int64_t number, std::uint64_t size, std::uint64_t chunk_size) {
  const std::uint64_t offset = static_cast<std::uint64_t>(number - 1) * chunk_size;
  return {offset, std::min(chunk_size, size - offset)};
}

}  // namespace tegodrop
