// What `verify` and `trace find` were asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tegodrop {

struct VerifyOptions {
  std::vector<std::string> paths;  // traces, protected files, folders
  std::vector<std::string> keys;   // public keys: every delivery's provenance must be signed with one of them
  bool no_apksigner = false;       // it is asked where it is installed
  bool json = false;
};

struct FindOptions {
  // One of them.
  std::string commit;  // 4 digits of a SHA or more
  std::string sha256;  // of a source or an output; likewise
  std::optional<std::int64_t> start_time;

  std::vector<std::string> paths;  // none: the output folders of the config
  bool json = false;
};

}  // namespace tegodrop
