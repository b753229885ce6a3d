// The targets of many jobs, each held once.
#include "daemon/model/targets.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tegodrop {
namespace {

Shared<Target> TargetOf(const std::string& folder, const std::string& key = "") {
  Target target;
  target.folder = folder;
  target.signing_key = key;
  return target;
}

TEST(Targets, EqualOnesAreHeldOnceAndOthersByThemselves) {
  Targets targets;
  const Shared<Target> first = targets.Of(TargetOf("nightly"));
  const Shared<Target> second = targets.Of(TargetOf("nightly"));
  const Shared<Target> other = targets.Of(TargetOf("nightly", "key-1"));
  EXPECT_EQ(&*second, &*first);
  EXPECT_NE(&*other, &*first);
  EXPECT_EQ(other->signing_key, "key-1");
  EXPECT_EQ(targets.size(), 2U);
}

TEST(Targets, WhatNobodyHoldsAnyLongerIsForgotten) {
  Targets targets;
  const Shared<Target> kept = targets.Of(TargetOf("kept"));
  std::vector<Shared<Target>> held;
  for (int i = 0; i < 100; ++i) held.push_back(targets.Of(TargetOf("held", std::to_string(i))));
  for (int i = 0; i < 10'000; ++i) targets.Of(TargetOf("passing", std::to_string(i)));
  EXPECT_LE(targets.size(), 2 * (held.size() + 1) + 1);
  EXPECT_EQ(&*targets.Of(TargetOf("kept")), &*kept);
  EXPECT_EQ(&*targets.Of(TargetOf("held", "99")), &*held.back());
}

}  // namespace
}  // namespace tegodrop
