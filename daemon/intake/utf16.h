// Text of sidecars in whatever encoding Windows wrote it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tegodrop {

// The bytes as UTF-8 without a byte order mark: UTF-16 (either order) is told by its mark, everything else must be
// UTF-8. nullopt where it is neither.
std::optional<std::string> DecodeText(std::string_view bytes);

}  // namespace tegodrop
