// The commits that the Android Gradle Plugin writes into a release build: META-INF/version-control-info.textproto.
// Pure.
#pragma once

#include <string_view>
#include <vector>

#include "daemon/model/identity.h"

namespace tegodrop {

// Each `revision` of a `repositories { … }` block that is 40 or 64 hex digits, in lower case and in the file's order,
// each SHA once and at most 32 of them, under the key "revision". Empty where there is none, such as with
// `generate_error_reason`. What is no text of this form is read as far as it can be. Takes time in proportion to the
// text.
std::vector<EmbeddedCommit> ReadVersionControlInfo(std::string_view text);

}  // namespace tegodrop
