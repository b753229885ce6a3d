// What is to be told outside is kept with its mark until it was told, over restarts.
#include "daemon/ledger/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/scratch_folder.h"
#include "tests/unit/ledger/looped_ledger.h"

namespace tegodrop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class OutboxTest : public ::testing::Test {
 protected:
  static OutboxEvent Event(std::int64_t number, bool over = false) {
    return {number, 1'767'225'600'000, "failed", over, "first", "06ab", "a\n\xff.apk", "checksum", "what", "do"};
  }

  ScratchFolder folder_;
  LoopedLedger on_{folder_.path()};
};

TEST_F(OutboxTest, AnEventAndItsMarkAreThereAfterARestartAsTheyWere) {
  ASSERT_TRUE(on_.AddEvent(Event(7), "failed 06ab"));
  ASSERT_TRUE(on_.AddEvent(Event(3), "folder x"));
  on_.Close();
  on_.Open();
  const OutboxContent content = on_.Outbox();
  ASSERT_EQ(content.events.size(), 2U);
  EXPECT_EQ(content.events[0].number, 3);
  const OutboxEvent& event = content.events[1];
  EXPECT_EQ(event.number, 7);
  EXPECT_EQ(event.at, 1'767'225'600'000);
  EXPECT_EQ(event.event, "failed");
  EXPECT_FALSE(event.over);
  EXPECT_EQ(event.folder, "first");
  EXPECT_EQ(event.job, "06ab");
  EXPECT_EQ(event.file_name, "a\n\xff.apk");
  EXPECT_EQ(event.kind, "checksum");
  EXPECT_EQ(event.message, "what");
  EXPECT_EQ(event.remedy, "do");
  EXPECT_THAT(content.marks, ElementsAre("failed 06ab", "folder x"));
}

TEST_F(OutboxTest, WhatWasToldGoesAndItsMarkStays) {
  ASSERT_TRUE(on_.AddEvent(Event(1), "x"));
  ASSERT_TRUE(on_.AddEvent(Event(2), "x"));
  ASSERT_TRUE(on_.RemoveEvents({1, 2, 99}));
  EXPECT_THAT(on_.Outbox().events, IsEmpty());
  EXPECT_THAT(on_.Outbox().marks, ElementsAre("x"));
  ASSERT_TRUE(on_.RemoveMark("x"));
  EXPECT_THAT(on_.Outbox().marks, IsEmpty());
}

TEST_F(OutboxTest, AnEndTakesTheMarkBack) {
  ASSERT_TRUE(on_.AddEvent(Event(1), "x"));
  ASSERT_TRUE(on_.AddEvent(Event(2, true), "x"));
  EXPECT_THAT(on_.Outbox().marks, IsEmpty());
  EXPECT_TRUE(on_.Outbox().events.at(1).over);
}

TEST_F(OutboxTest, AnEventOfTheSameNumberIsReplaced) {
  ASSERT_TRUE(on_.AddEvent(Event(1), "x"));
  ASSERT_TRUE(on_.AddEvent(Event(1), "x"));
  EXPECT_EQ(on_.Outbox().events.size(), 1U);
}

}  // namespace
}  // namespace tegodrop::testing
