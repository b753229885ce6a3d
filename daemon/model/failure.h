// Why a job failed: what happened, and what a person can do. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tegodrop {

// The kinds that a `.failed.json`, a reason and a receipt may name.
enum class FailureKind : std::uint8_t {
  kIncomplete,
  kNotAnArtifact,
  kChecksum,
  kBadName,
  kTooLarge,
  kUnreadable,
  kBadSidecar,
  kCommitMissing,
  kPortalRefused,
  kBuildFailed,
  kNotSigned,
  kBuildStuck,
  kUploadExpired,
  kValidationFailed,
  kOutputUnwritable,
  kCancelled,
};

std::string_view ToString(FailureKind kind);
std::optional<FailureKind> FailureKindFromString(std::string_view text);

struct Failure {
  FailureKind kind = FailureKind::kUnreadable;
  std::string message;  // what happened
  std::string remedy;   // what to do
  // The portal's own words, where it gave any.
  std::optional<std::string> status_message;
  std::optional<std::string> error_message;
  std::optional<std::string> signing_error_message;
};

}  // namespace tegodrop
