// The upload window in the config: one text, a list, or none; a zone that this machine has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "tests/unit/config/config_text.h"

namespace tegodrop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;

// The keys stand on line 10, column 3.
std::string With(const std::string& keys) { return Minimal() + "schedule:\n  " + keys + "\n"; }

ScheduleSettings Read(const std::string& keys) {
  const ConfigResult result = ParseConfig(With(keys), "/etc/t.yaml");
  EXPECT_THAT(Lines(result), IsEmpty()) << keys;
  return result.settings.value_or(Settings{}).schedule;
}

TEST(Schedule, WithoutAWindowUploadsStartAtAnyTime) {
  EXPECT_FALSE(Read("window: null").window);
  EXPECT_FALSE(Read("timezone: local").window);
  EXPECT_EQ(Read("window: null").timezone, "local");
}

TEST(Schedule, AWindowIsOneTextOrAList) {
  EXPECT_THAT(Read("window: 22:00-06:00").window, Optional(ElementsAre("22:00-06:00")));
  EXPECT_THAT(Read("window: \" Mon-Fri 22:00-06:00\"").window, Optional(ElementsAre("mon-fri 22:00-06:00")));
  EXPECT_THAT(Read("window:\n    - mon-fri 22:00-06:00\n    - sat,sun 00:00-24:00").window,
              Optional(ElementsAre("mon-fri 22:00-06:00", "sat,sun 00:00-24:00")));
  EXPECT_THAT(Read("window: [mon 22:00-06:00, 'sat, sun 00:00-24:00']").window,
              Optional(ElementsAre("mon 22:00-06:00", "sat,sun 00:00-24:00")));
}

TEST(Schedule, AZoneIsOneOfThisMachine) {
  EXPECT_EQ(Read("timezone: Europe/Berlin").timezone, "Europe/Berlin");
  EXPECT_EQ(Read("timezone: UTC").timezone, "UTC");
}

TEST(Schedule, WhatIsWrongStandsAtItsPlaceWithWhatIsAllowed) {
  const struct {
    const char* keys;
    const char* fault;
  } cases[] = {
      {"window: 22:00", "10:3: 'schedule.window' is wrong: '22:00' is no window; allowed is HH:MM-HH:MM"},
      {"window: 22:00-22:00", "10:3: 'schedule.window' is wrong: '22:00-22:00' is empty"},
      {"window: mon-fry 22:00-06:00", "10:3: 'schedule.window' is wrong: 'mon-fry 22:00-06:00' names the day 'fry'"},
      {"window: [22:00-06:00, 7:00-8:00]", "10:25: 'schedule.window' is wrong: '7:00-8:00' is no window"},
      {"window: [sat,sun 00:00-24:00]",
       "10:12: 'schedule.window' is wrong: 'sat' names no times; between [ and ] a text with a comma needs quotes"},
      {"window: []",
       "10:3: 'schedule.window' is an empty list; allowed is a window as 22:00-06:00 or mon-fri 22:00-06:00, a list of "
       "such, or null"},
      {"window: {from: 22:00}", "10:3: 'schedule.window' is a mapping; allowed is a window as 22:00-06:00"},
      {"window: ''", "10:3: 'schedule.window' is wrong: '' is no window"},
      {"window: true", "10:3: 'schedule.window' is wrong: 'true' is no window"},
      {"timezone: Europe/Berln",
       "10:3: 'schedule.timezone' is wrong: 'Europe/Berln' is no time zone of this machine; did you mean "
       "Europe/Berlin?"},
      {"timezone: ../../etc/localtime", "10:3: 'schedule.timezone' is wrong: '../../etc/localtime' is no time zone"},
      {"timezone: null", "10:3: 'schedule.timezone' has no value; allowed is a text; or leave the key out"},
      {"timezone: [UTC]", "10:3: 'schedule.timezone' is a list; allowed is a text"},
  };
  for (const auto& one : cases) EXPECT_THAT(FaultsOf(With(one.keys)), ElementsAre(HasSubstr(one.fault))) << one.keys;
  EXPECT_EQ(FaultsOf(With("window: [1, 2]\n  timezone: Mars")).size(), 3U) << "all at once";
}

}  // namespace
}  // namespace tegodrop::testing
