// The CRC-32 of ranges, told by those of blocks.
#include "daemon/base/block_crcs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/fakes/zip_maker.h"

namespace tegodrop {
namespace {

constexpr std::uint64_t kBlock = BlockCrcs::kBlock;

BlockCrcs Taken(const std::string& bytes, std::size_t piece) {
  BlockCrcs crcs;
  for (std::size_t at = 0; at < bytes.size(); at += std::min(piece, bytes.size() - at)) {
    crcs.Update(bytes.data() + at, std::min(piece, bytes.size() - at));
  }
  return crcs;
}

TEST(BlockCrcs, AreThoseOfZip) {
  EXPECT_EQ(BlockCrcs::Crc(0, "123456789", 9), 0xCBF43926U);
  EXPECT_EQ(BlockCrcs::Crc(BlockCrcs::Crc(0, "1234", 4), "56789", 5), 0xCBF43926U);
  EXPECT_EQ(BlockCrcs::Crc(0, "", 0), 0U);
}

TEST(BlockCrcs, TellAnyRangeAndReadNoMoreThanItsEnds) {
  const std::string bytes = testing::RandomBytes(5 * kBlock + 77, 1);
  std::uint64_t read = 0;
  const auto from_file = [&](std::uint32_t crc, std::uint64_t begin,
                             std::uint64_t end) -> std::optional<std::uint32_t> {
    EXPECT_LE(end - begin, kBlock);
    read += end - begin;
    return BlockCrcs::Crc(crc, bytes.data() + begin, static_cast<std::size_t>(end - begin));
  };
  for (const std::size_t piece : {std::size_t{1'000}, std::size_t{kBlock}, std::size_t{3 * kBlock + 1}, bytes.size()}) {
    const BlockCrcs crcs = Taken(bytes, piece);
    EXPECT_EQ(crcs.size(), bytes.size());
    for (const std::uint64_t begin : {std::uint64_t{0}, std::uint64_t{1}, kBlock - 1, kBlock, 2 * kBlock + 5}) {
      for (const std::uint64_t end : {begin, begin + 1, 3 * kBlock, 4 * kBlock + 3, std::uint64_t{bytes.size()}}) {
        if (end < begin) continue;
        read = 0;
        EXPECT_EQ(crcs.Of(begin, end, from_file),
                  BlockCrcs::Crc(0, bytes.data() + begin, static_cast<std::size_t>(end - begin)))
            << begin << " to " << end;
        EXPECT_LE(read, 2 * kBlock);
      }
    }
    read = 0;
    EXPECT_TRUE(crcs.Of(kBlock, 5 * kBlock, from_file));
    EXPECT_EQ(read, 0U);
  }
}

TEST(BlockCrcs, SayNothingOfWhatWasNotTakenOrCannotBeRead) {
  const std::string bytes = testing::RandomBytes(2 * kBlock, 1);
  const BlockCrcs crcs = Taken(bytes, bytes.size());
  const auto unreadable = [](std::uint32_t, std::uint64_t, std::uint64_t) { return std::optional<std::uint32_t>(); };
  EXPECT_FALSE(crcs.Of(0, 2 * kBlock + 1, unreadable));
  EXPECT_FALSE(crcs.Of(kBlock, 0, unreadable));
  EXPECT_FALSE(crcs.Of(1, 2 * kBlock, unreadable));
  EXPECT_TRUE(crcs.Of(0, 2 * kBlock, unreadable));
}

}  // namespace
}  // namespace tegodrop
