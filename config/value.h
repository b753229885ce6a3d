// One value of the config: from its YAML node by its key's description. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/keys.h"
#include "config/yaml_tree.h"

namespace tegodrop {

// What reading values needs to know of the file.
struct ValueContext {
  std::string folder;                // absolute; relative paths are taken from it. Empty: unknown
  std::vector<PlacedFault>& faults;  // what is wrong is added here
};

// nullopt where a fault was added. Faults stand at `key_at`, those of a list's items at the item.
std::optional<KeyValue> ReadValue(const KeySpec& spec, const YamlNode& node, Position key_at, ValueContext& context);

// Absolute, without ".", "..", doubled slashes and a slash at its end; by the text alone, no link is followed.
std::string NormalPath(std::string_view path);

// 'text' between quotes, printable and short enough for one line.
std::string Shown(std::string_view text);

}  // namespace tegodrop
