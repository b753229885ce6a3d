// How often a host that fails is asked, and what part of its requests may be retries.
#include "daemon/base/retry_policy.h"

#include <gtest/gtest.h>

namespace tegodrop {
namespace {

using Leave = HostPatience::Leave;

// Fails until it rests; when that is.
MonoMs FailUntilItRests(HostPatience& host, MonoMs now) {
  for (int i = 0; i < kFailuresToRest; ++i) {
    EXPECT_EQ(host.Ask(i > 0, now).leave, Leave::kGranted) << i;
    EXPECT_EQ(host.Failed(now), i + 1 == kFailuresToRest) << i;
  }
  return now;
}

TEST(HostPatience, AHostThatWorksIsAskedAsOftenAsAnybodyWants) {
  HostPatience host;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(host.Ask(false, i).leave, Leave::kGranted);
    host.Works();
  }
}

TEST(HostPatience, FiveFailuresInARowGiveItARestOfHalfAMinuteAndThenOneProbe) {
  HostPatience host;
  const MonoMs begun = FailUntilItRests(host, 1000);
  EXPECT_EQ(host.rests_until(), begun + 30'000);
  const auto refused = host.Ask(false, begun + 29'999);
  EXPECT_EQ(refused.leave, Leave::kRests);
  EXPECT_EQ(refused.not_before, begun + 30'000);
  EXPECT_EQ(host.Ask(true, begun + 30'000).leave, Leave::kGranted);
  const auto while_probing = host.Ask(false, begun + 30'001);
  EXPECT_EQ(while_probing.leave, Leave::kRests) << "one probe at a time";
  EXPECT_GT(while_probing.not_before, begun + 30'001);
}

TEST(HostPatience, FourFailuresAndASuccessAreNoReasonToRest) {
  HostPatience host;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < kFailuresToRest - 1; ++i) {
      ASSERT_EQ(host.Ask(false, round).leave, Leave::kGranted);
      EXPECT_FALSE(host.Failed(round));
    }
    ASSERT_EQ(host.Ask(false, round).leave, Leave::kGranted);
    host.Works();
  }
  EXPECT_FALSE(host.resting());
}

TEST(HostPatience, EachFailedProbeGivesAnotherMinuteAndAnAnswerEndsIt) {
  HostPatience host;
  MonoMs now = FailUntilItRests(host, 0) + 30'000;
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(host.Ask(true, now).leave, Leave::kGranted);
    EXPECT_TRUE(host.Failed(now));
    EXPECT_EQ(host.rests_until(), now + 60'000);
    now += 60'000;
  }
  ASSERT_EQ(host.Ask(true, now).leave, Leave::kGranted);
  host.Works();
  EXPECT_FALSE(host.resting());
  EXPECT_EQ(host.Ask(false, now).leave, Leave::kGranted);
  EXPECT_EQ(host.Ask(false, now).leave, Leave::kGranted);
}

TEST(HostPatience, AnHourAwayCostsAboutARequestAMinute) {
  HostPatience host;
  int asked = 0;
  for (MonoMs now = 0; now < 3'600'000; now += 100) {
    if (host.Ask(asked > 0, now).leave != Leave::kGranted) continue;
    ++asked;
    host.Failed(now);
  }
  EXPECT_LE(asked, kFailuresToRest + 60);
  EXPECT_GE(asked, 55);
}

TEST(HostPatience, AProbeThatWasGivenUpMakesRoomForTheNext) {
  HostPatience host;
  const MonoMs probe = FailUntilItRests(host, 0) + 30'000;
  ASSERT_EQ(host.Ask(false, probe).leave, Leave::kGranted);
  host.Dropped();
  EXPECT_TRUE(host.resting());
  EXPECT_EQ(host.Ask(false, probe).leave, Leave::kGranted);
}

TEST(HostPatience, WhatLeftBeforeTheRestAndFailsLaterDoesNotLengthenIt) {
  HostPatience host;
  ASSERT_EQ(host.Ask(false, 0).leave, Leave::kGranted);
  FailUntilItRests(host, 0);
  EXPECT_FALSE(host.Failed(20'000));
  EXPECT_EQ(host.rests_until(), 30'000);
}

TEST(HostPatience, TenRetriesAreAlwaysAllowedAndThenOneInFive) {
  HostPatience host;
  const auto fail_and_work = [&](bool again) {
    const bool granted = host.Ask(again, 0).leave == Leave::kGranted;
    if (granted) host.Works();  // in turn, so that it never rests
    return granted;
  };
  for (int i = 0; i < kRetriesAlways; ++i) ASSERT_TRUE(fail_and_work(true)) << i;
  EXPECT_FALSE(fail_and_work(true));
  EXPECT_TRUE(fail_and_work(false)) << "what was not asked before is no retry";
  int retries = kRetriesAlways;
  int requests = kRetriesAlways + 1;
  for (int i = 0; i < 200; ++i) {
    requests += fail_and_work(false) ? 1 : 0;
    if (!fail_and_work(true)) continue;
    ++requests;
    ++retries;
  }
  EXPECT_GT(retries, kRetriesAlways);
  EXPECT_LE(retries * kRequestsForARetry, requests);
}

TEST(HostPatience, ARetryWithoutBudgetMayLeaveWithinAMinute) {
  HostPatience host;
  for (int i = 0; i < kRetriesAlways; ++i) {
    ASSERT_EQ(host.Ask(true, 25'000).leave, Leave::kGranted);
    host.Works();
  }
  const auto refused = host.Ask(true, 26'000);
  ASSERT_EQ(refused.leave, Leave::kNoBudget);
  EXPECT_GT(refused.not_before, 26'000);
  EXPECT_LE(refused.not_before, 86'000);
  EXPECT_EQ(host.Ask(true, refused.not_before).leave, Leave::kGranted);
}

}  // namespace
}  // namespace tegodrop
