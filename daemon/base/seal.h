// A text sealed under a secret, so that it can stand in a file that others may come to read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/random.h"
#include "daemon/base/secret.h"

namespace tegodrop {

// AES-256-GCM under a key of its own (HKDF-SHA256 of `secret` with a fresh salt), as one line of base64. `bound_to`
// says what the text belongs to: sealed for one, it opens for no other. The same text never looks the same twice.
std::string Seal(const Secret& secret, std::string_view bound_to, const Secret& text, Random& random);

// The text again; nullopt where it was sealed under another secret or for something else, or was changed since.
std::optional<Secret> Unseal(const Secret& secret, std::string_view bound_to, std::string_view sealed);

}  // namespace tegodrop
