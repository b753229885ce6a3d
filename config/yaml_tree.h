// The config file's YAML as a plain tree with positions, read from yaml-cpp's events under caps, so that no hostile
// file can cost memory or stack. Pure; whoever reads the tree owns it.
//
// The events and not YAML::Node, because a Node keeps duplicate keys silently apart, expands aliases, and does not tell
// a quoted text from a plain one (measured with yaml-cpp 0.7).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tegodrop {

// Counted from 1; columns count characters, as editors do, and not bytes.
struct Position {
  int line = 1;
  int column = 1;
  auto operator<=>(const Position&) const = default;
};

// What is wrong at one place of the file.
struct PlacedFault {
  Position at;
  std::string message;
};

struct YamlNode {
  enum class Kind : std::uint8_t {
    kNull,
    kScalar,
    kList,
    kMap,
    kBroken,  // a fault about it is already recorded
  };
  Kind kind = Kind::kNull;
  Position at;
  std::string text;             // of a scalar
  bool plain = false;           // a scalar without quotes
  std::vector<YamlNode> keys;   // of a map; as many as items
  std::vector<YamlNode> items;  // of a list, or the values of a map
};

struct YamlTree {
  std::optional<YamlNode> root;  // nullopt for a file without content, or one that cannot be read
  std::vector<PlacedFault> faults;
};

// `text` must be UTF-8. A syntax error, a second document, more than 16 levels or more than 50000 values end the
// reading with one fault; anchors, aliases and tags are a fault each.
YamlTree ReadYaml(std::string_view text);

}  // namespace tegodrop
