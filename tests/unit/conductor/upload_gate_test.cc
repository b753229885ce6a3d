// Whether uploads may start: by the window, and by a clock that it can be told by.
#include "daemon/conductor/upload_gate.h"

#include <gtest/gtest.h>

namespace tegodrop {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr WallMs kNoon = 1'767'268'800'000;  // 2026-01-01T12:00Z
constexpr MonoMs kMono = 5'000'000;

UploadGate Gate(const std::string& text) {
  UploadGate gate;
  gate.SetWindow(*UploadWindow::Parse({text}, TimeZone{}));
  return gate;
}

TEST(UploadGate, WithoutAWindowNothingIsWaitedForWhateverTheClock) {
  UploadGate gate;
  EXPECT_TRUE(gate.At(kNoon, kMono).open);
  gate.Saw(hours(3), kNoon, kMono);
  EXPECT_TRUE(gate.At(kNoon, kMono).open);
  EXPECT_FALSE(gate.At(kNoon, kMono).good_for);
  UploadGate always = Gate("00:00-24:00");
  always.Saw(hours(3), kNoon, kMono);
  EXPECT_TRUE(always.At(kNoon, kMono).open);
}

TEST(UploadGate, OutsideTheWindowItNamesItAndIsLookedAtAgainWithinAMinute) {
  const UploadGate gate = Gate("13:00-14:00");
  const auto shut = gate.At(kNoon, kMono);
  EXPECT_FALSE(shut.open);
  EXPECT_FALSE(shut.ask) << "there is time for that when it opens";
  EXPECT_EQ(shut.waiting_for, "the upload window (13:00-14:00, UTC)");
  EXPECT_EQ(shut.not_before, kNoon + 3'600'000);
  EXPECT_EQ(shut.good_for, minutes(1));
  EXPECT_EQ(gate.At(kNoon + 3'600'000 - 400, kMono).good_for, milliseconds(400));
  EXPECT_TRUE(UploadGate::Says(shut.waiting_for));
  EXPECT_FALSE(UploadGate::Says("the portal (connection refused)"));
  EXPECT_FALSE(UploadGate::Says(""));
}

TEST(UploadGate, BeforeItOpensThePortalsTimeIsAskedForOnce) {
  UploadGate gate = Gate("11:00-14:00");
  auto unknown = gate.At(kNoon, kMono);
  EXPECT_FALSE(unknown.open);
  EXPECT_TRUE(unknown.ask);
  EXPECT_TRUE(UploadGate::Says(unknown.waiting_for));
  gate.Asked("no answer for 30 s");
  unknown = gate.At(kNoon, kMono);
  EXPECT_TRUE(unknown.ask);
  EXPECT_NE(unknown.waiting_for.find("no answer for 30 s"), std::string::npos);
  EXPECT_TRUE(gate.Saw(seconds(2), kNoon, kMono));
  const auto open = gate.At(kNoon, kMono);
  EXPECT_TRUE(open.open);
  EXPECT_EQ(open.good_for, hours(2)) << "until it closes";
}

TEST(UploadGate, APortalThatNamesNoTimeIsNotWaitedFor) {
  UploadGate gate = Gate("11:00-14:00");
  gate.Asked("");
  gate.Asked("the next question fails");
  EXPECT_TRUE(gate.At(kNoon, kMono).open);
}

TEST(UploadGate, AWrongClockShutsItInsideTheWindowAndOutside) {
  for (const milliseconds ahead : {milliseconds(minutes(5)) + milliseconds(1), -milliseconds(hours(9))}) {
    for (const char* window : {"11:00-14:00", "22:00-06:00"}) {
      UploadGate gate = Gate(window);
      gate.Saw(ahead, kNoon, kMono);
      const auto wrong = gate.At(kNoon, kMono);
      EXPECT_FALSE(wrong.open);
      EXPECT_FALSE(wrong.ask);
      EXPECT_EQ(wrong.not_before, 0) << "a wrong clock cannot tell";
      EXPECT_EQ(wrong.good_for, minutes(1));
      EXPECT_NE(wrong.waiting_for.find("set it by NTP"), std::string::npos);
      EXPECT_TRUE(UploadGate::Says(wrong.waiting_for));
    }
  }
  UploadGate gate = Gate("11:00-14:00");
  gate.Saw(minutes(5), kNoon, kMono);
  EXPECT_TRUE(gate.At(kNoon, kMono).open) << "this much is tolerated";
}

TEST(UploadGate, OnceTheClockIsSetItIsOpenWithoutAnotherAnswer) {
  UploadGate gate = Gate("11:00-14:00");
  gate.Saw(minutes(30), kNoon + 1'800'000, kMono);
  EXPECT_FALSE(gate.At(kNoon + 1'860'000, kMono + 60'000).open) << "a minute later";
  EXPECT_TRUE(gate.At(kNoon + 120'000, kMono + 120'000).open) << "set back by half an hour";
  EXPECT_FALSE(gate.At(kNoon - 1'000'000, kMono + 120'000).open) << "set to something else that is wrong";
}

TEST(UploadGate, AClockThatJumpsIntoTheWindowIsAskedForBeforeAnythingStarts) {
  UploadGate gate = Gate("22:00-23:00");
  gate.Saw(seconds(1), kNoon, kMono);
  EXPECT_EQ(gate.At(kNoon, kMono).waiting_for, "the upload window (22:00-23:00, UTC)");
  // Ten hours ahead within a minute, as somebody sets it.
  const WallMs wall = kNoon + 10 * 3'600'000 + 60'000;
  const auto jumped = gate.At(wall, kMono + 60'000);
  EXPECT_FALSE(jumped.open);
  EXPECT_TRUE(jumped.ask);
  EXPECT_TRUE(UploadGate::Says(jumped.waiting_for));
  EXPECT_TRUE(gate.Saw(hours(10), wall, kMono + 60'000)) << "it was wrong";
  EXPECT_FALSE(gate.At(wall, kMono + 60'000).open);
  // Or it was wrong before, and the portal says that it is right now, as after a sleep.
  UploadGate slept = Gate("22:00-23:00");
  slept.Saw(seconds(1), kNoon, kMono);
  EXPECT_FALSE(slept.At(wall, kMono + 60'000).open);
  EXPECT_TRUE(slept.Saw(seconds(1), wall, kMono + 60'000)) << "what was shut opens";
  EXPECT_TRUE(slept.At(wall, kMono + 60'000).open);
}

TEST(UploadGate, WhileTheClockIsWrongThePortalIsAskedNowAndThen) {
  UploadGate gate = Gate("11:00-14:00");
  gate.Saw(minutes(30), kNoon, kMono);
  EXPECT_FALSE(gate.At(kNoon + 899'000, kMono + 899'000).ask);
  EXPECT_TRUE(gate.At(kNoon + 900'000, kMono + 900'000).ask);
  EXPECT_TRUE(gate.Saw(seconds(0), kNoon + 900'000, kMono + 900'000)) << "right again: news";
  EXPECT_FALSE(gate.Saw(seconds(1), kNoon + 901'000, kMono + 901'000)) << "no news";
  EXPECT_TRUE(gate.At(kNoon + 901'000, kMono + 901'000).open);
}

}  // namespace
}  // namespace tegodrop
