// What is found in a protected output: the checks of its validation, and what it is. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/identity.h"

namespace tegodrop {

struct Check {
  std::string id;      // stable, e.g. "zip_entries"
  std::string result;  // "pass" | "warn" | "fail" | "skipped"
  std::string detail;  // one sentence
};

// "fail" where one failed, else "warn" where one warned, else "pass"; "skipped" where none ran.
std::string OverallResult(const std::vector<Check>& checks);

// What reading a protected output gives.
struct ProtectedFacts {
  std::vector<Check> checks;
  AppIdentity identity;
  std::string manifest_fault;  // why nothing is known of its identity; empty: its manifest was read
  // Which signatures it carries, valid or not: "v1", "v2", "v3", "v3.1" (APK; an AAB has v1 alone), "code_signature"
  // (IPA).
  std::vector<std::string> signature_schemes;
  // SHA-256 of the certificates that these name, of an APK those of its newest scheme; 64 lowercase hex digits each.
  std::vector<std::string> signers;
  std::string signers_fault;  // why they could not be read; empty: they were, or there is no signature
};

// The ids of all checks that a validation may hold, in its order.
const std::vector<std::string_view>& CheckIds();

}  // namespace tegodrop
