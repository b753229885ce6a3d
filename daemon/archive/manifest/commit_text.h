// What a commit SHA looks like where a build wrote it down.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/text.h"
#include "daemon/model/artifact.h"

namespace tegodrop {

// No artifact comes from more repositories; further ones are left out.
constexpr std::size_t kMostCommits = 32;

// In lower case and without white space around it; nullopt for anything but 40 or 64 hex digits.
inline std::optional<std::string> AsCommit(std::string_view text) {
  const std::string_view digits = Trim(text);
  if (!IsCommitSha(digits)) return std::nullopt;
  return ToLowerAscii(digits);
}

}  // namespace tegodrop
