// The config from text: settings or faults, and settings that are written out are read again as the same.
#include <string>

#include "config/effective.h"
#include "config/load.h"
#include "tests/fuzz/fuzz.h"

namespace tegodrop::fuzzing {

void Try(std::string_view input) {
  const std::string name = "/etc/tegodrop/config.yaml";
  const ConfigResult result = ParseConfig(input, name);
  Must(result.settings.has_value() == result.faults.empty(), "settings where there is no fault");
  for (const ConfigFault& fault : result.faults) {
    MustBePrintable(ToString(fault));
    Must(fault.line >= 1 && fault.column >= 1, "a fault has a place", fault.message);
    Must(!fault.message.empty(), "a fault has words");
  }
  if (!result.settings) return;
  const std::string json = EffectiveConfigJson(*result.settings);
  const ConfigResult again = ParseConfig(json, name);
  Must(again.settings.has_value(), "what was written can be read",
       again.faults.empty() ? "" : ToString(again.faults[0]));
  Must(EffectiveConfigJson(*again.settings) == json, "and is the same", json);
}

}  // namespace tegodrop::fuzzing
