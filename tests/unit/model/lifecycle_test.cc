#include "daemon/model/lifecycle.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

namespace tegodrop {
namespace {

using S = JobState;

const std::vector<S> kAll{S::kClaiming,   S::kClaimed,   S::kRequested, S::kUploading, S::kCompleting,
                          S::kConfirming, S::kSubmitted, S::kBuilding,  S::kBuilt,     S::kFetched,
                          S::kPublished,  S::kDelivered, S::kFailed,    S::kCancelled, S::kReclaiming};

TEST(Lifecycle, HasExactlyTheseEdges) {
  const std::map<S, std::set<S>> edges{
      {S::kClaiming, {S::kClaimed, S::kFailed, S::kCancelled}},
      {S::kClaimed, {S::kRequested, S::kPublished, S::kFailed, S::kCancelled}},
      {S::kRequested, {S::kUploading, S::kClaimed, S::kFailed, S::kCancelled}},
      {S::kUploading,
       {S::kRequested, S::kClaimed, S::kCompleting, S::kConfirming, S::kSubmitted, S::kFailed, S::kCancelled}},
      {S::kCompleting, {S::kClaimed, S::kConfirming, S::kSubmitted, S::kFailed, S::kCancelled}},
      {S::kConfirming, {S::kSubmitted, S::kClaimed, S::kFailed, S::kCancelled}},
      {S::kSubmitted, {S::kBuilding, S::kBuilt, S::kFailed, S::kCancelled}},
      {S::kBuilding, {S::kBuilt, S::kFailed, S::kCancelled}},
      {S::kBuilt, {S::kFetched, S::kBuilding, S::kFailed, S::kCancelled}},
      {S::kFetched, {S::kPublished, S::kBuilt, S::kFailed, S::kCancelled}},
      {S::kPublished, {S::kDelivered}},
      {S::kDelivered, {}},
      {S::kFailed, {}},
      {S::kCancelled, {}},
      {S::kReclaiming, {S::kClaimed, S::kConfirming, S::kBuilt, S::kFailed, S::kCancelled}},
  };
  ASSERT_EQ(edges.size(), kAll.size());
  for (const S from : kAll) {
    for (const S to : kAll) {
      const bool expected = from == to || edges.at(from).contains(to);
      EXPECT_EQ(MayFollow(from, to), expected) << ToString(from) << " -> " << ToString(to);
    }
  }
}

TEST(Lifecycle, OnlyAPersonLeavesAnEnd) {
  for (const S from : kAll) {
    for (const S to : kAll) {
      const bool again = (from == S::kDelivered && to == S::kBuilt) ||
                         ((from == S::kFailed || from == S::kCancelled) && to == S::kReclaiming);
      EXPECT_EQ(MayReopen(from, to), again) << ToString(from) << " -> " << ToString(to);
      EXPECT_FALSE(again && MayFollow(from, to));
    }
  }
}

TEST(Lifecycle, NothingIsUploadedAgainOnceThePortalHasIt) {
  // Every state from which an upload can still be reached.
  std::set<S> back{S::kUploading};
  for (std::size_t before = 0; before != back.size();) {
    before = back.size();
    for (const S from : kAll) {
      for (const S to : kAll) {
        if (MayFollow(from, to) && back.contains(to)) back.insert(from);
      }
    }
  }
  for (const S state : {S::kSubmitted, S::kBuilding, S::kBuilt, S::kFetched, S::kPublished, S::kDelivered}) {
    EXPECT_FALSE(back.contains(state)) << ToString(state);
  }
}

TEST(Lifecycle, EveryStateReachesDeliveredUnlessItIsAnEnd) {
  std::set<S> good{S::kDelivered};
  for (std::size_t before = 0; before != good.size();) {
    before = good.size();
    for (const S from : kAll) {
      for (const S to : kAll) {
        if (MayFollow(from, to) && good.contains(to)) good.insert(from);
      }
    }
  }
  for (const S state : kAll) {
    EXPECT_EQ(good.contains(state), state != S::kFailed && state != S::kCancelled) << ToString(state);
  }
}

TEST(Lifecycle, NamesReadBackAndAreAllDifferent) {
  std::set<std::string_view> names;
  for (const S state : kAll) {
    EXPECT_EQ(JobStateFromString(ToString(state)), state);
    names.insert(ToString(state));
  }
  EXPECT_EQ(names.size(), kAll.size());
  EXPECT_FALSE(JobStateFromString("unknown").has_value());
  EXPECT_FALSE(JobStateFromString("").has_value());
}

TEST(Lifecycle, KnowsItsEndsAndWhoAwaitsABuild) {
  for (const S state : kAll) {
    EXPECT_EQ(IsEnd(state), state == S::kDelivered || state == S::kFailed || state == S::kCancelled);
    EXPECT_EQ(AwaitsBuild(state), state == S::kSubmitted || state == S::kBuilding);
  }
}

}  // namespace
}  // namespace tegodrop
