// Values that many copies share until one is to be another.
#include "daemon/base/shared.h"

#include <gtest/gtest.h>

#include <string>

namespace tegodrop {
namespace {

struct Place {
  std::string folder;
  int priority = 7;
  bool operator==(const Place&) const = default;
};

TEST(Shared, OfNothingIsAValueMadeFromNothing) {
  const Shared<Place> nothing;
  EXPECT_EQ(nothing->folder, "");
  EXPECT_EQ((*nothing).priority, 7);
  EXPECT_EQ(nothing, Shared<Place>(Place{}));
}

TEST(Shared, CopiesAreOneInMemoryAndEqualOnesStayEqual) {
  const Shared<Place> first(Place{"nightly", 1});
  const Shared<Place> copy = first;  // NOLINT(performance-unnecessary-copy-initialization)
  EXPECT_EQ(&*copy, &*first);
  const Shared<Place> other(Place{"nightly", 1});
  EXPECT_NE(&*other, &*first);
  EXPECT_EQ(other, first);
  EXPECT_NE(first, Shared<Place>(Place{"nightly", 2}));
}

TEST(Shared, AnEditIsSeenByItsOwnerAlone) {
  Shared<Place> first(Place{"nightly", 1});
  const Shared<Place> copy = first;
  first.Edit().priority = 9;
  EXPECT_EQ(first->priority, 9);
  EXPECT_EQ(first->folder, "nightly");
  EXPECT_EQ(copy->priority, 1);
  Shared<Place> nothing;
  nothing.Edit().folder = "release";
  EXPECT_EQ(nothing->folder, "release");
  EXPECT_EQ(Shared<Place>()->folder, "") << "what is made from nothing stays that";
}

TEST(Shared, KnowsWhenNobodyElseHoldsIt) {
  const Shared<Place> first(Place{"nightly", 1});
  EXPECT_TRUE(first.alone());
  {
    const Shared<Place> copy = first;  // NOLINT(performance-unnecessary-copy-initialization)
    EXPECT_FALSE(first.alone());
    EXPECT_FALSE(copy.alone());
  }
  EXPECT_TRUE(first.alone());
}

}  // namespace
}  // namespace tegodrop
