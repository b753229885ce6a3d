// CRC-32 of a file's bytes block by block, taken as they pass, from which that of any range follows without reading
// more than its ends: what a ZIP says of an entry that is stored as it is can then be told when the last byte has come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace tegodrop {

class BlockCrcs {
 public:
  // Four bytes for each 64 KiB: 128 KiB for a file of 2 GiB.
  static constexpr std::uint64_t kBlock = 64ULL * 1024;

  // Takes the file's bytes from its beginning.
  void Update(const void* data, std::size_t size);
  // How many it took.
  std::uint64_t size() const { return size_; }

  // Of the bytes that were taken from `begin` to `end`. `read` gives the range's ends that are no whole blocks, at most
  // a block at once: their CRC-32 put onto `crc`, or nothing where they cannot be read; then this is nothing too, as it
  // is for a range that was not taken.
  using CrcOfFile =
      std::function<std::optional<std::uint32_t>(std::uint32_t crc, std::uint64_t begin, std::uint64_t end)>;
  std::optional<std::uint32_t> Of(std::uint64_t begin, std::uint64_t end, const CrcOfFile& read) const;

  // Of these bytes behind those of `crc`; 0 is that of none.
  static std::uint32_t Crc(std::uint32_t crc, const void* data, std::size_t size);

 private:
  std::vector<std::uint32_t> blocks_;  // the whole ones
  std::uint32_t last_ = 0;             // of the one that was begun
  std::uint64_t size_ = 0;
};

}  // namespace tegodrop
