#include "daemon/base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "tests/fakes/seeded_random.h"

namespace tegodrop {
namespace {

class Scripted final : public Random {
 public:
  explicit Scripted(std::vector<std::uint64_t> values) : values_(std::move(values)) {}
  std::uint64_t Next() override { return values_.at(used++); }
  std::size_t used = 0;

 private:
  std::vector<std::uint64_t> values_;
};

TEST(Random, BelowStaysBelowAndReachesEveryValue) {
  testing::SeededRandom random;
  std::array<int, 10> seen{};
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t value = random.Below(10);
    ASSERT_LT(value, 10U);
    ++seen[value];
  }
  for (const int count : seen) EXPECT_NEAR(count, 1000, 200);
}

TEST(Random, BelowOfNothingIsNought) {
  Scripted random({});
  EXPECT_EQ(random.Below(0), 0U);
  EXPECT_EQ(random.used, 0U);
}

TEST(Random, BelowDrawsAgainWhatWouldFavourSmallValues) {
  Scripted random({UINT64_MAX, 5});
  EXPECT_EQ(random.Below(3), 2U);
  EXPECT_EQ(random.used, 2U);
}

TEST(Random, TheKernelsDiffersEachTime) {
  SystemRandom random;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random.Next());
  EXPECT_EQ(seen.size(), 100U);
}

TEST(NewId, SortsByAge) {
  testing::SeededRandom random;
  std::vector<std::string> ids;
  for (const WallMs time : {WallMs{0}, WallMs{1}, WallMs{31}, WallMs{32}, WallMs{1'700'000'000'000},
                            WallMs{1'700'000'000'001}, WallMs{4'000'000'000'000}, WallMs{30'000'000'000'000}}) {
    ids.push_back(NewId(time, random));
  }
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
}

TEST(NewId, IsSafeInEveryFileName) {
  testing::SeededRandom random;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = NewId(1'700'000'000'000 + i, random);
    EXPECT_EQ(id.size(), 16U);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz"), std::string::npos) << id;
  }
}

TEST(NewId, DiffersWithinOneMillisecond) {
  testing::SeededRandom random;
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(NewId(5, random));
  EXPECT_EQ(ids.size(), 1000U);
}

}  // namespace
}  // namespace tegodrop
