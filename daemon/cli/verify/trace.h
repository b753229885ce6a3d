// A trace as it is read again (schema tegodrop-trace/1). Pure; the bytes are foreign.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/model/artifact.h"
#include "daemon/model/check.h"
#include "daemon/model/identity.h"

namespace tegodrop {

// A file as the trace describes it; what it does not know is empty, or nullopt.
struct TracedFile {
  std::optional<std::int64_t> size;
  std::string sha256;
  AppIdentity identity;
};

struct Trace {
  std::string version;
  std::string platform;
  std::string file_name;
  std::int64_t start_time = 0;
  std::string protected_output;
  std::string commit_sha;
  std::string commit_origin;
  bool commit_conflict = false;
  std::vector<CommitCandidate> candidates;
  std::string portal_url;
  std::string folder;
  TracedFile source;
  TracedFile output;
  std::optional<std::vector<std::string>> signature_schemes;
  bool said_signed = false;  // by the portal's history
  std::vector<Check> checks;
  std::string delivered;  // RFC 3339
  std::string job;
};

// kCorrupt, in words that follow "the trace", for what is no trace of a delivery: another schema (a failure's record
// too), keys that must be there and are not, values that cannot be meant so.
Result<Trace> ReadTrace(std::string_view text);

}  // namespace tegodrop
