// The config file, from path or text to Settings: everything that is wrong is said at once, each with its place.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

namespace tegodrop {

struct ConfigFault {
  std::string file;  // as the caller named it
  int line = 1;      // from 1; 1:1 where the fault is the whole file's
  int column = 1;    // from 1, in characters
  std::string message;
};

// "FILE:LINE:COLUMN: what is wrong, and what is allowed": one line, safe to print.
std::string ToString(const ConfigFault& fault);

struct ConfigResult {
  std::optional<Settings> settings;  // only where there is no fault
  std::vector<ConfigFault> faults;   // by line and column; about a key at the key, about a list's item at the item
};

inline constexpr std::size_t kLargestConfig = 1U << 20U;

// Where an absolute path leads in the end, its links resolved; it must not wait for a share.
using WhereItLeads = std::function<std::string(const std::string&)>;

// Pure but for `leads`. `file_name` names the file in the faults, and relative paths are taken from its folder, so it
// should be absolute; where it is not, a relative path is a fault. Without `leads` folders are compared as written.
ConfigResult ParseConfig(std::string_view yaml, const std::string& file_name, const WhereItLeads& leads = nullptr);

struct LoadOptions {
  WhereItLeads leads;
  // For commands that change nothing: the config may also belong to the owner of the state_dir that it names, to whom
  // the ledger belongs that is shown.
  bool reads_only = false;
};

// Opens and reads the file; symbolic links are followed. Refused: what is no regular file, is larger than
// kLargestConfig, is not UTF-8, or may be changed by others (see ConfigFileRefusal). Blocks on the file system; a FIFO
// does not hang it. Relative paths are taken from the folder of `path` as named, not of what a link points to.
ConfigResult LoadConfig(const std::string& path, const LoadOptions& options = {});

// Why a config file with these attributes is not trusted by the user `us`: writable by group or others, or owned by
// neither root nor us. Empty where it is. Each entry says what to do.
std::vector<std::string> ConfigFileRefusal(const struct stat& attributes, uid_t us, const std::string& path);

}  // namespace tegodrop
