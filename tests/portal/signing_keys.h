// The tenant's signing keys, as the switches signing_keys and default_signing_key name them. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "tests/portal/settings.h"
#include "tests/portal/uploads.h"

namespace tegodrop::sim {

std::optional<SigningKey> FindSigningKey(const Settings& settings, std::string_view id);

// The key that an upload for this platform gets when it names none.
std::optional<SigningKey> DefaultSigningKey(const Settings& settings, std::string_view platform);

}  // namespace tegodrop::sim
