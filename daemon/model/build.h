// A build as the portal's history shows it, and the release gates on it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/clock.h"

namespace tegodrop {

// One row of the build history, verbatim (the portal's page, "List Builds By Configuration Version"). Absent and null
// are nullopt.
struct BuildRow {
  std::int64_t start_time = 0;  // Unix seconds; the build's identifier together with version, platform and name
  std::optional<std::int64_t> end_time;
  std::string version;
  std::string name;
  std::string platform;
  std::optional<bool> success;  // nullopt: still running
  std::optional<bool> signed_;
  std::optional<std::string> error_message;
  std::optional<std::string> status_message;
  std::optional<std::string> signing_key_id;
  std::optional<std::string> signing_key_name;
  std::optional<std::string> signing_error_message;
  bool deleted = false;
};

enum class GateVerdict : std::uint8_t {
  kRunning,    // success is null
  kPassed,     // may be downloaded
  kFailed,     // final: build_failed
  kNotSigned,  // built, but not signed although a signature is required: not_signed
  kReset,      // success is false without any error: perhaps queued for signing by hand; watch on for a grace time
  kDeleted,    // the record says that its artifact is gone
};

// The release gates: success, status_message, error_message and signing_error_message (the portal's page, "Build Status
// Interpretation"). A `false` with an error is final; with neither error it may be a reset for signing.
GateVerdict JudgeBuild(const BuildRow& row, bool signature_required);

// What identifies a build for certain: start_time alone has one-second resolution and is shared by uploads of the same
// second.
struct BuildIdentity {
  std::string version;
  std::string platform;
  std::int64_t start_time = 0;
  std::string name;
  bool operator==(const BuildIdentity&) const = default;
};

bool Matches(const BuildRow& row, const BuildIdentity& identity);

}  // namespace tegodrop
