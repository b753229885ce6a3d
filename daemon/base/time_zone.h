// Time zones as plain tables: how far the clocks of a place are ahead of UTC, and from when on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.h"

namespace tegodrop {

struct TimeZone {
  struct Span {
    std::int64_t from = 0;  // seconds since 1970-01-01 UTC
    int ahead = 0;          // seconds; negative: behind
  };
  std::string name = "UTC";         // for people: "Europe/Berlin"
  std::vector<Span> spans{{0, 0}};  // by time, at least one; the first also counts for all that was before it
};

// The zone of that name ("Europe/Berlin", "UTC") from the system's tz database, which is read from the disk once for
// each zone: blocks a moment. Its table begins with the year 2000 and knows of changes up to 2037, as Debian's does;
// after its last one it stays as it was. An error (kRejected) says what is wrong and what is allowed. Thread-safe.
Result<TimeZone> NamedZone(const std::string& name);

struct MachineZone {
  TimeZone zone;
  std::string trouble;  // why it is UTC although nobody said so, and what to do; empty where nothing is wrong
};

// What the C library takes for local time: $TZ where it is set (a zone's name, a rule as CET-1CEST, a file), else
// /etc/localtime, be that a link or a copy; UTC where there is neither. As it was when the process first asked. Reads
// the environment: no other thread may be changing it.
MachineZone LocalZone();

}  // namespace tegodrop
