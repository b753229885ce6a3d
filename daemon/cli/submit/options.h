// What `submit` was asked for.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace tegodrop {

// Where CI servers name the commit that they build, in the order in which they are asked: GitHub, GitLab, Jenkins,
// CircleCI, Bitrise, Codemagic, Azure.
inline constexpr std::array<const char*, 7> kCommitVariables{"GITHUB_SHA",         "CI_COMMIT_SHA",      "GIT_COMMIT",
                                                             "CIRCLE_SHA1",        "BITRISE_GIT_COMMIT", "CM_COMMIT",
                                                             "BUILD_SOURCEVERSION"};

struct CiVariable {
  std::string name;
  std::string value;
};

struct SubmitOptions {
  std::vector<std::string> files;       // to drop, in this order
  std::vector<std::string> receipts;    // in place of files: submit_ids of earlier drops, to be followed again
  std::string folder;                   // the drop folder, absolute
  std::string rooms = ".tegodrop";      // the name of its room
  std::string commit;                   // --commit; empty: none
  std::vector<CiVariable> environment;  // those of kCommitVariables that are set, in their order
  std::string json_sidecar;             // --json-sidecar, a path; empty: none
  bool wait = false;
  std::optional<std::chrono::milliseconds> timeout;  // of the waiting, counted from the drop on
  bool json = false;
};

}  // namespace tegodrop
