// The key that signs provenance, from where the config says.
#pragma once

#include <optional>

#include "config/settings.h"
#include "daemon/base/result.h"
#include "daemon/provenance/key.h"

namespace tegodrop {

// As LoadProvenanceKey, and kCorrupt for what is no such key.
Result<std::optional<SigningKey>> ReadProvenanceKey(const Settings& settings);

}  // namespace tegodrop
