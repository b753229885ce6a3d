// Small configs as text, and the faults of a text as lines, for the tests of the config room.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"

namespace tegodrop::testing {

// Nine lines that load without fault; further top-level keys may follow.
inline std::string Minimal() {
  return "portal:\n"
         "  url: https://portal.example/frontend\n"
         "  tenant: 9f1c0a4e7b8d4a4db52e6a6d5c5c1f11\n"
         "folders:\n"
         "  - name: production\n"
         "    path: /srv/drop\n"
         "    output: /srv/protected\n"
         "    version: production\n";
}

// Minimal() with one more key of its folder, which stands on line 9, column 5.
inline std::string WithFolderKey(std::string_view key) { return Minimal() + "    " + std::string(key) + "\n"; }

// Minimal() with its url line replaced; the key stands on line 2, column 3.
inline std::string WithUrl(std::string_view url) {
  std::string text = Minimal();
  const std::string_view old = "https://portal.example/frontend";
  return text.replace(text.find(old), old.size(), url);
}

inline std::vector<std::string> Lines(const ConfigResult& result) {
  std::vector<std::string> lines;
  for (const ConfigFault& fault : result.faults) lines.push_back(ToString(fault));
  return lines;
}

// The faults of `yaml` as "LINE:COLUMN: message".
inline std::vector<std::string> FaultsOf(std::string_view yaml) {
  std::vector<std::string> lines = Lines(ParseConfig(yaml, "/etc/t.yaml"));
  for (std::string& line : lines) line.erase(0, std::string_view("/etc/t.yaml:").size());
  return lines;
}

}  // namespace tegodrop::testing
