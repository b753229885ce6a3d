// The table's lines in the log of a test.
#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include "daemon/base/error.h"

namespace tegodrop::testing {

inline void Report(const std::string& call, const std::string& one, const std::optional<Error>& error) {
  std::string reaction = "success";
  if (error) {
    reaction = std::string(ToString(error->kind)) + (error->outcome_unknown ? ", outcome unknown" : "");
    if (error->retry_after) reaction += ", after " + std::to_string(error->retry_after->count()) + " ms";
    reaction += ": " + error->message;
  }
  std::printf("%s | %s | %s\n", call.c_str(), one.c_str(), reaction.c_str());
}

}  // namespace tegodrop::testing
