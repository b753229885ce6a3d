#include "daemon/model/build.h"

namespace tegodrop {
namespace {

bool Says(const std::optional<std::string>& text) { return text.has_value() && !text->empty(); }

}  // namespace

GateVerdict JudgeBuild(const BuildRow& row, bool signature_required) {
  if (row.deleted) return GateVerdict::kDeleted;
  if (!row.success.has_value()) return GateVerdict::kRunning;
  if (!*row.success) {
    if (Says(row.error_message)) return GateVerdict::kFailed;
    if (Says(row.signing_error_message)) return GateVerdict::kFailed;
    return GateVerdict::kReset;
  }
  const bool signed_build = row.signed_.value_or(false) && !Says(row.signing_error_message);
  if (signature_required && !signed_build) return GateVerdict::kNotSigned;
  return GateVerdict::kPassed;
}

bool Matches(const BuildRow& row, const BuildIdentity& identity) {
  return row.start_time == identity.start_time && row.platform == identity.platform && row.name == identity.name &&
         row.version == identity.version;
}

}  // namespace tegodrop
