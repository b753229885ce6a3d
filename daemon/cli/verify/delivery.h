// One delivery against its records, offline.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/cli/verify/collect.h"
#include "daemon/cli/verify/trace.h"
#include "daemon/disk/file_system.h"
#include "daemon/model/check.h"
#include "daemon/provenance/key.h"

namespace tegodrop {

struct VerifyWorld {
  FileSystem& fs;
  std::vector<VerifyingKey> keys;  // every delivery's provenance must be signed with one of them; none: not asked
  std::string apksigner;           // the program; empty: not asked
  std::string no_apksigner;        // why not, for people
};

struct Verdict {
  Place place;
  std::optional<Trace> trace;  // as far as it could be read
  // "trace", "file", "size", "sha256", "checksum_file", the checks of the archive as in a trace, "identity",
  // "signature_schemes", "package", "version", "apksigner", "provenance", "provenance_signature": as far as it came.
  std::vector<Check> checks;

  // The first check that failed; nullptr: the delivery is what its records say.
  const Check* difference() const;
};

// Blocks: reads the protected file twice. Thread-safe as far as `world.fs` is.
Verdict VerifyDelivery(const VerifyWorld& world, const Place& place);

}  // namespace tegodrop
