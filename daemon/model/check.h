// One check of the validation of a protected output. Pure.
#pragma once

#include <string>
#include <vector>

namespace tegodrop {

struct Check {
  std::string id;      // stable, e.g. "zip_entries"
  std::string result;  // "pass" | "warn" | "fail" | "skipped"
  std::string detail;  // one sentence
};

// "fail" where one failed, else "warn" where one warned, else "pass"; "skipped" where none ran.
std::string OverallResult(const std::vector<Check>& checks);

}  // namespace tegodrop
