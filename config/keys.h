// The one description of every key that the config file may hold: the loader, the JSON Schema and `check --json` are
// driven by it, and the example file is tested against it. Defaults stand in settings.h alone and are read from there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/settings.h"

namespace tegodrop {

struct KeySpec;

// A value between text and struct: nothing (null, "auto", "unlimited"), a flag, a number (milliseconds, bytes, mode
// bits), a text (a choice too), or a list of texts.
using KeyValue = std::variant<std::monostate, bool, std::int64_t, std::string, std::vector<std::string>>;

// Where a key's value lives in Settings; `folder` counts for keys of folders[] only.
struct KeyBinding {
  void (*store)(Settings& settings, std::size_t folder, const KeyValue& value, const KeySpec& spec) = nullptr;
  KeyValue (*read)(const Settings& settings, std::size_t folder, const KeySpec& spec) = nullptr;
};

enum class KeyType : std::uint8_t { kText, kPath, kFlag, kInteger, kDuration, kSize, kChoice, kMode, kList };

struct KeySpec {
  std::string_view path;  // "polling.interval", "folders[].settle", "state_dir"
  KeyType type = KeyType::kText;
  KeyBinding bind;
  std::string_view help = {};  // for an administrator, in an editor
  bool required = false;
  std::string_view null_word = {};             // "null", "auto", "unlimited": what stands for no value; empty: none
  std::vector<std::string_view> choices = {};  // kChoice; for an enum in the order of its enumerators
  std::int64_t least = 0;                      // kInteger, kDuration (ms), kSize (bytes); of a kList: items
  std::int64_t most = 0;
  std::string_view pattern = {};                 // kText and a kList's items: for the schema
  bool may_look_like_number = false;             // a text that YAML may take for a number, as 32 digits
  bool one_text = false;                         // of a kList: a text alone is a list of one
  std::string_view allowed = {};                 // for a fault, where the type does not say enough
  std::string (*check)(std::string&) = nullptr;  // kText and a kList's items: see checks.h

  // "polling." of "polling.interval", "" of "state_dir".
  std::string_view parent() const { return path.substr(0, path.rfind('.') + 1); }
  // "interval".
  std::string_view name() const { return path.substr(parent().size()); }
};

// A mapping (or the list of mappings folders[]) that holds keys.
struct SectionSpec {
  std::string_view path;  // "portal", "folders[]"
  std::string_view help;
  bool required;
};

// In the order of the example file.
const std::vector<KeySpec>& ConfigKeys();
const std::vector<SectionSpec>& ConfigSections();

// A key's default as settings.h gives it; meaningless where it is required.
KeyValue DefaultOf(const KeySpec& spec);

// "a duration from 1s to 1h (as 500ms, 15s, 10m, 4h, 1d), or auto".
std::string AllowedFor(const KeySpec& spec);

// As the file would say it: "15s", "0640", "auto", "[]".
std::string FormatKeyValue(const KeySpec& spec, const KeyValue& value);

}  // namespace tegodrop
