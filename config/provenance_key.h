// The private key that signs provenance, as it stands in its file. No error holds a byte of it.
#pragma once

#include <optional>
#include <string>

#include "config/settings.h"
#include "daemon/base/result.h"
#include "daemon/base/secret.h"

namespace tegodrop {

// Whether a folder's deliveries get signed provenance.
bool SignsProvenance(const Settings& settings);

// How an error calls the place of the key: "the provenance key FILE", or the systemd credential.
struct ProvenanceKeyText {
  Secret pem;
  std::string source;
};

// The text of `provenance_key_file`, where set the only source; else of `provenance-key` in `credentials_directory`
// (the value of $CREDENTIALS_DIRECTORY; null or empty: none). Also where no folder's provenance is signed any more:
// jobs keep what they were claimed with. nullopt where there is none and none is needed. At most 16 KiB. A file that
// group or others may read or write is refused; the systemd credential may be 0440. Errors: kLocalDisk (cannot be
// read), kRejected (refused, or needed and in none of the sources).
Result<std::optional<ProvenanceKeyText>> LoadProvenanceKey(const Settings& settings, const char* credentials_directory);

}  // namespace tegodrop
