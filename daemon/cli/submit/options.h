// What `submit` was asked for.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace tegodrop {

struct SubmitOptions {
  std::vector<std::string> files;     // to drop, in this order
  std::vector<std::string> receipts;  // in place of files: submit_ids of earlier drops, to be followed again
  std::string folder;                 // the drop folder, absolute
  std::string rooms = ".tegodrop";    // the name of its room
  std::string commit;                 // --commit; empty: none
  std::string json_sidecar;           // --json-sidecar, a path; empty: none
  bool wait = false;
  std::optional<std::chrono::milliseconds> timeout;  // of the waiting, counted from the drop on
  bool json = false;
};

}  // namespace tegodrop
