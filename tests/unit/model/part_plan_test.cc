#include "daemon/model/part_plan.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace tegodrop {
namespace {

TEST(PartPlan, FitsOnlyWhenTheLastPartHoldsTheRest) {
  EXPECT_TRUE(PartsFit(30, 10, 3));
  EXPECT_TRUE(PartsFit(21, 10, 3));
  EXPECT_TRUE(PartsFit(1, 10, 1));
  EXPECT_FALSE(PartsFit(20, 10, 3)) << "the last part would be empty";
  EXPECT_FALSE(PartsFit(31, 10, 3)) << "a byte would be left over";
  EXPECT_FALSE(PartsFit(0, 10, 0));
  EXPECT_FALSE(PartsFit(10, 0, 1));
  EXPECT_FALSE(PartsFit(10, 10, -1));
  EXPECT_TRUE(PartsFit(UINT64_MAX, UINT64_MAX, 1));
}

TEST(PartPlan, PartsFollowOneAnotherAndEndWithTheArtifact) {
  constexpr std::uint64_t kSize = 2'147'483'648;
  constexpr std::uint64_t kChunk = 10'485'760;
  ASSERT_TRUE(PartsFit(kSize, kChunk, 205));
  std::uint64_t end = 0;
  for (std::int64_t number = 1; number <= 205; ++number) {
    const PartRange range = RangeOfPart(number, kSize, kChunk);
    EXPECT_EQ(range.offset, end);
    EXPECT_EQ(range.size, number == 205 ? kSize - 204 * kChunk : kChunk);
    end = range.offset + range.size;
  }
  EXPECT_EQ(end, kSize);
}

}  // namespace
}  // namespace tegodrop
