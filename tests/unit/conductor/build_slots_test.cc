#include "daemon/conductor/build_slots.h"

#include <gtest/gtest.h>

namespace tegodrop {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr MonoMs kSecond = 1000;
constexpr MonoMs kMinute = 60 * kSecond;

TEST(BuildSlots, AConfiguredNumberIsNeverExceeded) {
  BuildSlots slots(3);
  EXPECT_EQ(slots.Room(0, 0), 3);
  EXPECT_EQ(slots.Room(2, 0), 1);
  EXPECT_EQ(slots.Room(3, 0), 0);
  EXPECT_EQ(slots.Room(5, 0), 0);
  EXPECT_FALSE(slots.NextTry(3)) << "no time changes that";
  slots.Refused("a", 3, seconds(30), 0);
  EXPECT_EQ(slots.Room(3, 60 * kMinute), 0) << "not tried beyond it either";
}

TEST(BuildSlots, AutoHasNoLimitUntilARefusalAndThenWhatRan) {
  BuildSlots slots(std::nullopt);
  EXPECT_GT(slots.Room(1000, 0), 1000);
  slots.Refused("c", 2, seconds(30), 0);
  EXPECT_EQ(slots.Room(2, kMinute), 0);
  EXPECT_EQ(slots.Room(1, kMinute), 1) << "the end of one build lets one go";
  EXPECT_EQ(slots.Room(0, kMinute), 2);
}

TEST(BuildSlots, ThoseThatAskedAtTheSameTimeTeachNothingNew) {
  BuildSlots slots(std::nullopt);
  slots.Refused("c", 0, seconds(30), 0);
  slots.Refused("d", 0, seconds(30), 10);
  EXPECT_EQ(slots.NextTry(0), 30 * kSecond) << "the wait has not grown";
}

TEST(BuildSlots, ARefusalBelowTheLimitLowersIt) {
  BuildSlots slots(std::nullopt);
  slots.Refused("c", 3, seconds(30), 0);
  slots.Begun("d", 2);
  slots.Refused("d", 2, seconds(30), kSecond);
  EXPECT_EQ(slots.Room(2, kMinute), 0);
  EXPECT_EQ(slots.Room(1, kMinute), 1);
}

TEST(BuildSlots, OneIsTriedBeyondTheLimitAfterTenQuietMinutes) {
  BuildSlots slots(std::nullopt);
  slots.Refused("c", 2, seconds(30), 0);
  EXPECT_EQ(slots.Room(2, 10 * kMinute - 1), 0);
  EXPECT_EQ(slots.Room(2, 10 * kMinute), 1);
  slots.Begun("d", 2);
  EXPECT_EQ(slots.Room(3, 10 * kMinute), 0) << "one at a time";
  slots.Accepted("d", 10 * kMinute);
  EXPECT_EQ(slots.Room(3, 19 * kMinute), 0);
  EXPECT_EQ(slots.Room(2, 19 * kMinute), 1) << "three are known to be taken";
  EXPECT_EQ(slots.Room(3, 20 * kMinute), 1) << "and a fourth is tried";
  slots.Begun("e", 3);
  slots.Refused("e", 3, seconds(30), 20 * kMinute);
  EXPECT_EQ(slots.Room(3, 29 * kMinute), 0);
}

TEST(BuildSlots, WithNoneOfOursRunningItAsksSeldomAndEverSeldomer) {
  BuildSlots slots(std::nullopt);
  MonoMs now = 0;
  for (const MonoMs wait : {30, 60, 120, 240, 480, 900, 900}) {
    slots.Begun("a", 0);
    slots.Refused("a", 0, seconds(30), now);
    ASSERT_EQ(slots.NextTry(0), now + wait * kSecond);
    EXPECT_EQ(slots.Room(0, now + wait * kSecond - 1), 0);
    now += wait * kSecond;
    EXPECT_EQ(slots.Room(0, now), 1) << "one alone";
  }
  slots.Begun("a", 0);
  slots.Accepted("a", now);
  EXPECT_GT(slots.Room(1, now), 100) << "what held us up was somebody else's";
}

TEST(BuildSlots, ARetryAfterIsTheFirstWait) {
  BuildSlots slots(std::nullopt);
  slots.Refused("a", 0, seconds(5), 0);
  EXPECT_EQ(slots.NextTry(0), 5 * kSecond);
  slots.Begun("a", 0);
  slots.Refused("a", 0, minutes(60), 5 * kSecond);
  EXPECT_EQ(slots.NextTry(0), 5 * kSecond + 15 * kMinute) << "never longer than that";
}

TEST(BuildSlots, ATryWithoutAnAnswerIsMadeAgainLater) {
  BuildSlots slots(std::nullopt);
  slots.Refused("a", 0, seconds(30), 0);
  slots.Begun("a", 0);
  EXPECT_EQ(slots.Room(1, kMinute), 0);
  EXPECT_FALSE(slots.NextTry(1)) << "its end is what is waited for";
  slots.Ended("b", kMinute);
  EXPECT_EQ(slots.Room(0, kMinute), 0) << "another one's end says nothing";
  slots.Ended("a", kMinute);
  EXPECT_EQ(slots.Room(0, kMinute), 0);
  EXPECT_EQ(slots.Room(0, kMinute + 30 * kSecond), 1);
}

}  // namespace
}  // namespace tegodrop
