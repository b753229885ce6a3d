// Zones by name, and what local time is: a variable, a link, a copy, or nothing.
#include "daemon/base/time_zone.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace tegodrop {
namespace {

constexpr std::int64_t kJanuary = 1'768'478'400;  // 2026-01-15T12:00Z
constexpr std::int64_t kJuly = 1'784'116'800;     // 2026-07-15T12:00Z

int Ahead(const TimeZone& zone, std::int64_t time) {
  int ahead = zone.spans.front().ahead;
  for (const TimeZone::Span& span : zone.spans) {
    if (span.from <= time) ahead = span.ahead;
  }
  return ahead;
}

MachineZone Local(const char* variable) {
  setenv("TZ", variable, 1);
  return LocalZone();
}

TEST(NamedZone, ReadsTheSystemsDatabase) {
  const struct {
    const char* name;
    int january;
    int july;
  } cases[] = {{"UTC", 0, 0},
               {"Europe/Berlin", 3600, 7200},
               {"America/New_York", -18000, -14400},
               {"Asia/Kolkata", 19800, 19800},
               {"Australia/Adelaide", 37800, 34200},
               {"America/Argentina/Buenos_Aires", -10800, -10800},
               {"Etc/GMT+5", -18000, -18000}};
  for (const auto& one : cases) {
    const auto zone = NamedZone(one.name);
    ASSERT_TRUE(zone) << one.name;
    EXPECT_EQ(zone->name, one.name);
    EXPECT_EQ(Ahead(*zone, kJanuary), one.january) << one.name;
    EXPECT_EQ(Ahead(*zone, kJuly), one.july) << one.name;
    EXPECT_TRUE(std::is_sorted(zone->spans.begin(), zone->spans.end(),
                               [](const auto& a, const auto& b) { return a.from < b.from; }));
  }
}

TEST(NamedZone, RefusesWhatIsNoneAndNamesTheNearest) {
  EXPECT_EQ(NamedZone("Europe/Berln").error().message,
            "'Europe/Berln' is no time zone of this machine; did you mean Europe/Berlin?; allowed is local, UTC, or a "
            "name from /usr/share/zoneinfo as Europe/Berlin");
  for (const char* name : {"", "Nowhere/At/All", "../../../etc/localtime", "tzdata.zi", "zone.tab", "/etc/localtime",
                           "europe/berlin", "CET-1CEST", "right/Europe/Berlin", "Europe"}) {
    EXPECT_FALSE(NamedZone(name)) << name;
  }
  const std::string message = NamedZone(std::string(1'000'000, 'x')).error().message;
  EXPECT_LT(message.size(), 300U) << "nor is it compared with each";
}

TEST(LocalZone, IsWhatTheVariableSays) {
  const struct {
    const char* variable;
    const char* name;
    int january;
    int july;
  } cases[] = {{"Europe/Berlin", "Europe/Berlin", 3600, 7200},
               {":America/New_York", "America/New_York", -18000, -14400},
               {"/usr/share/zoneinfo/Asia/Kolkata", "Asia/Kolkata", 19800, 19800},
               {"CET-1CEST,M3.5.0,M10.5.0/3", "CET-1CEST,M3.5.0,M10.5.0/3", 3600, 7200},
               {"", "UTC", 0, 0}};
  for (const auto& one : cases) {
    const MachineZone machine = Local(one.variable);
    EXPECT_EQ(machine.zone.name, one.name);
    EXPECT_EQ(machine.trouble, "") << one.variable;
    EXPECT_EQ(Ahead(machine.zone, kJanuary), one.january) << one.variable;
    EXPECT_EQ(Ahead(machine.zone, kJuly), one.july) << one.variable;
  }
}

TEST(LocalZone, IsWhatACopyOfAZonesFileSays) {
  const std::string copy = ::testing::TempDir() + "/copy";
  std::filesystem::copy_file("/usr/share/zoneinfo/Asia/Kolkata", copy,
                             std::filesystem::copy_options::overwrite_existing);
  const MachineZone machine = Local((":" + copy).c_str());
  EXPECT_EQ(machine.trouble, "");
  EXPECT_EQ(Ahead(machine.zone, kJuly), 19800);
}

TEST(LocalZone, KnowsEachChangeToTheSecondAsTheZoneOfThatName) {
  for (const char* name : {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"}) {
    const TimeZone local = Local(name).zone;
    const auto named = NamedZone(name);
    ASSERT_TRUE(named);
    for (const TimeZone::Span& span : named->spans) {
      if (span.from > 2'114'380'800) break;  // 2037, the last year of the database
      EXPECT_EQ(Ahead(local, span.from), span.ahead) << name << " " << span.from;
      EXPECT_EQ(Ahead(local, span.from - 1), Ahead(*named, span.from - 1)) << name << " " << span.from;
    }
  }
}

TEST(LocalZone, AVariableThatNamesNothingIsUtcAndSaidSo) {
  for (const char* variable : {"Europe/Berln", ":Nowhere", "/no/such/file", "/etc/hostname"}) {
    const MachineZone machine = Local(variable);
    EXPECT_EQ(Ahead(machine.zone, kJuly), 0) << variable;
    EXPECT_EQ(machine.zone.name, "local time, which is UTC") << variable;
    EXPECT_NE(machine.trouble.find("no time zone of this machine"), std::string::npos) << variable;
    EXPECT_NE(machine.trouble.find("schedule.timezone"), std::string::npos) << variable;
  }
}

}  // namespace
}  // namespace tegodrop
