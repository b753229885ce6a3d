// What the keys of a config must be to each other: combinations that cannot work. Pure but for `leads`, which follows
// the links of a folder's path; without it paths are compared as text.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "config/load.h"
#include "config/settings.h"
#include "config/yaml_tree.h"

namespace tegodrop {

// Where the keys of one file stand, by concrete path ("folders[0].path").
struct KeyPlaces {
  std::map<std::string, Position> good;  // given, and its value was read
  std::set<std::string> bad;             // given or needed, but without a usable value: no rule speaks of it again
};

void CheckRules(const Settings& settings, const KeyPlaces& places, const WhereItLeads& leads,
                std::vector<PlacedFault>& faults);

}  // namespace tegodrop
