// Checks as text, so that two answers can be held against each other.
#pragma once

#include <string>
#include <vector>

#include "daemon/model/check.h"

namespace tegodrop::testing {

// Each check with its result and its words.
inline std::string Lines(const std::vector<Check>& checks) {
  std::string lines;
  for (const Check& one : checks) lines += one.id + " " + one.result + ": " + one.detail + "\n";
  return lines;
}

}  // namespace tegodrop::testing
