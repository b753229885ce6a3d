// The settings back to text, for `check --json` and for support.
#pragma once

#include <string>

#include "config/settings.h"

namespace tegodrop {

// One JSON object with every key, shaped and worded like the config file, defaults filled in. Credentials are not in
// Settings, so only their files' names appear. The text is itself a config (JSON is YAML) that gives the same Settings.
std::string EffectiveConfigJson(const Settings& settings);

}  // namespace tegodrop
