// How an artifact is cut into the parts of a multipart upload. Pure.
#pragma once

#include <cstdint>

namespace tegodrop {

struct PartRange {
  std::uint64_t offset = 0;  // bytes from the artifact's start
  std::uint64_t size = 0;
};

// Whether so many parts of `chunk_size` bytes (the last one may be shorter, but not empty) make up `size` bytes. The
// portal alone says how large chunks are and how many parts it wants; what does not add up is not begun.
bool PartsFit(std::uint64_t size, std::uint64_t chunk_size, std::int64_t total_parts);

// Of part `number`, from 1, of an artifact whose parts fit.
PartRange RangeOfPart(std::int64_t number, std::uint64_t size, std::uint64_t chunk_size);

}  // namespace tegodrop
