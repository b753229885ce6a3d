// Time as an argument. Nothing in the program reads the system's clock but SystemClock, which `main` makes; tests step
// their own.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace tegodrop {

// Milliseconds since 1970-01-01 UTC by the wall clock: for records and for what the portal says. May jump.
using WallMs = std::int64_t;
// Milliseconds on a clock that never jumps, from an arbitrary start; stands still while the machine sleeps. For quiet
// times and deadlines.
using MonoMs = std::int64_t;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallMs Wall() const = 0;
  virtual MonoMs Mono() const = 0;
};

// The machine's clocks. Thread-safe.
class SystemClock final : public Clock {
 public:
  WallMs Wall() const override;
  MonoMs Mono() const override;
};

// "2026-11-23T20:35:35.120Z": RFC 3339 in UTC, milliseconds always there.
std::string Rfc3339(WallMs time);

// "20:35:35" in the machine's time zone, for people.
std::string LocalTimeOfDay(WallMs time);

}  // namespace tegodrop
